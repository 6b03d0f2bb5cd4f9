"""`surge local`: what only a network that `surge up` made lets one do to it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from surge.cli.network.price import own_network, price
from surge.cli.terminal.figures import amount
from surge.cli.terminal.figures import price as figure
from surge.cli.terminal.options import AsJson, Network
from surge.cli.terminal.output import answer
from surge.cli.terminal.wording import duration, moment
from surge.model.credit import FEED_DECIMALS
from surge.model.units import counted, show_decimal, show_usd

if TYPE_CHECKING:
    from surge.local.clock import Leap
    from surge.local.silence import Silence

local = typer.Typer(no_args_is_help=True, help="Move what only a local network lets you move.")


@local.callback()
def on_this_machine() -> None:
    """What only a local network has."""


local.command(short_help="Set a token's price, and watch the keeper after it.")(price)


@local.command("time", short_help="Move the chain's clock on: interest, leases and feeds see it.")
def move_time(
    span: Annotated[str, typer.Argument(metavar="SPAN", help="How far: 90s, 45m, 12h, 30d or 4w.")],
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Move the chain's clock on, and tell what is due by it. It doesn't go back."""
    from surge.local.clock import parse_span

    seconds = parse_span(span)
    leap = own_network(network).move_clock(seconds)
    answer(_leap_document(leap), as_json, show_leap)


@local.command(short_help="Silence a token's price feed, and watch its markets.")
def freeze(
    symbol: Annotated[
        str, typer.Argument(metavar="SYMBOL", help="A token of the credit markets, such as ETH.")
    ],
    off: Annotated[bool, typer.Option("--off", help="Let it speak again.")] = False,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Silence a token's price feed: what it said last grows old. Too old, its markets lend no more, and
    hours later nothing is liquidated there either."""
    silence = own_network(network).set_silent(symbol, not off)
    answer(_silence_document(silence), as_json, show_silence)


def _leap_document(leap: "Leap") -> dict[str, Any]:
    return {
        "before": leap.before,
        "after": leap.after,
        "seconds": leap.after - leap.before,
        "owed": [
            {
                "market": one.market,
                "token": one.loan.symbol,
                "debt": show_decimal(one.debt, one.loan.decimals),
                "interest": show_decimal(one.interest, one.loan.decimals),
            }
            for one in leap.owed
        ],
        "leases_over": leap.over,
        "fees": show_usd(leap.fees) if leap.fees else None,
    }


def show_leap(document: Any) -> Iterable[str]:
    later = duration(document["seconds"])
    yield f"the chain's clock: {moment(document['before'])} → {moment(document['after'])}, {later} on"
    for one in document["owed"]:
        debt, interest = amount(one["debt"], up=True), amount(one["interest"])
        yield f"{one['market']}: {debt} {one['token']} is owed, {interest} of it new interest"
    if over := document["leases_over"]:
        yield f"{counted(len(over), 'lease')} ran out; after its grace, surge leases --reclaim gets the rest"
    if document["fees"]:
        yield f"{document['fees']} USD of fees are for sale: the bidder buys them with SURGE"
    if not document["owed"] and not over and not document["fees"]:
        yield "nothing is due by it"
    yield "next: surge credit position shows what it did to you"


def _silence_document(silence: "Silence") -> dict[str, Any]:
    return {
        "symbol": silence.symbol,
        "answer": show_decimal(silence.answer, FEED_DECIMALS),
        "silent": silence.since is not None,
        "now": silence.now,
        "since": silence.since,
        "unsafe": silence.unsafe,
        "useless": silence.useless,
    }


def show_silence(document: Any) -> Iterable[str]:
    symbol, said = document["symbol"], f"{figure(document['answer'])} USD"
    if not document["silent"]:
        yield f"the feed of {symbol} speaks: {said}; surge local price {symbol} USD sets another"
        return
    now, unsafe, useless = document["now"], document["unsafe"], document["useless"]
    yield f"the feed of {symbol} is silent since {moment(document['since'])}; it said {said}"
    if now < unsafe:
        yield f"in {duration(unsafe - now)} that is too old to lend by: its markets lend nothing more then"
    else:
        yield "that is too old to lend by: its markets lend nothing"
    if now < useless:
        yield f"positions can be liquidated for {duration(useless - now)} yet, and then not until it speaks"
        later = unsafe - now if now < unsafe else useless - now
        yield f"next: surge local time {-(-later // 60)}m, or surge local freeze --off {symbol}"
    else:
        yield f"nothing is liquidated by it either; next: surge local freeze --off {symbol}"
