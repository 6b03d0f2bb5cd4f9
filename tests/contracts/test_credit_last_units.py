"""The smallest positions and the largest: one share of debt, shares dearer than units, the last that fits."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from contracts.credit_books import MAX, SCALE, Params, assets_down, assets_up
from contracts.credit_world import BORROWER, LENDER, LIQUIDATOR, TERMS, Terms, World, refused

YEAR = 365 * 86_400
WAD = 10**18
# One unit is enough debt: the cheapest way to the ends of the fields.
SMALL = Terms(70 * WAD // 100, 80 * WAD // 100, 115 * WAD // 100, 1, 0, 2 * SCALE)


@pytest.fixture(scope="module")
def shared() -> World:
    return World((SMALL, *TERMS[1:]))


@pytest.fixture
def world(shared: World) -> World:
    """Nobody owes yet; there is cash, and collateral of everybody."""
    shared.reset()
    params = shared.params[0]
    assert shared.act(LENDER, "supply", params, 10**12, 0, LENDER, b"")
    for account in (LENDER, BORROWER):
        assert shared.act(account, "add_collateral", params, 10**12, account, b"") == ()
    return shared


@contextmanager
def tried(world: World) -> Iterator[None]:
    """What happens inside is undone."""
    saved, books = world.machine.save(), world.model.books.clone()
    yield
    world.machine.restore(saved)
    world.model.books = books


def owe_shares(world: World, shares: int) -> Params:
    """The borrower owes so many shares, of a million for a unit."""
    params = world.params[0]
    units = -(-shares // 10**6)
    answer = world.act(BORROWER, "borrow", params, units, 0, BORROWER, BORROWER)
    assert answer
    if answer[1] > shares:
        assert world.act(BORROWER, "repay", params, 0, answer[1] - shares, BORROWER, b"")
    assert world.credit("position", params.id, BORROWER)[1] == shares
    return params


def test_one_share_is_a_debt(world: World) -> None:
    """It is repaid, told of and liquidated as any other."""
    params = owe_shares(world, 1)
    with tried(world):
        assert world.act(BORROWER, "repay", params, 0, 1, BORROWER, b"") == (1, 1)
    with tried(world):
        assert world.act(BORROWER, "remove_collateral", params, 10**12, BORROWER, BORROWER) is None
        assert world.act(BORROWER, "remove_collateral", params, 10**12 - 1, BORROWER, BORROWER) == ()
        world.set_price(0, SCALE * 6 // 10)
        assert world.act(LIQUIDATOR, "poke", params, BORROWER) == (2,)
        assert world.act(LIQUIDATOR, "liquidate", params, BORROWER, MAX, 0, b"")
        assert world.credit("position", params.id, BORROWER)[1] == 0
    with tried(world):
        world.set_price(0, SCALE // 10**12)
        assert world.act(LIQUIDATOR, "liquidate", params, BORROWER, MAX, 0, b"")


def test_one_share_is_a_rest(world: World) -> None:
    """Less than the minimum debt of another market, so it can't be left there."""
    params = world.params[1]
    assert world.act(LENDER, "supply", params, 10**12, 0, LENDER, b"")
    assert world.act(BORROWER, "add_collateral", params, 10**12, BORROWER, b"") == ()
    answer = world.act(BORROWER, "borrow", params, 2 * params.min_debt, 0, BORROWER, BORROWER)
    assert answer
    for rest in (1, 2):
        left = refused(world, BORROWER, "repay", params, 0, answer[1] - rest, BORROWER, b"")
        assert left == "Credit: less than the minimum debt"
    assert world.act(BORROWER, "repay", params, 0, answer[1], BORROWER, b"")


def test_a_rest_between_two_units_is_the_greater(world: World) -> None:
    """C3: what rounds up to the minimum debt is the minimum debt."""
    params = world.params[1]
    assert world.act(LENDER, "supply", params, 10**12, 0, LENDER, b"")
    assert world.act(BORROWER, "add_collateral", params, 10**12, BORROWER, b"") == ()
    assert world.act(BORROWER, "borrow", params, 3 * params.min_debt, 0, BORROWER, BORROWER)
    world.set_rate(1, WAD // YEAR // 3)
    world.machine.wait(1_234_567)
    assert world.act(LENDER, "accrue", params) == ()
    market, held = world.model.market(params), world.model.position(params, BORROWER).borrow_shares

    def rests(shares: int) -> tuple[int, int]:
        paid = assets_up(held - shares, market.borrow_assets, market.borrow_shares)
        totals = market.borrow_assets - paid, market.borrow_shares - held + shares
        return assets_down(shares, *totals), assets_up(shares, *totals)

    middle = params.min_debt * held // world.model.debt(market, world.model.position(params, BORROWER))
    between = [s for s in range(middle - 10**7, middle + 10**7, 9_973) if rests(s)[1] == params.min_debt]
    rest = next(shares for shares in between if rests(shares)[0] == params.min_debt - 1)
    below = next(shares for shares in range(rest, 0, -9_973) if rests(shares)[1] < params.min_debt)
    less = refused(world, BORROWER, "repay", params, 0, held - below, BORROWER, b"")
    assert less == "Credit: less than the minimum debt"
    assert world.act(BORROWER, "repay", params, 0, held - rest, BORROWER, b"")


def dear_shares(world: World, shares: int, collateral: int, worth_percent: int) -> Params:
    """A debt of few shares, each worth several units, against collateral worth this much of it."""
    params = owe_shares(world, shares)
    assert world.act(LENDER, "borrow", params, 10**6, 0, LENDER, LENDER)
    most = 10**12 - collateral
    assert world.act(BORROWER, "remove_collateral", params, most, BORROWER, BORROWER) == ()
    world.set_rate(0, MAX)
    for _ in range(3):
        world.machine.wait(YEAR)
        assert world.act(LENDER, "accrue", params) == ()
    owed = world.model.debt(world.model.market(params), world.model.position(params, BORROWER))
    assert owed > 5 * shares
    world.set_price(0, owed * worth_percent * SCALE // 100 // collateral)
    return params


@pytest.mark.parametrize("percent", [110, 115, 120, 124])
def test_a_last_share_that_would_not_raise_health_is_not_left(world: World, percent: int) -> None:
    """C5: not even one share is left at a worse LTV than before."""
    params = dear_shares(world, 2, 10**6, percent)
    why = set()
    for limit in range(1, 40):
        with tried(world):
            if world.act(LIQUIDATOR, "liquidate", params, BORROWER, limit, 0, b"") is None:
                why.add(world.attempt(LIQUIDATOR, "liquidate", params, BORROWER, limit, 0, b"")[1])
            else:
                assert world.credit("position", params.id, BORROWER)[1] in (0, 1, 2)
    assert "Credit: would not raise health" in why


def test_a_unit_for_nothing_leaves_health_as_it_is(world: World) -> None:
    """It buys no share and no collateral: whoever likes may give it (C5)."""
    params = dear_shares(world, 2, 3, 120)
    before = world.credit("position", params.id, BORROWER)
    assert world.act(LIQUIDATOR, "liquidate", params, BORROWER, 1, 0, b"") == (0, 1)
    assert world.credit("position", params.id, BORROWER) == before


def test_the_last_share_of_debt_that_fits(world: World) -> None:
    """Audit 11: loans of shares worth almost two units, repaid by one, multiply the shares up to 116 bits."""
    params = owe_shares(world, 10**6)
    while (shares := world.model.market(params).borrow_shares) < 2**114:
        almost_two = shares + 10**6 - 1
        assert world.act(BORROWER, "borrow", params, 0, almost_two, BORROWER, BORROWER) == (1, almost_two)
        assert world.act(BORROWER, "repay", params, 1, 0, BORROWER, b"")
    rest = 2**116 - 1 - shares
    too_large = "Credit: debt too large"
    assert refused(world, BORROWER, "borrow", params, 0, rest + 1, BORROWER, BORROWER) == too_large
    assert world.act(BORROWER, "borrow", params, 0, rest, BORROWER, BORROWER)
    assert world.credit("market", params.id)[3] == 2**116 - 1
