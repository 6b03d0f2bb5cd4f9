"""Before → after: what each operation makes of a position, by the contract's own rounding. Pure.

Each function takes the position's view at the moment of the call, returns the view afterwards, and raises
BadInput where the contract would revert: with what is wrong, and what would work.
"""

from collections.abc import Callable
from dataclasses import replace

from surge.credit import interest, liquidation, shares
from surge.credit.health import Zone
from surge.credit.liquidation import Outcome
from surge.credit.market import MarketView, PositionView
from surge.model.credit import PRICE_SCALE, MarketState, Position
from surge.model.errors import BadInput
from surge.model.units import WAD, divide_up

Preview = Callable[[PositionView, int], PositionView]

CURE_SECONDS = 600
"""How long after it was told a cure still works, at the rate of now."""


def supply(view: PositionView, assets: int) -> PositionView:
    """Lend `assets` to the market's borrowers."""
    _some(view, assets, "supply")
    state = view.market.state
    new = shares.to_shares_down(assets, view.market.supplied, state.supply_shares)
    return _moved(
        view,
        replace(state, supply_assets=state.supply_assets + assets, supply_shares=state.supply_shares + new),
        replace(view.position, supply_shares=view.position.supply_shares + new),
    )


def withdraw(view: PositionView, assets: int) -> PositionView:
    """Take back what was supplied; `view.max_withdraw` takes all that can be."""
    _some(view, assets, "withdraw")
    market, loan = view.market, view.market.loan
    if not view.supplied:
        raise BadInput(
            f"nothing is supplied to {market.name} by {view.account}; there is nothing to withdraw"
        )
    if assets > view.supplied:
        raise BadInput(
            f"{loan.show(assets)} can't be withdrawn: {loan.show(view.supplied)} are supplied to "
            f"{market.name}; withdraw {loan.show(view.max_withdraw)} or less (`max` takes all)"
        )
    if assets > market.available:
        raise BadInput(
            f"{loan.show(assets)} can't be withdrawn: the rest of {market.name} is lent out; withdraw "
            f"{loan.show(view.max_withdraw)} or less now, and the rest when borrowers repay"
        )
    state, own = market.state, view.position.supply_shares
    gone = (
        own  # the whole is sent as shares, so that no dust stays
        if assets == view.supplied
        else shares.to_shares_up(assets, market.supplied, state.supply_shares)
    )
    return _moved(
        view,
        replace(state, supply_assets=state.supply_assets - assets, supply_shares=state.supply_shares - gone),
        replace(view.position, supply_shares=view.position.supply_shares - gone),
    )


def borrow(view: PositionView, assets: int) -> PositionView:
    """Take `assets` as debt: ends at or below the max LTV."""
    _some(view, assets, "borrow")
    market, loan = view.market, view.market.loan
    if not view.collateral:
        raise BadInput(f"there is nothing to borrow against in {market.name}; {_most(view)}")
    _require_price(market, "borrowing")
    if view.zone is not Zone.HEALTHY:
        raise BadInput(f"no new debt: {_trouble(view)}; {cure(view)}")
    if assets > market.available:
        raise BadInput(
            f"{loan.show(assets)} can't be borrowed: {market.name} has {loan.show(market.available)} left; "
            f"{_most(view)}"
        )
    after = borrowed(view, assets)
    if not after.within_max_ltv:
        raise BadInput(
            f"borrowing {loan.show(assets)} would bring the position in {market.name} to {_beyond(after)}; "
            f"{_most(view)}"
        )
    if after.debt < market.params.min_debt:
        raise BadInput(
            f"a debt of {loan.show(after.debt)} is below the minimum of {market.name}; "
            f"borrow at least {loan.show(market.params.min_debt - view.debt)}"
        )
    return after


def borrowed(view: PositionView, assets: int) -> PositionView:
    """The arithmetic of borrow alone: nothing is refused."""
    state = view.market.state
    new = shares.to_shares_up(assets, state.borrow_assets, state.borrow_shares)
    return _moved(
        view,
        replace(state, borrow_assets=state.borrow_assets + assets, borrow_shares=state.borrow_shares + new),
        replace(view.position, borrow_shares=view.position.borrow_shares + new),
    )


def repay(view: PositionView, assets: int) -> PositionView:
    """Pay debt back; needs no price. `assets` == `view.debt` pays all of it."""
    _some(view, assets, "repay")
    market, loan = view.market, view.market.loan
    if not view.debt:
        raise BadInput(f"there is no debt to repay in {market.name}")
    if assets > view.debt:
        raise BadInput(
            f"{loan.show(assets)} is more than the debt of {loan.show(view.debt)} in {market.name}; "
            "repay that, or `max`"
        )
    after = repaid(view, assets)
    if 0 < after.debt < market.params.min_debt:
        raise BadInput(
            f"repaying {loan.show(assets)} would leave a debt of {loan.show(after.debt)}, below the minimum "
            f"of {loan.show(market.params.min_debt)}; repay all with `max`, or "
            f"{loan.show(max(0, view.debt - market.params.min_debt))} at the most"
        )
    return after


def repaid(view: PositionView, assets: int) -> PositionView:
    """`repay` without its checks: the arithmetic alone."""
    state, own = view.market.state, view.position.borrow_shares
    gone = (
        own
        if assets >= view.debt
        else shares.to_shares_down(assets, state.borrow_assets, state.borrow_shares)
    )
    return _moved(
        view,
        replace(
            state,
            borrow_assets=max(0, state.borrow_assets - assets),
            borrow_shares=state.borrow_shares - gone,
        ),
        replace(view.position, borrow_shares=own - gone),
    )


def add_collateral(view: PositionView, assets: int) -> PositionView:
    """Lock more collateral; needs no price."""
    _some(view, assets, "add", of_collateral=True)
    return _collateral(view, view.collateral + assets)


def remove_collateral(view: PositionView, assets: int) -> PositionView:
    """With debt it ends at or below the max LTV; without, it needs no price."""
    _some(view, assets, "remove", of_collateral=True)
    market, token = view.market, view.market.collateral
    if not view.collateral:
        raise BadInput(f"{view.account} has no collateral in {market.name}; there is nothing to take out")
    if assets > view.collateral:
        raise BadInput(
            f"{token.show(assets)} can't be removed: the position in {market.name} has "
            f"{token.show(view.collateral)}; remove {token.show(view.max_removable)} or less (`max`)"
        )
    after = _collateral(view, view.collateral - assets)
    if not view.debt:
        return after
    _require_price(market, "taking collateral out of a position with debt")
    if view.zone is not Zone.HEALTHY:
        raise BadInput(f"no collateral can be taken out: {_trouble(view)}; {cure(view)}")
    if not after.within_max_ltv:
        raise BadInput(
            f"removing {token.show(assets)} would bring the position in {market.name} to {_beyond(after)}; "
            f"the most is {token.show(view.max_removable)}, or repay some debt first"
        )
    return after


def liquidate(view: PositionView, most: int) -> PositionView:
    """Somebody repays at most `most` of a debt past the LLTV for collateral and a bonus."""
    return liquidation_of(view, most)[0]


def liquidation_of(view: PositionView, most: int) -> tuple[PositionView, Outcome]:
    """The position after a liquidation, and what it moved."""
    _some(view, most, "repay")
    market, loan, params = view.market, view.market.loan, view.market.params
    if not view.debt:
        raise BadInput(f"the position in {market.name} has no debt; there is nothing to liquidate")
    if market.price is None:
        raise BadInput(
            f"liquidation needs a price, and the oracle of {market.name} gives none now; try again when its "
            "price feed is fresh"
        )
    offered = liquidation.quote(view.collateral, market.price, view.debt, params)
    if offered is None:
        raise BadInput(
            f"the position in {market.name} can't be liquidated: its LTV is {_ltv(view)}, and only past "
            f"{percent(params.lltv)} it can; wait, or poke it"
        )
    done = liquidation.outcome(view.position, market.price, market.state, offered, most)
    if not done.seized:
        raise BadInput(f"repaying {loan.show(done.repaid)} would seize nothing; repay more")
    after = _collateral(_off(view, done), view.collateral - done.seized)
    if 0 < after.debt < params.min_debt:
        raise BadInput(
            f"repaying {loan.show(done.repaid)} would leave a debt of {loan.show(after.debt)}, below the "
            f"minimum of {loan.show(params.min_debt)}; repay {loan.show(offered.repayable)} (`max`)"
        )
    return (_realised(after, done.bad_debt) if done.bad_debt else after), done


def _off(view: PositionView, done: Outcome) -> PositionView:
    """What goes off the debt: what was repaid for it, and what is lost."""
    state, own = view.market.state, view.position.borrow_shares
    assets = max(0, state.borrow_assets - done.repaid - done.bad_debt)
    return _moved(
        view,
        replace(state, borrow_assets=assets, borrow_shares=state.borrow_shares - done.burned),
        replace(view.position, borrow_shares=own - done.burned),
    )


def _realised(view: PositionView, loss: int) -> PositionView:
    """Bad debt: the market's reserve bears it first, then its lenders."""
    state, unit = view.market.state, interest.reserve_unit(view.market.params)
    covered = min(state.reserve, divide_up(loss, unit) * unit)
    state = replace(state, supply_assets=state.supply_assets - loss, reserve=state.reserve - covered)
    return replace(view, market=view.market.with_state(state))


def cure(view: PositionView) -> str:
    """What brings a position out of its margin zone, in words: enough for CURE_SECONDS of interest, and short
    enough to type."""
    market, price = view.market, view.market.price or 0
    max_ltv, debt = market.params.max_ltv, replace(view, market=market.at(market.now + CURE_SECONDS)).debt
    excess = _typable(max(0, debt - (view.collateral_value or 0) * max_ltv // WAD))
    whole = view.debt - excess < market.params.min_debt
    said = "repay all (`max`)" if whole else f"repay {market.loan.show(excess)}"
    if not price:
        return said
    needed = divide_up(divide_up(debt * WAD, max_ltv) * PRICE_SCALE, price)
    more = _typable(max(0, needed - view.collateral))
    return f"{said}, or add {market.collateral.show(more)} of collateral"


def _typable(amount: int) -> int:
    """An amount rounded up to five significant digits, so that a person can type it."""
    step: int = 10 ** max(0, len(str(amount)) - 5)
    return divide_up(amount, step) * step


def percent(ratio: int, places: int = 2) -> str:
    """A WAD ratio in per cent, rounded up: an LTV is never told lower than it is."""
    units = divide_up(ratio * 10 ** (places + 2), WAD)
    return f"{units // 10**places}.{units % 10**places:0{places}d}%".replace("." + "0" * places + "%", "%")


def _collateral(view: PositionView, amount: int) -> PositionView:
    return replace(view, position=replace(view.position, collateral=amount))


def _moved(view: PositionView, state: MarketState, position: Position) -> PositionView:
    return replace(view, market=view.market.with_state(state), position=position)


def _some(view: PositionView, assets: int, verb: str, of_collateral: bool = False) -> None:
    token = view.market.collateral if of_collateral else view.market.loan
    if assets <= 0:
        raise BadInput(f"an amount of {token.show(assets)} changes nothing; name how much to {verb}")


def _require_price(market: MarketView, what: str) -> None:
    if market.price is None:
        raise BadInput(
            f"{what} needs a price, and the oracle of {market.name} gives none now; repaying and adding "
            "collateral still work, the rest when its price feed is fresh again"
        )
    if not market.safe:
        raise BadInput(
            f"{what} is stopped: the price of {market.name} is not confirmed, since a source is silent, out "
            "of bounds or too young, or the sources disagree; repaying and adding collateral still work, the "
            "rest when it is confirmed"
        )


def _trouble(view: PositionView) -> str:
    params = view.market.params
    now = f"the position in {view.market.name} has an LTV of {_ltv(view)}"
    if view.zone is Zone.MARGIN:
        return f"{now}, in its margin zone ({percent(params.max_ltv)} to {percent(params.lltv)})"
    return f"{now}, past the liquidation LTV of {percent(params.lltv)}"


def _beyond(after: PositionView) -> str:
    lent_at = replace(after, market=replace(after.market, price=after.market.safe_price))
    cautious = "" if lent_at.ltv == after.ltv else " at the cautious price that is lent by"
    return f"an LTV of {_ltv(lent_at)}{cautious}, above the max LTV of {percent(after.market.params.max_ltv)}"


def _ltv(view: PositionView) -> str:
    return "no limit" if view.ltv is None else percent(view.ltv)


def _most(view: PositionView) -> str:
    market, loan, token = view.market, view.market.loan, view.market.collateral
    if view.max_borrow:
        return f"the most is {loan.show(view.max_borrow)} (`max`)"
    if not view.collateral:
        return f"add collateral first: `surge credit collateral add {market.quoted} AMOUNT`"
    if market.available < market.params.min_debt:
        return "it lends again when somebody supplies or repays there, or choose another market"
    return f"add {token.symbol} as collateral, or repay debt first"
