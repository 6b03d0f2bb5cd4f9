"""How a lease ends: closed together with its provider; or left to time, which is told."""

import asyncio
from collections.abc import Callable

from surge.model.errors import Distrusted, ProviderLost, SurgeError
from surge.model.trace import LeaseLeftOpen
from surge.renter.lease.chunks import Held
from surge.renter.lease.funding import Funding
from surge.renter.talk.session import RenterSession
from surge.store.trace import Trace


class Ending:
    """`close` each lease of a job. warn: hears what a person should know."""

    def __init__(self, funding: Funding, trace: Trace, warn: Callable[[str], None]) -> None:
        self._funding, self._trace, self._warn = funding, trace, warn

    async def close(self, held: Held, within: float) -> None:
        """For good; its provider gets so many seconds. What can't be closed together with it is told."""
        if held.closed:
            return
        session = held.session
        try:
            if isinstance(held.gone, Distrusted):
                raise held.gone
            if held.gone is not None:
                await self._dial_again(held, within)
            if held.chunks and held.gone is None:
                await session.give_up()  # what runs there still has ended elsewhere
            if not held.closed:
                await self._funding.close(session, within)
                held.closed = True
        except TimeoutError:
            self._leave_open(session, ProviderLost("its provider did not answer in time"))
        except SurgeError as error:
            self._leave_open(session, error)

    async def _dial_again(self, held: Held, within: float) -> None:
        lease, provider = held.session.lease, held.session.lease.terms.provider
        with self._trace.span("dial once more, to close it", lease=lease.id, provider=provider):
            held.closed = await self._funding.ended(lease)
            if not held.closed:
                async with asyncio.timeout(within):
                    await held.session.open()
                await held.session.give_up()  # its work went elsewhere

    def _leave_open(self, session: RenterSession, error: SurgeError) -> None:
        self._trace.write(LeaseLeftOpen(lease=session.lease.id, reason=str(error)))
        self._warn(
            f"lease {session.lease.id} stays open until its provider closes it or, after expiry and "
            f"grace, you reclaim it (surge leases --reclaim): {error}"
        )
