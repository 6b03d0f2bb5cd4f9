"""Which provider's folder a command means."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surge.model.errors import BadInput

if TYPE_CHECKING:
    from surge.provider.config import Place
    from surge.renter.access import Access

Folder = Annotated[
    Path | None,
    typer.Option("--place", metavar="FOLDER", help="The provider's folder (default: SURGE_HOME/provider)."),
]


def every_place(access: "Access", named: Path | None) -> list[Path]:
    """Folders of providers: the one named, or SURGE_HOME's own and all of a local network."""
    own = named or access.home.provider
    local = sorted(
        (access.home.network(access.network) / "providers").glob("*"),
        key=lambda path: (len(path.name), path.name),
    )
    every = [own] if named else [own, *local]
    there = [path.absolute() for path in every if (path / "key.json").exists()]
    if not there:
        raise BadInput(f"there is no provider in {own}; become one with `surge provide`, or name its --place")
    return there


def one_place(access: "Access", named: Path | None) -> "Place":
    """Raises BadInput where several could be meant."""
    from surge.provider.config import Place

    there = every_place(access, named)
    if there[0] == access.home.provider.absolute():
        return Place(there[0])  # the one that `surge provide` serves from
    if len(there) > 1:
        raise BadInput(
            f"there are {len(there)} providers; name one: " + ", ".join(f"--place {p}" for p in there)
        )
    return Place(there[0])
