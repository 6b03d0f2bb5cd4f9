"""How far a position is from liquidation. Twin of Credit's checks: value down, debt up, limits down."""

from enum import IntEnum

from surge.model.credit import PRICE_SCALE
from surge.model.units import WAD, divide_up


class Zone(IntEnum):
    """Where a position stands, as `poke` returns it."""

    HEALTHY = 0
    MARGIN = 1
    LIQUIDATABLE = 2


def value(collateral: int, price_e36: int) -> int:
    """Collateral in loan units, down."""
    return collateral * price_e36 // PRICE_SCALE


def factor(collateral: int, price_e36: int, debt: int, lltv: int) -> int | None:
    """value · LLTV / debt, WAD, down; None without debt. A position is liquidatable when it is below WAD."""
    return value(collateral, price_e36) * lltv // debt if debt else None


def ltv(collateral: int, price_e36: int, debt: int) -> int | None:
    """debt / value, WAD, down as the contract takes it; None when the collateral is worth nothing."""
    worth = value(collateral, price_e36)
    return debt * WAD // worth if worth else None


def liquidation_price(collateral: int, debt: int, lltv: int) -> int:
    """The price below which the position is past its LLTV, scaled 1e36, up. 0 without debt.

    Raises ZeroDivisionError when there is debt and no collateral or LLTV: no price saves it.
    """
    return divide_up(debt * WAD * PRICE_SCALE, collateral * lltv) if debt else 0


def limit(collateral: int, price_e36: int, share: int) -> int:
    """The most debt at `share` (max LTV or LLTV) of the value, down."""
    return value(collateral, price_e36) * share // WAD


def zone(collateral: int, price_e36: int, debt: int, max_ltv: int, lltv: int) -> Zone:
    """Healthy up to the max LTV, in the margin zone up to the LLTV, liquidatable beyond (C5)."""
    if debt <= limit(collateral, price_e36, max_ltv):
        return Zone.HEALTHY
    return Zone.MARGIN if debt <= limit(collateral, price_e36, lltv) else Zone.LIQUIDATABLE


def max_borrow(collateral: int, price_e36: int, debt: int, max_ltv: int) -> int:
    """How much more debt the max LTV allows."""
    return max(limit(collateral, price_e36, max_ltv) - debt, 0)


def max_removable(collateral: int, price_e36: int, debt: int, max_ltv: int) -> int:
    """How much collateral can go while the debt stays within the max LTV; all of it without debt."""
    if debt == 0:
        return collateral
    if price_e36 == 0:
        return 0
    needed = divide_up(divide_up(debt * WAD, max_ltv) * PRICE_SCALE, price_e36)
    return max(collateral - needed, 0)
