"""A position past saving, liquidated in parts: each bears its own part of the loss (C4, C5, C6)."""

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.worlds.credit_pots import ETHER, MAX, USD, YEAR, CreditPots, deploy_credit, percent, price_e36
from contracts.worlds.pots import UNSHRUNK, wait
from surge.credit import liquidation

DEBT = 140_000 * USD
COLLATERAL = 100 * ETHER


def fallen(pots: CreditPots, usd: int, rate: bool = False) -> None:
    """100 ether against 140,000 dollars of 200,000 lent by two lenders; then the price falls."""
    if rate:
        pots.irm.set_rate(percent(20) // YEAR)
    pots.supply("lender", 100_000 * USD)
    pots.supply("quick lender", 100_000 * USD)
    pots.add_collateral("borrower", COLLATERAL)
    pots.borrow("borrower", DEBT)
    if rate:
        wait(YEAR // 2)
        pots.credit.accrue(pots.market)
        pots.irm.set_rate(0)
    pots.oracle.set_price(price_e36(usd))


def claims(pots: CreditPots) -> int:
    state = pots.state()
    return state.lent_assets


@settings(phases=UNSHRUNK, max_examples=40, deadline=None)
@given(
    usd=st.integers(1, 1_300),
    parts=st.lists(st.integers(1, 400), min_size=1, max_size=6),
    rate=st.booleans(),
)
def test_in_parts_as_in_one(usd: int, parts: list[int], rate: bool) -> None:
    """Whoever splits a liquidation pays as much in all, seizes as much, and costs the lenders as much:
    but for units a part of what is repaid and lost."""
    with boa.env.anchor():
        pots = deploy_credit()
        fallen(pots, usd, rate)
        before, debt = claims(pots), pots.state().borrow_assets
        quote = liquidation.quote(COLLATERAL, price_e36(usd), debt, pots.params)
        assert quote is not None
        assert quote.insolvent
        pots.actor("liquidator")
        with boa.env.anchor():
            _, in_one = pots.liquidate("liquidator", "borrower", MAX)
            left_in_one = claims(pots)
        repaid = seized = 0
        ltv = pots.state().borrow_assets * 10**18 // COLLATERAL
        for part in parts:
            if not pots.position(pots.actor("borrower")).borrow_shares:
                break
            amount = max(1, quote.repayable * part // 1_000)
            try:
                got, paid = pots.liquidate("liquidator", "borrower", amount)
            except boa.BoaError as refused:
                reason = str(refused)
            else:
                reason, repaid, seized = "", repaid + paid, seized + got
            if reason:
                assert "minimum debt" in reason or "or nothing" in reason
                continue
            rest = pots.position(pots.actor("borrower"))
            if rest.borrow_shares:
                now = pots.state().borrow_assets * 10**18 // rest.collateral
                assert now <= ltv + ltv // 10**6
        if pots.position(pots.actor("borrower")).borrow_shares:
            got, paid = pots.liquidate("liquidator", "borrower", MAX)
            repaid, seized = repaid + paid, seized + got
        count = len(parts) + 1
        assert seized == COLLATERAL
        assert abs(repaid - in_one) <= 2 * count
        assert abs(claims(pots) - left_in_one) <= 3 * count
        assert claims(pots) < before


def test_who_leaves_early_does_not_leave_whole() -> None:
    """Nobody has what the whole takes; a keeper with half of it realises half of the loss, and the lender
    that leaves then bears its part of that."""
    with boa.env.anchor():
        pots = deploy_credit()
        fallen(pots, 1_000)
        whole = liquidation.quote(COLLATERAL, price_e36(1_000), DEBT, pots.params)
        assert whole is not None
        before = claims(pots)
        pots.liquidate("keeper", "borrower", whole.repayable // 2)
        lost = before - claims(pots)
        assert lost == pytest.approx((DEBT - whole.repayable) / 2, abs=2)
        shares = pots.position(pots.actor("quick lender")).supply_shares
        given_out, _ = pots.withdraw("quick lender", shares=shares)
        assert 100_000 * USD - given_out == pytest.approx(lost / 2, abs=2)


def test_no_dust_is_left_of_an_insolvent_position() -> None:
    with boa.env.anchor():
        pots = deploy_credit()
        fallen(pots, 1_000)
        whole = liquidation.quote(COLLATERAL, price_e36(1_000), DEBT, pots.params)
        assert whole is not None
        with boa.reverts("Credit: less than the minimum debt"):
            pots.liquidate("keeper", "borrower", whole.repayable - 1)
        assert pots.liquidate("keeper", "borrower", MAX) == (COLLATERAL, whole.repayable)


def test_a_liquidator_bounds_what_it_gets() -> None:
    with boa.env.anchor():
        pots = deploy_credit()
        fallen(pots, 1_650)
        pots.actor("keeper")
        with boa.env.anchor():
            seized, _ = pots.liquidate("keeper", "borrower", 10_000 * USD)
        with boa.reverts("Credit: less would be seized than min_seized, or nothing"):
            pots.liquidate("keeper", "borrower", 10_000 * USD, least=seized + 1)
        assert pots.liquidate("keeper", "borrower", 10_000 * USD, least=seized)[0] == seized
