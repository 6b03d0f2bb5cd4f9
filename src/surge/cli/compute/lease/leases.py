"""`surge leases`: what you have leased, how long it lasts, and money that waits to be taken back."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from surge.cli.compute.lease.closing import (
    close_as_provider,
    close_left,
    end_jobs,
    find_open,
    is_left,
    jobs_of_leases,
    places_of,
    reclaim_overdue,
    require_left,
)
from surge.cli.terminal.access import found, keystore, reading
from surge.cli.terminal.options import AsJson, Network
from surge.cli.terminal.output import Column, Listing, Part, answer
from surge.cli.terminal.wording import duration
from surge.model.errors import BadInput
from surge.model.units import LeaseId, counted, show_usd

if TYPE_CHECKING:
    from surge.chain.calls.leases import LeaseState
    from surge.chain.client import Chain
    from surge.model.lease import Lease
    from surge.model.units import Address
    from surge.renter.access import Access

NEAR_EXPIRY = 300
"""Seconds before the expiry from which on a lease is said to end soon."""
OPEN, ENDING, GRACE, OVERDUE, CLOSED = "open", "ending", "grace", "reclaimable", "closed"


leases = typer.Typer(invoke_without_command=True)


@leases.callback()
def listed(
    context: typer.Context,
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
    if context.invoked_subcommand is not None:
        return 0
    from surge.chain.wallet import wallet_address

    access = found(network)
    renter = wallet_address(keystore(access.home))
    jobs = jobs_of_leases(access)
    with reading(access) as chain:
        now, grace = chain.now(), chain.book.parameters.grace_seconds
        mine = chain.leases.all(renter=renter)
        states = {lease.id: chain.leases.state(lease.id) for lease in mine}
        shown = [lease for lease in mine if every or states[lease.id].open]
        rows = [_row(lease, states[lease.id], chain, now, grace, jobs) for lease in reversed(shown)]
    freed: list[dict[str, Any]] = []
    kept: list[dict[str, Any]] = []
    if close:
        left = [lease for lease in shown if lease.terms.expiry > now and is_left(jobs.get(lease.id), access)]
        freed, kept = close_left(access, left, jobs)
        rows = _without(rows, freed)
    reclaimed: list[dict[str, Any]] = []
    if reclaim:
        overdue = {row["lease"] for row in rows if row["state"] == OVERDUE}
        reclaimed = reclaim_overdue(access, [lease for lease in mine if lease.id in overdue])
        rows = _without(rows, reclaimed)
    if close or reclaim:
        end_jobs(
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


@leases.command()
def close(
    context: typer.Context,
    numbers: Annotated[list[int], typer.Argument(metavar="LEASE…", min=1, help="By number.")],
    as_provider: Annotated[
        bool,
        typer.Option("--as-provider", help="As its provider, alone, though the wallet here is its renter's."),
    ] = False,
    place: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="The provider's folder (default: SURGE_HOME/provider)."),
    ] = None,
    as_json: AsJson = False,
    network: Network = None,
) -> int:
    """End leases now, from whichever side is yours.

    A renter's, whose program is gone, ends together with its provider. A provider ends its own alone, with
    the newest voucher that it has: for renters that are gone. Nothing is closed when one can't be.
    """
    above = context.parent.params if context.parent else {}
    access = found(network or above.get("network"))
    renter, places = _wallet_address(access), places_of(access, place)
    jobs = jobs_of_leases(access)
    mine, ours, overdue = list["Lease"](), list["Lease"](), list["Lease"]()
    with reading(access) as chain:
        now, grace = chain.now(), chain.book.parameters.grace_seconds
        for number in dict.fromkeys(numbers):
            lease = find_open(chain, number)
            rented = lease.terms.renter == renter and not as_provider
            if not rented and lease.terms.provider not in places:
                raise BadInput(_not_yours(lease, as_provider or place is not None))
            if not rented:
                ours.append(lease)
            elif lease.terms.expiry + grace < now:
                overdue.append(lease)
            else:
                require_left(lease, jobs.get(lease.id), now, access)
                mine.append(lease)
    ended = [close_as_provider(lease, places[lease.terms.provider], access) for lease in ours]
    freed, kept = close_left(access, mine, jobs) if mine else ([], [])
    reclaimed = reclaim_overdue(access, overdue)
    if freed or reclaimed:
        end_jobs(access, _of(freed + reclaimed))
    document = {"closed": ended, "freed": freed, "reclaimed": reclaimed, "kept": kept}
    answer(document, as_json or bool(above.get("as_json")), lambda _: [])
    return 1 if kept else 0


def _wallet_address(access: "Access") -> "Address | None":
    from surge.chain.wallet import wallet_address

    return wallet_address(access.home.wallet) if access.home.wallet.exists() else None


def _not_yours(lease: "Lease", as_provider: bool) -> str:
    if as_provider:
        return (
            f"lease {lease.id} is of the provider {lease.terms.provider}, whose key is not here; name its "
            "folder with --place"
        )
    return (
        f"lease {lease.id} is not yours: its renter is {lease.terms.renter}, its provider "
        f"{lease.terms.provider}; `surge leases` lists yours"
    )


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
