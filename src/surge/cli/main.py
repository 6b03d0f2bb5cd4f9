"""The `surge` command: parse, call one actor, print."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from surge.model.errors import SurgeError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def surge() -> None:
    """One open computer made of other people's computers."""


@app.command()
def provide(
    place: Annotated[Path | None, typer.Option(help="The provider's folder.")] = None,
    slots: Annotated[int | None, typer.Option(help="Sandboxes to offer, if config.toml has to be written.")] = None,
    network: Annotated[str | None, typer.Option(help="Network name.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Turn this machine into income: measure, stake, publish, serve."""
    import asyncio

    from surge.chain.book import load_book
    from surge.chain.client import Chain
    from surge.chain.wallet import load_wallet
    from surge.provider.config import Place
    from surge.provider.start import configured
    from surge.provider.start import provide as serve
    from surge.store.home import Home

    def tell(line: str) -> None:
        sys.stderr.write(f"surge: {line}\n")

    home = Home.default()
    folder = Place(place or home.provider)
    config = configured(folder, slots, tell)
    wallet = load_wallet(folder.key)
    book = load_book(home.book(network))
    chain = Chain(book, wallet.key, index=folder.root / "index.db")
    asyncio.run(serve(folder, config, chain, "127.0.0.1" in book.rpc_url, tell))


def entry() -> None:
    """Errors of ours become one sentence and their exit code."""
    try:
        app()
    except SurgeError as error:
        sys.stderr.write(f"surge: {error}\n")
        sys.exit(error.exit_code)
