"""What `surge demo` shows a person."""

from collections.abc import Iterable
from typing import Any

from surge.cli.terminal.output import Column, Listing, Part, facts
from surge.model.units import counted, show_gfuel

BEST = 5


def show_demo(document: dict[str, Any]) -> Iterable[Part]:
    """The ranking's head, who was paid, and what was checked."""
    yield ""
    for dataset in ("digits", "breast_cancer"):
        rows = [row for row in document["result"] if row["dataset"] == dataset]
        yield Listing(
            [
                Column(f"{dataset}: best {BEST} of {len(rows)}"),
                Column("parameters"),
                Column("right", right=True),
            ],
            [_row(row) for row in rows[:BEST]] + [_row(row) for row in rows if row["model"] == "knn.wasm"],
        )
        yield ""
    yield Listing(
        [Column("paid to", address=True), Column("USD", right=True)], list(document["payments"].items())
    )
    yield ""
    yield facts(_facts(document))


def _row(row: dict[str, Any]) -> tuple[str, str, str]:
    parameters = ", ".join(f"{name}={value}" for name, value in row["parameters"].items())
    return row["model"], parameters, f"{row['hits']}/{row['rows']}  {100 * row['hits'] / row['rows']:.1f}%"


def _facts(document: dict[str, Any]) -> list[tuple[str, str]]:
    gap = document["native_gap"]
    native = (
        "not compared: scikit-learn is not installed here"
        if gap is None
        else f"{_mark(document['native_match'])}, accuracies within {gap:.4f} of native scikit-learn "
        f"(allowed {document['native_tolerance']})"
    )
    return [
        ("job", f"{document['job']}   (surge job {document['job']}, surge verify {document['job']})"),
        (
            "work",
            f"{counted(document['tasks'], 'task')} on {counted(document['providers'], 'provider')}, "
            f"{show_gfuel(document['fuel'])} Gfuel, {document['joules']} J {document['joules_kind']}",
        ),
        (
            "paid",
            f"{document['paid']} USD, of which fee {document['fee']} "
            f"and reservation {document['reservation']}",
        ),
        ("burned", f"{document['burned']} SURGE for the fees; providers were minted {document['rewards']}"),
        (
            "chain",
            f"{counted(document['transactions'], 'transaction')}, {document['gas']:,} gas, "
            f"{document['gas_per_task']:,} a task",
        ),
        ("same in a local sandbox", f"{_mark(document['results_match'])}, bit for bit"),
        ("same in native Python", native),
        ("bill", f"{_mark(document['verified'])}, {document['checks']} checks"),
        *(("failed", line) for line in document["failed_checks"]),
        ("took", f"{document['seconds']} s"),
    ]


def _mark(holds: bool) -> str:
    return "yes" if holds else "NO"
