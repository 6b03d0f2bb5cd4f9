"""Moves a price of a local network: the feed says it, unless it is frozen, and the pools trade to it, as
arbitrage would."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from surge.chain.calls.exchange import Pool
from surge.chain.calls.tokens import token_call
from surge.chain.network.artifacts import artifact
from surge.chain.network.connection import View
from surge.chain.node.sender import Call
from surge.credit.exchange import Route, amount_to_price
from surge.credit.market import Token
from surge.keeper.upkeep import Upkeep
from surge.local.silence import silence_of
from surge.model.credit import FEED_DECIMALS, PRICE_SCALE
from surge.model.errors import BadInput
from surge.model.units import Seconds, parse_decimal, show_decimal

if TYPE_CHECKING:
    from surge.chain.client import Chain

_DEADLINE = Seconds(2**63)
FURTHEST = 100
"""Times the price of now, or a part of it: pools trade to where a price goes, with tokens that are there."""


@dataclass(frozen=True, slots=True)
class PriceMove:
    """Dollars for a token, in 10^-8, before and after; and how many pools traded to it.

    silent: the feed is frozen and said nothing. watched: markets whose second source follows the pools later.
    """

    symbol: str
    before: int
    after: int
    pools: int
    silent: bool
    watched: tuple[str, ...]


def move_price(chain: "Chain", symbol: str, usd: str) -> PriceMove:
    """Set the feed of `symbol` to `usd` dollars, and trade the exchange's pools of it to that price with the
    account of `chain`, which takes what it lacks from the faucets. A rival exchange is left behind, and so is
    a frozen feed."""
    frozen, credit = silence_of(chain, symbol).since is not None, chain.credit.book
    answer = parse_decimal(usd, FEED_DECIMALS, f"price of {symbol} in dollars")
    if answer == 0:
        raise BadInput(f"a price of zero is none; name a price of {symbol} above 0")
    answers = _answers(chain)
    before, answers = answers[symbol], answers | {symbol: answer}
    if not before <= answer * FURTHEST <= before * FURTHEST**2:
        low, high = (show_decimal(one, FEED_DECIMALS) for one in (-(-before // FURTHEST), before * FURTHEST))
        raise BadInput(f"{usd} is too far from the price of now; name one from {low} to {high} dollars")
    pools = {pool: pair for pool, pair in credit.pairs.items() if symbol in pool.split("/")}
    trades = [_trade(chain, pool, answers) for pool in chain.exchange.pools(list(pools.values()))]
    needed: Counter[Token] = Counter()
    swaps = []
    for token, amount, route in filter(None, trades):
        needed[token] += amount
        swaps.append(chain.exchange.swapping(route, amount, 0, _DEADLINE))
    calldata = artifact("PriceFeed").function("set_answer", 1).encode((answer,))
    feed = Call(f"setting the price of {symbol}", credit.feeds[symbol], calldata)
    chain.send(*_taken(chain, needed), *([] if frozen else [feed]), *swaps)
    guarded = {guard.address for guard in Upkeep(chain).guards}
    watched = tuple(
        name
        for name, params in credit.markets.items()
        if params.oracle in guarded and symbol in name.partition(" ")[0].split("/")
    )
    return PriceMove(symbol, before, answer, len(swaps), frozen, watched)


def _answers(chain: "Chain") -> dict[str, int]:
    """What the feeds say now."""
    credit = chain.book.credit
    feeds = credit.feeds if credit else {}
    found = chain.look([View("PriceFeed", feed, "latestAnswer") for feed in feeds.values()])
    return dict(zip(feeds, found, strict=True))


def _trade(chain: "Chain", pool: Pool, answers: dict[str, int]) -> tuple[Token, int, Route] | None:
    """What to sell, and how much, to bring a pool to the feeds' prices; None when it is there."""
    tokens = chain.tokens.of([pool.token0, pool.token1])
    for sold, bought in ((pool.token0, pool.token1), (pool.token1, pool.token0)):
        token, other = tokens[sold], tokens[bought]
        worth, paid = answers[other.symbol], answers[token.symbol]
        price = worth * 10**token.decimals * PRICE_SCALE // (paid * 10**other.decimals)
        reserves = pool.selling(sold)
        if amount := amount_to_price(reserves, price):
            return token, amount, Route((sold, bought), (reserves,))
    return None


def _taken(chain: "Chain", needed: Counter[Token]) -> Iterator[Call]:
    """What the account lacks, from the faucets: a million whole tokens a call at the most."""
    held = chain.tokens.balances(chain.address, list(needed))
    for token, balance in zip(needed, held, strict=True):
        cap, missing = 10 ** (6 + token.decimals), max(0, needed[token] - balance)
        for start in range(0, missing, cap):
            yield token_call(f"taking {token.symbol}", token, "faucet", min(cap, missing - start))
