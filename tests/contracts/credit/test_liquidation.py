"""Liquidation: in part to the target health, as a whole, and what is lost; flash loans fund it."""

import boa
import pytest

from contracts.worlds.credit_pots import ETHER, MAX, PRICE_SCALE, USD, YEAR, CreditPots, percent, price_e36
from contracts.worlds.pots import deploy_mock, wait
from surge.credit import health, liquidation, shares
from surge.model.units import WAD

DEBT = 700 * USD
HALF_ETHER = ETHER // 2


def fallen(credit: CreditPots, price: int) -> int:
    """The story's loan at a lower price of ether; that price in the oracle's scale."""
    credit.open_loan("borrower", HALF_ETHER, DEBT, lent=10_000 * USD)
    credit.oracle.set_price(price_e36(price))
    return price_e36(price)


def debt(credit: CreditPots) -> int:
    owed, state = credit.position(credit.actor("borrower")).borrow_shares, credit.state()
    return shares.to_assets_up(owed, state.borrow_assets, state.borrow_shares)


def test_a_part_brings_the_position_to_its_target_health(credit: CreditPots) -> None:
    """C5: from an LTV of 82.4%, a third of the way to the full bonus."""
    price = fallen(credit, 1_700)
    offered = liquidation.quote(HALF_ETHER, price, DEBT, credit.params)
    assert offered is not None
    assert 0 < offered.bonus < percent(3)
    seized, repaid = credit.liquidate("liquidator", "borrower", MAX)
    assert repaid == offered.repayable < DEBT
    gain = seized * 1_700 * USD / ETHER / repaid
    assert gain == pytest.approx(1 + offered.bonus / WAD, rel=1e-6)
    factor = health.factor(HALF_ETHER - seized, price, debt(credit), percent(80))
    assert factor == pytest.approx(1.15 * WAD, rel=1e-6)
    with boa.reverts("Credit: not past the LLTV"):
        credit.liquidate("liquidator", "borrower", MAX)


def test_the_bonus_grows_with_depth(credit: CreditPots) -> None:
    said = []
    for price in (1_749, 1_700, 1_650, 1_600, 1_550):
        with boa.env.anchor():
            fallen(credit, price)
            credit.liquidate("liquidator", "borrower", 20 * USD)
            (log,) = [each for each in credit.credit.get_logs() if type(each).__name__ == "Liquidated"]
            said.append(log.bonus)
            credit.actors.clear()
    cap = liquidation.incentive_factor(percent(80)) - WAD
    assert said == sorted(said)
    assert said[0] < cap // 100
    assert said[-2:] == [cap, cap]


def test_the_liquidator_may_offer_less(credit: CreditPots) -> None:
    fallen(credit, 1_700)
    assert credit.liquidate("liquidator", "borrower", 50 * USD)[1] == 50 * USD
    assert credit.liquidate("liquidator", "borrower", shares=50 * USD * 10**6)[1] == 50 * USD
    for neither in ((0, 0), (1, 1)):
        with boa.reverts("Credit: give either assets or shares"):
            credit.liquidate("liquidator", "borrower", *neither)


def test_a_part_that_rounds_away_is_refused(credit: CreditPots) -> None:
    """C5: when a share is dearer than a unit, a unit burns none and is everybody's, but would still seize."""
    credit.irm.set_rate(percent(1_000) // YEAR)
    credit.open_loan("borrower", HALF_ETHER, DEBT, lent=10_000 * USD)
    credit.add_collateral("rival", 10 * ETHER)
    credit.borrow("rival", 9_100 * USD)
    wait(50 * YEAR)
    credit.credit.accrue(credit.market)
    credit.oracle.set_price(debt(credit) * 100 * PRICE_SCALE // (82 * HALF_ETHER))
    with boa.reverts("Credit: would not raise health"):
        credit.liquidate("liquidator", "borrower", 1)
    with boa.reverts("Credit: amount too small"):
        credit.repay("borrower", 1)


def test_who_owes_nothing_is_left_alone(credit: CreditPots) -> None:
    credit.add_collateral("borrower", ETHER)
    with boa.reverts("Credit: no debt"):
        credit.liquidate("liquidator", "borrower", MAX)


def test_a_small_rest_goes_with_the_whole(credit: CreditPots) -> None:
    pots = credit.create(min_debt=400 * USD)
    fallen(pots, 1_700)
    assert pots.liquidate("liquidator", "borrower", MAX)[1] == DEBT
    position = pots.position(pots.actor("borrower"))
    assert position.borrow_shares == 0
    assert position.collateral > 0
    pots.remove_collateral("borrower", position.collateral)


def test_no_part_leaves_less_than_the_minimum(credit: CreditPots) -> None:
    pots = credit.create(min_debt=400 * USD)
    fallen(pots, 1_700)
    with boa.reverts("Credit: less than the minimum debt"):
        pots.liquidate("liquidator", "borrower", 300 * USD + 1)
    pots.liquidate("liquidator", "borrower", 300 * USD)


def test_beyond_solvency_the_rest_of_the_whole_is_bad_debt(credit: CreditPots) -> None:
    """C4, C6: first the reserve's, then the lenders'."""
    credit.irm.set_rate(percent(50) // YEAR)
    credit.open_loan("borrower", HALF_ETHER, DEBT, lent=10_000 * USD)
    wait(YEAR // 4)
    credit.oracle.set_price(price_e36(1_200))
    before, owed = credit.accrued(), credit.accrued().borrow_assets
    owed_shares = credit.state().borrow_shares
    offered = liquidation.quote(HALF_ETHER, price_e36(1_200), owed, credit.params)
    assert offered is not None
    assert offered.insolvent
    with boa.reverts("Credit: less than the minimum debt"):
        credit.liquidate("liquidator", "borrower", offered.repayable - 1)
    assert credit.liquidate("liquidator", "borrower", MAX) == (HALF_ETHER, offered.repayable)
    (lost,) = [log for log in credit.credit.get_logs() if type(log).__name__ == "BadDebt"]
    assert (lost.loss, lost.from_reserve) == (owed - offered.repayable, before.reserve)
    (done,) = [log for log in credit.credit.get_logs() if type(log).__name__ == "Liquidated"]
    assert done.shares == owed_shares
    assert lost.shares == owed_shares * lost.loss // owed
    after = credit.state()
    assert (after.borrow_assets, after.reserve) == (0, 0)
    assert after.lent_assets == before.lent_assets - lost.loss + lost.from_reserve
    credit.withdraw("lender", shares=credit.position(credit.actor("lender")).supply_shares)


def test_the_reserve_bears_a_small_loss_alone(credit: CreditPots) -> None:
    """C4"""
    credit.irm.set_rate(percent(50) // YEAR)
    credit.open_loan("borrower", HALF_ETHER, DEBT, lent=10_000 * USD)
    credit.add_collateral("rival", 10 * ETHER)
    credit.borrow("rival", 9_000 * USD)
    wait(YEAR // 2)
    credit.oracle.set_price(price_e36(1_800))
    before = credit.accrued()
    credit.liquidate("liquidator", "borrower", MAX)
    (lost,) = [log for log in credit.credit.get_logs() if type(log).__name__ == "BadDebt"]
    assert 0 < lost.loss == lost.from_reserve < before.reserve
    assert credit.state().lent_assets == before.lent_assets


def test_nobody_pays_for_a_debt_without_collateral(credit: CreditPots) -> None:
    """C6: the price doesn't matter, nor whether there is one."""
    credit.open_loan("borrower", HALF_ETHER, DEBT, lent=10_000 * USD)
    credit.oracle.set_price(1)
    assert credit.liquidate("keeper", "borrower", MAX) == (HALF_ETHER, 1)
    assert credit.state().supply_assets == 10_000 * USD - DEBT + 1


def test_a_price_of_zero_is_no_price(credit: CreditPots) -> None:
    fallen(credit, 1_700)
    credit.oracle.set_price(0)
    for needs_one in (
        lambda: credit.liquidate("liquidator", "borrower", MAX),
        lambda: credit.borrow("borrower", 1),
        lambda: credit.credit.poke(credit.market, credit.actor("borrower")),
    ):
        with boa.reverts("Credit: price is zero"):
            needs_one()


def test_a_rate_model_that_re_enters_is_stopped(credit: CreditPots) -> None:
    """C1: or its market's totals would be written over."""
    credit.open_loan("borrower", HALF_ETHER, DEBT)
    wait(1)
    credit.irm.arm(credit.credit, credit.credit.accrue.prepare_calldata(credit.market))
    with boa.reverts("Credit: the rate model re-entered"):
        credit.credit.accrue(credit.market)


def test_the_collateral_pays_for_its_own_liquidation(credit: CreditPots) -> None:
    """The liquidator holds nothing: it is paid before it pays."""
    fallen(credit, 1_700)
    account = deploy_mock("ContractAccount")
    pots = credit.credit
    payload = b"".join(
        (
            bytes.fromhex(str(credit.loan.address)[2:]),
            credit.loan.approve.prepare_calldata(pots.address, MAX),
        )
    )
    credit.loan.mint(account, 100 * USD)
    call = pots.liquidate.prepare_calldata(credit.market, credit.actor("borrower"), 100 * USD, 0, payload)
    account.run(pots, call)
    assert account.callback() == "on_surge_liquidate"
    assert (account.heard(0), account.heard(1)) == (100 * USD, credit.collateral.balanceOf(account))
    assert credit.loan.balanceOf(account) == 0


def test_everything_here_can_be_lent_for_a_moment(credit: CreditPots) -> None:
    credit.supply("lender", 1_000 * USD)
    pots, account = credit.credit, deploy_mock("ContractAccount")
    assert pots.maxFlashLoan(credit.loan) == 1_000 * USD
    assert pots.flashFee(credit.loan, 1_000 * USD) == 0
    assert pots.maxFlashLoan(credit.actor("lender")) == 0
    approve = credit.loan.approve.prepare_calldata(pots.address, MAX)
    payload = bytes.fromhex(str(credit.loan.address)[2:]) + approve
    account.run(pots, pots.flash_loan.prepare_calldata(credit.loan.address, 1_000 * USD, payload))
    assert account.callback() == "on_surge_flash_loan"
    assert pots.flashLoan(account, credit.loan, 1_000 * USD, b"")
    assert account.callback() == "onFlashLoan"
    assert credit.loan.balanceOf(pots) == 1_000 * USD
    with boa.reverts("Credit: nothing to lend"):
        pots.flash_loan(credit.loan, 0, b"")
    account.set_magic(b"\0" * 32)
    with boa.reverts("Credit: not a flash borrower"):
        pots.flashLoan(account, credit.loan, 1, b"")
