"""What a command says: its answer on stdout, once (a document or words), and everything else on stderr."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Union

from surge.cli.terminal.wording import short
from surge.model.errors import printable

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.table import Table

PIPE_WIDTH = 160
"""Columns when stdout is no terminal: nothing there needs to be cut."""

_GAP = 2

Document = Mapping[str, Any]


def tell(line: str) -> None:
    """Progress, for people, on stderr. Names of files and the like may be a stranger's."""
    sys.stderr.write(f"surge: {printable(line)}\n")
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
            console.print(part)
    lines = captured.get().split("\n")
    return "\n".join(line.rstrip(" ") for line in lines)


def print_json(document: Document | Sequence[Document]) -> None:
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
    """`right`: for figures, which are never broken. `address`: shortened in the middle when the table would
    be too wide. `spare`: left out when it still is."""

    title: str
    right: bool = False
    address: bool = False
    spare: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """A table that fits the width: it gives up the middle of its addresses, then its spare columns, then
    wraps between words; what is still too wide is told row by row."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "Iterator[RenderableType]":
        yield self._fitted(options.max_width)

    def _fitted(self, width: int) -> "RenderableType":
        for listing in (self, shorter := self._shortened(), lean := shorter._lean()):
            if listing._width(whole=True) <= width:
                return listing._table()
        return lean._table() if lean._width(whole=False) <= width else shorter._told()

    def _width(self, whole: bool) -> int:
        """That it takes; unless whole, with only figures and single words unbroken."""
        from rich.cells import cell_len

        wanted = _GAP * (len(self.columns) - 1)
        for n, column in enumerate(self.columns):
            texts = [column.title, *(row[n] for row in self.rows)]
            parts = texts if whole or column.right else [word for text in texts for word in text.split()]
            wanted += max(map(cell_len, parts), default=0)
        return wanted

    def _shortened(self) -> "Listing":
        rows = [
            [short(cell) if column.address else cell for column, cell in zip(self.columns, row, strict=True)]
            for row in self.rows
        ]
        return Listing(self.columns, rows)

    def _lean(self) -> "Listing":
        kept = [n for n, column in enumerate(self.columns) if not column.spare]
        return Listing([self.columns[n] for n in kept], [[row[n] for n in kept] for row in self.rows])

    def _table(self) -> "Table":
        from rich.table import Table

        table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
        for column in self.columns:
            justify: Literal["right", "left"] = "right" if column.right else "left"
            table.add_column(column.title, justify=justify, overflow="fold", no_wrap=column.right)
        for row in self.rows:
            table.add_row(*row)
        return table

    def _told(self) -> "RenderableType":
        """A block for each row: a line for every column that has a name, below the first one's."""
        from rich.console import Group

        blocks: list[RenderableType] = []
        for row in self.rows:
            lines = [(column.title, cell) for column, cell in zip(self.columns, row, strict=True)]
            blocks += [""] if blocks else []
            blocks.append(facts([lines[0], *(line for line in lines[1:] if line[0])]))
        return Group(*blocks)


Part = Union["RenderableType", Listing]
"""What an answer to a person is made of: anything that rich prints, as it does a listing."""


def facts(rows: Iterable[tuple[str, str]]) -> "Table":
    """Names and values, one pair a line."""
    from rich.table import Table

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, value)
    return table
