"""Liquidations where a unit decides; the model says what must happen, to the unit."""

import pytest

from contracts.worlds.credit_books import MAX, SCALE, WAD, Params, assets_down, terms
from contracts.worlds.credit_world import BORROWER, LENDER, LIQUIDATOR, World

YEAR = 365 * 86_400
UNIT = 1_000


def under_water(world: World, number: int, debt: int, worth_percent: int) -> Params:
    """A debt with some interest, for a while, against collateral worth this much of it."""
    params = world.params[number]
    collateral = 10 * debt
    world.set_price(number, SCALE)
    assert world.act(LENDER, "supply", params, 100 * debt, 0, LENDER, b"")
    assert world.act(BORROWER, "add_collateral", params, collateral, BORROWER, b"") == ()
    assert world.act(BORROWER, "borrow", params, debt, 0, BORROWER, BORROWER)
    world.set_rate(number, WAD // YEAR // 3)
    world.machine.wait(98_765)
    assert world.act(LENDER, "accrue", params) == ()
    owed = world.model.debt(world.model.market(params), world.model.position(params, BORROWER))
    world.set_price(number, owed * worth_percent * SCALE // 100 // collateral)
    return params


@pytest.mark.parametrize("limit", range(1, 9))
def test_the_smallest_parts(world: World, limit: int) -> None:
    """A part whose shares round to less than it seizes for would lower health: it is refused."""
    params = under_water(world, 0, 7 * UNIT, 120)
    world.act(LIQUIDATOR, "liquidate", params, BORROWER, limit, 0, b"")
    world.act(LIQUIDATOR, "liquidate", params, BORROWER, limit * 977, 0, b"")
    world.check_alike()


def test_a_part_that_does_not_raise_health_is_refused(world: World) -> None:
    """Where interest has made a share of the debt dear, few units buy less of it than they seize for (C2)."""
    params = world.params[0]
    collateral = 10**12
    assert world.act(LENDER, "supply", params, 10**9, 0, LENDER, b"")
    assert world.act(BORROWER, "add_collateral", params, collateral, BORROWER, b"") == ()
    assert world.act(BORROWER, "borrow", params, 2_345, 0, BORROWER, BORROWER)
    assert world.act(LENDER, "add_collateral", params, collateral, LENDER, b"") == ()
    assert world.act(LENDER, "borrow", params, 1_234, 0, LENDER, LENDER)
    world.set_rate(0, MAX)
    for _ in range(3):
        world.machine.wait(YEAR)
        assert world.act(LENDER, "accrue", params) == ()
    owed = world.model.debt(world.model.market(params), world.model.position(params, BORROWER))
    world.set_price(0, owed * 110 * SCALE // 100 // collateral)
    seen = set()
    for limit in range(1, 40):
        saved, books = world.machine.save(), world.model.books.clone()
        if world.act(LIQUIDATOR, "liquidate", params, BORROWER, limit, 0, b"") is None:
            seen.add(world.attempt(LIQUIDATOR, "liquidate", params, BORROWER, limit, 0, b"")[1])
        world.machine.restore(saved)
        world.model.books = books
    assert seen == {"Credit: would not raise health"}


@pytest.mark.parametrize("tenths", range(1, 10))
def test_a_limit_in_shares_is_what_they_are_worth(world: World, tenths: int) -> None:
    params = under_water(world, 0, 70 * UNIT, 119)
    market, position = world.model.market(params), world.model.position(params, BORROWER)
    for shares in range(position.borrow_shares * tenths // 200, position.borrow_shares // 3, 10**9 + 7):
        worth = assets_down(shares, market.borrow_assets, market.borrow_shares)
        answer = world.act(LIQUIDATOR, "liquidate", params, BORROWER, 0, shares, b"")
        assert answer
        assert answer[1] == worth
        break


def test_all_shares_are_the_whole_debt(world: World) -> None:
    """And one share less is not."""
    for less, whole in ((0, True), (1, False)):
        world.reset()
        params = under_water(world, 0, 12 * UNIT // 10, 119)
        market, position = world.model.market(params), world.model.position(params, BORROWER)
        debt = world.model.debt(market, position)
        answer = world.act(LIQUIDATOR, "liquidate", params, BORROWER, 0, position.borrow_shares - less, b"")
        if whole:
            assert answer
            assert answer[1] == debt
            assert world.credit("position", params.id, BORROWER)[1] == 0
        else:
            assert answer is None


@pytest.mark.parametrize("number", [0, 1])
def test_a_small_debt_goes_as_a_whole(world: World, number: int) -> None:
    """All its shares, though the assets that they round up to would buy more of them."""
    params = under_water(world, number, world.params[number].min_debt * 11 // 10, 108 + 11 * (1 - number))
    assert world.act(LIQUIDATOR, "liquidate", params, BORROWER, MAX, 0, b"")
    assert world.credit("position", params.id, BORROWER)[1] == 0


@pytest.mark.parametrize("worth", [23 * 10**15, 23 * 10**15 + 1, 23 * 10**15 - 1])
def test_what_an_insolvent_position_pays(world: World, worth: int) -> None:
    """The worth over 1.15, up: exactly a whole number at the first."""
    params = world.params[2]
    collateral = 10**19
    world.set_price(2, SCALE)
    assert world.act(LENDER, "supply", params, 10**19, 0, LENDER, b"")
    assert world.act(BORROWER, "add_collateral", params, collateral, BORROWER, b"") == ()
    assert world.act(BORROWER, "borrow", params, 10**18, 0, BORROWER, BORROWER)
    world.set_price(2, worth * SCALE // collateral)
    answer = world.act(LIQUIDATOR, "liquidate", params, BORROWER, MAX, 0, b"")
    assert answer == (collateral, -(-worth * 20 // 23))


def test_a_limit_of_just_what_an_insolvent_position_pays(world: World) -> None:
    params = under_water(world, 0, 70 * UNIT, 60)
    saved, books = world.machine.save(), world.model.books.clone()
    answer = world.act(LIQUIDATOR, "liquidate", params, BORROWER, MAX, 0, b"")
    assert answer
    world.machine.restore(saved)
    world.model.books = books
    assert world.act(LIQUIDATOR, "liquidate", params, BORROWER, answer[1] - 1, 0, b"") is None
    assert world.act(LIQUIDATOR, "liquidate", params, BORROWER, answer[1], 0, b"") == answer


@pytest.mark.parametrize("percent", [124, 121, 118, 115, 112, 109, 107, 106, 105, 104, 100, 50])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_each_depth(world: World, number: int, percent: int) -> None:
    """From just past the LLTV to below the debt, with and without a limit."""
    params = under_water(world, number, 40 * world.params[number].min_debt, percent)
    unit = params.min_debt
    for limit in (unit // 3, unit, 5 * unit + 1, MAX):
        world.act(LIQUIDATOR, "liquidate", params, BORROWER, limit, 0, b"")
    world.check_alike()


def test_a_part_that_leaves_the_minimum_debt_is_no_whole(world: World) -> None:
    """Where the target leaves exactly the minimum, that is all that may be repaid."""
    world.reset()
    params, collateral = world.params[0], 10**6
    debt, price = next(
        (debt, price)
        for debt in range(17 * UNIT // 10, 22 * UNIT // 10)
        for price in range(debt * 5 // 4 - 1, debt * 5 // 4 - 30, -1)
        if terms(params, collateral, price * SCALE // collateral, debt).repaid == debt - UNIT
    )
    assert world.act(LENDER, "supply", params, 10**9, 0, LENDER, b"")
    assert world.act(BORROWER, "add_collateral", params, collateral, BORROWER, b"") == ()
    assert world.act(BORROWER, "borrow", params, debt, 0, BORROWER, BORROWER)
    world.set_price(0, price * SCALE // collateral)
    answer = world.act(LIQUIDATOR, "liquidate", params, BORROWER, MAX, 0, b"")
    assert answer
    assert answer[1] == debt - UNIT
    assert (
        world.model.debt(world.model.books.markets[params.id], world.model.position(params, BORROWER)) == UNIT
    )
