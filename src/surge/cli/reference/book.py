"""`surge book`: which contracts a network has, as a file that can be published."""

import typer

from surge.cli.terminal.options import AsJson

book = typer.Typer(no_args_is_help=True, help="The address book: which contracts a network has.")


@book.callback()
def of_a_network() -> None:
    """One JSON file, SURGE_HOME/networks/NAME/book.json; it has no secrets."""


@book.command()
def schema(as_json: AsJson = False) -> None:
    """What an address book looks like, as JSON Schema.

    The same as surge/chain/network/book.schema.json in the package: give it to an editor, or check a
    book with it before you publish it. It is JSON with `--json` and without.
    """
    from surge.chain.network.schema import book_schema
    from surge.cli.terminal.output import print_json

    print_json(book_schema())
