"""`surge local`: what only a network on this machine can do."""

import shlex
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from surge.cli.terminal.figures import price as figure
from surge.cli.terminal.options import AsJson, Network
from surge.model.units import counted, show_decimal

FEED_DECIMALS = 8

local = typer.Typer(no_args_is_help=True, help="Move what only a local network lets you move.")


@local.callback()
def on_this_machine() -> None:
    """What only a local network has."""


@local.command(short_help="Set a token's price, and watch the keeper after it.")
def price(
    symbol: Annotated[
        str, typer.Argument(metavar="SYMBOL", help="A token of the credit markets, such as ETH.")
    ],
    usd: Annotated[str, typer.Argument(metavar="USD", help="Its new price, such as 1500.")],
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Set a token's price: its feed, and the main exchange as arbitrage would. Watch the keeper after it."""
    from surge.cli.network.up import local_home
    from surge.cli.terminal.access import found
    from surge.cli.terminal.output import answer
    from surge.local.network import LocalNetwork

    home = local_home(network)
    found(network)
    net = LocalNetwork(home=home)
    move = net.set_price(symbol, usd)
    document = {
        "symbol": move.symbol,
        "before": show_decimal(move.before, FEED_DECIMALS),
        "after": show_decimal(move.after, FEED_DECIMALS),
        "pools": move.pools,
        "keeper_log": next((str(one.log) for one in net.programs() if one.name == "keeper"), None),
    }
    answer(document, as_json, show_price)


def show_price(document: Any) -> Iterable[str]:
    yield f"1 {document['symbol']}: {figure(document['before'])} → {figure(document['after'])} USD"
    yield f"its feed says so, {counted(document['pools'], 'pool')} traded to it, the rival exchange did not"
    yield "next: surge credit position shows what it did to you, a liquidation too"
    if document["keeper_log"]:
        yield f"what the keeper does: tail -f {shlex.quote(document['keeper_log'])}"
