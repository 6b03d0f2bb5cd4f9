"""How leases end by hand: by renter and provider together, by the provider alone, or after the expiry."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from surge.cli.terminal.access import kept
from surge.cli.terminal.output import tell
from surge.cli.terminal.wording import duration
from surge.model.errors import BadInput
from surge.model.units import Address, LeaseId, show_usd

if TYPE_CHECKING:
    from surge.chain.client import Chain
    from surge.model.lease import Lease
    from surge.provider.config import Place
    from surge.renter.access import Access


def jobs_of_leases(access: "Access") -> dict[LeaseId, str]:
    """Lease → job, as the renter's store has it."""
    store = kept(access.home)
    if store is None:
        return {}
    market = access.book.address("Market")
    found_jobs = {
        lease.id: row.id for row, _ in store.jobs() if row.market == market for lease in store.leases(row)
    }
    store.close()
    return found_jobs


def is_left(job: str | None, access: "Access") -> bool:
    """Whether the program of a lease's job is gone."""
    if job is None:
        return False
    from surge.chain.anvil.programs import is_running
    from surge.renter.work.explain import explain
    from surge.store.trace import read_trace

    store = access.store()
    trace = store.trace(job)
    store.close()
    if not trace.exists():
        return False
    told = explain(read_trace(trace), time.time())
    return not is_running(told.program, told.program_began)


def close_left(
    access: "Access", left: "list[Lease]", jobs: dict[LeaseId, str]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(those that are closed now, those that stay open and why)"""
    from surge.model.errors import SurgeError
    from surge.renter.lease.leftover import close_leftover

    freed: list[dict[str, Any]] = []
    kept: list[dict[str, Any]] = []
    chain, store = access.chain(), access.store()
    try:
        for lease in left:
            given = jobs[lease.id], chain, access.key(), store, access.loopback
            try:
                refund, unseen = map(show_usd, asyncio.run(close_leftover(lease, *given)))
            except SurgeError as error:
                told = str(error).removeprefix(f"lease {lease.id}: ")
                kept.append({"lease": lease.id, "why": told})
                tell(f"lease {lease.id} stays open: {told}")
                continue
            tell(f"closed lease {lease.id}: {refund} USD came back")
            if unseen != "0.00":
                tell(f"{unseen} USD of it went for work that its program had asked for and never got")
            freed.append({"lease": lease.id, "refund": refund, "unseen": unseen})
    finally:
        store.close()
        chain.disconnect()
    return freed, kept


def reclaim_overdue(access: "Access", overdue: "list[Lease]") -> list[dict[str, Any]]:
    if not overdue:
        return []
    chain = access.chain()
    back = []
    try:
        for lease in overdue:
            chain.leases.reclaim(lease)
            closing = chain.leases.closing(lease.id)
            refund = show_usd(closing.refund) if closing else "0.00"
            tell(f"reclaimed lease {lease.id}: {refund} USD came back")
            back.append({"lease": lease.id, "refund": refund})
    finally:
        chain.disconnect()
    return back


def end_jobs(access: "Access", closed: set[LeaseId]) -> None:
    """A job whose program is gone is over once its last lease is closed."""
    store, market = access.store(), access.book.address("Market")
    for row, _ in store.jobs():
        own = {lease.id for lease in store.leases(row)} if row.market == market else None
        if row.state != "closed" and own is not None and own <= closed and is_left(row.id, access):
            store.put_job(replace(row, state="closed"))
    store.close()


# One lease, by its number


def find_open(chain: "Chain", number: int) -> "Lease":
    """Raises BadInput for a lease that never was, or that is over."""
    lease = chain.leases.find(LeaseId(number))
    if chain.leases.state(lease.id).open:
        return lease
    closing = chain.leases.closing(lease.id)
    told = (
        f": {show_usd(closing.paid)} USD were paid, {show_usd(closing.refund)} went back" if closing else ""
    )
    raise BadInput(f"lease {lease.id} is closed already{told}")


def places_of(access: "Access", named: Path | None) -> dict[Address, "Place"]:
    """The providers whose folders are known here, by their accounts."""
    from surge.chain.wallet import wallet_address
    from surge.provider.config import Place

    local = (access.home.network(access.network) / "providers").glob("*")
    places = [Place(path.absolute()) for path in ([named] if named else [access.home.provider, *local])]
    return {wallet_address(place.key): place for place in places if place.key.exists()}


def require_left(lease: "Lease", job: str | None, now: int, access: "Access") -> None:
    """Raises BadInput where the renter can't close a lease, or should not."""
    if job is None:
        raise BadInput(
            f"lease {lease.id} is of no job in {access.home.root}, whose books its end needs; what is left "
            "of it comes back after its expiry (`surge leases --reclaim`)"
        )
    if lease.terms.expiry <= now:
        wait = duration(lease.terms.expiry + access.book.parameters.grace_seconds - now + 1)
        raise BadInput(
            f"lease {lease.id} has expired, and its provider may still settle; take the rest back in {wait} "
            "with `surge leases --reclaim`"
        )
    if not is_left(job, access):
        raise BadInput(f"lease {lease.id} is in use by the program of job {job}; end that program first")


def close_as_provider(lease: "Lease", place: "Place", access: "Access") -> dict[str, Any]:
    """With the newest voucher that its renter signed: work that nobody signed for is not paid."""
    from surge.chain.client import Chain
    from surge.chain.wallet import load_wallet
    from surge.store.provider import ProviderStore

    voucher, signature, work = None, b"", 0
    key = load_wallet(place.key, strict=not access.book.local).key
    with Chain(access.book, key, index=place.index) as chain:
        path, state = place.database(access.book), chain.leases.state(lease.id)
        if path.exists():
            store = ProviderStore(path)
            newest, work = (
                store.voucher(lease.id),
                sum(one.receipt.amount for one in store.receipts(lease.id)),
            )
            store.close()
            if newest is not None and newest.voucher.amount > state.settled:
                voucher, signature = newest.voucher, newest.signature
        chain.leases.close(lease, voucher, signature)
    paid = voucher.amount if voucher else state.settled
    unsigned = max(0, work - paid)
    tell(f"closed lease {lease.id}: {show_usd(paid)} USD of it are yours, fee included")
    if unsigned:
        tell(f"{show_usd(unsigned)} USD of work on it were never signed for by its renter, and are lost")
    return {"lease": lease.id, "paid": show_usd(paid), "unsigned": show_usd(unsigned)}
