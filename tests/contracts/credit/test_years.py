"""A market over years: interest is on what somebody owes, and an emptied market is an empty one (C10)."""

from collections.abc import Iterator

import boa
import pytest

from contracts.worlds.credit_pots import ETHER, USD, YEAR, CreditPots, deploy_credit, percent
from contracts.worlds.pots import deploy, wait
from surge.credit import interest, shares

DAY = 86_400


@pytest.fixture
def adaptive() -> Iterator[CreditPots]:
    with boa.env.anchor():
        yield deploy_credit(irm=deploy("AdaptiveCurveIrm"), price=2_000_000 * USD * 10**36 // ETHER)


def rate_at_target(pots: CreditPots) -> int:
    return int(pots.irm.rate_at_target(pots.credit, pots.id))


def leave(pots: CreditPots) -> None:
    """The lender takes out its claim, as far as there is cash."""
    state, held = pots.state(), pots.position(pots.actor("lender")).supply_shares
    claim = shares.to_assets_down(held, state.lent_assets, state.supply_shares)
    pots.withdraw("lender", min(claim, state.cash))


def test_who_has_left_owes_nothing_for_ever(adaptive: CreditPots) -> None:
    """Ten dollars are lent to oneself until the debt has grown, all is repaid and taken out; six years later
    nothing is borrowed, and the next lender gets all of its own back."""
    adaptive.open_loan("cheater", 10 * ETHER, 10 * USD, lent=10 * USD)
    for _ in range(120):
        wait(DAY)
        adaptive.credit.accrue(adaptive.market)
    assert adaptive.state().borrow_assets > 11 * USD
    adaptive.repay("cheater", shares=2**120 - 1)
    leave(adaptive)
    left = adaptive.state()
    assert left.borrow_shares == 0
    assert left.borrow_assets <= 10  # what rounding made nobody's
    for _ in range(24):
        wait(YEAR // 4)
        adaptive.credit.accrue(adaptive.market)
    assert adaptive.state().borrow_assets == left.borrow_assets
    assert rate_at_target(adaptive) * YEAR <= percent(0.1)
    adaptive.supply("honest lender", 100_000 * USD)
    held = adaptive.position(adaptive.actor("honest lender")).supply_shares
    assert adaptive.withdraw("honest lender", shares=held)[0] >= 100_000 * USD - 11


def test_an_emptied_market_is_unused(adaptive: CreditPots) -> None:
    """The rate model is told what is owed: 0 of something, not all of a residue."""
    adaptive.open_loan("borrower", 10 * ETHER, 1_000 * USD, lent=1_000 * USD)
    wait(YEAR // 10)
    adaptive.repay("borrower", shares=2**120 - 1)
    leave(adaptive)
    state = adaptive.state()
    assert interest.owed(state) == 0
    before = rate_at_target(adaptive)
    wait(DAY)
    adaptive.credit.accrue(adaptive.market)
    assert rate_at_target(adaptive) < before


def test_a_new_market_adapts_from_its_creation(adaptive: CreditPots) -> None:
    """Thirty days at full use, untouched: not at the initial rate."""
    assert rate_at_target(adaptive) * YEAR == pytest.approx(percent(4), rel=1e-6)
    adaptive.open_loan("borrower", 10 * ETHER, 1_000 * USD, lent=1_000 * USD)
    wait(30 * DAY)
    grown = adaptive.accrued().borrow_assets / (1_000 * USD) - 1
    # 4% * 4 on the curve, times exp(50 t) on the average of 30 days: (exp(4.11) - 1) / 4.11 = 14.6.
    assert 0.18 < grown < 0.30
    adaptive.credit.accrue(adaptive.market)
    assert rate_at_target(adaptive) * YEAR == percent(200) or rate_at_target(adaptive) * YEAR > percent(190)


@pytest.mark.parametrize("years", [1, 3])
def test_lenders_get_what_borrowers_pay(years: int) -> None:
    """At 100% a year: all that lenders and the reserve can claim is what was lent and what was paid on it."""
    with boa.env.anchor():
        pots = deploy_credit(rate=percent(100) // YEAR, price=2_000_000 * USD * 10**36 // ETHER)
        pots.open_loan("borrower", 10 * ETHER, 1_000 * USD, lent=1_000 * USD)
        for _ in range(12 * years):
            wait(YEAR // 12)
            pots.credit.accrue(pots.market)
        _, burned = pots.repay("borrower", shares=2**120 - 1)
        assert burned == 1_000 * USD * 10**6
        state = pots.state()
        assert state.borrow_shares == 0
        assert state.borrow_assets <= 2**years * 3
        # Nothing is promised that isn't there, but for that residue.
        assert state.cash == state.supply_assets - state.borrow_assets
        assert pots.loan.balanceOf(pots.credit) == state.cash
