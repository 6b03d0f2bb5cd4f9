"""Silences a price feed of a local network, so that one can watch what becomes of its markets."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from surge.chain.network.artifacts import artifact
from surge.chain.network.connection import View
from surge.chain.node.sender import Call
from surge.local.credit import FEED_MAX_AGE, GRACE
from surge.model.errors import BadInput
from surge.model.units import Address, Seconds

if TYPE_CHECKING:
    from surge.chain.client import Chain


@dataclass(frozen=True, slots=True)
class Silence:
    """A feed's answer in dollars, in 10^-8. since: when it spoke last, None while it speaks; chain seconds.

    From `unsafe` on its markets lend nothing, and are liquidated by the answer until `useless`.
    """

    symbol: str
    answer: int
    now: Seconds
    since: Seconds | None

    @property
    def unsafe(self) -> Seconds | None:
        return None if self.since is None else Seconds(self.since + FEED_MAX_AGE + 1)

    @property
    def useless(self) -> Seconds | None:
        return None if self.since is None else Seconds(self.since + FEED_MAX_AGE + GRACE + 1)


def feed_of(chain: "Chain", symbol: str) -> Address:
    """Raises BadInput when there is none."""
    credit = chain.book.credit
    if credit is None or symbol not in credit.feeds:
        there = f"there are {', '.join(credit.feeds)}" if credit else "the network has no credit side"
        raise BadInput(f"there is no price feed of {symbol!r}; {there}")
    return credit.feeds[symbol]


def silence_of(chain: "Chain", symbol: str) -> Silence:
    feed = feed_of(chain, symbol)
    answer, since = chain.look([View("PriceFeed", feed, name) for name in ("latestAnswer", "frozen_at")])
    return Silence(symbol, answer, chain.now(), Seconds(since) if since else None)


def set_silent(chain: "Chain", symbol: str, silent: bool) -> Silence:
    """Have the feed say nothing any more, or speak again; one that does already is left alone."""
    before = silence_of(chain, symbol)
    if (before.since is not None) == silent:
        return before
    name, what = ("freeze", "freezing") if silent else ("thaw", "thawing")
    calldata = artifact("PriceFeed").function(name, 0).encode(())
    chain.send(Call(f"{what} the feed of {symbol}", feed_of(chain, symbol), calldata))
    return silence_of(chain, symbol)
