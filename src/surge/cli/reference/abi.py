"""`surge abi`: a contract's interface, as JSON."""

from collections.abc import Iterable
from typing import Annotated, Any

import typer

from surge.cli.terminal.options import AsJson
from surge.model.errors import BadInput

NAMES = {"dollar": "TestDollar"}
"""Names of the address book that stand for another contract's source."""


def abi(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="A contract, such as Credit.", show_default=False),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="Only name the contracts.")] = False,
    as_json: AsJson = False,
) -> None:
    """A contract's ABI as JSON, as compilers and wallets take it.

    From the compiled contracts that came with this version: no network is asked. What each function
    means is told in docs/contracts.
    """
    from surge.chain.network.artifacts import artifact_names, interface
    from surge.cli.terminal.output import answer, print_json

    names = artifact_names()
    if listed:
        answer({"contracts": names}, as_json, show_names)
        return
    if name is None:
        raise BadInput(f"name a contract, such as `surge abi Credit`; there are {', '.join(names)}")
    print_json(interface(chosen(name, names)))


def chosen(name: str, names: list[str]) -> str:
    """The contract of this name, however it is capitalised. Raises BadInput."""
    wanted = NAMES.get(name.casefold(), name).casefold()
    for one in names:
        if one.casefold() == wanted:
            return one
    from difflib import get_close_matches

    close = get_close_matches(wanted, [one.casefold() for one in names], 1)
    meant = next((one for one in names if close and one.casefold() == close[0]), None)
    said = f"did you mean {meant}? " if meant else ""
    raise BadInput(f"there is no contract {name[:40]!r}; {said}there are {', '.join(names)}")


def show_names(document: Any) -> Iterable[str]:
    yield from document["contracts"]
