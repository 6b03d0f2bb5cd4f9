"""What `surge demo credit` shows a person: a table after each step."""

from collections.abc import Iterable
from typing import Any

from surge.cli.credit.flash_view import flash_table
from surge.cli.credit.view import comparison
from surge.cli.terminal.output import Column, Listing, Part


def show_step(step: dict[str, Any]) -> Iterable[Part]:
    """What was done, what it changed, and whether that is what should have come out."""
    yield ""
    yield f"{step['number']}. {step['name']}: {step['said']}"
    yield ""
    before, after = step["before"], step["after"]
    yield comparison(before, after) if "debt" in before else flash_table(before, after)
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
