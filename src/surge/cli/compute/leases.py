"""`surge leases`: what you have leased, how long it lasts, and money that waits to be taken back."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from surge.cli.terminal.access import found, kept, keystore, reading
from surge.cli.terminal.options import AsJson, Network
from surge.cli.terminal.output import Column, Listing, Part, answer, tell
from surge.cli.terminal.wording import duration
from surge.model.units import LeaseId, counted, show_usd

if TYPE_CHECKING:
    from surge.chain.calls.leases import LeaseState
    from surge.chain.client import Chain
    from surge.model.lease import Lease
    from surge.renter.access import Access

NEAR_EXPIRY = 300
"""Seconds before the expiry from which on a lease is said to end soon."""
OPEN, ENDING, GRACE, OVERDUE, CLOSED = "open", "ending", "grace", "reclaimable", "closed"


def leases(
    reclaim: Annotated[
        bool, typer.Option("--reclaim", help="Take back what is left of leases past expiry and grace.")
    ] = False,
    close: Annotated[
        bool,
        typer.Option("--close", help="Close those whose program is gone, together with their providers."),
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    as_json: AsJson = False,
    network: Network = None,
) -> int:
    """Your leases, and which of them need attention."""
    from surge.chain.wallet import wallet_address

    access = found(network)
    renter = wallet_address(keystore(access.home))
    jobs = _jobs(access)
    with reading(access) as chain:
        now, grace = chain.now(), chain.book.parameters.grace_seconds
        mine = chain.leases.all(renter=renter)
        states = {lease.id: chain.leases.state(lease.id) for lease in mine}
        shown = [lease for lease in mine if every or states[lease.id].open]
        rows = [_row(lease, states[lease.id], chain, now, grace, jobs) for lease in reversed(shown)]
    freed: list[dict[str, Any]] = []
    kept: list[dict[str, Any]] = []
    if close:
        left = [lease for lease in shown if lease.terms.expiry > now and _is_left(jobs.get(lease.id), access)]
        freed, kept = _close(access, left, jobs)
        rows = _without(rows, freed)
    reclaimed: list[dict[str, Any]] = []
    if reclaim:
        overdue = {row["lease"] for row in rows if row["state"] == OVERDUE}
        reclaimed = _reclaim(access, [lease for lease in mine if lease.id in overdue])
        rows = _without(rows, reclaimed)
    if close or reclaim:
        _end_jobs(
            access, {lease for lease, state in states.items() if not state.open} | _of(freed + reclaimed)
        )
    document = {
        "leases": [row for row in rows if every or row["state"] != CLOSED],
        "closed": sum(not state.open for state in states.values()) + len(reclaimed) + len(freed),
        "reclaimed": reclaimed,
        "freed": freed,
        "kept": kept,
    }
    answer(document, as_json, show_leases)
    return 1 if kept else 0


def _jobs(access: "Access") -> dict[LeaseId, str]:
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


def _row(
    lease: "Lease", state: "LeaseState", chain: "Chain", now: int, grace: int, jobs: dict[LeaseId, str]
) -> dict[str, Any]:
    closing = None if state.open else chain.leases.closing(lease.id)
    settled = state.settled if closing is None else closing.paid
    left = lease.terms.expiry - now
    return {
        "lease": lease.id,
        "job": jobs.get(lease.id),
        "provider": lease.terms.provider,
        "slots": lease.terms.slots,
        "state": state_of(state.open, left, grace),
        "seconds_left": max(left, 0) if state.open else 0,
        "reclaimable_in": max(left + grace, 0) if state.open else 0,
        "expiry": lease.terms.expiry,
        "escrow": show_usd(lease.terms.escrow),
        "settled": show_usd(settled),
        "refund": None if closing is None else show_usd(closing.refund),
        "reservation": show_usd(lease.reservation),
    }


def state_of(is_open: bool, seconds_left: int, grace: int) -> str:
    """OPEN, ENDING within NEAR_EXPIRY, GRACE after the expiry, OVERDUE after the grace, or CLOSED."""
    if not is_open:
        return CLOSED
    if seconds_left > NEAR_EXPIRY:
        return OPEN
    if seconds_left > 0:
        return ENDING
    return GRACE if seconds_left + grace >= 0 else OVERDUE


def _without(rows: list[dict[str, Any]], ended: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, with those that ended now as closed."""
    done = _of(ended)
    return [{**row, "state": CLOSED} if row["lease"] in done else row for row in rows]


def _of(rows: list[dict[str, Any]]) -> set[LeaseId]:
    return {row["lease"] for row in rows}


def _end_jobs(access: "Access", closed: set[LeaseId]) -> None:
    """A job whose program is gone is over once its last lease is closed."""
    store, market = access.store(), access.book.address("Market")
    for row, _ in store.jobs():
        own = {lease.id for lease in store.leases(row)} if row.market == market else None
        if row.state != "closed" and own is not None and own <= closed and _is_left(row.id, access):
            store.put_job(replace(row, state="closed"))
    store.close()


def _is_left(job: str | None, access: "Access") -> bool:
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


def _close(
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


def _reclaim(access: "Access", overdue: "list[Lease]") -> list[dict[str, Any]]:
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


def show_leases(document: Any) -> Iterable[Part]:
    rows = document["leases"]
    if not rows:
        closed = document["closed"]
        yield "No open lease" + (
            f"; {counted(closed, 'closed one')} (surge leases --all)." if closed else "."
        )
        return
    columns = [
        Column("lease", right=True),
        Column("job"),
        Column("provider", address=True),
        Column("time left"),
        Column("escrow", right=True),
        Column("settled", right=True),
        Column("refund", right=True),
    ]
    yield Listing(columns, [_cells(row) for row in rows])
    for row in rows:
        if (alert := _alert(row)) is not None:
            yield alert


def _cells(row: Any) -> list[str]:
    left = duration(row["seconds_left"], 1) if row["state"] in (OPEN, ENDING) else row["state"]
    return [
        str(row["lease"]),
        row["job"] or "",
        row["provider"],
        left,
        row["escrow"],
        row["settled"],
        row["refund"] or "",
    ]


def _alert(row: Any) -> str | None:
    lease = f"lease {row['lease']}"
    match row["state"]:
        case "ending":
            return f"{lease} ends in {duration(row['seconds_left'])}: what isn't done by then runs elsewhere"
        case "grace":
            wait = duration(row["reclaimable_in"])
            return f"{lease} has expired: its provider may still settle; you can reclaim the rest in {wait}"
        case "reclaimable":
            return f"{lease} has expired with money in it: take it back with `surge leases --reclaim`"
    return None
