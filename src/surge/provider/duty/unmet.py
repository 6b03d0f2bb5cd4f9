"""Leases that hold this provider's slots and whose renter never came: they are closed.

A renter says hello within seconds of opening a lease. One that died, or that opened it to squat on the slots,
would otherwise hold them to the expiry and, as nobody else ends a lease, for good.
"""

import asyncio
import time
from collections.abc import Callable, Mapping

import structlog

from surge.chain.client import Chain
from surge.model.lease import Lease
from surge.model.units import Address, LeaseId
from surge.provider.aside import aside
from surge.provider.duty.outage import Outage

GREET_SECONDS = 120.0
"""From when a lease is seen first to when its renter must have come."""
LOOK_SECONDS = 30.0

log = structlog.get_logger("surge.provider")


class Unmet:
    """slots: of each lease whose renter came. give_back: closes a lease."""

    def __init__(
        self,
        chain: Chain,
        provider: Address,
        slots: Callable[[], Mapping[LeaseId, int]],
        give_back: Callable[[Lease], object],
        outage: Outage,
    ) -> None:
        self._chain, self._provider = chain, provider
        self._slots, self._give_back, self._outage = slots, give_back, outage
        self._seen: dict[LeaseId, float] = {}

    async def watch(self) -> None:
        """Look again and again; ends only when it is cancelled."""
        while True:
            with self._outage.guarding("looking for leases"):
                for lease in self.due(await aside(self._open, self._slots()), time.monotonic()):
                    log.warning("nobody came for a lease; it is closed", lease=lease.id)
                    self._give_back(lease)
                self._outage.answered()
            await asyncio.sleep(LOOK_SECONDS)

    def _open(self, served: Mapping[LeaseId, int]) -> list[Lease]:
        """Those on the chain. Its events are only read when the ask says that more slots are booked than
        are served (M4)."""
        if self._chain.asks.of(self._provider).load == sum(served.values()):
            return []
        return self._chain.leases.open_of(self._provider)

    def due(self, leases: list[Lease], now: float) -> list[Lease]:
        """Of the open ones, those that were seen long ago and aren't served. Each is told again, so that a
        transaction that failed is sent once more."""
        unmet = [lease for lease in leases if lease.id not in self._slots()]
        self._seen = {lease.id: self._seen.get(lease.id, now) for lease in unmet}
        return [lease for lease in unmet if now - self._seen[lease.id] >= GREET_SECONDS]
