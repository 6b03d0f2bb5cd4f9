"""A provider's vouchers on their way to the chain."""

import time
from collections.abc import Callable

import structlog

from surge.chain.client import Chain
from surge.model.errors import SurgeError
from surge.model.lease import Lease
from surge.model.units import LeaseId, show_usd
from surge.provider.aside import aside
from surge.provider.duty.gas import Gas
from surge.settle.fees import split
from surge.settle.gas import Choice
from surge.store.provider import KeptVoucher, ProviderStore

LONG_AFTER = 86_400
"""Seconds after its expiry a lease that the chain knows nothing of is given up: a reorganisation took it."""
WAIT_SECONDS = 60.0
"""Until what isn't worth its gas is weighed again."""

log = structlog.get_logger("surge.provider")


class Redeemer:
    """What fails is logged and left as it is, as what isn't worth its gas yet: the next tick tries again."""

    def __init__(self, chain: Chain, store: ProviderStore, gas: Gas) -> None:
        self._chain, self._store, self._gas = chain, store, gas
        self._busy: set[LeaseId] = set()
        self._said: dict[LeaseId, str] = {}
        """Why the last try came to nothing."""
        self._not_before: dict[LeaseId, float] = {}

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
            closing = await aside(self._chain.leases.closing, lease_id)
            if closing is None and not await aside(self._is_past, lease_id):
                log.warning("the chain shows no lease and no end of it; asked again", lease=lease_id)
                return False
        except SurgeError as error:
            log.warning("the chain can't be asked", lease=lease_id, reason=str(error))
            return False
        if closing is not None:
            self._store.mark_redeemed(lease_id, closing.paid)
        kept = self._store.voucher(lease_id)
        if kept is not None and kept.unredeemed:
            log.error(
                "signed money was not redeemed in time: it is lost",
                lease=lease_id,
                usd=show_usd(kept.unredeemed),
            )
        self._store.end_lease(lease_id)
        return True

    def _is_past(self, lease_id: LeaseId) -> bool:
        """Whether the lease can't be open any more, whatever became of it."""
        kept = next((lease for lease in self._store.open_leases() if lease.id == lease_id), None)
        return kept is None or self._chain.now() > kept.terms.expiry + LONG_AFTER

    async def _once(self, lease_id: LeaseId, send: Callable[[Lease], None]) -> None:
        if lease_id in self._busy or time.monotonic() < self._not_before.get(lease_id, 0.0):
            return
        self._busy.add(lease_id)
        try:
            await aside(lambda: send(self._newest(lease_id)))
        except SurgeError as error:
            if self._is_news(lease_id, str(error)):
                log.warning("a voucher could not be redeemed; tried again", lease=lease_id, reason=str(error))
        finally:
            self._busy.discard(lease_id)

    def _newest(self, lease_id: LeaseId) -> Lease:
        """A renter may have topped up without a word: the Market knows the lease by its newest terms (M3)."""
        lease = self._chain.leases.find(lease_id)
        self._store.put_lease(lease)
        return lease

    def _settle(self, lease: Lease) -> None:
        kept = self._store.voucher(lease.id)
        if kept is None or not kept.unredeemed:
            return
        brings = self._brings(kept)
        if self._may(lease, self._gas.settling(lease, brings)):
            self._chain.leases.settle(lease, kept.voucher, kept.signature, most=self._gas.worth(brings))
            self._store.mark_redeemed(lease.id, kept.voucher.amount)

    def _close(self, lease: Lease) -> None:
        kept = self._store.voucher(lease.id)
        brings = self._brings(kept) if kept else 0
        if self._may(lease, self._gas.closing(lease, brings)):
            voucher, signature = (kept.voucher, kept.signature) if kept else (None, b"")
            most = self._gas.worth(self._gas.brought(lease, brings))
            self._chain.leases.close(lease, voucher, signature, most=most)

    def _brings(self, kept: KeptVoucher) -> int:
        return split(kept.redeemed, kept.voucher.amount, self._chain.book.parameters.fee_bps).provider

    def _may(self, lease: Lease, choice: Choice) -> bool:
        """Whether to send; if not, why not is said once."""
        if choice is Choice.SEND:
            return True
        self._not_before[lease.id] = time.monotonic() + WAIT_SECONDS
        if self._is_news(lease.id, choice.name):
            if choice is Choice.WAIT:
                log.info("gas costs too much of what a lease brings; waiting for cheaper", lease=lease.id)
            else:
                log.error("what a lease brings was never worth its gas: it is left", lease=lease.id)
        return False

    def _is_news(self, lease_id: LeaseId, why: str) -> bool:
        before, self._said[lease_id] = self._said.get(lease_id), why
        return before != why
