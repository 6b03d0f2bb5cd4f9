"""`surge book add`: write down what was created."""

from typing import Annotated

import typer

from surge.cli.credit.options import DryRun, Yes
from surge.cli.terminal.options import AsJson, Network


def add(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="token, feed, oracle, market, pool or vault.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Such as ETH, ETH/TUSD or 'TUSD vault'.")],
    place: Annotated[
        str | None,
        typer.Argument(metavar="PLACE", help="Its address, or a market's id; none for a pool."),
    ] = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Name something in your address book, once the chain agrees.

    Nothing is sent. What the book names, every command here finds by that name; who else should,
    gets the file from you.
    """
    from surge.cli.credit.change import ask
    from surge.cli.credit.desk import looking
    from surge.cli.curate.documents import entry_document
    from surge.cli.curate.views import show_entry
    from surge.cli.terminal.output import answer
    from surge.desk.curate.editor import BookEditor
    from surge.store.home import Home

    path = Home.default().book(network)
    with looking(network) as desk:
        editor = BookEditor(desk.chain, path)
        entry = editor.entry(kind, name, place)
        document = entry_document(entry, str(path), written=False)
        if not (dry_run or yes):
            ask(document, show_entry)
        if not dry_run:
            editor.write(entry)
    answer({**document, "written": not dry_run}, as_json, show_entry)
