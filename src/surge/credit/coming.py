"""Bad debt that is coming: what lenders would bear if all that is past its LLTV were liquidated now. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from surge.credit import liquidation
from surge.credit.market import MarketView, PositionView


@dataclass(frozen=True, slots=True)
class Coming:
    """An estimate, in loan units: what `positions` owe that are past the LLTV, the part of it that their
    collateral would not pay at the price of now, and what of that the reserve would leave to the lenders."""

    positions: int
    debt: int
    loss: int
    borne: int

    def part(self, supply_shares: int, of: int) -> int:
        """What one lender would bear, who has so many of all supply shares; up."""
        return -(-self.borne * supply_shares // of) if of else 0


def coming(market: MarketView, positions: Iterable[PositionView]) -> Coming | None:
    """Of positions in a market; None while there is no price."""
    if market.price is None:
        return None
    debts, losses = [], []
    for one in positions:
        offered = liquidation.quote(one.collateral, market.price, one.debt, market.params)
        if offered is None:
            continue
        done = liquidation.outcome(one.position, market.price, market.state, offered, one.debt)
        debts.append(one.debt)
        losses.append(done.bad_debt)
    loss = sum(losses)
    return Coming(len(debts), sum(debts), loss, max(loss - market.state.reserve, 0))
