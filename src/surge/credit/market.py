"""Markets and positions as a person reads them: typed views over the contract's integers. Pure.

A view is taken at one moment: its state has the interest up to then. `preview` turns views into views.
"""

import shlex
from dataclasses import dataclass, replace

from surge.credit import health, interest, irm, liquidation, shares
from surge.credit.health import Zone
from surge.model.credit import MarketId, MarketParams, MarketState, Position
from surge.model.units import WAD, Address, Seconds, parse_decimal, show_decimal

YEAR = 365 * 86_400


@dataclass(frozen=True, slots=True)
class Token:
    """`decimals`: a whole token is 10**decimals of its smallest unit."""

    symbol: str
    decimals: int
    address: Address

    def parse(self, text: str) -> int:
        """`"1.5"` → smallest units. Raises BadInput."""
        return parse_decimal(text, self.decimals, f"amount of {self.symbol}")

    def show(self, amount: int, at_least: int = 0) -> str:
        """An exact amount with the symbol: "700.00 TUSD"."""
        return f"{show_decimal(amount, self.decimals, at_least)} {self.symbol}"


@dataclass(frozen=True, slots=True)
class MarketView:
    """`price` is collateral in loan units × 1e36, None while the oracle gives none; liquidation goes by it.

    safe: whether it can be lent by; borrow_price: what the max LTV goes by then, None for the same price.
    rate: what borrowers pay, WAD per second. rate_at_target: None with another model than
    the network's adaptive one; then the rate is an average since the market's last update. label: tells it
    from other markets of its pair.
    """

    id: MarketId
    params: MarketParams
    loan: Token
    collateral: Token
    state: MarketState
    rate: int
    rate_at_target: int | None
    price: int | None
    safe: bool
    now: Seconds
    borrow_price: int | None = None
    label: str = ""

    @property
    def name(self) -> str:
        """The market's name as people write it, by which commands find it."""
        return self.label or self.pair

    @property
    def quoted(self) -> str:
        """The name as a part of a command."""
        return shlex.quote(self.name)

    @property
    def pair(self) -> str:
        """Its two tokens: collateral/loan. Other markets may have the same."""
        return f"{self.collateral.symbol}/{self.loan.symbol}"

    @property
    def safe_price(self) -> int | None:
        """What the max LTV goes by, × 1e36; None while nothing can be borrowed, nor taken out of a position
        with debt."""
        return (self.borrow_price or self.price) if self.safe else None

    @property
    def supplied(self) -> int:
        """What belongs to the lenders; the reserve does not."""
        return self.state.lent_assets

    @property
    def borrowed(self) -> int:
        return self.state.borrow_assets

    @property
    def available(self) -> int:
        """What can be borrowed or withdrawn now."""
        return self.state.cash

    @property
    def utilisation(self) -> int:
        """The part of what is lent that is borrowed, as the rate model sees it. [WAD]"""
        return interest.owed(self.state) * WAD // self.state.supply_assets if self.state.supply_assets else 0

    @property
    def borrow_rate(self) -> int:
        """What borrowers pay a year, without compounding; no model gets more than MAX_RATE. [WAD]"""
        return min(self.rate, interest.MAX_RATE) * YEAR

    @property
    def supply_rate(self) -> int:
        """WAD per year to lenders, without compounding, after the reserve's part; down."""
        if not self.supplied:
            return 0
        interest_of_year = self.borrow_rate * self.borrowed
        return interest_of_year * (WAD - self.params.reserve_factor) // WAD // self.supplied

    def worth_of(self, supply_shares: int) -> int:
        """Loan units that so many of its supply shares are worth now, down."""
        return shares.to_assets_down(supply_shares, self.supplied, self.state.supply_shares)

    @property
    def max_bonus(self) -> int:
        """WAD: what a liquidation at full depth costs its borrower."""
        return liquidation.incentive_factor(self.params.lltv) - WAD

    def with_state(self, state: MarketState) -> "MarketView":
        """The same market with other totals: its rate follows from the new utilisation."""
        view = replace(self, state=state)
        if self.rate_at_target is None:
            return view
        rate, _ = irm.average_rate(self.rate_at_target, view.utilisation, 0)
        return replace(view, rate=rate)

    def at(self, now: int) -> "MarketView":
        """The same market later, with the interest up to then."""
        rate, target = self.rate, self.rate_at_target
        if target is not None:
            rate, target = irm.average_rate(target, self.utilisation, now - self.state.last_update)
        state = interest.accrue(self.state, self.params, rate, now)
        return replace(self, rate_at_target=target, now=Seconds(now)).with_state(state)


@dataclass(frozen=True, slots=True)
class PositionView:
    """One account in one market. Money in smallest units, ratios in WAD; a debt rounds up, a claim down."""

    market: MarketView
    account: Address
    position: Position

    @property
    def empty(self) -> bool:
        return self.position == Position(0, 0, 0)

    @property
    def collateral(self) -> int:
        return self.position.collateral

    @property
    def debt(self) -> int:
        state = self.market.state
        return shares.to_assets_up(self.position.borrow_shares, state.borrow_assets, state.borrow_shares)

    def debt_with(self, assets: int) -> int:
        """The debt after borrowing so much more; by shares, so it may be a unit above the sum."""
        state, own = self.market.state, self.position.borrow_shares
        new = shares.to_shares_up(assets, state.borrow_assets, state.borrow_shares)
        return shares.to_assets_up(own + new, state.borrow_assets + assets, state.borrow_shares + new)

    @property
    def supplied(self) -> int:
        return self.market.worth_of(self.position.supply_shares)

    @property
    def collateral_value(self) -> int | None:
        """The collateral in loan units, down; None while there is no price."""
        price = self.market.price
        return None if price is None else health.value(self.collateral, price)

    @property
    def health(self) -> int | None:
        """WAD, down; None without debt or without a price. Liquidatable below 1.0."""
        price = self.market.price
        return None if price is None else health.factor(self.collateral, price, self.debt, self._lltv)

    @property
    def ltv(self) -> int | None:
        """WAD, up; None without a price, or with debt on nothing."""
        value, debt = self.collateral_value, self.debt
        if value is None or (debt and not value):
            return None
        return -(-debt * WAD // value) if debt else 0

    @property
    def liquidation_price(self) -> int | None:
        """× 1e36, up; None without debt or without collateral."""
        if not self.debt or not self.collateral:
            return None
        return health.liquidation_price(self.collateral, self.debt, self._lltv)

    @property
    def distance(self) -> int | None:
        """By how much of itself the price may fall before liquidation, WAD, down; negative when past it."""
        price, limit = self.market.price, self.liquidation_price
        return None if price is None or limit is None else (price - limit) * WAD // price

    @property
    def zone(self) -> Zone | None:
        """None while nothing can be said: debt without a price."""
        price, params = self.market.price, self.market.params
        if not self.debt:
            return Zone.HEALTHY
        if price is None:
            return None
        return health.zone(self.collateral, price, self.debt, params.max_ltv, params.lltv)

    @property
    def max_borrow(self) -> int:
        """How much more can be borrowed now; 0 where the rules allow nothing."""
        market = self.market
        if not (price := market.safe_price):
            return 0
        room = health.max_borrow(self.collateral, price, self.debt, market.params.max_ltv)
        most = min(room, market.available)
        limit = self.debt + room
        while most > 0 and self.debt_with(most) > limit:  # new shares round up: at most two units
            most -= 1
        return most if self.debt + most >= market.params.min_debt else 0

    @property
    def max_removable(self) -> int:
        """How much collateral can be taken out now."""
        market = self.market
        if not self.debt:
            return self.collateral
        if not (price := market.safe_price):
            return 0
        return health.max_removable(self.collateral, price, self.debt, market.params.max_ltv)

    @property
    def within_max_ltv(self) -> bool:
        """Whether it may end there by borrowing or by taking collateral out: at the price that is lent by."""
        price, most = self.market.safe_price, self.market.params.max_ltv
        return not self.debt or (
            price is not None and self.debt <= health.limit(self.collateral, price, most)
        )

    @property
    def max_withdraw(self) -> int:
        """How much of what is supplied can be withdrawn now."""
        return min(self.supplied, self.market.available)

    @property
    def _lltv(self) -> int:
        return self.market.params.lltv
