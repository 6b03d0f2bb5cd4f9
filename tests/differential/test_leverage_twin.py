"""credit/leverage.py against the bytecode of Leverage: amounts, debts and health to the unit."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.worlds.credit_pots import ETHER, MAX, USD, CreditPots
from contracts.worlds.leverage_pots import UNBOUND, UNSIGNED, LeveragePots, deploy_leverage
from contracts.worlds.pots import UNSHRUNK, deploy, deploy_mock, now, wait
from surge.credit import leverage
from surge.credit.leverage import Lowered, Raised
from surge.credit.market import MarketView, PositionView, Token
from surge.model.errors import BadInput
from surge.model.units import WAD, Address, Bps, Seconds

NONE = "0x" + "00" * 20
SLIPPAGE = Bps(50)
# In hundredths; the highest are above what the market allows.
multiples = st.integers(101, 340).map(lambda each: each * WAD // 100)
margins = st.integers(ETHER // 10, 300 * ETHER)


@pytest.fixture(scope="module")
def deployed() -> Iterator[LeveragePots]:
    with boa.env.anchor():
        yield deploy_leverage(irm=deploy("AdaptiveCurveIrm"))


def view_of(pots: LeveragePots, market: CreditPots, account: str) -> PositionView:
    """The position as it stands now, with the interest up to now."""
    irm, params = market.irm, market.params
    state = market.state()
    adaptive = hasattr(irm, "rate_at_target")
    target = irm.rate_at_target(market.credit, market.id) if adaptive else None
    asked = (market.id, state.borrow_assets, state.supply_assets, 0)
    rate = irm.borrow_rate_of(market.credit, *asked) if adaptive else irm.borrow_rate_view(*asked)
    loan = Token("LOAN", market.loan.decimals(), params.loan_token)
    collateral = Token("COLL", market.collateral.decimals(), params.collateral_token)
    price, safe = market.oracle.price()
    seen = MarketView(
        market.id, params, loan, collateral, state, rate, target, price, safe, Seconds(state.last_update)
    )
    return PositionView(seen.at(now()), Address(account), market.position(account))


def same(pots: LeveragePots, market: CreditPots, account: str, planned: PositionView) -> None:
    """The chain is where the plan said."""
    seen = view_of(pots, market, account)
    assert seen.position == planned.position
    assert seen.market.state == planned.market.state
    assert (seen.debt, seen.health, seen.liquidation_price) == (
        planned.debt,
        planned.health,
        planned.liquidation_price,
    )
    assert seen.market.rate == planned.market.rate


def bounds_of(plan: Raised | Lowered) -> tuple[int, int, int]:
    return now(), plan.max_rate if isinstance(plan, Raised) else MAX, plan.min_health


def change(pots: LeveragePots, plan: Raised | Lowered, account: str) -> int:
    """`adjust` as the plan says, with its bounds."""
    up = isinstance(plan, Raised)
    amount, limit = (plan.collateral, plan.max_borrowed) if up else (-plan.sold, plan.min_repaid)
    path = pots.buying if up else pots.selling
    market = pots.pots.market
    return pots.leverage.adjust(market, amount, limit, path, bounds_of(plan), sender=account)  # type: ignore[no-any-return]


@settings(phases=UNSHRUNK, max_examples=20, deadline=None)
@given(
    margin=margins,
    wanted=multiples,
    other=multiples,
    in_loan=st.booleans(),
    out_in_loan=st.booleans(),
    seconds=st.integers(0, 10**7),
    price=st.integers(1_900, 2_200),
)
def test_a_position_from_its_opening_to_its_end(
    deployed: LeveragePots,
    margin: int,
    wanted: int,
    other: int,
    in_loan: bool,
    out_in_loan: bool,
    seconds: int,
    price: int,
) -> None:
    with boa.env.anchor():
        pots, market = deployed, deployed.pots
        boa.env.sstore_trace.clear()
        trader = pots.trader("trader")
        view, route = view_of(pots, market, trader), [pots.reserves(pots.usd)]
        dollars = margin * 2_000 * USD // ETHER
        try:
            if in_loan:
                plan = leverage.opened_with_loan(view, dollars, wanted, route, SLIPPAGE)
            else:
                plan = leverage.opened(view, margin, wanted, route, SLIPPAGE)
        except BadInput:
            collateral = margin * wanted // WAD
            given_ = (0, dollars) if in_loan else (margin, 0)
            with boa.reverts():
                pots.leverage.open(
                    market.market, *given_, collateral, MAX, pots.buying, UNBOUND, sender=trader
                )
            return
        own = (0, dollars) if in_loan else (margin, 0)
        args = (market.market, *own, plan.collateral, plan.max_borrowed, pots.buying, bounds_of(plan))
        assert pots.leverage.open(*args, sender=trader) == plan.borrowed
        same(pots, market, trader, plan.after)

        pots.trade_to(price)
        wait(seconds)
        view, route = view_of(pots, market, trader), [pots.reserves(pots.usd)]
        try:
            step = leverage.adjusted(view, other, route, SLIPPAGE)
        except BadInput:
            step = None
        if step is not None:
            moved = change(pots, step, trader)
            assert moved == (step.borrowed if isinstance(step, Raised) else step.repaid)
            same(pots, market, trader, step.after)
            reached = leverage.multiple(step.after)
            assert reached is not None
            # Where steps are fine enough, within a millionth of what was wanted.
            assert abs(reached - other) <= other // 10**6 + 2 * WAD * reached // plan.after.debt

        view, route = view_of(pots, market, trader), [pots.reserves(pots.eth)]
        end = leverage.closed(view, out_in_loan, route, SLIPPAGE)
        args = (market.market, out_in_loan, end.min_out, pots.selling, UNBOUND)
        assert pots.leverage.close(*args, sender=trader) == end.out
        same(pots, market, trader, end.after)


@settings(phases=UNSHRUNK, max_examples=12, deadline=None)
@given(
    collateral=st.integers(ETHER, 100 * ETHER),
    part=st.integers(1, 69),
    seconds=st.integers(0, 10**8),
    gain=st.integers(-100, 100),
    held=st.integers(0, 10**11),
    in_loan=st.booleans(),
)
def test_a_loan_lent_on_and_its_end(
    deployed: LeveragePots, collateral: int, part: int, seconds: int, gain: int, held: int, in_loan: bool
) -> None:
    with boa.env.anchor():
        pots, market = deployed, deployed.pots
        boa.env.sstore_trace.clear()
        trader = pots.trader("trader")
        vault = deploy_mock("PlainVault", pots.usd)
        vault.approve(pots.leverage, MAX, sender=trader)
        borrowed = collateral * 2_000 * USD // ETHER * part // 100
        view = view_of(pots, market, trader)
        plan = leverage.carried(view, collateral, borrowed, SLIPPAGE)
        args = (market.market, collateral, borrowed, vault, borrowed, bounds_of(plan))
        shares = pots.leverage.carry(*args, sender=trader)
        same(pots, market, trader, plan.after)

        wait(seconds)
        found = borrowed + borrowed * gain // 1_000
        if gain > 0:
            pots.usd.mint(vault, found - borrowed)
        elif gain < 0:
            pots.usd.transfer(trader, borrowed - found, sender=vault.address)
        view, route = view_of(pots, market, trader), [pots.reserves(pots.eth)]
        try:
            end = leverage.ended(view, found, held, in_loan, route, SLIPPAGE)
        except BadInput:
            args = (market.market, vault, shares, held, in_loan, 0, pots.selling, UNBOUND)
            with boa.reverts("Leverage: the collateral does not pay the debt"):
                pots.leverage.unwind(*args, sender=trader)
            return
        before = pots.usd.balanceOf(trader), pots.eth.balanceOf(trader)
        args = (market.market, vault, shares, end.max_taken, in_loan, end.min_out, pots.selling, UNBOUND)
        assert pots.leverage.unwind(*args, UNSIGNED, end.min_loan, sender=trader) == end.out
        got = pots.usd.balanceOf(trader) - before[0], pots.eth.balanceOf(trader) - before[1]
        assert got == ((end.out - end.taken, 0) if in_loan else (end.surplus - end.taken, end.out))
        same(pots, market, trader, end.after)
        pots.nothing_stays()


@pytest.mark.parametrize("gain", [1_000 * USD, -500 * USD])
def test_the_bounds_of_an_unwind_have_room_for_the_slippage(deployed: LeveragePots, gain: int) -> None:
    """Shares that bring less by the slippage end it at the bounds of the plan; a unit less, and nothing is
    done."""
    with boa.env.anchor():
        pots, market = deployed, deployed.pots
        boa.env.sstore_trace.clear()
        trader, vault = pots.trader("trader"), deploy_mock("PlainVault", pots.usd)
        vault.approve(pots.leverage, MAX, sender=trader)
        args = (market.market, 10 * ETHER, 10_000 * USD, vault, 0, UNBOUND)
        shares = pots.leverage.carry(*args, sender=trader)
        found, route = 10_000 * USD + gain, [pots.reserves(pots.eth)]
        pots.usd.mint(vault, 2_000 * USD)
        pots.usd.transfer(pots.exchange, 12_000 * USD - found, sender=vault.address)
        plan = leverage.ended(view_of(pots, market, trader), found, 5_000 * USD, False, route, SLIPPAGE)
        assert plan.min_loan < plan.surplus if gain > 0 else plan.taken < plan.max_taken < 1_000 * USD

        if gain < 0:  # and for a debt that has grown
            worst = leverage.more(plan.repaid, SLIPPAGE) - leverage.less(found, SLIPPAGE)
            assert plan.max_taken == worst
        room = plan.surplus - plan.min_loan + plan.max_taken - plan.taken
        pots.usd.transfer(pots.exchange, room, sender=vault.address)
        before = pots.usd.balanceOf(trader)
        args = (market.market, vault, shares, plan.max_taken, False, plan.min_out, [], UNBOUND, UNSIGNED)
        with boa.env.anchor():
            pots.leverage.unwind(*args, plan.min_loan, sender=trader)
            assert pots.usd.balanceOf(trader) - before == plan.min_loan - plan.max_taken
        pots.usd.transfer(pots.exchange, 1, sender=vault.address)
        refused = "fewer loan tokens are left than min_loan" if gain > 0 else "a swap needs a path"
        with boa.reverts(f"Leverage: {refused}"):
            pots.leverage.unwind(*args, plan.min_loan, sender=trader)


def test_an_unwind_into_loan_tokens_has_room_for_the_slippage(deployed: LeveragePots) -> None:
    """However little the collateral is beside the shares."""
    with boa.env.anchor():
        pots, market = deployed, deployed.pots
        boa.env.sstore_trace.clear()
        trader, vault = pots.trader("trader"), deploy_mock("PlainVault", pots.usd)
        vault.approve(pots.leverage, MAX, sender=trader)
        args = (market.market, 10 * ETHER, 10_000 * USD, vault, 0, UNBOUND)
        shares = pots.leverage.carry(*args, sender=trader)
        pots.usd.mint(vault, 10**6 * USD)
        found, route = 1_010_000 * USD, [pots.reserves(pots.eth)]
        plan = leverage.ended(view_of(pots, market, trader), found, 0, True, route, SLIPPAGE)
        lost = found - leverage.less(found, SLIPPAGE)
        pots.usd.transfer(pots.exchange, lost, sender=vault.address)
        args = (market.market, vault, shares, 0, True, plan.min_out, pots.selling, UNBOUND)
        assert pots.leverage.unwind(*args, sender=trader) == plan.out - lost >= plan.min_out


def test_a_short_by_the_same_plan(deployed: LeveragePots) -> None:
    with boa.env.anchor():
        pots, shorts = deployed, deployed.shorts
        trader = pots.trader("trader")
        view = view_of(pots, shorts, trader)
        plan = leverage.opened(view, 10_000 * USD, 3 * WAD, [pots.reserves(pots.eth)], SLIPPAGE)
        args = (shorts.market, 10_000 * USD, 0, plan.collateral, plan.max_borrowed, pots.selling)
        bounds = (now(), MAX, plan.min_health)  # this rate model tells its rate to Credit alone
        assert pots.leverage.open(*args, bounds, sender=trader) == plan.borrowed
        same(pots, shorts, trader, plan.after)


def test_bounds_stop_what_slips_further(deployed: LeveragePots) -> None:
    """The pool moves by half the slippage: it goes through. By twice: it doesn't."""
    for moved, passes in ((2_004, True), (2_030, False)):
        with boa.env.anchor():
            pots, market = deployed, deployed.pots
            trader = pots.trader("trader")
            route = [pots.reserves(pots.usd)]
            plan = leverage.opened(view_of(pots, market, trader), ETHER, 2 * WAD, route, SLIPPAGE)
            pots.trade_to(moved)
            args = (market.market, ETHER, 0, plan.collateral, plan.max_borrowed, pots.buying, bounds_of(plan))
            if passes:
                pots.leverage.open(*args, sender=trader)
            else:
                with boa.reverts("Leverage: borrows more than max_borrowed"):
                    pots.leverage.open(*args, sender=trader)


def test_the_most_that_a_margin_can_be_multiplied(deployed: LeveragePots) -> None:
    with boa.env.anchor():
        pots, market = deployed, deployed.pots
        trader = pots.trader("trader")
        view, route = view_of(pots, market, trader), [pots.reserves(pots.usd)]
        most = leverage.max_multiple(view, 10 * ETHER, route, SLIPPAGE)
        assert 32 * WAD // 10 < most < 34 * WAD // 10  # 1 / (1 - 70%), less the price of the swap
        plan = leverage.opened(view, 10 * ETHER, most, route, SLIPPAGE)
        with pytest.raises(BadInput, match="the most"):
            leverage.opened(view, 10 * ETHER, most + WAD // 100, route, SLIPPAGE)
        args = (market.market, 10 * ETHER, 0, plan.collateral, MAX, pots.buying, UNBOUND)
        pots.leverage.open(*args, sender=trader)
        assert leverage.max_multiple(view, 1, route, SLIPPAGE) == WAD


def refusals(view: PositionView, route: list[Any]) -> Iterator[tuple[str, Any]]:
    owing = replace(view, position=replace(view.position, borrow_shares=10**15, collateral=ETHER))
    poor = replace(view, position=replace(view.position, borrow_shares=10**17, collateral=ETHER))
    blind = replace(view, market=replace(view.market, price=None))
    yield "give an amount above zero", lambda: leverage.opened(view, 0, 2 * WAD, route, SLIPPAGE)
    yield "above one", lambda: leverage.opened(view, ETHER, WAD, route, SLIPPAGE)
    yield "too little to multiply", lambda: leverage.opened(view, 1, WAD + 1, route, SLIPPAGE)
    yield (
        "buys nothing",
        lambda: leverage.opened_with_loan(
            replace(view, market=replace(view.market, collateral=Token("COLL", 0, view.account))),
            1,
            2 * WAD,
            [replace(route[0], out=1)],
            SLIPPAGE,
        ),
    )
    yield "to sell", lambda: leverage.lowered(owing, 2 * ETHER, route, SLIPPAGE)
    yield "close the position instead", lambda: leverage.lowered(owing, ETHER, [route[0].reversed], SLIPPAGE)
    yield "no multiple now", lambda: leverage.adjusted(blind, 2 * WAD, route, SLIPPAGE)
    yield "no multiple now", lambda: leverage.adjusted(poor, 2 * WAD, route, SLIPPAGE)
    yield "one or less", lambda: leverage.adjusted(owing, WAD, route, SLIPPAGE)
    yield "already", lambda: leverage.adjusted(owing, leverage.multiple(owing) or 0, route, SLIPPAGE)
    yield "no debt to repay", lambda: leverage.closed(view, True, route, SLIPPAGE)
    yield "does not bring", lambda: leverage.closed(poor, True, [route[0].reversed], SLIPPAGE)
    yield "no pair is given", lambda: leverage.closed(owing, False, [], SLIPPAGE)


def test_what_cannot_be_planned_says_why(deployed: LeveragePots) -> None:
    with boa.env.anchor():
        account = str(boa.env.generate_address())
        # As if others had borrowed: the debts above are part of what is lent.
        view = view_of(deployed, deployed.pots, account)
        state = replace(view.market.state, borrow_assets=10**12, borrow_shares=10**18)
        view = replace(view, market=view.market.with_state(state))
        for said, plan in refusals(view, [deployed.reserves(deployed.usd)]):
            with pytest.raises(BadInput, match=said):
                plan()
