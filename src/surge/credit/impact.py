"""What a swap costs against the oracle's price; against the pools' own where the oracle gives none. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from surge.credit import health
from surge.credit.exchange import Reserves
from surge.credit.market import MarketView, Token
from surge.model.errors import BadInput
from surge.model.units import BPS, WAD, Bps, divide_up, show_decimal, show_percent


@dataclass(frozen=True, slots=True)
class Impact:
    """`amount` of a token, bought for `moved` of what it is priced in or sold for them; `fair` is what that
    would be at the oracle's price, or at the pools' before fee and size (not `by_oracle`)."""

    token: Token
    money: Token
    amount: int
    moved: int
    fair: int
    buying: bool
    by_oracle: bool

    @property
    def lost(self) -> int:
        """Units of the money that the swap loses against the fair price; negative when it gains."""
        return self.moved - self.fair if self.buying else self.fair - self.moved

    @property
    def part(self) -> int:
        """`lost` in WAD of the fair worth, up."""
        return -(-self.lost * WAD // self.fair) if self.fair else WAD

    def __str__(self) -> str:
        """ "buys 10 ETH for 22165 TUSD, 10.83% (2165 TUSD) more than at the oracle's price"."""
        money, verb = self.money, "buys" if self.buying else "sells"
        by = "the oracle's price" if self.by_oracle else "the pools' own price (no oracle gives one)"
        way = "more" if (self.lost >= 0) == self.buying else "less"
        against = f"{_percent(self.part)} ({money.show(abs(self.lost))}) {way} than at {by}"
        return f"{verb} {self.token.show(self.amount)} for {money.show(self.moved)}, {against}"

    def require(self, most: Bps) -> None:
        """Raises BadInput when the swap loses more than `most` of its fair worth."""
        if self.lost * BPS > most * self.fair:
            needed = show_percent(Bps(divide_up(self.part, WAD // BPS)))
            raise BadInput(
                f"this {self}, above the most of {show_percent(most)}; try a smaller amount, or allow it "
                f"with a max impact of {needed!r} (`--max-impact {needed}`)"
            )


def bought(market: MarketView, amount: int, cost: int, route: Sequence[Reserves]) -> Impact:
    """Of `amount` of the collateral for `cost`. route: from the loan token."""
    by_pools = amount
    for pair in reversed(route):
        by_pools = by_pools * pair.into // pair.out
    fair = by_pools if market.price is None else health.value(amount, market.price)
    return Impact(market.collateral, market.loan, amount, cost, fair, True, market.price is not None)


def sold(market: MarketView, amount: int, brought: int, route: Sequence[Reserves]) -> Impact:
    """Of `amount` of the collateral for what it `brought`. route: to the loan token."""
    return swapped(market.collateral, market.loan, amount, brought, market.price, route)


def swapped(
    token: Token, money: Token, amount: int, brought: int, price: int | None, route: Sequence[Reserves]
) -> Impact:
    """Of `amount` of a token for what it `brought` of another. price: of a unit, by 1e36, if an oracle gives
    one. route: from the first to the last."""
    by_pools = amount
    for pair in route:
        by_pools = by_pools * pair.out // pair.into
    fair = by_pools if price is None else health.value(amount, price)
    return Impact(token, money, amount, brought, fair, False, price is not None)


def _percent(part: int) -> str:
    """To a hundredth of a per cent, up; what is more than nothing is never shown as nothing."""
    hundredths = divide_up(abs(part) * BPS, WAD) if part > 0 else abs(part) * BPS // WAD
    return "less than 0.01%" if part and not hundredths else show_decimal(hundredths, 2) + "%"
