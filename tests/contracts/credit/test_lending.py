"""A lender's side of Credit: markets, supply, withdrawal, transfers, the reserve."""

from dataclasses import replace
from typing import Any

import boa
import pytest

from contracts.worlds.credit_pots import ETHER, USD, YEAR, CreditPots, percent
from contracts.worlds.pots import wait
from surge.credit import interest
from surge.model.credit import Position

SHARES = 10**6  # virtual shares per asset: what the first lender gets for a unit
NOBODY = "0x" + "00" * 20


def test_what_is_supplied_can_be_withdrawn(credit: CreditPots) -> None:
    assert credit.supply("lender", 1_000 * USD) == (1_000 * USD, 1_000 * USD * SHARES)
    assert credit.loan.balanceOf(credit.credit) == 1_000 * USD
    assert credit.withdraw("lender", 400 * USD) == (400 * USD, 400 * USD * SHARES)
    assert credit.withdraw("lender", shares=600 * USD * SHARES) == (600 * USD, 600 * USD * SHARES)
    assert credit.position(credit.actor("lender")) == Position(0, 0, 0)
    assert credit.loan.balanceOf(credit.credit) == 0


def test_supply_can_be_asked_for_in_shares(credit: CreditPots) -> None:
    assert credit.supply("lender", shares=5 * USD * SHARES) == (5 * USD, 5 * USD * SHARES)
    # C3: a share that costs less than a unit costs one.
    assert credit.supply("lender", shares=1) == (1, 1)


def test_anybody_can_supply_for_anybody(credit: CreditPots) -> None:
    payer, lender = credit.actor("payer"), credit.actor("lender")
    credit.credit.supply(credit.market, USD, 0, lender, b"", sender=payer)
    assert credit.position(lender).supply_shares == USD * SHARES
    assert credit.position(payer).supply_shares == 0


def test_lenders_earn_what_the_reserve_leaves(credit: CreditPots) -> None:
    credit.irm.set_rate(percent(10) // YEAR)
    credit.open_loan("borrower", 10 * ETHER, 5_000 * USD, lent=10_000 * USD)
    wait(YEAR)
    state = credit.accrued()
    interest = state.borrow_assets - 5_000 * USD
    assert interest == pytest.approx(
        5_000 * USD * 0.10517, rel=1e-3
    )  # exp(0.1) - 1, less what three terms miss
    assert state.reserve == interest // 10
    assert state.lent_assets == 10_000 * USD + interest - interest // 10
    given, _ = credit.withdraw("lender", shares=credit.position(credit.actor("lender")).supply_shares // 3)
    assert given == pytest.approx(state.lent_assets / 3, abs=2)


def test_what_is_lent_out_waits_for_its_borrower(credit: CreditPots) -> None:
    """C1"""
    credit.open_loan("borrower", 10 * ETHER, 6_000 * USD, lent=10_000 * USD)
    with boa.reverts("Credit: not enough cash"):
        credit.withdraw("lender", 4_000 * USD + 1)
    credit.withdraw("lender", 4_000 * USD)
    assert credit.state().cash == 0


def test_nobody_withdraws_more_than_is_supplied(credit: CreditPots) -> None:
    credit.supply("lender", 10 * USD)
    credit.supply("rival", 10 * USD)
    with boa.reverts("Credit: more than is supplied"):
        credit.withdraw("lender", 10 * USD + 1)


def test_only_the_lender_and_whom_it_authorises_withdraw(credit: CreditPots) -> None:
    credit.supply("lender", 10 * USD)
    lender, agent = credit.actor("lender"), credit.actor("agent")
    call = (credit.market, USD, 0, lender, agent)
    with boa.reverts("Credit: not authorised"):
        credit.credit.withdraw(*call, sender=agent)
    credit.credit.authorize(agent, True, sender=lender)
    before = credit.loan.balanceOf(agent)
    credit.credit.withdraw(*call, sender=agent)
    assert credit.loan.balanceOf(agent) == before + USD
    credit.credit.authorize(agent, False, sender=lender)
    with boa.reverts("Credit: not authorised"):
        credit.credit.withdraw(*call, sender=agent)


def test_supply_shares_change_hands_without_cash(credit: CreditPots) -> None:
    credit.open_loan("borrower", 10 * ETHER, 10_000 * USD, lent=10_000 * USD)
    lender, heir = credit.actor("lender"), credit.actor("heir")
    shares = credit.position(lender).supply_shares
    credit.credit.transfer_supply(credit.id, shares // 4, lender, heir, sender=lender)
    assert credit.position(heir).supply_shares == shares // 4
    assert credit.position(lender).supply_shares == shares - shares // 4
    credit.credit.transfer_supply(credit.id, 5, lender, lender, sender=lender)
    assert credit.position(lender).supply_shares == shares - shares // 4
    with boa.reverts("Credit: more than is supplied"):
        credit.credit.transfer_supply(credit.id, shares, lender, heir, sender=lender)
    with boa.reverts("Credit: nothing to transfer"):
        credit.credit.transfer_supply(credit.id, 0, lender, heir, sender=lender)
    with boa.reverts("Credit: not authorised"):
        credit.credit.transfer_supply(credit.id, 1, lender, heir, sender=heir)


@pytest.mark.parametrize(
    ("assets", "shares", "reason"),
    [
        (0, 0, "Credit: give either assets or shares"),
        (1, 1, "Credit: give either assets or shares"),
        (2**120, 0, "Credit: amount too large"),
        (0, 2**256 - 1, "Credit: amount too large"),
    ],
)
@pytest.mark.parametrize("entry", ["supply", "withdraw", "borrow", "repay"])
def test_exactly_one_amount_of_a_size(
    credit: CreditPots, entry: str, assets: int, shares: int, reason: str
) -> None:
    with boa.reverts(reason):
        getattr(credit, entry)("lender", assets, shares)


def test_the_reserve_above_its_target_goes_to_the_fee_recipient(credit: CreditPots) -> None:
    credit.irm.set_rate(percent(100) // YEAR)
    credit.open_loan("borrower", 100 * ETHER, 5_000 * USD, lent=10_000 * USD)
    wait(YEAR)
    state = credit.accrued()
    assert credit.credit.collect(credit.market) == 0  # all that was lent could have been owed
    credit.irm.set_rate(0)
    for _ in range(30):
        wait(86_400)
        state = credit.accrued()
        before = interest.Followed(*credit.credit.followed(credit.id))
        followed = interest.follow(before, state, state.last_update)
        due = interest.collectable(state, credit.params, followed)
        if due > 0:
            break
        assert credit.credit.collect(credit.market) == 0
    assert due > 0
    assert followed.debt > state.borrow_assets
    assert credit.credit.collect(credit.market, sender=credit.actor("keeper")) == due
    assert credit.loan.balanceOf(credit.fee_recipient) == due
    assert credit.state() == replace(
        state, supply_assets=state.supply_assets - due, reserve=state.reserve - due
    )
    assert credit.credit.collect(credit.market) == 0
    credit.repay("borrower", 2_000 * USD)
    credit.withdraw("lender", credit.state().cash)
    wait(86_400)
    assert credit.credit.collect(credit.market) == 0


def test_the_fee_recipient_names_the_next_one(credit: CreditPots) -> None:
    heir = credit.actor("heir")
    with boa.reverts("Credit: only the fee recipient"):
        credit.credit.set_fee_recipient(heir, sender=heir)
    with boa.reverts("Credit: no fee recipient"):
        credit.credit.set_fee_recipient(NOBODY, sender=credit.fee_recipient)
    credit.credit.set_fee_recipient(heir, sender=credit.fee_recipient)
    assert credit.credit.fee_recipient() == heir


def test_a_market_is_what_its_parameters_say(credit: CreditPots) -> None:
    other = credit.create(reserve_factor=0)
    assert tuple(credit.credit.params_of(other.id)) == other.market
    assert other.state() == replace(credit.state(), last_update=other.state().last_update)
    with boa.reverts("Credit: market exists"):
        credit.create(reserve_factor=0)
    with boa.reverts("Credit: no such market"):
        replace(credit, params=replace(credit.params, reserve_factor=1)).supply("lender", USD)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"loan_token": NOBODY}, "Credit: no code at a token"),
        ({"collateral_token": NOBODY}, "Credit: no code at a token"),
        ({"oracle": NOBODY}, "Credit: no code at the oracle"),
        ({"irm": NOBODY}, "Credit: no code at the rate model"),
        ({"max_ltv": 0}, "Credit: max LTV must be above 0, below the LLTV"),
        ({"max_ltv": percent(80)}, "Credit: max LTV must be above 0, below the LLTV"),
        ({"lltv": percent(98.01)}, "Credit: LLTV must be at most 0.98"),
        ({"target_health": percent(100)}, "Credit: target health must be in (1, 2]"),
        ({"target_health": percent(200) + 1}, "Credit: target health must be in (1, 2]"),
        ({"target_health": percent(114)}, "Credit: target health ends in the margin zone"),
        ({"min_debt": 0}, "Credit: min debt must be from 1 to 2**96 - 1"),
        ({"min_debt": 2**96}, "Credit: min debt must be from 1 to 2**96 - 1"),
        ({"reserve_factor": percent(50) + 1}, "Credit: reserve factor above one half"),
    ],
)
def test_a_market_has_bounds(credit: CreditPots, changes: dict[str, Any], reason: str) -> None:
    with boa.reverts(reason):
        credit.create(**changes)
