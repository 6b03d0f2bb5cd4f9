"""Interest, to the unit and over years: it is on what somebody owes, and an emptied market is empty (C10).
The reserve that it feeds, and who collects that."""

from collections.abc import Iterator

import boa
import pytest

from contracts.worlds.credit_books import SCALE, WAD
from contracts.worlds.credit_pots import ETHER, USD, YEAR, CreditPots, deploy_credit, percent
from contracts.worlds.credit_world import BORROWER, FEES, LENDER, LIQUIDATOR, World, lend, owe, refused
from contracts.worlds.pots import deploy, wait
from surge.credit import interest, shares

DAY = 86_400


@pytest.fixture
def world(shared: World) -> World:
    """A lender and a borrower at the max LTV."""
    shared.reset()
    lend(shared)
    owe(shared, 1_000, 1_400)
    return shared


def test_the_rate_model_is_asked_once_at_creation(world: World) -> None:
    """For an empty market and no time, so that what it adapts begins there."""
    saved = world.machine.save()
    params = world.open_market(world.terms[0], *world.tokens)
    model = world.irms.pop()
    del world.params[-1], world.oracles[-1]
    assert model("calls") == 1
    assert [model("asked", number) for number in range(3)] == [0, 0, 0]
    assert world.act(LENDER, "supply", params, 1_000, 0, LENDER, b"")
    world.machine.wait(7)
    world.credit("accrue", tuple(params))
    assert [model("asked", number) for number in range(3)] == [0, 1_000, 7]
    world.machine.restore(saved)


def test_the_smallest_price_is_a_price(world: World) -> None:
    params = world.params[0]
    world.set_price(0, 1)
    above = "Credit: above the max LTV"
    assert refused(world, BORROWER, "borrow", params, params.min_debt, 0, BORROWER, BORROWER) == above
    world.set_price(0, SCALE, cautious=0)
    zero = "Credit: price is zero"
    assert refused(world, BORROWER, "borrow", params, params.min_debt, 0, BORROWER, BORROWER) == zero


def test_the_view_tells_what_accruing_makes(world: World) -> None:
    """To the unit, where a unit of what is owed more or less makes many of interest."""
    params = world.params[0]
    for rate, seconds in ((10, YEAR), (3, YEAR // 3), (10, 2 * YEAR), (7, 12_345_678)):
        world.set_rate(0, rate * WAD // YEAR)
        world.machine.wait(seconds)
        told = world.credit("accrued", tuple(params))
        assert world.act(LENDER, "accrue", params) == ()
        assert told == world.credit("market", params.id)


def test_the_reserve_above_its_target_is_collected(world: World) -> None:
    """To the unit: what is kept is a twentieth of the debt, and what nobody could count stays."""
    params = world.params[0]
    world.set_rate(0, 10 * WAD // YEAR)
    world.machine.wait(YEAR // 2)
    assert world.act(LIQUIDATOR, "collect", params) == (0,)
    before = world.model.books.followed[params.id]
    assert world.act(BORROWER, "repay", params, 0, 2**119, BORROWER, b"")
    assert world.act(LIQUIDATOR, "collect", params) == (0,), "what is repaid in this block frees nothing"
    assert world.credit("followed", params.id) == before
    followed = world.model.books.followed[params.id][0]
    assert followed == world.model.books.markets[params.id].supply_assets
    world.set_rate(0, 0)
    answer = None
    for _ in range(300):  # a thirtieth of the way a day
        world.machine.wait(30 * 86_400)
        answer = world.act(LIQUIDATOR, "collect", params)
        assert answer
        if answer[0]:
            break
    assert answer
    assert answer[0] > 0
    market = world.model.books.markets[params.id]
    assert market.reserve == world.model.books.followed[params.id][0] // 20
    assert market.borrow_assets // 20 < market.reserve
    world.set_rate(0, 10 * WAD // YEAR)
    assert world.tokens[0]("balanceOf", FEES) == answer[0]
    world.machine.wait(60)
    world.set_price(0, 10**9 * SCALE)
    cash = market.supply_assets - market.borrow_assets
    assert world.act(BORROWER, "borrow", params, cash, 0, BORROWER, BORROWER)
    world.machine.wait(YEAR // 2)
    assert world.act(LIQUIDATOR, "collect", params) == (0,), "there is no cash"
    world.set_rate(0, 0)
    assert world.act(LENDER, "supply", params, 1_000, 0, LENDER, b"")
    world.machine.wait(86_400)
    assert world.act(LIQUIDATOR, "collect", params) == (1_000,), "as far as it goes"
    market = world.model.accrued(params)
    due = market.reserve - world.model.followed(params, market) // 20
    assert world.act(LENDER, "supply", params, 2 * due, 0, LENDER, b"")
    world.machine.wait(1)
    answer = world.act(LIQUIDATOR, "collect", params)
    assert answer
    assert due <= answer[0] < 2 * due


@pytest.mark.parametrize("seconds", [1, 86_399, 86_400, 86_401, 40 * 86_400])
def test_the_followed_debt_falls_by_a_day_at_most(world: World, seconds: int) -> None:
    params = world.params[0]
    saved, books = world.machine.save(), world.model.books.clone()
    world.machine.wait(1)
    assert world.act(LIQUIDATOR, "collect", params) == (0,)
    before = world.credit("followed", params.id)[0]
    world.machine.wait(seconds)
    assert world.act(LIQUIDATOR, "collect", params)
    assert world.credit("followed", params.id) == world.model.books.followed[params.id]
    gap = before - world.model.books.markets[params.id].borrow_assets
    fallen = before - world.credit("followed", params.id)[0]
    assert fallen == gap * min(seconds, 86_400) // (30 * 86_400)
    world.machine.restore(saved)
    world.model.books = books


def test_what_is_collected_is_counted_in_units(world: World) -> None:
    params = world.params[1]
    assert params.unit > 1
    assert world.act(LENDER, "supply", params, 10**12, 0, LENDER, b"")
    assert world.act(BORROWER, "add_collateral", params, 10**12, BORROWER, b"") == ()
    assert world.act(BORROWER, "borrow", params, 3 * 10**11, 0, BORROWER, BORROWER)
    world.set_rate(1, WAD // YEAR)
    world.machine.wait(YEAR)
    answer = world.act(LIQUIDATOR, "collect", params)
    assert answer
    assert answer[0] > 0
    market = world.model.books.markets[params.id]
    kept = (market.supply_assets + answer[0]) // 20
    assert kept <= market.reserve < kept + params.unit
    assert answer[0] % params.unit == 0


# Years


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
