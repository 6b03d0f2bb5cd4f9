"""`surge curate`, and what this room adds to `surge book`."""

import typer

from surge.cli.curate import create, listing, vaults

curate = typer.Typer(no_args_is_help=True, help="Operate: create markets and vaults, set a vault's rules.")

curate.add_typer(create.create, name="create")
curate.command()(vaults.rules)
curate.add_typer(vaults.cap, name="cap")
curate.add_typer(vaults.queue, name="queue")
curate.command()(vaults.reallocate)
curate.command()(vaults.fee)
curate.add_typer(vaults.collect, name="collect")


def attach(book: typer.Typer) -> None:
    """`surge book add`."""
    book.command(short_help="Name what was created in your address book.")(listing.add)
