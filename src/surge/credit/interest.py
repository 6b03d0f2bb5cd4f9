"""Interest of a market. Twin of Credit's accrual."""

from dataclasses import dataclass, replace

from surge.credit import shares
from surge.model.credit import MarketParams, MarketState
from surge.model.units import WAD, Seconds

YEAR = 365 * 86_400
MAX_RATE = 10 * WAD // YEAR
"""Per second: no rate model gets more than 1,000% a year."""
RESERVE_PARTS = 20
"""One part in so many of a market's debt is what its reserve keeps; what is above can be collected."""
DAY, MONTH = 86_400, 30 * 86_400
_MAX_RESERVE_UNITS = 2**44 - 1
_MAX_BORROWED, _MAX_SUPPLIED = 2**96 - 1, 2**104 - 1


@dataclass(frozen=True, slots=True)
class Followed:
    """The debt that a reserve's target goes by, in loan units, at chain second `time`; 0, 0 at first."""

    debt: int = 0
    time: int = 0


def owed(state: MarketState) -> int:
    """What all borrowers owe together, down: virtual shares of the debt are nobody's."""
    return shares.to_assets_down(state.borrow_shares, state.borrow_assets, state.borrow_shares)


def growth(rate: int, elapsed: int) -> int:
    """exp(rate · elapsed) − 1 by three terms of Taylor, down, WAD. rate: WAD per second."""
    x = rate * elapsed
    second = x * x // (2 * WAD)
    return x + second + second * x // (3 * WAD)


def reserve_unit(params: MarketParams) -> int:
    """What the reserve is counted in; an accrual's earnings below it stay with the lenders."""
    return max(params.min_debt >> 24, 1)


def accrue(state: MarketState, params: MarketParams, rate: int, now: int) -> MarketState:
    """The market at `now`, with interest at `rate` (WAD per second) since its last update."""
    elapsed = now - state.last_update
    if elapsed <= 0:
        return state
    interest = owed(state) * growth(min(rate, MAX_RATE), elapsed) // WAD
    interest = min(interest, _MAX_BORROWED - state.borrow_assets, _MAX_SUPPLIED - state.supply_assets)
    unit = reserve_unit(params)
    earned = interest * params.reserve_factor // (WAD * unit) * unit
    return replace(
        state,
        supply_assets=state.supply_assets + interest,
        borrow_assets=state.borrow_assets + interest,
        reserve=min(state.reserve + earned, _MAX_RESERVE_UNITS * unit),
        last_update=Seconds(now),
    )


def follow(followed: Followed, state: MarketState, now: int) -> Followed:
    """An average debt that rises at once and falls by a day's part of a month at most, however often it is
    asked; at first it is all that could be owed."""
    first = not followed.time
    above = max((state.supply_assets if first else followed.debt) - state.borrow_assets, 0)
    elapsed = 0 if first else min(now - followed.time, DAY)
    return Followed(state.borrow_assets + above - above * elapsed // MONTH, now)


def collectable(state: MarketState, params: MarketParams, followed: Followed) -> int:
    """What `collect` would pay: the reserve above its target, as far as there is cash, in whole units.

    followed: as of this moment; in a block in which the market has moved already, as of its last time.
    """
    kept = followed.debt // RESERVE_PARTS
    unit = reserve_unit(params)
    return min(max(state.reserve - kept, 0), state.cash) // unit * unit
