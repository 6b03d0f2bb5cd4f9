"""Leases of a program that is gone: closed together with their providers, from the books that it kept."""

import os
from contextlib import suppress

from coincurve import PrivateKey

from surge.chain.client import Chain
from surge.model.errors import SurgeError
from surge.model.lease import Lease
from surge.model.signature import sign
from surge.model.units import MicroUsd
from surge.net.endpoint import Endpoint
from surge.renter.lease.bill import LeaseBill
from surge.renter.lease.session import RenterSession
from surge.store.renter import RenterStore

PATIENCE = 10.0
"""Seconds that a provider has for its word."""


async def close_leftover(
    lease: Lease, job: str, chain: Chain, key: PrivateKey, store: RenterStore, loopback: bool
) -> MicroUsd:
    """What came back. Work that is under way is given up.

    Raises what ended the conversation: the provider doesn't answer, or has done work whose results never
    arrived, which only its own voucher or the expiry can end.
    """
    domain = chain.book.domain
    bill = LeaseBill(lease, domain, lambda digest: sign(digest, key))
    bill.resume(store.receipts(job, lease.id), store.voucher(job, lease.id))
    endpoint = await Endpoint.bind(os.urandom(32), loopback=loopback)

    async def ticket() -> str | None:
        offers = chain.asks.offers()
        return next((offer.ticket for offer in offers if offer.provider == lease.terms.provider), None)

    session = RenterSession(
        lease=lease,
        ticket=await ticket() or "",
        find_ticket=ticket,
        endpoint=endpoint,
        key=key,
        domain=domain,
        keep=lambda *_: None,  # nothing is asked, so nothing can be billed
        notify=lambda *_: None,
    )
    session.bill = bill
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
    return bill.left
