"""How jobs, a job's report and a verification look to a person."""

from collections.abc import Iterable
from typing import Any

from surge.cli.terminal.output import Column, Listing, Part, facts
from surge.cli.terminal.wording import moment
from surge.model.units import counted, show_gfuel


def show_jobs(document: Any) -> Iterable[Part]:
    if not document["jobs"]:
        yield "No job yet. Run one: surge run FILE.py"
        return
    columns = [
        Column("job"),
        Column("name"),
        Column("started"),
        Column("state"),
        Column("leases", right=True),
        Column("cost USD", right=True),
    ]
    yield Listing(
        columns,
        [
            [
                job["id"],
                job["name"],
                moment(job["created"]),
                job["state"],
                str(job["leases"]),
                job["cost"],
            ]
            for job in document["jobs"]
        ],
    )


def show_job(job: Any) -> Iterable[Part]:
    failed = f", {job['failed']} failed" if job["failed"] else ""
    yield facts(
        [
            ("job", f"{job['id']} {job['name']}, {job['state']}, started {moment(job['created'])}"),
            ("tasks", f"{job['tasks']:,}{failed}"),
            ("seed", "each task's number" if job["seed"] is None else str(job["seed"])),
            ("leases", f"{counted(job['leases'], 'lease')} with {counted(job['providers'], 'provider')}"),
            ("work", f"{show_gfuel(job['fuel'])} Gfuel, {job['bytes']:,} bytes moved"),
            ("energy", f"{job['joules']} J ({job['joules_kind']})"),
            ("paid", f"{job['paid']} USD of a budget of {job['budget']}"),
            ("of which", f"fee {job['fee']}, reservation {job['reservation']}"),
            ("signed", f"{job['signed']} USD in vouchers"),
            ("burned", f"{job['burned']} SURGE for its fees"),
            ("rewards", f"{job['rewards']} SURGE to its providers"),
            (
                "gas",
                f"{job['gas']:,} in {counted(job['transactions'], 'transaction')}"
                f", {job['gas_per_task']:,} a task",
            ),
        ]
    )
    if job["payments"]:
        yield ""
        columns = [Column("provider", address=True), Column("received USD", right=True)]
        yield Listing(columns, [[provider, amount] for provider, amount in job["payments"].items()])
    if job["sent"]:
        yield ""
        columns = [Column("transaction"), Column("gas", right=True), Column("hash")]
        yield Listing(columns, [[sent["purpose"], f"{sent['gas']:,}", sent["hash"]] for sent in job["sent"]])


_LAST_STEPS = 20
_WORTH_TELLING = 0.05


def show_why(job: Any) -> Iterable[Part]:
    tasks = {name: count for name, count in job["tasks"].items() if count or name == "submitted"}
    lines = [
        ("job", f"{job['id']} {job['name']}, {job['state']}"),
        ("tasks", ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in tasks.items())),
    ]
    if job["state"] == "abandoned":
        lines.append(("why", f"its program (process {job['program']}) is gone"))
        lines.append(("", "surge leases --close ends the leases that it left open"))
    elif job["waits_for"]:
        lines += [("waits for" if n == 0 else "", said) for n, said in enumerate(job["waits_for"])]
    yield facts(lines)
    yield ""
    steps = job["steps"]
    if job["task"] is not None:
        yield f"What happened to task {job['task']}:"
    elif steps:
        yield (
            "What went wrong:"
            if len(steps) <= _LAST_STEPS
            else f"The last {_LAST_STEPS} of {len(steps)} faults:"
        )
    elif job["state"] == "abandoned":
        yield "Nothing had gone wrong before its program went."
    else:
        yield "Nothing went wrong so far." if job["state"] == "running" else "Nothing went wrong."
    if steps:
        columns = [Column("seconds", right=True), Column("stimulus", right=True), Column("what")]
        shown = steps if job["task"] is not None else steps[-_LAST_STEPS:]
        yield Listing(
            columns,
            [[f"{step['seconds']:.1f}", str(step["stimulus"] or ""), step["said"]] for step in shown],
        )
    spent = [one for one in job["spent"] if one["seconds"] >= _WORTH_TELLING]
    if job["task"] is None and spent:
        yield ""
        columns = [Column("spent on"), Column("times", right=True), Column("seconds", right=True)]
        yield Listing(
            columns,
            [[one["name"], str(one["count"]), f"{one['seconds']:.1f}"] for one in spent],
        )


def show_verification(document: Any) -> Iterable[Part]:
    from rich.table import Table
    from rich.text import Text

    lines = Table.grid(padding=(0, 2, 0, 0))
    lines.add_column(no_wrap=True)
    lines.add_column(no_wrap=True)
    lines.add_column(overflow="fold")
    for check in document["checks"]:
        mark = Text("ok", "green") if check["ok"] else Text("WRONG", "bold red")
        lines.add_row(mark, check["place"], Text(check["said"]))
    yield lines
    count = counted(len(document["checks"]), "line")
    wrong = sum(not check["ok"] for check in document["checks"])
    if wrong:
        yield Text(f"job {document['job']} does not verify: {wrong} of {count} wrong", "bold red")
    else:
        yield Text(f"job {document['job']} verifies: {count}, all right", "bold green")


def show_saved(document: Any) -> Iterable[Part]:
    for place, size in document["files"].items():
        yield f"{place} ({size:,} bytes)"


def show_pruned(document: Any) -> Iterable[Part]:
    freed = document["freed_bytes"] / 2**20
    yield f"Forgot {counted(len(document['forgotten']), 'closed job')}, {freed:.1f} MiB."
