"""What a command says: its answer on stdout, once (a document or words), and everything else on stderr."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Union

from surge.cli.words import short

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

PIPE_WIDTH = 160
"""Columns when stdout is no terminal: nothing there needs to be cut."""

_UNBOUNDED = 10_000

Document = Mapping[str, Any]


def tell(line: str) -> None:
    """Progress, for people, on stderr."""
    sys.stderr.write(f"surge: {line}\n")
    sys.stderr.flush()


def answer(document: Document, as_json: bool, show: Callable[[Any], Iterable["Part"]]) -> None:
    """The document itself, or what `show` makes of it."""
    if as_json:
        print_json(document)
        return
    sys.stdout.write(_rendered(stdout_console(), show(document)))
    sys.stdout.flush()


def lay_out(parts: Iterable["Part"], stderr: bool = True) -> None:
    """Tables and words for people: what a question is about, or a story as it goes on."""
    stream = sys.stderr if stderr else sys.stdout
    stream.write(_rendered(_console(stderr), parts))
    stream.flush()


def _rendered(console: "Console", parts: Iterable["Part"]) -> str:
    with console.capture() as captured:
        for part in parts:
            console.print(part.fitted(console) if isinstance(part, Listing) else part)
    lines = captured.get().split("\n")
    return "\n".join(line.rstrip(" ") for line in lines)


def print_json(document: Document) -> None:
    sys.stdout.write(json.dumps(document, indent=2) + "\n")
    sys.stdout.flush()


def stdout_console() -> "Console":
    return _console()


def _console(stderr: bool = False) -> "Console":
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=False, stderr=stderr)
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    return console


@dataclass(frozen=True, slots=True)
class Column:
    """`right`: for figures. `address`: shortened in the middle when the table would be too wide."""

    title: str
    right: bool = False
    address: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """A table that gives up the middle of its addresses, and nothing else, to fit the width."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]

    def fitted(self, console: "Console") -> "Table":
        whole = self._table(cut=False)
        wanted = console.measure(whole, options=console.options.update(width=_UNBOUNDED)).maximum
        return whole if wanted <= console.width else self._table(cut=True)

    def _table(self, cut: bool) -> "Table":
        from rich.table import Table

        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
        for column in self.columns:
            table.add_column(column.title, justify="right" if column.right else "left", overflow="fold")
        for row in self.rows:
            cells = zip(self.columns, row, strict=True)
            table.add_row(*(short(cell) if column.address and cut else cell for column, cell in cells))
        return table


Part = Union["RenderableType", Listing]
"""What an answer to a person is made of: anything that rich prints, and listings."""


def facts(rows: Iterable[tuple[str, str]]) -> "Table":
    """Names and values, one pair a line."""
    from rich.table import Table

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, value)
    return table
