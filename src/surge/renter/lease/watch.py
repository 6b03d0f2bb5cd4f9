"""What time does to a job's leases: they straggle, expire, or were ended by others."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from surge.model.errors import ProviderLost, SurgeError, Unavailable
from surge.model.units import LeaseId, Seconds
from surge.renter.lease.chunks import Held, too_long
from surge.renter.lease.funding import Funding
from surge.renter.work.steps import ChunkFailed, Event, LeaseEnding, Tick

WATCH_SECONDS = 5.0
LAST_SECONDS = 60
"""Before a lease expires it takes no more work, so that it can be closed in time."""
PATIENCE = 4
"""Nobody knows how long a first chunk takes: after this part of a lease it is done elsewhere, too."""


class Watch:
    """Of one job's leases. `feed` takes events to the scheduler; `lose` gives a lease up."""

    def __init__(
        self,
        held: Mapping[LeaseId, Held],
        funding: Funding,
        feed: Callable[[Event], None],
        lose: Callable[[Held, SurgeError, bool], None],
    ) -> None:
        self._held, self._funding, self._feed, self._lose = held, funding, feed, lose

    async def run(self) -> None:
        """Replace leases before they expire, and count the change of those that were closed without us."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            self._tick()
            with suppress(Unavailable):  # the chain may be away for a while: then the next time
                now = await self._funding.now()
                for held in [one for one in self._held.values() if not one.closed]:
                    await self._look_at(held, now)

    def _tick(self) -> None:
        working = [held for held in self._held.values() if held.gone is None and not held.closed]
        if any(held.chunks for held in working):
            holders = {held.session.lease.terms.provider for held in working}
            others = len(holders | self._funding.choosing.others) > 1
            self._feed(Tick(time.monotonic(), others, self._funding.duration / PATIENCE))

    async def _look_at(self, held: Held, now: Seconds) -> None:
        lease, duration = held.session.lease, self._funding.duration
        left = lease.terms.expiry - now
        if left <= 0:
            for sent in held.outlasting(duration):
                error = too_long(lease, duration)
                self._feed(ChunkFailed(lease.id, sent.key, error, time.monotonic(), final=True))
            self._lose(held, ProviderLost(f"lease {lease.id} has expired"), False)
        elif left <= min(LAST_SECONDS, duration // 8):
            self._feed(LeaseEnding(lease.id, time.monotonic()))
        if held.gone is not None:
            held.closed = await self._funding.ended(lease, now)
