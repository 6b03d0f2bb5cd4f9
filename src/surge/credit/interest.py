"""Interest of a market. Twin of Credit's accrual."""

from dataclasses import replace

from surge.model.credit import MarketParams, MarketState
from surge.model.units import WAD, Seconds

YEAR = 365 * 86_400
MAX_RATE = 10 * WAD // YEAR
"""Per second: no rate model gets more than 1,000% a year."""
RESERVE_PARTS = 20
"""One part in so many of a market's debt is what its reserve keeps; what is above can be collected."""
_MAX_RESERVE_UNITS = 2**44 - 1
_MAX_BORROWED, _MAX_SUPPLIED = 2**96 - 1, 2**104 - 1


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
    interest = state.borrow_assets * growth(min(rate, MAX_RATE), elapsed) // WAD
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


def collectable(state: MarketState, params: MarketParams) -> int:
    """What `collect` would pay: the reserve above its target, in whole units."""
    kept = state.borrow_assets // RESERVE_PARTS
    unit = reserve_unit(params)
    return max(state.reserve - kept, 0) // unit * unit
