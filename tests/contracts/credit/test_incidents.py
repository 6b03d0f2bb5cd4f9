"""What went wrong elsewhere, tried here: incidents of lending markets, and the rules that they taught."""

import pytest

from contracts.worlds.credit_books import MAX, SCALE, WAD
from contracts.worlds.credit_world import (
    BORROWER,
    DELEGATE,
    LENDER,
    LIQUIDATOR,
    TERMS,
    World,
    lend,
    owe,
    refused,
)

YEAR = 365 * 86_400
NO_PRICE = "SettableOracle: no price"


# Donations


def test_a_donation_changes_no_price_and_pays_nobody(world: World) -> None:
    """Resupply, Euler: what is sent unasked is no supply, no collateral and no reserve (C1)."""
    lend(world)
    owe(world, 1_000, 1_000)
    params = world.params[0]
    market = world.credit("market", params.id)
    world.donate(0, 10**30)
    world.donate(1, 10**30)
    world.act(LENDER, "accrue", params)
    assert world.credit("market", params.id) == market
    more = market[1] + 1
    assert (
        refused(world, LENDER, "withdraw", params, 0, more, LENDER, LENDER) == "Credit: more than is supplied"
    )
    world.set_price(0, SCALE)
    assert world.act(LIQUIDATOR, "liquidate", params, BORROWER, MAX, 0, b"")
    assert world.credit("maxFlashLoan", world.tokens[0].address) >= 10**30
    world.credit("position", params.id, world.credit.address)


def test_the_first_depositor_gains_nothing_by_inflating_shares(world: World) -> None:
    """One unit supplied, a fortune sent after it, then a victim: its deposit must not round away."""
    params, cheater = world.params[0], world.cheater.address
    assert world.act(cheater, "supply", params, 1, 0, cheater, b"")
    world.donate(0, 10**12)
    assert world.act(LENDER, "supply", params, 10**9, 0, LENDER, b"")
    shares = world.credit("position", params.id, LENDER)[0]
    assert world.act(LENDER, "withdraw", params, 0, shares, LENDER, LENDER) == (10**9, shares)


def test_a_share_price_pushed_up_by_rounding_costs_the_pusher(world: World) -> None:
    """Without a donation: shares bought one at a time, for one unit each. Who pushed has paid: virtual shares
    own what was pushed in (C3)."""
    params, cheater = world.params[0], world.cheater.address
    paid = 0
    for _ in range(50):
        answer = world.act(cheater, "supply", params, 0, 1, cheater, b"")
        assert answer
        paid += answer[0]
    assert world.act(LENDER, "supply", params, 10**9, 0, LENDER, b"")
    shares = world.credit("position", params.id, LENDER)[0]
    assert world.act(LENDER, "withdraw", params, 0, shares - shares % 10**3, LENDER, LENDER)
    held = world.credit("position", params.id, cheater)[0]
    assert paid == 50
    reason = "Credit: amount too small"
    assert refused(world, cheater, "withdraw", params, 0, held, cheater, cheater) == reason


@pytest.mark.parametrize("by_shares", [False, True])
@pytest.mark.parametrize("amount", [1, 3, 7, 1_000, 10**6 + 1])
def test_loops_of_small_calls_earn_nothing(world: World, by_shares: bool, amount: int) -> None:
    """Rounding loops (C3): a price that is no whole number, and in and out, a hundred times."""
    params, cheater = world.params[0], world.cheater.address
    lend(world, amount=777)
    owe(world, 77, 31)
    owe(world, 770, 131, borrower=cheater)
    world.set_rate(0, WAD // YEAR // 3)
    world.machine.wait(12_345_678)
    assert world.act(LENDER, "accrue", params) == ()
    token = world.tokens[0]
    before = token("balanceOf", cheater), world.credit("position", params.id, cheater)
    pair = (0, amount * 10**3) if by_shares else (amount, 0)
    for _ in range(25):
        world.act(cheater, "supply", params, *pair, cheater, b"")
        world.act(cheater, "withdraw", params, *pair, cheater, cheater)
        world.act(cheater, "borrow", params, *pair, cheater, cheater)
        world.act(cheater, "repay", params, *pair, cheater, b"")
    market = world.model.books.markets[params.id]
    shares, debt, _collateral = world.credit("position", params.id, cheater)
    gained = token("balanceOf", cheater) - before[0]
    supplied = (shares - before[1][0]) * (market.lent + 1) / (market.supply_shares + 10**6)
    owed = (debt - before[1][1]) * (market.borrow_assets + 1) / (market.borrow_shares + 10**6)
    assert gained + supplied - owed <= 0


# Prices


def test_a_price_of_zero_stops_what_needs_a_price_and_nothing_else(world: World) -> None:
    """Resupply: at a price of zero nothing is borrowed and nothing seized; C7 for the rest."""
    params = world.params[0]
    lend(world)
    owe(world, 1_000, 500)
    for zero in (lambda: world.set_price(0, 0), lambda: world.silence(0)):
        zero()
        reason = "Credit: price is zero" if world.model.quotes[params.oracle].price == 0 else NO_PRICE
        unit = params.min_debt
        assert refused(world, BORROWER, "borrow", params, unit, 0, BORROWER, BORROWER) == reason
        assert refused(world, BORROWER, "remove_collateral", params, 1, BORROWER, BORROWER) == reason
        assert refused(world, LIQUIDATOR, "liquidate", params, BORROWER, MAX, 0, b"") == reason
        assert refused(world, LIQUIDATOR, "poke", params, BORROWER) == reason
        assert world.act(BORROWER, "repay", params, unit, 0, BORROWER, b"")
        assert world.act(BORROWER, "add_collateral", params, unit, BORROWER, b"") == ()
        assert world.act(LENDER, "withdraw", params, unit, 0, LENDER, LENDER)
        assert world.act(LENDER, "supply", params, unit, 0, LENDER, b"")
        assert world.act(LENDER, "poke", params, LENDER) == (0,)
    assert world.act(LENDER, "add_collateral", params, 5, LENDER, b"") == ()
    assert world.act(LENDER, "remove_collateral", params, 5, LENDER, LENDER) == ()


def test_an_unsafe_price_stops_new_risk_but_no_liquidation(world: World) -> None:
    """October 2025: venues disagree. Nobody borrows or takes collateral then, and liquidation goes on."""
    params = world.params[0]
    lend(world)
    owe(world, 1_000, 1_000)
    world.set_price(0, SCALE * 12 // 10, safe=False)
    unit = params.min_debt
    reason = "Credit: price is unsafe"
    assert refused(world, BORROWER, "borrow", params, unit, 0, BORROWER, BORROWER) == reason
    assert refused(world, BORROWER, "remove_collateral", params, 1, BORROWER, BORROWER) == reason
    assert world.act(LIQUIDATOR, "poke", params, BORROWER) == (2,)
    assert world.act(LIQUIDATOR, "liquidate", params, BORROWER, MAX, 0, b"")


@pytest.mark.parametrize("fall", [500, 300, 100, 1])
def test_the_price_halves_within_a_block(world: World, fall: int) -> None:
    """Past 1 / (1 + bonus) all may be seized at once; the reserve bears the loss first, then all lenders."""
    params, other = world.params[0], DELEGATE
    lend(world)
    lend(world, amount=3 * 10**6, lender=other)
    owe(world, 1_000_000, 1_300_000)
    world.set_rate(0, WAD // YEAR // 10)
    world.machine.wait(YEAR // 4)
    world.set_price(0, 2 * SCALE * fall // 1_000)
    claims = [world.credit("position", params.id, account)[0] for account in (LENDER, other)]
    reserve = world.model.accrued(params).reserve
    assert reserve > 0
    answer = world.act(LIQUIDATOR, "liquidate", params, BORROWER, MAX, 0, b"")
    assert answer
    assert answer[0] == 1_000_000 * params.min_debt
    assert world.model.shared_loss > 0
    market = world.model.books.markets[params.id]
    assert (market.reserve, market.borrow_shares) == (0, 0)
    # Who runs first gets no more a share than who stays.
    out = [
        world.act(account, "withdraw", params, 0, shares, account, account)
        for account, shares in zip((LENDER, other), claims, strict=True)
    ]
    assert out[0]
    assert out[1]
    assert abs(out[0][0] * claims[1] - out[1][0] * claims[0]) <= 2 * max(claims)


def test_the_liquidator_of_the_whole_keeps_the_bonus_and_no_more(world: World) -> None:
    params = world.params[0]
    lend(world)
    owe(world, 1_000, 1_300)
    world.set_price(0, SCALE)
    answer = world.act(LIQUIDATOR, "liquidate", params, BORROWER, MAX, 0, b"")
    assert answer
    seized, repaid = answer
    bonus = WAD * WAD // (WAD - 3 * WAD // 10 * (WAD - params.lltv) // WAD) - WAD
    assert seized == 1_000 * params.min_debt
    assert repaid == -(-seized * WAD // (WAD + bonus))


def test_a_lying_oracle_takes_only_what_was_lent_to_its_own_market(world: World) -> None:
    """A market of the cheater's own, whose oracle says anything: other markets' cash stays where it is."""
    lend(world)
    cheater = world.cheater.address
    params = world.open_market(TERMS[0], *world.tokens)
    try:
        assert world.act(LENDER, "supply", params, 10**6, 0, LENDER, b"")
        assert world.act(cheater, "add_collateral", params, 1, cheater, b"") == ()
        world.set_price(3, MAX)
        assert world.act(cheater, "borrow", params, 10**6 + 1, 0, cheater, cheater) is None
        assert world.act(cheater, "borrow", params, 10**6, 0, cheater, cheater)
        assert world.act(cheater, "borrow", params, 1_000, 0, cheater, cheater) is None
        assert world.tokens[0]("balanceOf", world.credit.address) == 10**6 * world.params[0].min_debt
    finally:
        del world.params[-1], world.oracles[-1], world.irms[-1]


# Liquidation


def test_dust_blocks_no_bad_debt(world: World) -> None:
    """Morpho Blue 542: a unit of collateral left behind, or a unit repaid in front of it, must not keep the
    loss out of the books. The whole goes at once, whoever calls and however little is left (C6)."""
    params = world.params[0]
    lend(world)
    owe(world, 1_000, 1_300)
    world.set_price(0, SCALE // 2)
    # The borrower repays a little just before; the liquidator's limit is still enough.
    assert world.act(BORROWER, "repay", params, 1, 0, BORROWER, b"")
    assert world.act(BORROWER, "add_collateral", params, 1, BORROWER, b"") == ()
    answer = world.act(world.cheater.address, "liquidate", params, BORROWER, 0, MAX, b"")
    assert answer
    assert world.credit("position", params.id, BORROWER) == (0, 0, 0)
    assert world.model.shared_loss > 0


def test_collateral_worth_nothing_is_realised_for_nothing(world: World) -> None:
    params = world.params[0]
    lend(world)
    owe(world, 1_000, 1_300)
    world.set_price(0, 1)
    assert world.act(LIQUIDATOR, "liquidate", params, BORROWER, 1, 0, b"") == (1_000 * params.min_debt, 1)
    assert world.credit("position", params.id, BORROWER) == (0, 0, 0)


def test_no_part_leaves_dust(world: World) -> None:
    """What remains is nothing or the minimum debt; where the target would leave less, the whole may go."""
    params = world.params[1]
    unit = params.min_debt
    lend(world, 1)
    owe(world, 2, 1, 1)
    world.set_price(1, SCALE * 55 // 100)
    reason = "Credit: less than the minimum debt"
    assert refused(world, LIQUIDATOR, "liquidate", params, BORROWER, unit // 2, 0, b"") == reason
    answer = world.act(LIQUIDATOR, "liquidate", params, BORROWER, MAX, 0, b"")
    assert answer
    assert answer[1] == unit
    position = world.credit("position", params.id, BORROWER)
    assert position[:2] == (0, 0)
    assert position[2] > 0


def test_every_entry_point_leaves_its_caller_healthy(world: World) -> None:
    """Euler: a call that gave away collateral without looking at health. Nothing here moves collateral or
    makes debt without that look (C2)."""
    params = world.params[0]
    lend(world)
    owe(world, 1_000, 1_400)
    lend(world, amount=5, lender=BORROWER)
    world.set_price(0, 2 * SCALE - 1)
    above = "Credit: above the max LTV"
    assert refused(world, BORROWER, "remove_collateral", params, 1, BORROWER, BORROWER) == above
    unit = params.min_debt
    assert refused(world, BORROWER, "borrow", params, 1, 0, BORROWER, BORROWER) == above
    # Supply shares are no collateral, so they may go.
    shares = world.credit("position", params.id, BORROWER)[0]
    assert world.act(BORROWER, "transfer_supply", params, shares, BORROWER, LENDER) == ()
    assert world.act(BORROWER, "poke", params, BORROWER) == (1,)
    healthy = refused(world, LIQUIDATOR, "liquidate", params, BORROWER, unit, 0, b"")
    assert healthy == "Credit: not past the LLTV"


# Rates


def test_a_greedy_rate_model_is_capped(world: World) -> None:
    """1,000% a year at most, whatever it says; and at full utilisation nobody's cash is missing (C1)."""
    params = world.params[0]
    lend(world, amount=1_400)
    owe(world, 1_000, 1_400)
    world.set_rate(0, MAX)
    world.machine.wait(3_600)
    assert world.act(LENDER, "accrue", params) == ()
    market = world.model.books.markets[params.id]
    debt = 1_400 * params.min_debt
    assert debt < market.borrow_assets < debt * (8_760 + 11) // 8_760
    world.machine.wait(30 * YEAR)
    assert world.act(LENDER, "accrue", params) == ()
    market = world.model.books.markets[params.id]
    assert market.supply_assets >= market.borrow_assets
    world.machine.wait(40 * YEAR)
    assert world.act(LENDER, "accrue", params) == ()


def test_interest_ends_where_its_field_does(world: World) -> None:
    """Debt of 2**96 - 1 at most: accrual can't overflow, so it can't lock a market."""
    params = world.params[0]
    for _ in range(4):
        assert world.act(LENDER, "supply", params, 2**95, 0, LENDER, b"")
    assert world.act(BORROWER, "add_collateral", params, 2**100, BORROWER, b"") == ()
    assert world.act(BORROWER, "borrow", params, 2**95, 0, BORROWER, BORROWER)
    world.set_rate(0, MAX)
    world.machine.wait(5 * YEAR)
    assert world.act(LENDER, "accrue", params) == ()
    assert world.credit("market", params.id)[2] == 2**96 - 1
    shares = world.credit("position", params.id, BORROWER)[1]
    assert world.act(BORROWER, "repay", params, 0, shares, BORROWER, b"")
