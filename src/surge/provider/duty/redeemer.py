"""A provider's vouchers on their way to the chain."""

import asyncio
from collections.abc import Callable

import structlog

from surge.chain.client import Chain
from surge.model.errors import SurgeError
from surge.model.lease import Lease
from surge.model.units import LeaseId
from surge.store.provider import ProviderStore

LONG_AFTER = 86_400
"""Seconds after its expiry a lease that the chain knows nothing of is given up: a reorganisation took it."""

log = structlog.get_logger("surge.provider")


class Redeemer:
    """What fails is logged and left as it is: the next tick tries again."""

    def __init__(self, chain: Chain, store: ProviderStore) -> None:
        self._chain = chain
        self._store = store
        self._busy: set[LeaseId] = set()

    async def redeem(self, lease_id: LeaseId) -> None:
        """Settle the latest voucher; the lease goes on."""
        await self._once(lease_id, self._settle)

    async def close(self, lease_id: LeaseId) -> None:
        """End an expired lease alone, with the latest voucher."""
        await self._once(lease_id, self._close)

    async def record_end(self, lease_id: LeaseId) -> bool:
        """The chain says that a lease is over: note what it paid. False while that is not to be believed: the
        chain can't be asked, or shows no event that ended it, as a node does that lags, while the lease
        could still be open. Money that is signed and not redeemed hangs on it."""
        try:
            closing = await asyncio.to_thread(self._chain.leases.closing, lease_id)
            if closing is None and not await asyncio.to_thread(self._is_past, lease_id):
                log.warning("the chain shows no lease and no end of it; asked again", lease=lease_id)
                return False
        except SurgeError as error:
            log.warning("the chain can't be asked", lease=lease_id, reason=str(error))
            return False
        if closing is not None:
            self._store.mark_redeemed(lease_id, closing.paid)
        self._store.end_lease(lease_id)
        return True

    def _is_past(self, lease_id: LeaseId) -> bool:
        """Whether the lease can't be open any more, whatever became of it."""
        kept = next((lease for lease in self._store.open_leases() if lease.id == lease_id), None)
        return kept is None or self._chain.now() > kept.terms.expiry + LONG_AFTER

    async def _once(self, lease_id: LeaseId, send: Callable[[Lease], None]) -> None:
        if lease_id in self._busy:
            return
        self._busy.add(lease_id)
        try:
            await asyncio.to_thread(lambda: send(self._newest(lease_id)))
        except SurgeError as error:
            log.warning("a voucher could not be redeemed; tried again", lease=lease_id, reason=str(error))
        finally:
            self._busy.discard(lease_id)

    def _newest(self, lease_id: LeaseId) -> Lease:
        """A renter may have topped up without a word: the Market knows the lease by its newest terms (M3)."""
        lease = self._chain.leases.find(lease_id)
        self._store.put_lease(lease)
        return lease

    def _settle(self, lease: Lease) -> None:
        if (kept := self._store.voucher(lease.id)) is not None and kept.voucher.amount > kept.redeemed:
            self._chain.leases.settle(lease, kept.voucher, kept.signature)
            self._store.mark_redeemed(lease.id, kept.voucher.amount)

    def _close(self, lease: Lease) -> None:
        kept = self._store.voucher(lease.id)
        self._chain.leases.close(lease, kept.voucher if kept else None, kept.signature if kept else b"")
