"""Leases of a program that is gone: closed together with their providers, from the books that it kept."""

import os
from contextlib import suppress
from typing import Any

from coincurve import PrivateKey

from surge.chain.client import Chain
from surge.model.errors import Distrusted, SurgeError, Unavailable
from surge.model.lease import Lease
from surge.model.receipt import Receipt, task_leaf
from surge.model.signature import sign
from surge.model.task import Outcome
from surge.model.units import MicroUsd, show_usd
from surge.net.endpoint import Endpoint
from surge.net.messages import ChunkDone, ImageReady
from surge.renter.talk.bill import LeaseBill
from surge.renter.talk.requests import pay_message
from surge.renter.talk.session import RenterSession
from surge.settle.merkle import root_of
from surge.store.renter import RenterStore

PATIENCE = 10.0
"""Seconds that a provider has for its word."""
MOST = MicroUsd(50_000)
"""What is paid for results that never arrived: as much as a provider lends by default."""


class LeftoverSession(RenterSession):
    """Takes results that its program asked for and never got, and pays for them up to `MOST`. Nobody knows
    any longer what was asked, so that they can't be checked, nor are they kept; their receipts are, marked
    as unseen.

    unseen: millionths of a dollar that were paid so.
    """

    def __init__(self, bill: LeaseBill, **rest: Any) -> None:
        super().__init__(**rest)
        self.bill = bill
        self.unseen = 0

    async def _take_chunk(self, done: ChunkDone, outcomes: tuple[Outcome, ...]) -> None:
        receipt = done.receipt.receipt()
        if receipt.outcomes != root_of(task_leaf(outcome) for outcome in outcomes):
            raise Distrusted(f"lease {self.lease.id}: the results are not those that the receipt signs")
        await self._pay_unseen(receipt, done.signature)

    async def _take_image(self, ready: ImageReady) -> None:
        if ready.receipt is not None:
            await self._pay_unseen(ready.receipt.receipt(), ready.signature)

    async def _pay_unseen(self, receipt: Receipt, signature: bytes) -> None:
        if receipt.position < self.bill.receipts:
            return
        if self.unseen + receipt.amount > MOST:
            asked = show_usd(MicroUsd(self.unseen + receipt.amount))
            raise Unavailable(
                f"its provider asks for {asked} for results that never arrived, and {show_usd(MOST)} is the "
                "most that is paid unseen; what is left comes back after the expiry (surge leases --reclaim)"
            )
        signed, paid = self.bill.take_unseen(receipt, signature)
        self.unseen += receipt.amount
        self._keep(signed, paid, None, ())
        await self._send(pay_message(paid))
        self._paid.set()


async def close_leftover(
    lease: Lease, job: str, chain: Chain, key: PrivateKey, store: RenterStore, loopback: bool
) -> tuple[MicroUsd, MicroUsd]:
    """What came back, and what was paid for results that never arrived. Work under way is given up.

    Raises what ended the conversation: the provider doesn't answer, or asks for more than MOST unseen.
    """
    domain = chain.book.domain
    bill = LeaseBill(lease, domain, lambda digest: sign(digest, key))
    bill.resume(store.receipts(job, lease.id), store.voucher(job, lease.id))
    endpoint = await Endpoint.bind(os.urandom(32), loopback=loopback)

    async def ticket() -> str | None:
        offers = chain.asks.offers()
        return next((offer.ticket for offer in offers if offer.provider == lease.terms.provider), None)

    session = LeftoverSession(
        bill,
        lease=lease,
        ticket=await ticket() or "",
        find_ticket=ticket,
        endpoint=endpoint,
        key=key,
        domain=domain,
        keep=lambda signed, paid, *_: store.put_receipt(job, signed, [], paid, unseen=True),
        notify=lambda *_: None,
    )
    try:
        await session.open()
        await session.give_up()
        granted = await session.close(PATIENCE)
    except SurgeError as error:
        raise session.over or error from error
    finally:
        with suppress(SurgeError):
            await session.hang_up()
        await endpoint.close()
    paid = bill.latest
    sent = chain.leases.close(
        lease, paid.voucher if paid else None, paid.signature if paid else b"", granted.signature
    )
    store.put_transaction(job, sent.hash, "close lease", sent.gas)
    return bill.left, MicroUsd(session.unseen)
