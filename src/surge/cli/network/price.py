"""`surge local price`: sets a price on a network of this machine."""

import shlex
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from surge.cli.terminal.figures import price as figure
from surge.cli.terminal.options import AsJson, Network
from surge.model.credit import FEED_DECIMALS
from surge.model.errors import BadInput
from surge.model.units import counted, show_decimal
from surge.store.home import LOCAL

if TYPE_CHECKING:
    from surge.local.network import LocalNetwork

FOLLOWING = 3
"""Minutes until the average of a local pool, which a keeper observes, has followed a price."""


def own_network(network: str | None) -> "LocalNetwork":
    """The local network, which is up. Raises BadInput for another one, NoNetwork when it is down."""
    from surge.cli.terminal.access import found
    from surge.local.network import LocalNetwork

    access = found(network)
    net = LocalNetwork(home=access.home)
    if not access.book.local or access.home.book(network) != net.home.book(LOCAL):
        raise BadInput(
            f"{access.book.name} is no network that `surge up` made here: nobody sets its clock, prices or "
            "feeds; name a local one"
        )
    return net


def price(
    symbol: Annotated[
        str, typer.Argument(metavar="SYMBOL", help="A token of the credit markets, such as ETH.")
    ],
    usd: Annotated[str, typer.Argument(metavar="USD", help="Its new price, such as 1500.")],
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Set a token's price: its feed, and the main exchange as arbitrage would. Watch the keeper after it."""
    from surge.cli.terminal.output import answer

    net = own_network(network)
    move = net.set_price(symbol, usd)
    document = {
        "symbol": move.symbol,
        "before": show_decimal(move.before, FEED_DECIMALS),
        "after": show_decimal(move.after, FEED_DECIMALS),
        "pools": move.pools,
        "silent": move.silent,
        "watched": list(move.watched),
        "keeper_log": next((str(one.log) for one in net.programs() if one.name == "keeper"), None),
    }
    answer(document, as_json, show_price)


def show_price(document: Any) -> Iterable[str]:
    symbol, watched = document["symbol"], " and ".join(document["watched"])
    said = "its feed is frozen and said nothing" if document["silent"] else "its feed says so"
    yield f"1 {symbol}: {figure(document['before'])} → {figure(document['after'])} USD"
    yield f"{said}, {counted(document['pools'], 'pool')} traded to it, the rival exchange did not"
    if document["silent"]:
        yield f"surge local freeze --off {symbol} lets the feed speak again"
    elif watched:
        yield f"{watched} may lend nothing until the pools' averages have followed, in {FOLLOWING} minutes"
        yield f"or at once by surge local time {FOLLOWING}m"
    yield "next: surge credit position shows what it did to you, a liquidation too"
    if document["keeper_log"]:
        yield f"what the keeper does: tail -f {shlex.quote(document['keeper_log'])}"
