"""Before → after of each operation; what the contract would refuse is refused with what would work."""

from dataclasses import replace

import pytest

from small_credit import ETH, ETHER, TUSD, USD, market, position
from surge.credit import preview
from surge.credit.health import Zone
from surge.credit.market import PositionView
from surge.model.credit import PRICE_SCALE, Position
from surge.model.errors import BadInput
from surge.model.units import WAD

FALLEN = 1_900


def indebted(usd: float | None = 2_000, debt: int = 700 * USD, safe: bool = True) -> PositionView:
    return position(market(borrowed=debt, usd=usd, safe=safe), debt=debt)


def test_supply_and_withdraw_are_inverse():
    before = position(market(borrowed=50_000 * USD))
    after = preview.supply(before, 1_000 * USD)
    assert after.supplied == 1_000 * USD
    assert after.market.available == before.market.available + 1_000 * USD
    assert after.market.rate < before.market.rate
    back = preview.withdraw(after, after.supplied)
    assert back.supplied == 0
    assert back.market.state.supply_assets == before.market.state.supply_assets


def test_borrowing_moves_health_and_rates():
    after = preview.borrow(position(market(borrowed=60_000 * USD)), 500 * USD)
    assert after.debt == 500 * USD
    assert after.health == 800 * WAD // 500
    assert after.market.available == 39_500 * USD
    assert after.market.rate > market(borrowed=60_000 * USD).rate


def test_the_most_that_can_be_borrowed_can_be_borrowed():
    grown = market(borrowed=60_000 * USD).at(1_700_086_399)  # shares are no round numbers any more
    for collateral in (ETHER // 2, ETHER // 3, 17 * ETHER // 7):
        view = position(grown, collateral=collateral)
        after = preview.borrow(view, view.max_borrow)
        assert after.zone is Zone.HEALTHY
        with pytest.raises(BadInput, match=r"above the max LTV of 70%; the most is"):
            preview.borrow(view, view.max_borrow + 2)


def test_too_much_debt_is_told_the_maximum():
    with pytest.raises(BadInput) as refused:
        preview.borrow(position(), 700 * USD + 1)
    assert "above the max LTV of 70%; the most is 700 TUSD" in str(refused.value)
    with pytest.raises(BadInput, match="the most is 200 TUSD"):
        preview.borrow(position(debt=500 * USD), 300 * USD)


def test_what_is_all_lent_out_asks_for_no_collateral():
    empty = market(supplied=2_000 * USD, borrowed=2_000 * USD)
    with pytest.raises(BadInput, match="has 0 TUSD left; it lends again when somebody supplies or repays"):
        preview.borrow(position(empty), 100 * USD)


def test_no_debt_without_collateral_below_the_minimum_or_beyond_the_cash():
    with pytest.raises(BadInput, match="add collateral first: `surge credit collateral add ETH/TUSD AMOUNT`"):
        preview.borrow(position(collateral=0), 10 * USD)
    with pytest.raises(BadInput, match="collateral add 'ETH/TUSD 90' AMOUNT`"):
        preview.borrow(position(replace(market(), label="ETH/TUSD 90"), collateral=0), 10 * USD)
    with pytest.raises(BadInput, match="borrow at least 10 TUSD"):
        preview.borrow(position(), 10 * USD - 1)
    with pytest.raises(BadInput, match="ETH/TUSD has 100 TUSD left; the most is 100 TUSD"):
        preview.borrow(position(market(supplied=100 * USD)), 101 * USD)


def test_no_new_debt_in_the_margin_zone_and_what_ends_it():
    view = indebted(FALLEN)
    with pytest.raises(BadInput) as refused:
        preview.borrow(view, 10 * USD)
    said = str(refused.value)
    assert "margin zone (70% to 80%)" in said
    with pytest.raises(BadInput, match="margin zone"):
        preview.remove_collateral(view, 1)
    repaid = TUSD.parse(said.partition("repay ")[2].partition(" TUSD")[0])
    added = ETH.parse(said.partition("or add ")[2].partition(" ETH")[0])
    # Typed minutes later, with the interest of then; and hardly more than is needed.
    later = replace(view, market=view.market.at(view.market.now + preview.CURE_SECONDS))
    for amount, step in ((repaid, preview.repay), (added, preview.add_collateral)):
        assert step(later, amount).zone is Zone.HEALTHY
        assert step(view, amount * 999 // 1_000).zone is Zone.MARGIN
        assert len(str(amount).rstrip("0")) <= 5


def test_where_the_rest_would_be_too_little_the_cure_is_to_repay_all():
    view = position(market(borrowed=10 * USD, usd=1_600), ETHER // 120, 10 * USD)
    assert preview.cure(view).startswith("repay all (`max`), or add 0.00")


def test_past_liquidation_it_says_so():
    with pytest.raises(BadInput, match="past the liquidation LTV of 80%"):
        preview.borrow(indebted(1_700), 10 * USD)


@pytest.mark.parametrize("view", [indebted(None), indebted(safe=False)], ids=["no price", "unsafe"])
def test_an_oracle_stops_only_new_risk(view):
    for operation, amount in ((preview.borrow, 10 * USD), (preview.remove_collateral, ETHER // 10)):
        with pytest.raises(BadInput, match="repaying and adding collateral still work"):
            operation(view, amount)
    assert preview.repay(view, 100 * USD).debt == 600 * USD
    assert preview.add_collateral(view, ETHER).collateral == 3 * ETHER // 2
    assert preview.supply(view, USD).supplied == USD


def test_repaying_part_all_and_too_much():
    view = indebted()
    assert preview.repay(view, 300 * USD).debt == 400 * USD
    done = preview.repay(view, view.debt)
    assert (done.debt, done.position.borrow_shares) == (0, 0)
    assert done.max_removable == ETHER // 2
    with pytest.raises(BadInput, match="more than the debt of 700 TUSD"):
        preview.repay(view, 700 * USD + 1)
    with pytest.raises(BadInput, match="repay all with `max`, or 690 TUSD at the most"):
        preview.repay(view, 695 * USD)
    with pytest.raises(BadInput, match="no debt to repay"):
        preview.repay(position(), USD)


def test_all_of_a_debt_with_interest_can_be_repaid():
    view = replace(indebted(), market=indebted().market.at(1_700_086_399))
    assert view.debt > 700 * USD
    done = preview.repay(view, view.debt)
    assert done.debt == 0
    assert done.market.state.borrow_assets >= 0


def test_collateral_comes_out_as_far_as_the_max_ltv():
    view = indebted(debt=350 * USD)
    assert preview.remove_collateral(view, view.max_removable).zone is Zone.HEALTHY
    with pytest.raises(BadInput, match=r"above the max LTV of 70%; the most is 0\.25 ETH"):
        preview.remove_collateral(view, view.max_removable + 10**10)
    with pytest.raises(BadInput, match=r"the position in ETH/TUSD has 0\.5 ETH"):
        preview.remove_collateral(position(), ETHER)
    assert preview.remove_collateral(position(market(usd=None)), ETHER // 2).empty
    with pytest.raises(BadInput, match="no collateral in ETH/TUSD"):
        preview.remove_collateral(position(collateral=0), 1)


def test_a_lender_is_told_what_is_there():
    lender = replace(position(market(borrowed=99_000 * USD)), position=Position(50_000 * USD * 10**6, 0, 0))
    with pytest.raises(BadInput, match="lent out; withdraw 1000 TUSD or less now"):
        preview.withdraw(lender, 2_000 * USD)
    with pytest.raises(BadInput, match="nothing is supplied to ETH/TUSD"):
        preview.withdraw(position(), USD)
    with pytest.raises(BadInput, match="50000 TUSD are supplied"):
        preview.withdraw(lender, 50_001 * USD)
    assert preview.withdraw(lender, 1_000 * USD).market.available == 0


@pytest.mark.parametrize(
    "operation",
    [
        preview.supply,
        preview.withdraw,
        preview.borrow,
        preview.repay,
        preview.add_collateral,
        preview.remove_collateral,
    ],
)
@pytest.mark.parametrize("amount", [0, -1])
def test_nothing_and_less_change_nothing(operation, amount):
    with pytest.raises(BadInput, match="changes nothing"):
        operation(indebted(), amount)


def test_a_partial_liquidation_ends_at_the_target_health():
    view = indebted(1_700)
    after, done = preview.liquidation_of(view, 10**30)
    assert after == preview.liquidate(view, 10**30)
    assert 0 < done.repaid < 700 * USD
    assert after.debt == 700 * USD - done.repaid
    assert after.zone is Zone.HEALTHY
    assert abs(115 * WAD // 100 - after.health) < WAD // 10**6
    seized = done.seized * 1_700 * USD // ETHER
    assert done.repaid < seized < done.repaid * 1_064 // 1_000


def test_a_smaller_liquidation_does_what_it_is_given():
    after, done = preview.liquidation_of(indebted(1_700), 50 * USD)
    assert (done.repaid, after.debt) == (50 * USD, 650 * USD)


def test_past_saving_the_lenders_share_the_rest_after_the_reserve():
    view = indebted(1_300)
    view = replace(view, market=view.market.with_state(replace(view.market.state, reserve=10 * USD)))
    after, done = preview.liquidation_of(view, 10**30)
    assert after.empty
    assert done.bad_debt == 700 * USD - done.repaid > 80 * USD
    assert after.market.state.reserve == 0
    assert view.market.supplied - after.market.supplied == done.bad_debt - 10 * USD
    with pytest.raises(BadInput, match="below the minimum of 10 TUSD; repay"):
        preview.liquidate(view, done.repaid - 1)


def test_past_saving_a_part_bears_its_own_part_of_the_loss():
    view = indebted(1_300)
    _, whole = preview.liquidation_of(view, 10**30)
    after, part = preview.liquidation_of(view, whole.repaid // 4)
    assert part.repaid == whole.repaid // 4
    assert 0 <= 4 * part.bad_debt - whole.bad_debt <= 8
    assert 0 <= whole.seized - 4 * part.seized <= whole.seized // 10**6
    assert after.ltv is not None
    assert view.ltv is not None
    assert abs(view.ltv - after.ltv) <= view.ltv // 10**8
    assert view.market.supplied - after.market.supplied == part.bad_debt


def test_what_is_lent_by_a_lower_price_says_so():
    plain = indebted(2_800)
    view = replace(plain, market=replace(plain.market, borrow_price=2_200 * USD * PRICE_SCALE // ETHER))
    assert view.max_borrow == 70 * USD
    assert plain.max_borrow > 200 * USD
    with pytest.raises(BadInput, match="at the cautious price that is lent by, above the max LTV of 70%"):
        preview.borrow(view, 71 * USD)
    with pytest.raises(BadInput, match="at the cautious price"):
        preview.remove_collateral(view, view.max_removable + ETHER // 1_000)
    at_the_limit = preview.remove_collateral(view, view.max_removable)
    assert at_the_limit.within_max_ltv
    assert not preview._collateral(view, view.collateral - view.max_removable - 1).within_max_ltv


def test_debt_on_dust_is_realised_for_a_unit():
    view = position(market(borrowed=50 * USD), collateral=1, debt=50 * USD)
    after, done = preview.liquidation_of(view, 1)
    assert (done.repaid, done.bad_debt) == (1, 50 * USD - 1)
    assert after.empty


def test_what_cannot_be_liquidated_says_why():
    with pytest.raises(BadInput, match=r"its LTV is 73\.69%, and only past 80% it can"):
        preview.liquidate(indebted(FALLEN), USD)
    with pytest.raises(BadInput, match="nothing to liquidate"):
        preview.liquidate(position(), USD)
    with pytest.raises(BadInput, match="needs a price"):
        preview.liquidate(indebted(None), USD)
    small = position(market(borrowed=18 * USD), collateral=11 * ETHER // 1_000, debt=18 * USD)
    with pytest.raises(BadInput, match=r"below the minimum of 10 TUSD; repay 18 TUSD"):
        preview.liquidate(small, 9 * USD)
