"""The smallest positions and the largest: one share of debt, shares dearer than units, the last that fits."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from contracts.worlds.credit_books import MAX, SCALE, Params, assets_down, assets_up
from contracts.worlds.credit_world import BORROWER, LENDER, LIQUIDATOR, TERMS, Terms, World, refused

YEAR = 365 * 86_400
WAD = 10**18
# One unit is enough debt: the cheapest way to the ends of the fields.
SMALL = Terms(70 * WAD // 100, 80 * WAD // 100, 115 * WAD // 100, 1, 0, 2 * SCALE)


@pytest.fixture(scope="module")
def shared() -> World:
    return World((SMALL, TERMS[0], TERMS[1]))


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
    for shares in (1, 2, 2**120 - 1):
        with tried(world):
            assert world.act(BORROWER, "repay", params, 0, shares, BORROWER, b"") == (1, 1)
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


def make_shares_dear(world: World, number: int) -> None:
    """Three years at the highest rate: each share of the debt is worth several units."""
    world.set_rate(number, MAX)
    for _ in range(3):
        world.machine.wait(YEAR)
        assert world.act(LENDER, "accrue", world.params[number]) == ()
    world.set_rate(number, 0)
    market = world.model.market(world.params[number])
    assert market.borrow_assets > 5 * (market.borrow_shares + 10**6)


def debt_of_borrower(world: World, params: Params) -> int:
    return world.model.debt(world.model.market(params), world.model.position(params, BORROWER))


def dear_shares(world: World, shares: int, collateral: int, worth_percent: int) -> Params:
    """A debt of few dear shares against collateral worth this much of it."""
    params = owe_shares(world, shares)
    assert world.act(LENDER, "borrow", params, 10**6, 0, LENDER, LENDER)
    most = 10**12 - collateral
    assert world.act(BORROWER, "remove_collateral", params, most, BORROWER, BORROWER) == ()
    make_shares_dear(world, 0)
    price_at(world, debt_of_borrower(world, params) * worth_percent // 100, collateral)
    return params


def price_at(world: World, worth: int, collateral: int, number: int = 0) -> None:
    """The lowest price at which the collateral is worth that much."""
    world.set_price(number, -(-worth * SCALE // collateral))


def test_new_debt_in_dear_shares_is_looked_at_to_the_unit(world: World) -> None:
    """Borrowed up to the max LTV, and one unit above it."""
    collateral = 10**6
    params = dear_shares(world, 2, collateral, 200)
    for units in (1, 2, 11, 12, 13, 100):
        with tried(world):
            world.set_price(0, 100 * SCALE)
            assert world.act(BORROWER, "borrow", params, units, 0, BORROWER, BORROWER)
            debt = debt_of_borrower(world, params)
        for limit, fits in ((debt - 1, False), (debt, True)):
            with tried(world):
                price_at(world, -(-limit * 10 // 7), collateral)
                answer = world.act(BORROWER, "borrow", params, units, 0, BORROWER, BORROWER)
                assert (answer is not None) == fits


def test_a_rest_of_dear_shares_is_looked_at_to_the_unit(world: World) -> None:
    params = world.params[1]
    assert world.act(LENDER, "supply", params, 10**12, 0, LENDER, b"")
    assert world.act(BORROWER, "add_collateral", params, 10**12, BORROWER, b"") == ()
    answer = world.act(BORROWER, "borrow", params, 2 * params.min_debt, 0, BORROWER, BORROWER)
    assert answer
    make_shares_dear(world, 1)
    market = world.model.market(params)
    least = 1
    while assets_up(least, market.borrow_assets, market.borrow_shares) < params.min_debt:
        least += 1
    less = refused(world, BORROWER, "repay", params, 0, answer[1] - least + 1, BORROWER, b"")
    assert less == "Credit: less than the minimum debt"
    assert world.act(BORROWER, "repay", params, 0, answer[1] - least, BORROWER, b"")


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


@pytest.mark.parametrize(
    ("shares", "collateral"), [(2, 3), (3, 7), (5, 40), (9, 41), (17, 1_000), (50, 60), (50, 10**6)]
)
@pytest.mark.parametrize("percent", [10, 55, 90])
def test_an_insolvent_position_of_dear_shares_in_part(
    world: World, shares: int, collateral: int, percent: int
) -> None:
    """Each limit up to the whole, to the unit: what is seized, what goes off and what is lost."""
    params = dear_shares(world, shares, collateral, percent)
    whole = -(-debt_of_borrower(world, params) * percent // 100)
    done = 0
    for limit in sorted({*range(1, min(whole, 30)), *range(1, whole + 2, max(1, whole // 60))}):
        with tried(world):
            answer = world.act(LIQUIDATOR, "liquidate", params, BORROWER, limit, 0, b"")
            done += bool(answer and world.credit("position", params.id, BORROWER)[1])
    assert done or shares < 5


def test_nobody_pays_a_unit_for_nothing(world: World) -> None:
    """It would buy no share and no collateral."""
    params = dear_shares(world, 2, 3, 120)
    before = world.credit("position", params.id, BORROWER)
    nothing = "Credit: less would be seized than min_seized, or nothing"
    assert refused(world, LIQUIDATOR, "liquidate", params, BORROWER, 1, 0, b"") == nothing
    assert world.credit("position", params.id, BORROWER) == before


def test_less_than_a_dear_share_repays_nothing(world: World) -> None:
    params = dear_shares(world, 2, 10**6, 200)
    market = world.model.market(params)
    one = assets_up(1, market.borrow_assets, market.borrow_shares)
    less = refused(world, BORROWER, "repay", params, one - 1, 0, BORROWER, b"")
    assert less == "Credit: amount too small"
    assert world.act(BORROWER, "repay", params, one, 0, BORROWER, b"") == (one, 1)


def test_nothing_is_asked_of_a_token_for_nothing(world: World) -> None:
    """Some tokens refuse to move nothing."""
    params = owe_shares(world, 10**9)
    most = 10**12 - 1_000
    assert world.act(BORROWER, "remove_collateral", params, most, BORROWER, BORROWER) == ()
    world.set_price(0, 12 * SCALE // 10)
    world.machine.wait(1)
    for token in (0, 1):
        with tried(world), world.refusals(token):
            assert world.act(LIQUIDATOR, "collect", params) == (0,)
            assert world.act(LIQUIDATOR, "liquidate", params, BORROWER, 0, 1, b"") is None
            assert world.act(LIQUIDATOR, "liquidate", params, BORROWER, MAX, 0, b"") is None


@pytest.mark.parametrize("shares", [20, 30, 40])
def test_a_limit_of_few_dear_shares(world: World, shares: int) -> None:
    params = dear_shares(world, 100, 10**6, 121)
    market = world.model.market(params)
    worth = assets_down(shares, market.borrow_assets, market.borrow_shares)
    answer = world.act(LIQUIDATOR, "liquidate", params, BORROWER, 0, shares, b"")
    assert answer
    assert answer[1] == worth


def insolvent(world: World, debt: int, collateral: int, price: int) -> Params:
    """A debt made while the collateral was dear."""
    params = world.params[0]
    world.set_price(0, 100 * SCALE)
    assert world.act(BORROWER, "borrow", params, debt, 0, BORROWER, BORROWER)
    most = 10**12 - collateral
    assert world.act(BORROWER, "remove_collateral", params, most, BORROWER, BORROWER) == ()
    world.set_price(0, price)
    return params


def test_the_worth_of_the_last_collateral_rounds_up_for_who_seizes_it(world: World) -> None:
    """Worth a hair more than two units: three, before the bonus."""
    params = insolvent(world, 40, 3, (2 * SCALE + 1) // 3)
    assert world.act(LIQUIDATOR, "liquidate", params, BORROWER, MAX, 0, b"") == (3, 3)


def test_what_an_insolvent_position_pays_rounds_up(world: World) -> None:
    """By a hair more than a whole number of units, at the cap of the bonus."""
    factor = 10**36 // (94 * 10**16)
    worth = pow(WAD, -1, factor)
    assert worth * WAD % factor == 1
    params = world.params[0]
    for name, amount in (("supply", (10 * worth, 0)), ("add_collateral", (2 * worth,))):
        account = LENDER if name == "supply" else BORROWER
        assert world.act(account, name, params, *amount, account, b"") is not None
    assert world.act(BORROWER, "remove_collateral", params, 10**12, BORROWER, BORROWER) == ()
    assert world.act(BORROWER, "borrow", params, worth, 0, BORROWER, BORROWER)
    world.set_price(0, SCALE // 2)
    answer = world.act(LIQUIDATOR, "liquidate", params, BORROWER, MAX, 0, b"")
    assert answer == (2 * worth, worth * WAD // factor + 1)


def test_a_bad_debt_of_one_unit_is_told(world: World) -> None:
    factor, debt, collateral = 10**36 // (94 * 10**16), 10**6, 10**6
    params = insolvent(world, debt, collateral, (debt - 1) * factor // WAD * SCALE // collateral)
    assert world.act(LIQUIDATOR, "liquidate", params, BORROWER, MAX, 0, b"") == (collateral, debt - 1)
    assert [members[2] for name, members in world.model.events if name == "BadDebt"] == [1]


def test_where_no_part_lowers_health_a_part_may_still_go(world: World) -> None:
    """C5: at an LTV of exactly 1 / (1 + bonus)."""
    params = world.params[2]
    assert (params.lltv, params.min_debt) == (90 * WAD // 100, 10**9)
    factor = WAD * WAD // (WAD - 3 * WAD // 100)
    debt = WAD
    assert world.act(LENDER, "supply", params, 2 * debt, 0, LENDER, b"")
    assert world.act(BORROWER, "add_collateral", params, 10 * factor, BORROWER, b"") == ()
    world.set_price(2, SCALE)
    assert world.act(BORROWER, "borrow", params, debt, 0, BORROWER, BORROWER)
    world.set_price(2, SCALE // 10)
    assert debt * factor == factor * WAD
    assert world.act(LIQUIDATOR, "liquidate", params, BORROWER, debt // 2, 0, b"")


@pytest.mark.parametrize("over", [-1, 0, 1, 2])
def test_the_reserve_bears_in_whole_units(world: World, over: int) -> None:
    """A loss of some units of the reserve, and a little more or less."""
    params = world.params[2]
    assert params.unit == 59
    assert world.act(LENDER, "supply", params, 10**13, 0, LENDER, b"")
    for account in (LENDER, BORROWER):
        assert world.act(account, "add_collateral", params, 10**12, account, b"") == ()
        debt = 10**11 if account == LENDER else params.min_debt
        assert world.act(account, "borrow", params, debt, 0, account, account)
    world.set_rate(2, WAD // YEAR // 10)
    world.machine.wait(YEAR)
    assert world.act(LENDER, "accrue", params) == ()
    reserve = world.model.market(params).reserve
    most = 10**12 - 10**9
    assert world.act(BORROWER, "remove_collateral", params, most, BORROWER, BORROWER) is None
    debt, collateral = debt_of_borrower(world, params), 10**12
    factor = WAD * WAD // (WAD - 3 * WAD // 100)
    loss = 7 * params.unit + over
    price_at(world, (debt - loss) * factor // WAD, collateral, 2)
    assert world.act(LIQUIDATOR, "liquidate", params, BORROWER, MAX, 0, b"") == (collateral, debt - loss)
    assert world.model.market(params).reserve == reserve - (7 + (over > 0)) * params.unit > 0


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
