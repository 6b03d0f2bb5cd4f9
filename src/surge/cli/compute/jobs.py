"""`surge jobs`, `job` and `verify`: what was run, what it cost, and whether the bill is right."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from surge.cli.compute.jobs_view import show_job, show_jobs, show_verification
from surge.cli.terminal.access import found, kept, reading
from surge.cli.terminal.options import AsJson, Network
from surge.cli.terminal.output import answer
from surge.model.errors import BadInput
from surge.model.units import show_usd
from surge.store.home import Home

if TYPE_CHECKING:
    from surge.renter.access import Access
    from surge.store.renter import JobRow, RenterStore

JobId = Annotated[str, typer.Argument(metavar="JOB", help="Its id, or an unambiguous beginning of it.")]


def jobs(as_json: AsJson = False, network: Network = None) -> None:
    """Your jobs, newest first."""
    home = Home.default()
    market = found(network).book.address("Market") if network else None
    rows = []
    if (store := kept(home)) is not None:
        rows = [_row(job, store) for job, _ in store.jobs() if market in (None, job.market)]
        store.close()
    answer({"jobs": rows}, as_json, show_jobs)


def job(id: JobId, as_json: AsJson = False, network: Network = None) -> None:
    """What a job did, and what it cost."""
    store, row = _stored(id)
    access = _where(row, network)
    from surge.renter.report import report

    with reading(access) as chain:
        document = {**_row(row, store), **report(row, store, chain).json()}
        document["lease_ids"] = [lease.id for lease in store.leases(row)]
        document["sent"] = [
            {"hash": f"0x{hash_.hex()}", "purpose": purpose, "gas": gas}
            for hash_, purpose, gas in store.transactions(row.id)
        ]
    store.close()
    answer(document, as_json, show_job)


def verify(id: JobId, as_json: AsJson = False, network: Network = None) -> int:
    """Check a job's bill against the chain and its receipts.

    Line by line; exit code 1 if anything is wrong.
    """
    store, row = _stored(id)
    access = _where(row, network)
    from surge.renter.verify import verify as checks_of

    with reading(access) as chain:
        checks = [asdict(check) for check in checks_of(row.id, store, chain)]
    store.close()
    verified = all(check["ok"] for check in checks)
    answer({"job": row.id, "verified": verified, "checks": checks}, as_json, show_verification)
    return 0 if verified else 1


def _stored(given: str) -> "tuple[RenterStore, JobRow]":
    home = Home.default()
    store = kept(home)
    if store is None:
        raise BadInput(f"there is no job {given!r}: nothing has run from {home.root} yet (surge run FILE)")
    every = [row for row, _ in store.jobs()]
    fitting = [row for row in every if row.id == given] or [
        row for row in every if given and row.id.startswith(given)
    ]
    if len(fitting) == 1:
        return store, fitting[0]
    store.close()
    if fitting:
        raise BadInput(f"{given!r} begins {len(fitting)} jobs; give more of the id")
    raise BadInput(f"there is no job {given!r}; `surge jobs` lists yours")


def _where(row: "JobRow", network: str | None) -> "Access":
    """The network that the job ran on: the one named must be it. Raises BadInput, NoNetwork."""
    from surge.chain.network.book import load_book

    home = Home.default()
    ran_on = (row.chain_id, row.market)
    for path in sorted(home.root.glob("networks/*/book.json")):
        book = load_book(path)
        if (book.chain_id, book.address("Market")) == ran_on and network in (None, path.parent.name):
            return found(path.parent.name)
    other = f"which is not the network {network!r}" if network else f"which no network in {home.root} is"
    raise BadInput(
        f"job {row.id} ran on chain {row.chain_id} with the Market {row.market}, {other}; "
        "name the right --network, or restore its address book"
    )


def _row(row: "JobRow", store: "RenterStore") -> dict[str, Any]:
    leases = store.leases(row)
    vouchers = [store.voucher(row.id, lease.id) for lease in leases]
    signed = sum(paid.voucher.amount for paid in vouchers if paid)
    reserved = sum(lease.reservation for lease in leases)
    return {
        "id": row.id,
        "name": row.name,
        "created": row.created,
        "state": row.state,
        "chain_id": row.chain_id,
        "renter": row.renter,
        "budget": show_usd(row.budget),
        "leases": len(leases),
        "signed": show_usd(signed),
        "reserved": show_usd(reserved),
        "cost": show_usd(signed + reserved),
    }
