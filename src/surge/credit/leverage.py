"""Multiplied positions: the amounts of each call, and what it makes of the position. Twin of Leverage.vy.

A multiple is value / (value - debt), WAD, at the oracle's price: three times is 3 * WAD, no debt is WAD. A
route is the pairs of the swap, each seen in its direction: from the loan token when buying, to it when
selling. A plan holds what is expected when the chain stands as the view does, and bounds with room for
`slippage`.

Raises BadInput where the contract would revert, and says what would work.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from surge.credit import health, preview
from surge.credit.exchange import Reserves, amounts_in, amounts_out
from surge.credit.market import PositionView
from surge.model.errors import BadInput
from surge.model.units import BPS, MAX_UINT256, WAD, Bps, divide_up, show_decimal

Pairs = list[Reserves]

RATE_ROOM = 2
"""The highest rate that a plan accepts, as a multiple of the one it expects: others borrow meanwhile."""
NO_BOUND = MAX_UINT256


@dataclass(frozen=True, slots=True)
class Raised:
    """A call of `open`, or of `adjust` upwards."""

    collateral: int
    """What the position gains, the margin included."""
    cost: int
    """Of what is bought, in loan units."""
    borrowed: int
    max_borrowed: int
    max_rate: int
    min_health: int
    after: PositionView


@dataclass(frozen=True, slots=True)
class Lowered:
    """A call of `adjust` downwards."""

    sold: int
    repaid: int
    min_repaid: int
    min_health: int
    after: PositionView


@dataclass(frozen=True, slots=True)
class Ended:
    """A call of `close` or `unwind`. `out` is left in the token asked, `surplus` in loan tokens besides; the
    bounds are for what shares and swaps may bring less, and the debt may have grown, when it is mined."""

    sold: int
    repaid: int
    taken: int
    """Loan tokens from the caller."""
    max_taken: int
    out: int
    min_out: int
    surplus: int
    min_loan: int
    after: PositionView


def multiple(view: PositionView) -> int | None:
    """Of a position, down; WAD without debt. None without a price, or when nothing would be left."""
    value, debt = view.collateral_value, view.debt
    if value is None or value <= debt:
        return None
    return value * WAD // (value - debt)


def opened(view: PositionView, margin: int, wanted: int, route: Pairs, slippage: Bps) -> Raised:
    """Collateral tokens as margin: the position gains `wanted` / WAD times as much."""
    _check(margin, wanted)
    try:
        return _opened(view, margin, wanted, route, slippage)
    except BadInput as refusal:
        most = max_multiple(view, margin, route, slippage)
        if not WAD < most < wanted:
            raise
        raise BadInput(
            f"a multiple of {show_decimal(wanted, 18)} can't be held in {view.market.name}: with its max LTV "
            f"of {preview.percent(view.market.params.max_ltv)} and the price in the pools, the most for this "
            f"margin is {show_decimal(most, 18)}"
        ) from refusal


def _opened(view: PositionView, margin: int, wanted: int, route: Pairs, slippage: Bps) -> Raised:
    collateral = margin * wanted // WAD
    if collateral == margin:
        raise BadInput(f"{view.market.collateral.show(margin)} is too little to multiply; give more")
    return _raised(view, collateral, margin, 0, route, slippage)


def opened_with_loan(view: PositionView, margin: int, wanted: int, route: Pairs, slippage: Bps) -> Raised:
    """Loan tokens as margin: `wanted` / WAD times as much is spent on collateral."""
    _check(margin, wanted)
    collateral = amounts_out(margin * wanted // WAD, route)[-1]
    if not collateral:
        raise BadInput(f"{view.market.loan.show(margin)} buys nothing; give more")
    return _raised(view, collateral, 0, margin, route, slippage)


def raised(view: PositionView, bought: int, route: Pairs, slippage: Bps) -> Raised:
    """More of what is there: collateral bought with new debt."""
    return _raised(view, bought, 0, 0, route, slippage)


def lowered(view: PositionView, sold: int, route: Pairs, slippage: Bps) -> Lowered:
    """Less of it: collateral sold for the debt. Ends at or below the max LTV, and leaves some debt."""
    if not 0 < sold <= view.collateral:
        token = view.market.collateral
        raise BadInput(f"the position has {token.show(view.collateral)} to sell; not {token.show(sold)}")
    repaid = amounts_out(sold, route)[-1]
    if repaid >= view.debt:
        token, loan = view.market.collateral, view.market.loan
        raise BadInput(
            f"selling {token.show(sold)} brings {loan.show(repaid)}, and the debt is {loan.show(view.debt)}; "
            "close the position instead"
        )
    after = preview.remove_collateral(preview.repay(view, repaid), sold)
    least = less(repaid, slippage)
    worst = preview.repaid(view, least).debt
    return Lowered(sold, repaid, least, _min_health(after, worst, slippage), after)


def adjusted(view: PositionView, wanted: int, buying: Pairs, slippage: Bps) -> Raised | Lowered:
    """To another multiple, by as little buying or selling as reaches it. `buying`: from the loan token."""
    now = multiple(view)
    if not view.collateral and view.market.price is not None:
        raise BadInput(f"there is no position in {view.market.name} to adjust; open one first")
    if now is None:
        raise BadInput("the position has no multiple now: there is no price, or its debt is above its value")
    if wanted <= WAD:
        raise BadInput("a multiple of one or less has no debt; close the position instead")
    value, debt, price = view.collateral_value or 0, view.debt, view.market.price or 0
    if wanted == now:
        raise BadInput("the position has that multiple already")
    max_ltv = view.market.params.max_ltv
    limit = WAD * WAD // (WAD - max_ltv)
    if wanted >= max(limit, now):
        raise BadInput(
            f"a multiple of {show_decimal(wanted, 18)} can't be held in {view.market.name}: its max LTV of "
            f"{preview.percent(max_ltv)} allows less than {show_decimal(limit // 10**16, 2)}"
        )
    selling = [pair.reversed for pair in reversed(buying)]

    def reached(amount: int) -> bool:
        """Whether this much bought or sold brings the position to the multiple, or beyond."""
        if wanted > now:
            if amount >= buying[-1].out:
                return True
            worth = health.value(view.collateral + amount, price)
            left = worth - debt - amounts_in(amount, buying)[0]
            return left <= 0 or worth * WAD >= wanted * left
        worth = value - health.value(amount, price)
        return worth * WAD <= wanted * (worth - debt + amounts_out(amount, selling)[-1])

    amount = _least(reached, buying[-1].out if wanted > now else view.collateral)
    if wanted > now:
        return raised(view, amount, buying, slippage)
    return lowered(view, amount, selling, slippage)


def closed(view: PositionView, in_loan: bool, route: Pairs, slippage: Bps) -> Ended:
    """The whole debt from the collateral; what is left in the token asked."""
    return ended(view, 0, 0, in_loan, route, slippage)


def ended(view: PositionView, found: int, held: int, in_loan: bool, route: Pairs, slippage: Bps) -> Ended:
    """The whole debt, from `found` (what vault shares bring), then `held`, then the collateral sold."""
    market, debt, collateral = view.market, view.debt, view.collateral
    if not debt:
        raise BadInput(f"there is no debt to repay in {market.name}; take the collateral out")
    taken = min(held, max(debt - found, 0))
    surplus, owed = max(found - debt, 0), max(debt - found - taken, 0)
    if not route and (owed or in_loan):
        raise BadInput(f"{market.collateral.symbol} has to be sold here, and no pair is given to sell it to")
    sold, brought, least = 0, 0, 0
    if in_loan and collateral:
        sold, brought = collateral, amounts_out(collateral, route)[-1]
        least = less(brought, slippage)
    elif owed:
        sold, brought = amounts_in(owed, route)[0], owed
    if brought < owed or sold > collateral:
        raise BadInput(
            f"the collateral of {market.collateral.show(collateral)} does not bring the "
            f"{market.loan.show(owed)} that are owed; repay {market.loan.show(owed - brought)} or more first"
        )
    after = replace(
        preview.repaid(view, debt), position=replace(view.position, borrow_shares=0, collateral=0)
    )
    certain = less(found, slippage)
    # Without shares nobody else can make more of it than the debt's interest does.
    max_taken = min(held, max(more(debt, slippage) - certain, 0)) if found else held
    if in_loan:
        min_out = max(certain + taken + least - debt, 0)
        return Ended(sold, debt, taken, max_taken, surplus + brought - owed, min_out, 0, 0, after)
    min_out, min_loan = max(collateral - more(sold, slippage), 0), max(certain - debt, 0)
    return Ended(sold, debt, taken, max_taken, collateral - sold, min_out, surplus, min_loan, after)


def carried(view: PositionView, collateral: int, borrowed: int, slippage: Bps) -> Raised:
    """Collateral added, a loan taken and held or lent on: carry and neutral. Nothing is bought."""
    added = preview.add_collateral(view, collateral) if collateral else view
    after = preview.borrow(added, borrowed)
    room = after.market.rate * RATE_ROOM
    return Raised(collateral, 0, borrowed, borrowed, room, _min_health(after, after.debt, slippage), after)


def max_multiple(view: PositionView, margin: int, route: Pairs, slippage: Bps) -> int:
    """The most that `opened` accepts for a margin in collateral: a hundredth less fails no check. Down."""

    def refused(hundredths: int) -> bool:
        try:
            _opened(view, margin, WAD + hundredths * WAD // 100, route, slippage)
        except BadInput:
            return True
        return False

    # Below it the debt may be under its minimum; beyond it, above the max LTV.
    most = WAD * 100 // (WAD - view.market.params.max_ltv)
    found = next((each for each in range(most, 0, -1) if not refused(each)), 0)
    return WAD + found * WAD // 100


def less(amount: int, slippage: Bps) -> int:
    """`amount` without the slippage, down."""
    return amount * (BPS - slippage) // BPS


def more(amount: int, slippage: Bps) -> int:
    """`amount` with the slippage on top, up."""
    return divide_up(amount * (BPS + slippage), BPS)


def _raised(
    view: PositionView, collateral: int, margin: int, margin_loan: int, route: Pairs, slippage: Bps
) -> Raised:
    cost = amounts_in(collateral - margin, route)[0]
    borrowed = max(cost - margin_loan, 0)
    most = max(more(cost, slippage) - margin_loan, 0)
    added = preview.add_collateral(view, collateral)
    after = preview.borrow(added, borrowed) if borrowed else added
    rate = after.market.rate * RATE_ROOM if borrowed else NO_BOUND
    worst = preview.borrowed(added, most).debt if most else view.debt
    least = _min_health(after, worst, slippage)
    return Raised(collateral, cost, borrowed, most, rate, least, after)


def _min_health(after: PositionView, worst_debt: int, slippage: Bps) -> int:
    """The health of the position with that debt, at a price that has slipped as far; 0 without debt."""
    price = less(after.market.price or 0, slippage)
    lltv = after.market.params.lltv
    return health.factor(after.collateral, price, worst_debt, lltv) or 0


def _check(margin: int, wanted: int) -> None:
    if margin <= 0:
        raise BadInput("a position needs a margin; give an amount above zero")
    if wanted <= WAD:
        raise BadInput("a multiple is above one; three times the margin is written 3")


def _least(reached: Callable[[int], bool], most: int) -> int:
    """The least amount from 1 to `most` that reaches it, or `most`."""
    low, high = 1, most
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle + 1, high)
    return low
