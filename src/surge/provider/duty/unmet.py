"""Leases that hold this provider's slots and whose renter never came: they are closed.

A renter says hello within seconds of opening a lease. One that died, or that opened it to squat on the slots,
would otherwise hold them to the expiry and, as nobody else ends a lease, for good.
"""

import asyncio
import time
from collections.abc import Callable, Container

import structlog

from surge.chain.client import Chain
from surge.model.errors import SurgeError
from surge.model.lease import Lease
from surge.model.units import Address, LeaseId
from surge.provider.journal import defect

GREET_SECONDS = 120.0
"""From when a lease is seen first to when its renter must have come."""
LOOK_SECONDS = 15.0

log = structlog.get_logger("surge.provider")


class Unmet:
    """served: ids of the leases whose renter came. give_back: closes a lease."""

    def __init__(
        self,
        chain: Chain,
        provider: Address,
        served: Container[LeaseId],
        give_back: Callable[[Lease], object],
    ) -> None:
        self._chain, self._provider = chain, provider
        self._served, self._give_back = served, give_back
        self._seen: dict[LeaseId, float] = {}

    async def watch(self) -> None:
        """Look again and again; ends only when it is cancelled."""
        while True:
            try:
                for lease in self.due(await asyncio.to_thread(self._open), time.monotonic()):
                    log.warning("nobody came for a lease; it is closed", lease=lease.id)
                    self._give_back(lease)
            except SurgeError as error:
                log.warning("the chain can't be asked", reason=str(error))
            except Exception as error:  # noqa: BLE001 a defect of ours ends no duty
                log.error("looking for leases failed; tried again", **defect(error))
            await asyncio.sleep(LOOK_SECONDS)

    def _open(self) -> list[Lease]:
        return self._chain.leases.open_of(self._provider)

    def due(self, leases: list[Lease], now: float) -> list[Lease]:
        """Of the open ones, those that were seen long ago and aren't served. Each is told again, so that a
        transaction that failed is sent once more."""
        unmet = [lease for lease in leases if lease.id not in self._served]
        self._seen = {lease.id: self._seen.get(lease.id, now) for lease in unmet}
        return [lease for lease in unmet if now - self._seen[lease.id] >= GREET_SECONDS]
