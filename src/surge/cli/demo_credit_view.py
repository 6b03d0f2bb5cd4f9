"""What `surge demo credit` shows a person: a table after each step."""

from collections.abc import Iterable
from typing import Any

from surge.cli.credit_figures import money, percent, price
from surge.cli.credit_view import comparison
from surge.cli.output import Column, Listing, Part


def show_step(step: dict[str, Any]) -> Iterable[Part]:
    """What was done, what it changed, and whether that is what should have come out."""
    yield ""
    yield f"{step['name']}: {step['said']}"
    yield ""
    before, after = step["before"], step["after"]
    yield comparison(before, after) if "debt" in before else _purse(before, after)
    yield ""
    if "refused" in step:
        yield f"refused: {step['refused']}"
    if step["gas"]:
        yield f"gas: {step['gas']:,}"
    if not step["ok"]:
        yield "THIS SHOULD HAVE COME OUT DIFFERENTLY"


def show_end(document: dict[str, Any]) -> Iterable[Part]:
    """The whole in one table."""
    yield ""
    columns = [Column("step"), Column("gas", right=True), Column("as it should")]
    rows = [[step["name"], f"{step['gas']:,}", "yes" if step["ok"] else "NO"] for step in document["steps"]]
    yield Listing(columns, rows)
    yield ""
    yield f"took {document['seconds']} s. On a network of your own: surge up --detach · surge credit markets"


def _purse(before: dict[str, Any], after: dict[str, Any]) -> Listing:
    """An account that trades: what it holds, and the two pools' prices."""
    rows = [
        ["held", *(money(side["balance"], side["token"]) for side in (before, after))],
        ["price in the main pool", *(price(side["main_price"]) for side in (before, after))],
        ["price in the rival pool", *(price(side["rival_price"]) for side in (before, after))],
        ["gap", *(percent(side["gap"], up=True) for side in (before, after))],
    ]
    columns = [Column(""), Column("before", right=True), Column(""), Column("after", right=True)]
    return Listing(columns, [[name, old, "→" if old != new else "=", new] for name, old, new in rows])
