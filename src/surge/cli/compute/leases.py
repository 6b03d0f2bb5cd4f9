"""`surge leases`: what you have leased, how long it lasts, and money that waits to be taken back."""

from collections.abc import Iterable
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
    every: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
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
    reclaimed: list[dict[str, Any]] = []
    if reclaim:
        overdue = {row["lease"] for row in rows if row["state"] == OVERDUE}
        reclaimed = _reclaim(access, [lease for lease in mine if lease.id in overdue])
        done = {row["lease"] for row in reclaimed}
        rows = [{**row, "state": CLOSED} if row["lease"] in done else row for row in rows]
    document = {
        "leases": [row for row in rows if every or row["state"] != CLOSED],
        "closed": sum(not state.open for state in states.values()) + len(reclaimed),
        "reclaimed": reclaimed,
    }
    answer(document, as_json, show_leases)


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
