"""`surge local`: what only a network on this machine can do."""

from typing import Annotated

import typer

from surge.cli.options import AsJson, Network

local = typer.Typer(no_args_is_help=True, help="Move what only a local network lets you move.")


@local.callback()
def on_this_machine() -> None:
    """Of the local network."""


@local.command()
def price(
    symbol: Annotated[
        str, typer.Argument(metavar="SYMBOL", help="A token of the credit markets, such as ETH.")
    ],
    usd: Annotated[str, typer.Argument(metavar="USD", help="Its new price, such as 1500.")],
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Set a token's price: its feed, and the main exchange as arbitrage would. Watch the keeper after it."""
    from surge.cli.access import found
    from surge.cli.network import local_home
    from surge.cli.output import answer
    from surge.local import LocalNetwork
    from surge.model.units import parse_decimal

    home = local_home(network)
    found(network)
    parse_decimal(usd, 8, "price in USD")
    LocalNetwork(home=home).set_price(symbol, usd)
    answer({"symbol": symbol, "usd": usd}, as_json, lambda _: [f"1 {symbol} is now {usd} USD"])
