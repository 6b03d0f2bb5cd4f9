"""Typed views: what a person is told of a market and a position."""

from dataclasses import replace

from small_credit import ETHER, NOW, PARAMS, TARGET, USD, market, position, price
from surge.credit.health import Zone
from surge.credit.market import YEAR
from surge.model.credit import Position
from surge.model.units import WAD


def test_a_thousand_dollars_of_ether_borrow_seven_hundred():
    view = position()
    assert view.collateral_value == 1_000 * USD
    assert view.max_borrow == 700 * USD
    assert (view.debt, view.health, view.ltv, view.liquidation_price, view.distance) == (
        0,
        None,
        0,
        None,
        None,
    )
    assert view.zone is Zone.HEALTHY


def test_a_position_with_debt():
    view = position(debt=700 * USD)
    assert view.debt == 700 * USD
    assert view.health == 800 * WAD // 700
    assert view.ltv == 70 * WAD // 100
    assert view.liquidation_price == price(1_750)
    assert view.distance == WAD // 8
    assert (view.max_borrow, view.max_removable) == (0, 0)
    assert view.zone is Zone.HEALTHY


def test_zones_by_the_price():
    def zone(usd):
        return position(market(borrowed=700 * USD, usd=usd), debt=700 * USD).zone

    assert zone(2_000) is Zone.HEALTHY
    assert zone(1_999.99) is Zone.MARGIN
    assert zone(1_750) is Zone.MARGIN
    assert zone(1_749.99) is Zone.LIQUIDATABLE
    assert zone(None) is None


def test_health_and_distance_agree_with_the_zone():
    for usd, healthy in ((1_750, True), (1_749.99, False)):
        view = position(market(borrowed=700 * USD, usd=usd), debt=700 * USD)
        assert (view.health >= WAD) is healthy
        assert (view.distance >= 0) is healthy


def test_without_a_price_nothing_is_claimed():
    view = position(market(borrowed=700 * USD, usd=None), debt=700 * USD)
    assert (view.health, view.ltv, view.distance, view.collateral_value) == (None, None, None, None)
    assert view.liquidation_price == price(1_750)
    assert (view.max_borrow, view.max_removable) == (0, 0)
    assert position(market(usd=None)).max_removable == ETHER // 2


def test_an_unsafe_price_allows_no_new_debt():
    view = position(market(safe=False))
    assert view.max_borrow == 0
    assert view.max_removable == view.collateral


def test_what_can_be_borrowed_is_bounded_by_cash_and_by_the_minimum():
    assert position(market(supplied=100 * USD)).max_borrow == 100 * USD
    assert position(collateral=ETHER // 200).max_borrow == 0  # 7 USD, and the least debt is 10


def test_utilisation_and_rates():
    view = market(supplied=100_000 * USD, borrowed=90_000 * USD)
    assert view.utilisation == 90 * WAD // 100
    assert view.rate == TARGET  # at the target utilisation
    assert view.borrow_rate == TARGET * YEAR
    assert view.supply_rate == view.borrow_rate * 9 // 10 * 9 // 10
    assert market(borrowed=0).utilisation == 0
    assert market(supplied=0).supply_rate == 0


def test_rates_follow_utilisation():
    low, high = market(borrowed=50_000 * USD), market(borrowed=100_000 * USD)
    assert low.rate < TARGET < high.rate == 4 * TARGET
    fixed = market(borrowed=100_000 * USD, rate_at_target=None)
    assert fixed.rate == TARGET


def test_a_year_later_the_debt_has_grown_and_so_have_the_lenders():
    view = market(borrowed=90_000 * USD, rate_at_target=None)
    later = view.at(NOW + YEAR)
    grown = later.borrowed - view.borrowed
    assert 4 * 900 * USD < grown < 4.1 * 900 * USD  # e^0.04 - 1 of 90,000
    assert later.state.supply_assets - view.state.supply_assets == grown
    assert later.supplied - view.supplied == grown - later.state.reserve
    assert abs(later.state.reserve - grown // 10) <= 2
    assert later.available == view.available


def test_the_reserve_is_not_the_lenders():
    view = market()
    view = view.with_state(replace(view.state, reserve=5 * USD))
    assert view.supplied == view.state.supply_assets - 5 * USD


def test_a_lender_takes_what_is_there():
    lent = replace(position(market(borrowed=99_000 * USD)), position=Position(50_000 * USD * 10**6, 0, 0))
    assert lent.supplied == 50_000 * USD
    assert lent.max_withdraw == 1_000 * USD
    assert not lent.empty
    assert replace(lent, position=Position(0, 0, 0)).empty


def test_names_and_bonus():
    view = market()
    assert view.name == "ETH/TUSD"
    assert view.max_bonus == WAD * WAD // (WAD - 3 * (WAD - PARAMS.lltv) // 10) - WAD
