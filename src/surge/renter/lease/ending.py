"""How leases end: closed together with their providers; or left to time, which is told."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

from surge.chain.calls.leases import TOGETHER
from surge.chain.calls.leases import Ending as Agreed
from surge.model.errors import Distrusted, ProviderLost, Refused, SurgeError, Unavailable
from surge.model.trace import LeaseLeftOpen
from surge.renter.lease.chunks import Held
from surge.renter.lease.funding import Funding
from surge.store.trace import Trace


class Ending:
    """`close` the leases of a job. warn: hears what a person should know."""

    def __init__(self, funding: Funding, trace: Trace, warn: Callable[[str], None]) -> None:
        self._funding, self._trace, self._warn = funding, trace, warn

    async def close(self, leases: Sequence[Held], within: float) -> None:
        """For good; each provider gets so many seconds for its word, and all that agree are closed at once.
        What can't be closed is told."""
        words = await asyncio.gather(*(self._agree(held, within) for held in leases if not held.closed))
        agreed = [word for word in words if word is not None]
        for at in range(0, len(agreed), TOGETHER):
            await self._send(agreed[at : at + TOGETHER])

    async def _send(self, agreed: Sequence[tuple[Held, Agreed]]) -> None:
        try:
            await self._funding.close([(held.session, ending) for held, ending in agreed])
        except Refused as error:
            if len(agreed) > 1:  # one of them spoils it for all: one by one
                for one in agreed:
                    await self._send([one])
            else:
                await self._leave_open(agreed[0][0], error)
        except SurgeError as error:
            for held, _ in agreed:
                await self._leave_open(held, error)
        else:
            for held, _ in agreed:
                held.closed = True

    async def _agree(self, held: Held, within: float) -> tuple[Held, Agreed] | None:
        """The provider's word to close; None where there is none, or the lease has ended already."""
        session = held.session
        try:
            if isinstance(held.gone, Distrusted):
                raise held.gone
            if held.gone is not None:
                await self._dial_again(held, within)
            elif held.chunks:
                await session.give_up()  # what runs there still has ended elsewhere
            return None if held.closed else (held, await self._funding.agree(session, within))
        except TimeoutError:
            await self._leave_open(held, ProviderLost("its provider did not answer in time"))
        except SurgeError as error:
            await self._leave_open(held, error)
        return None

    async def _dial_again(self, held: Held, within: float) -> None:
        lease, provider = held.session.lease, held.session.lease.terms.provider
        with self._trace.span("dial once more, to close it", lease=lease.id, provider=provider):
            held.closed = await self._funding.ended(lease)
            if not held.closed:
                async with asyncio.timeout(within):
                    await held.session.open()
                await held.session.give_up()  # its work went elsewhere

    async def _leave_open(self, held: Held, error: SurgeError) -> None:
        """Unless its provider has closed it meanwhile, which is as good."""
        lease = held.session.lease
        with suppress(Unavailable):  # the chain is away: then nobody knows
            held.closed = await self._funding.ended(lease)
        if held.closed:
            return
        self._trace.write(LeaseLeftOpen(lease=lease.id, reason=str(error)))
        self._warn(
            f"lease {lease.id} stays open until its provider closes it or, after expiry and "
            f"grace, you reclaim it (surge leases --reclaim): {error}"
        )
