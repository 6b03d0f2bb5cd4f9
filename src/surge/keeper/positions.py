"""Reads from the chain what the keeper decides by: positions with debt, ways to sell, prices of gas."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from surge.chain.network.connection import View
from surge.chain.node.revert import as_error
from surge.chain.node.rpc import RpcError
from surge.credit.health import Zone
from surge.credit.market import PositionView
from surge.keeper.borrowers import EVENTS, Borrowers
from surge.keeper.exits import Burn, Exit
from surge.keeper.liquidating import LIQUIDATION_GAS, Case, Rules, coin_prices
from surge.model.credit import MarketId, MarketParams, market_id
from surge.model.errors import BadInput, NoNetwork, Refused
from surge.model.units import Address, Seconds

if TYPE_CHECKING:
    from surge.chain.client import Chain

_log = structlog.get_logger("keeper")

COIN = "ETH"
"""The token of the address book whose price is that of the chain's coin."""
MAX_FEED_AGE = 86_400
_USD_DECIMALS = 18


@dataclass(frozen=True, slots=True)
class Look:
    """cases: every position with debt. now: chain seconds. blind: markets that can't be read, and why."""

    cases: tuple[Case, ...]
    now: Seconds
    blind: dict[str, str]


class PositionReader:
    """Of the markets in the address book. coin: see COIN; without a price of it, gas that costs something is
    of unknown worth, and then nothing is liquidated."""

    def __init__(self, chain: "Chain", rules: Rules, coin: str = COIN) -> None:
        self.chain, self.rules, self._coin = chain, rules, coin
        self._borrowers, self._followed = Borrowers(), -1
        self._newest = 0, ""

    def look(self) -> Look:
        """Raises Unavailable. What goes wrong with one market leaves the others as they are; a node that
        refuses to read any market is no node."""
        now, gas_price, prices = self.chain.now(), self.chain.money.gas_price(), self._coin_prices()
        cases: list[Case] = []
        blind: dict[str, str] = {}
        refused: NoNetwork | None = None
        self._follow()
        for name, params in self.chain.credit.book.markets.items():
            id_ = market_id(params)
            try:
                views = self._views(id_)
                exits = self._exits(params) if any(map(_is_deep, views)) else ()
                balance = self._balance(views)
            except (Refused, BadInput) as error:
                blind[name] = str(error)
                continue
            except NoNetwork as error:
                if not isinstance(error.__cause__, RpcError):
                    raise
                blind[name], refused = str(error), error
                continue
            except Exception as error:  # noqa: BLE001 - a defect of ours about one market: the others go on
                _log.exception("a defect", market=name)
                blind[name] = repr(error)
                continue
            coin = prices.get(params.loan_token)
            cases += [Case(view, exits, LIQUIDATION_GAS, gas_price, coin, balance) for view in views]
        if refused is not None and not cases:
            raise refused
        return Look(tuple(cases), now, blind)

    def _follow(self) -> None:
        """Read what happened since the last look. A chain that has lost the newest block of then has another
        past: then everything is read anew."""
        number, hash_ = self._newest
        asked = [("eth_getBlockByNumber", [at, False]) for at in ("latest", hex(number))]
        latest, then = (as_error(one, "reading a block", "") for one in self.chain.rpc.batch(asked))
        if then is None or then["hash"] != hash_:
            self._borrowers, self._followed = Borrowers(), -1
        # Asked for before the events: whatever changes the past from here on, the next look finds it gone.
        self._newest = int(latest["number"], 16), str(latest["hash"])
        last = min(self._newest[0], self.chain.index.update())
        events = self.chain.index.find(*EVENTS, after=self._followed)
        self._borrowers.follow(event for event in events if event.block <= last)
        self._followed = last

    def _views(self, id_: MarketId) -> list[PositionView]:
        accounts = self._borrowers.due(id_)
        found = self.chain.credit.position_views([(id_, account) for account in accounts]) if accounts else []
        indebted = [view for view in found if view.debt]
        self._borrowers.seen(id_, [view.account for view in indebted])
        return indebted

    def _exits(self, params: MarketParams) -> tuple[Exit, ...]:
        """Every way from the collateral to the loan token on the exchange."""
        tokens = self.chain.tokens.of([params.collateral_token, params.loan_token])
        collateral, loan = tokens[params.collateral_token], tokens[params.loan_token]
        burn = self._burn(params.collateral_token, params.loan_token)
        routes = self.chain.exchange.routes(collateral, loan)
        return (burn, *routes) if burn else tuple(routes)

    def _burn(self, collateral: Address, loan: Address) -> Burn | None:
        """When the collateral is the LP token of a pair of the loan token, in the address book."""
        if collateral not in self.chain.credit.book.pairs.values():
            return None
        (pool,) = self.chain.exchange.pools([collateral])
        if loan not in (pool.token0, pool.token1) or not pool.reserve0 or not pool.reserve1:
            return None
        other = pool.token1 if loan == pool.token0 else pool.token0
        (supply,) = self.chain.look([View("Pair", collateral, "totalSupply")])
        return Burn(other, loan, pool.selling(other), supply)

    def _balance(self, views: Sequence[PositionView]) -> int:
        """What the keeper holds of the loan token, when it may be used."""
        if not views or not (self.rules.altruist or self.rules.own_funds):
            return 0
        return self.chain.tokens.balances(self.chain.address, [views[0].market.loan])[0]

    def _coin_prices(self) -> dict[Address, int]:
        """What a wei is worth in each loan token, by 1e36; without those that no fresh feed prices."""
        credit, now = self.chain.credit.book, self.chain.now()
        feeds = {symbol: feed for symbol, feed in credit.feeds.items() if symbol in credit.tokens}
        answers = self.chain.look(
            [View("PriceFeed", feed, "latestRoundData", may_fail=True) for feed in feeds.values()]
        )
        decimals = self.chain.look(
            [View("PriceFeed", feed, "decimals", may_fail=True) for feed in feeds.values()]
        )
        usd = {
            symbol: answer[1] * 10 ** (_USD_DECIMALS - places)
            for symbol, answer, places in zip(feeds, answers, decimals, strict=True)
            if answer is not None and answer[1] > 0 and 0 <= now - answer[3] <= MAX_FEED_AGE
            if places is not None and places <= _USD_DECIMALS
        }
        tokens = self.chain.tokens.of([credit.tokens[symbol] for symbol in usd])
        priced = {
            credit.tokens[symbol]: (price, tokens[credit.tokens[symbol]].decimals)
            for symbol, price in usd.items()
        }
        return coin_prices(usd.get(self._coin), priced)


def _is_deep(view: PositionView) -> bool:
    return view.zone is Zone.LIQUIDATABLE
