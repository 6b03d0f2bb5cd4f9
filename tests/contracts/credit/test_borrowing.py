"""A borrower's side of Credit: collateral, debt, the margin zone."""

import boa
import pytest

from contracts.worlds.credit_pots import ETHER, USD, YEAR, CreditPots, percent, price_e36
from contracts.worlds.pots import wait
from surge.model.credit import Position

HEALTHY, MARGIN, LIQUIDATABLE = 0, 1, 2
HALF_ETHER = ETHER // 2  # 1,000 dollars


def opened(credit: CreditPots, debt: int = 700 * USD) -> CreditPots:
    credit.open_loan("borrower", HALF_ETHER, debt, lent=10_000 * USD)
    return credit


def test_a_thousand_dollars_of_ether_borrow_seven_hundred(credit: CreditPots) -> None:
    credit.supply("lender", 10_000 * USD)
    credit.add_collateral("borrower", HALF_ETHER)
    with boa.reverts("Credit: above the max LTV"):
        credit.borrow("borrower", 700 * USD + 1)
    before = credit.loan.balanceOf(credit.actor("borrower"))
    assert credit.borrow("borrower", 700 * USD) == (700 * USD, 700 * USD * 10**6)
    assert credit.loan.balanceOf(credit.actor("borrower")) == before + 700 * USD
    assert credit.position(credit.actor("borrower")) == Position(0, 700 * USD * 10**6, HALF_ETHER)


def test_a_loan_in_shares(credit: CreditPots) -> None:
    opened(credit, 100 * USD)
    assert credit.borrow("borrower", shares=50 * USD * 10**6) == (50 * USD, 50 * USD * 10**6)
    with boa.reverts("Credit: amount too small"):
        credit.borrow("borrower", shares=1)


def test_no_collateral_no_loan(credit: CreditPots) -> None:
    credit.supply("lender", 10_000 * USD)
    with boa.reverts("Credit: above the max LTV"):
        credit.borrow("borrower", 10 * USD)


def test_no_more_than_there_is(credit: CreditPots) -> None:
    credit.supply("lender", 100 * USD)
    credit.add_collateral("borrower", ETHER)
    with boa.reverts("Credit: not enough cash"):
        credit.borrow("borrower", 100 * USD + 1)


def test_debts_are_none_or_the_minimum(credit: CreditPots) -> None:
    credit.supply("lender", 10_000 * USD)
    credit.add_collateral("borrower", HALF_ETHER)
    with boa.reverts("Credit: less than the minimum debt"):
        credit.borrow("borrower", 10 * USD - 1)
    credit.borrow("borrower", 15 * USD)
    with boa.reverts("Credit: less than the minimum debt"):
        credit.repay("borrower", 6 * USD)
    credit.repay("borrower", 5 * USD)
    credit.repay("borrower", shares=10 * USD * 10**6)
    assert credit.position(credit.actor("borrower")) == Position(0, 0, HALF_ETHER)


def test_the_margin_zone_is_a_warning(credit: CreditPots) -> None:
    """No new debt, no collateral out, and nobody can liquidate (C5)."""
    opened(credit)
    borrower = credit.actor("borrower")
    assert credit.credit.poke(credit.market, borrower) == HEALTHY
    assert not [log for log in credit.credit.get_logs() if type(log).__name__ == "Margin"]
    credit.oracle.set_price(price_e36(1_760))
    assert credit.credit.poke(credit.market, borrower) == MARGIN
    (said,) = [log for log in credit.credit.get_logs() if type(log).__name__ == "Margin"]
    assert (said.debt, said.collateral_value, said.liquidatable) == (700 * USD, 880 * USD, False)
    with boa.reverts("Credit: above the max LTV"):
        credit.borrow("borrower", 1)
    with boa.reverts("Credit: above the max LTV"):
        credit.remove_collateral("borrower", 1)
    with boa.reverts("Credit: not past the LLTV"):
        credit.liquidate("liquidator", "borrower", USD)
    credit.repay("borrower", 100 * USD)
    assert credit.credit.poke(credit.market, borrower) == HEALTHY
    credit.oracle.set_price(price_e36(1_400))
    assert credit.credit.poke(credit.market, borrower) == LIQUIDATABLE


def test_interest_alone_can_bring_a_loan_into_the_margin_zone(credit: CreditPots) -> None:
    opened(credit)
    credit.irm.set_rate(percent(10) // YEAR)
    wait(YEAR)
    assert credit.credit.poke(credit.market, credit.actor("borrower")) == MARGIN


def test_collateral_comes_out_down_to_the_max_ltv(credit: CreditPots) -> None:
    """C2"""
    opened(credit, 350 * USD)
    with boa.reverts("Credit: above the max LTV"):
        credit.remove_collateral("borrower", HALF_ETHER // 2 + 10**12)
    credit.remove_collateral("borrower", HALF_ETHER // 2)
    with boa.reverts("Credit: more than the collateral"):
        credit.remove_collateral("borrower", HALF_ETHER)
    with boa.reverts("Credit: no collateral asked for"):
        credit.remove_collateral("borrower", 0)
    with boa.reverts("Credit: no collateral given"):
        credit.add_collateral("borrower", 0)


def test_an_unsafe_price_stops_new_risk_only(credit: CreditPots) -> None:
    """C7"""
    opened(credit, 600 * USD)
    credit.oracle.set_safe(False)
    with boa.reverts("Credit: price is unsafe"):
        credit.borrow("borrower", 1)
    with boa.reverts("Credit: price is unsafe"):
        credit.remove_collateral("borrower", 1)
    credit.oracle.set_price(price_e36(1_400))
    credit.liquidate("liquidator", "borrower", 20 * USD)


def test_without_any_price_debts_are_repaid_and_loans_withdrawn(credit: CreditPots) -> None:
    """C7"""
    opened(credit)
    credit.oracle.set_broken(True)
    for needs_one in (
        lambda: credit.borrow("borrower", 1),
        lambda: credit.remove_collateral("borrower", 1),
        lambda: credit.liquidate("liquidator", "borrower", 1),
    ):
        with boa.reverts("SettableOracle: no price"):
            needs_one()
    credit.add_collateral("borrower", ETHER)
    credit.repay("borrower", 100 * USD)
    credit.repay("borrower", shares=600 * USD * 10**6)
    credit.remove_collateral("borrower", HALF_ETHER + ETHER)
    credit.withdraw("lender", 10_000 * USD)


def test_anybody_repays_and_adds_for_anybody(credit: CreditPots) -> None:
    opened(credit)
    borrower, friend = credit.actor("borrower"), credit.actor("friend")
    credit.credit.add_collateral(credit.market, ETHER, borrower, b"", sender=friend)
    credit.credit.repay(credit.market, 100 * USD, 0, borrower, b"", sender=friend)
    assert credit.position(borrower) == Position(0, 600 * USD * 10**6, ETHER + HALF_ETHER)
    assert credit.position(friend) == Position(0, 0, 0)


def test_nobody_repays_more_than_the_debt(credit: CreditPots) -> None:
    opened(credit)
    credit.add_collateral("rival", ETHER)
    credit.borrow("rival", 500 * USD)
    with boa.reverts("Credit: more than the debt"):
        credit.repay("borrower", 700 * USD + 1)


def test_more_shares_than_there_are_repay_the_whole(credit: CreditPots) -> None:
    """So nobody can stop a whole repayment by repaying a unit before it."""
    opened(credit)
    borrower = credit.actor("borrower")
    griefer = credit.actor("griefer")
    credit.credit.repay(credit.market, 1, 0, borrower, b"", sender=griefer)
    paid, burned = credit.repay("borrower", shares=2**120 - 1)
    assert (paid, burned) == (700 * USD - 1, 700 * USD * 10**6 - 10**6)
    assert credit.position(borrower).borrow_shares == 0
    with boa.reverts("Credit: no debt"):
        credit.repay("borrower", shares=1)


def test_a_debt_is_whole_units_up(credit: CreditPots) -> None:
    """C3: what repays all of it covers the interest of each unit."""
    credit.irm.set_rate(percent(3) // YEAR)
    opened(credit)
    wait(12_345)
    borrower = credit.actor("borrower")
    owed = credit.accrued().borrow_assets
    paid, burned = credit.repay("borrower", shares=credit.position(borrower).borrow_shares)
    assert owed <= paid <= owed + 1
    assert burned == 700 * USD * 10**6
    assert credit.state().borrow_assets == 0


def test_only_the_borrower_and_whom_it_authorises_borrow(credit: CreditPots) -> None:
    opened(credit, 100 * USD)
    borrower, agent = credit.actor("borrower"), credit.actor("agent")
    borrow = (credit.market, 10 * USD, 0, borrower, agent)
    with boa.reverts("Credit: not authorised"):
        credit.credit.borrow(*borrow, sender=agent)
    with boa.reverts("Credit: not authorised"):
        credit.credit.remove_collateral(credit.market, 1, borrower, agent, sender=agent)
    credit.credit.authorize(agent, True, sender=borrower)
    credit.credit.borrow(*borrow, sender=agent)
    credit.credit.remove_collateral(credit.market, 1, borrower, agent, sender=agent)
    assert credit.position(borrower) == Position(0, 110 * USD * 10**6, HALF_ETHER - 1)


@pytest.mark.parametrize("rate", [0, percent(4) // YEAR])
def test_a_market_that_nobody_uses_accrues_nothing(credit: CreditPots, rate: int) -> None:
    credit.irm.set_rate(rate)
    wait(YEAR)
    credit.credit.accrue(credit.market)
    state = credit.state()
    assert (state.supply_assets, state.borrow_assets, state.reserve) == (0, 0, 0)
    assert state == credit.accrued()
