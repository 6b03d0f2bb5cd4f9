"""`surge jobs`, `job` and `verify`: what was run, what it cost, and whether the bill is right."""

import asyncio
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from surge.cli.compute.jobs_view import (
    show_job,
    show_jobs,
    show_pruned,
    show_saved,
    show_verification,
    show_why,
)
from surge.cli.terminal.access import found, kept, reading
from surge.cli.terminal.options import AsJson, Network
from surge.cli.terminal.output import answer, tell
from surge.model.errors import BadInput
from surge.model.units import counted, show_usd
from surge.store.home import Home

if TYPE_CHECKING:
    from surge.renter.access import Access
    from surge.store.renter import JobRow, RenterStore

JobId = Annotated[str, typer.Argument(metavar="JOB", help="Its id, or an unambiguous beginning of it.")]


def jobs(
    action: Annotated[
        str | None, typer.Argument(metavar="[prune]", help="prune: forget closed jobs and their results.")
    ] = None,
    older_than: Annotated[
        int, typer.Option("--older-than", min=0, metavar="DAYS", help="With prune: jobs made longer ago.")
    ] = 30,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Your jobs, newest first; or `prune` old ones."""
    home = Home.default()
    if action is not None:
        if action != "prune":
            raise BadInput(f"surge jobs knows no {action!r}; did you mean prune, or surge job {action}?")
        answer(_pruned(home, older_than), as_json, show_pruned)
        return
    market = found(network).book.address("Market") if network else None
    rows = []
    if (store := kept(home)) is not None:
        rows = [_row(job, store) for job, _ in store.jobs() if market in (None, job.market)]
        store.close()
    answer({"jobs": rows}, as_json, show_jobs)


def _pruned(home: Home, days: int) -> dict[str, Any]:
    """What was forgotten, and how much room that gave. Their leases stay on the chain."""
    store = kept(home)
    if store is None:
        return {"forgotten": [], "freed_bytes": 0}
    before = store.path.stat().st_size
    forgotten = store.forget(int(time.time()) - days * 86_400)
    store.close()
    return {"forgotten": forgotten, "freed_bytes": max(0, before - store.path.stat().st_size)}


def job(
    id: JobId,
    why: Annotated[bool, typer.Option("--why", help="What it waits for, and what went wrong.")] = False,
    task: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="With --why: what happened to this task.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where to save the files that its program wrote.")
    ] = None,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """What a job did, and what it cost; --why: what it waits for."""
    if task is not None and not why:
        raise BadInput("--task tells what happened to a task; give --why with it")
    store, row = _stored(id)
    if why:  # asks no chain: that may be what it waits for
        store.close()
        answer(_explained(row, store.trace(row.id), task), as_json, show_why)
        return
    if out is not None:
        saved = _save(store, row, out)
        store.close()
        answer({"id": row.id, "files": saved}, as_json, show_saved)
        return
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


def _save(store: "RenterStore", row: "JobRow", folder: Path) -> dict[str, int]:
    """Place → size of the files that came back with the job's tasks."""
    from surge.model.command import CommandOutput
    from surge.model.task import RETURNED

    saved: dict[str, int] = {}
    for lease in store.leases(row):
        for task in store.tasks(row.id, lease.id):
            if task.status == RETURNED and task.output is not None:
                try:
                    output = CommandOutput.decode(task.output)
                except BadInput:
                    continue  # a function's result, which has no files
                saved |= {str(place): place.stat().st_size for place in output.save(folder)}
    if not saved:
        raise BadInput(f"job {row.id} brought no files back; only programs of `surge run` that write some do")
    return saved


def verify(
    id: JobId,
    again: Annotated[
        int, typer.Option(min=0, metavar="N", help="Chunks and setups, drawn by lot, to run again here.")
    ] = 3,
    as_json: AsJson = False,
    network: Network = None,
) -> int:
    """Check a job's bill on the chain, and some of its work here.

    Line by line; exit code 1 if anything is wrong. A sample of chunks and setups runs again here.
    """
    store, row = _stored(id)
    access = _where(row, network)
    from surge.renter.verify import verify as checks_of

    with reading(access) as chain:
        checks = [asdict(check) for check in checks_of(row.id, store, chain)]
    if again:
        checks += asyncio.run(_again(row, store, again))
    store.close()
    verified = all(check["ok"] for check in checks)
    answer({"job": row.id, "verified": verified, "checks": checks}, as_json, show_verification)
    return 0 if verified else 1


async def _again(row: "JobRow", store: "RenterStore", count: int) -> list[dict[str, Any]]:
    from surge.renter.again import run_again

    return [asdict(check) async for check in run_again(row, store, count, tell)]


def _explained(row: "JobRow", trace: Path, task: int | None) -> dict[str, Any]:
    from surge.chain.anvil.programs import is_running
    from surge.renter.work.explain import explain
    from surge.store.trace import read_trace

    if not trace.exists():
        raise BadInput(f"job {row.id} left no trace: {trace} is not there; --why can't tell what it did")
    told = explain(read_trace(trace), time.time())
    if task is not None and task >= told.submitted:
        raise BadInput(
            f"job {row.id} has {counted(told.submitted, 'task')}, numbered from 0; there is no task {task}"
        )
    alive = is_running(told.program, told.program_began)
    steps = told.wrong if task is None else told.of_task(task)
    return {
        "id": row.id,
        "name": row.name,
        "state": "closed" if told.closed or row.state == "closed" else "running" if alive else "abandoned",
        "program": told.program,
        "tasks": {
            "submitted": told.submitted,
            "done": told.done,
            "failed": told.failed,
            "cancelled": told.cancelled,
            "in_flight": told.in_flight,
            "waiting": told.waiting,
        },
        "waits_for": told.waits_for,
        "task": task,
        "steps": [
            {"seconds": round(step.at - told.began, 3), "stimulus": step.stimulus, "said": step.said}
            for step in steps
        ],
        "spent": [
            {"name": name, "count": count, "seconds": round(seconds, 3)}
            for name, (count, seconds) in sorted(told.spent.items(), key=lambda one: -one[1][1])
        ],
        "trace": str(trace),
    }


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
        "seed": row.seed,
        "leases": len(leases),
        "signed": show_usd(signed),
        "reserved": show_usd(reserved),
        "cost": show_usd(signed + reserved),
    }
