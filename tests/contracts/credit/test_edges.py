"""What Credit refuses, with its reason: at the last number that is accepted and the first that isn't."""

from typing import Any

import pytest

from contracts.worlds.bare_evm import (
    Reverted,
    machine,
    shipped,
)
from contracts.worlds.credit_books import (
    MAX,
    SCALE,
    WAD,
    ZERO,
    assets_down,
)
from contracts.worlds.credit_world import (
    BORROWER,
    DELEGATE,
    FEES,
    LENDER,
    LIQUIDATOR,
    World,
    calls,
    lend,
    owe,
    refused,
)

YEAR = 365 * 86_400
UNIT = 1_000
WIDEST = 2**120 - 1


@pytest.fixture
def world(shared: World) -> World:
    """A lender and a borrower at the max LTV; a delegate whom nobody has authorised."""
    shared.reset()
    lend(shared)
    owe(shared, 1_000, 1_400)
    return shared


def test_no_such_market(world: World) -> None:
    params = world.params[0]._replace(min_debt=7)
    unknown = calls(params, LENDER, LENDER)
    for name, arguments in unknown.items():
        if name not in ("transfer_supply", "remove_collateral"):
            assert world.attempt(LENDER, name, *arguments) == (None, "Credit: no such market")
    assert (
        world.attempt(LENDER, "transfer_supply", *unknown["transfer_supply"])[1]
        == "Credit: more than is supplied"
    )
    removed = world.attempt(LENDER, "remove_collateral", *unknown["remove_collateral"])
    assert removed[1] == "Credit: more than the collateral"
    with pytest.raises(Reverted, match="Credit: no such market"):
        world.credit("accrued", tuple(params))


@pytest.mark.parametrize(
    "name", ["supply", "withdraw", "borrow", "add_collateral", "remove_collateral", "transfer_supply"]
)
def test_nobody_receives_nothing(world: World, name: str) -> None:
    arguments = calls(world.params[0], LENDER, ZERO)[name]
    assert refused(world, LENDER, name, *arguments) == "Credit: no receiver"


@pytest.mark.parametrize("name", ["withdraw", "borrow", "remove_collateral", "transfer_supply"])
def test_only_those_authorised_act_for_an_account(world: World, name: str) -> None:
    account = LENDER if name in ("withdraw", "transfer_supply") else BORROWER
    world.set_price(0, 3 * SCALE)
    arguments = calls(world.params[0], account, DELEGATE)[name]
    assert refused(world, DELEGATE, name, *arguments) == "Credit: not authorised"
    # Whom the account has authorised, not who has authorised the account.
    assert world.act(DELEGATE, "authorize", account, True) == ()
    assert refused(world, DELEGATE, name, *arguments) == "Credit: not authorised"
    assert world.act(account, "authorize", DELEGATE, True) == ()
    assert world.act(DELEGATE, name, *arguments) is not None
    assert world.act(account, "authorize", DELEGATE, False) == ()
    assert refused(world, DELEGATE, name, *arguments) == "Credit: not authorised"


@pytest.mark.parametrize("name", ["supply", "withdraw", "borrow", "repay"])
def test_either_assets_or_shares(world: World, name: str) -> None:
    params, _assets, _shares, *rest = calls(world.params[0], BORROWER, BORROWER)[name]
    for pair in ((0, 0), (1, 1)):
        assert refused(world, BORROWER, name, params, *pair, *rest) == "Credit: give either assets or shares"
    for pair in ((WIDEST + 1, 0), (0, WIDEST + 1), (MAX, 0)):
        assert refused(world, BORROWER, name, params, *pair, *rest) == "Credit: amount too large"
    for pair in ((WIDEST, 0), (0, WIDEST)):
        assert world.attempt(BORROWER, name, params, *pair, *rest)[1] != "Credit: amount too large"


def test_nothing_moves_nothing(world: World) -> None:
    params, token = world.params[0], world.tokens[0].address
    cheater = world.cheater.address
    either = "Credit: give either assets or shares"
    assert refused(world, LENDER, "liquidate", params, BORROWER, 0, 0, b"") == either
    assert refused(world, LENDER, "liquidate", params, BORROWER, 1, 1, b"") == either
    assert refused(world, LENDER, "add_collateral", params, 0, LENDER, b"") == "Credit: no collateral given"
    empty_handed = refused(world, LENDER, "remove_collateral", params, 0, LENDER, LENDER)
    assert empty_handed == "Credit: no collateral asked for"
    nothing = refused(world, LENDER, "transfer_supply", params, 0, LENDER, BORROWER)
    assert nothing == "Credit: nothing to transfer"
    assert refused(world, cheater, "flash_loan", token, 0, b"") == "Credit: nothing to lend"
    assert refused(world, LENDER, "flashLoan", cheater, token, 0, b"") == "Credit: can't lend that amount"


def test_no_more_than_there_is(world: World) -> None:
    params = world.params[0]
    shares, _, _ = world.credit("position", params.id, LENDER)
    _, owed, collateral = world.credit("position", params.id, BORROWER)
    more = refused(world, LENDER, "withdraw", params, 0, shares + 1, LENDER, LENDER)
    assert more == refused(world, LENDER, "transfer_supply", params, shares + 1, LENDER, BORROWER)
    assert more == "Credit: more than is supplied"
    assert refused(world, LENDER, "withdraw", params, 0, shares, LENDER, LENDER) == "Credit: not enough cash"
    over = refused(world, BORROWER, "repay", params, 10**6 * UNIT, 0, BORROWER, b"")
    assert over == "Credit: more than the debt"
    assert refused(world, BORROWER, "repay", params, 0, owed, LENDER, b"") == "Credit: no debt"
    above = refused(world, BORROWER, "remove_collateral", params, collateral + 1, BORROWER, BORROWER)
    assert above == "Credit: more than the collateral"
    world.set_price(0, 10**6 * SCALE)
    cash = 10**6 * UNIT - 1_400 * UNIT
    assert (
        refused(world, BORROWER, "borrow", params, cash + 1, 0, BORROWER, BORROWER)
        == "Credit: not enough cash"
    )
    assert world.act(BORROWER, "borrow", params, cash, 0, BORROWER, BORROWER)
    assert refused(world, LENDER, "withdraw", params, 1, 0, LENDER, LENDER) == "Credit: not enough cash"


# Markets


def created(world: World, **changes: Any) -> str:
    """Why not; empty when it can be."""
    saved = world.machine.save()
    reason = world.attempt(LENDER, "create_market", world.params[0]._replace(**changes))[1]
    world.machine.restore(saved)
    return reason


def test_bounds_of_a_market(world: World) -> None:
    order = "Credit: max LTV must be above 0, below the LLTV"
    assert created(world, max_ltv=0) == order
    assert created(world, max_ltv=8 * WAD // 10) == order
    assert created(world, max_ltv=8 * WAD // 10 - 1, min_debt=7) == ""
    assert created(world, max_ltv=1, lltv=2, target_health=2 * WAD) == ""
    near = {"max_ltv": WAD * 97 // 100, "target_health": WAD * 102 // 100}
    assert created(world, lltv=WAD * 98 // 100 + 1, **near) == "Credit: LLTV must be at most 0.98"
    assert created(world, lltv=WAD * 98 // 100, **near) == ""
    health = "Credit: target health must be in (1, 2]"
    assert created(world, target_health=WAD, max_ltv=79 * WAD // 100) == health
    assert created(world, target_health=2 * WAD + 1) == health
    assert created(world, target_health=2 * WAD) == ""
    margin = "Credit: target health ends in the margin zone"
    least = -(-8 * WAD * WAD // 7 // WAD)
    assert created(world, target_health=least - 1) == margin
    assert created(world, target_health=least) == ""
    debt = "Credit: min debt must be from 1 to 2**96 - 1"
    assert created(world, min_debt=0) == created(world, min_debt=2**96) == debt
    assert created(world, min_debt=1) == created(world, min_debt=2**96 - 1) == ""
    assert created(world, reserve_factor=WAD // 2 + 1) == "Credit: reserve factor above one half"
    assert created(world, reserve_factor=WAD // 2) == created(world, reserve_factor=0) == ""
    assert created(world) == "Credit: market exists"


def test_a_market_is_remembered(world: World) -> None:
    params = world.params[0]
    assert world.credit("params_of", params.id) == tuple(
        int(member, 16) if isinstance(member, str) else member for member in params
    )
    assert world.credit("market", bytes(32)) == (0,) * 6


def test_the_fee_recipient_names_its_successor(world: World) -> None:
    assert refused(world, LENDER, "set_fee_recipient", LENDER) == "Credit: only the fee recipient"
    assert refused(world, FEES, "set_fee_recipient", ZERO) == "Credit: no fee recipient"
    assert world.act(FEES, "set_fee_recipient", DELEGATE) == ()
    assert world.credit("fee_recipient") == int(DELEGATE, 16)
    first = shipped("Credit").deploy(world.machine, FEES)
    assert first.events() == [("FeeRecipientNamed", (int(FEES, 16),))]
    with pytest.raises(Reverted):
        shipped("Credit").deploy(machine(), ZERO)


# Fields


def test_supply_ends_where_its_fields_do(world: World) -> None:
    params = world.params[1]
    assert world.act(LENDER, "supply", params, 0, 2**119, LENDER, b"")
    rest = 2**119 - 1
    assert refused(world, LENDER, "supply", params, 0, rest + 1, LENDER, b"") == "Credit: supply too large"
    assert world.act(LENDER, "supply", params, 0, rest, LENDER, b"")
    # The same of assets, where a share has become dear.
    params = world.params[0]
    world.set_price(0, 10**9 * SCALE)
    cash = 10**6 * UNIT - 1_400 * UNIT
    assert world.act(BORROWER, "borrow", params, cash, 0, BORROWER, BORROWER)
    world.set_rate(0, MAX)
    for _ in range(4):
        world.machine.wait(YEAR)
        assert world.act(LENDER, "accrue", params) == ()
    supplied = world.credit("market", params.id)[0]
    for_one = 2**104 - 1 - supplied
    assert refused(world, LENDER, "supply", params, for_one + 1, 0, LENDER, b"") == "Credit: supply too large"
    saved, books = world.machine.save(), world.model.books.clone()
    assert world.act(LENDER, "supply", params, for_one, 0, LENDER, b"")
    assert world.credit("market", params.id)[0] == 2**104 - 1
    world.machine.restore(saved)
    world.model.books = books
    # Interest ends there too, though the debt has room.
    assert world.act(LENDER, "supply", params, for_one - 5, 0, LENDER, b"")
    borrowed = world.credit("market", params.id)[2]
    for _ in range(2):
        world.machine.wait(YEAR)
        assert world.act(LENDER, "accrue", params) == ()
        assert world.credit("market", params.id)[0] == 2**104 - 1
        assert world.credit("market", params.id)[2] == borrowed + 5 < 2**90


def test_debt_ends_where_its_fields_do(world: World) -> None:
    params = world.params[1]
    world.set_price(1, 2**20 * SCALE)
    assert world.act(LENDER, "supply", params, 2**99, 0, LENDER, b"")
    assert world.act(BORROWER, "add_collateral", params, 2**100, BORROWER, b"") == ()
    too_large = "Credit: debt too large"
    most = (2**116 - 1) // 10**6
    assert refused(world, BORROWER, "borrow", params, 2**96, 0, BORROWER, BORROWER) == too_large
    assert refused(world, BORROWER, "borrow", params, 0, 2**116, BORROWER, BORROWER) == too_large
    assert refused(world, BORROWER, "borrow", params, most + 2, 0, BORROWER, BORROWER) == too_large
    saved, books = world.machine.save(), world.model.books.clone()
    assert world.act(BORROWER, "borrow", params, 0, 2**116 - 1, BORROWER, BORROWER) or most >= 2**96
    world.machine.restore(saved)
    world.model.books = books
    # A share of the debt becomes dear, and assets are the limit.
    assert world.act(BORROWER, "borrow", params, 2**90, 0, BORROWER, BORROWER)
    world.set_rate(1, WAD // YEAR)
    world.machine.wait(YEAR)
    assert world.act(LENDER, "accrue", params) == ()
    rest = 2**96 - 1 - world.credit("market", params.id)[2]
    assert refused(world, BORROWER, "borrow", params, rest + 1, 0, BORROWER, BORROWER) == too_large
    assert world.act(BORROWER, "borrow", params, rest, 0, BORROWER, BORROWER)


def test_collateral_ends_where_its_field_does(world: World) -> None:
    params = world.params[0]
    rest = 2**128 - 1 - 1_000 * UNIT
    too_large = "Credit: collateral too large"
    assert refused(world, LENDER, "add_collateral", params, rest + 1, BORROWER, b"") == too_large
    assert refused(world, LENDER, "add_collateral", params, MAX, BORROWER, b"") == too_large
    assert world.act(LENDER, "add_collateral", params, rest, BORROWER, b"") == ()


def test_the_reserve_ends_where_its_field_does(world: World) -> None:
    """2**44 units; what it can't hold is the lenders'."""
    params = world.params[1]
    world.set_price(1, 2**20 * SCALE)
    assert world.act(LENDER, "supply", params, 2**70, 0, LENDER, b"")
    assert world.act(BORROWER, "add_collateral", params, 2**70, BORROWER, b"") == ()
    assert world.act(BORROWER, "borrow", params, 2**69, 0, BORROWER, BORROWER)
    world.set_rate(1, WAD // YEAR)
    world.machine.wait(YEAR)
    assert world.act(LENDER, "accrue", params) == ()
    assert world.credit("market", params.id)[4] == (2**44 - 1) * params.unit


# Thresholds


def test_liquidation_starts_one_unit_past_the_lltv(world: World) -> None:
    params = world.params[0]
    debt, collateral = 1_400 * UNIT, 1_000 * UNIT
    # LLTV 80%: worth 1,750,000.
    world.set_price(0, debt * 10 // 8 * SCALE // collateral)
    assert world.act(LIQUIDATOR, "poke", params, BORROWER) == (1,)
    assert (
        refused(world, LIQUIDATOR, "liquidate", params, BORROWER, MAX, 0, b"") == "Credit: not past the LLTV"
    )
    world.set_price(0, debt * 10 // 8 * SCALE // collateral - SCALE // collateral)
    assert world.act(LIQUIDATOR, "poke", params, BORROWER) == (2,)
    answer = world.act(LIQUIDATOR, "liquidate", params, BORROWER, MAX, 0, b"")
    assert answer
    # No depth, no bonus: and health afterwards is the target's.
    assert answer[0] * 175 <= answer[1] * 100 + 175


def test_who_owes_nothing_is_not_liquidated(world: World) -> None:
    params = world.params[0]
    assert world.act(LIQUIDATOR, "add_collateral", params, UNIT, LIQUIDATOR, b"") == ()
    for account in (LENDER, LIQUIDATOR):
        assert refused(world, LENDER, "liquidate", params, account, MAX, 0, b"") == "Credit: no debt"


@pytest.mark.parametrize("parts", [1, 3, 7])
def test_a_debt_between_two_units_is_the_greater(world: World, parts: int) -> None:
    """C3: at the LTV that the lesser one would still allow, nothing is lent and nothing given back."""
    params = world.params[0]
    world.set_rate(0, WAD // YEAR // parts)
    world.machine.wait(12_345)
    assert world.act(LENDER, "accrue", params) == ()
    market, position = world.model.market(params), world.model.position(params, BORROWER)
    debt = world.model.debt(market, position)
    assert assets_down(position.borrow_shares, market.borrow_assets, market.borrow_shares) == debt - 1
    collateral = 1_000 * UNIT
    # At this price the max LTV allows one unit less than the debt.
    worth = -(-(debt - 1) * 10 // 7)
    price = -(-worth * SCALE // collateral)
    assert collateral * price // SCALE * params.max_ltv // WAD == debt - 1
    world.set_price(0, price)
    above = "Credit: above the max LTV"
    assert world.act(LIQUIDATOR, "poke", params, BORROWER) == (1,)
    assert world.act(BORROWER, "add_collateral", params, 1, BORROWER, b"") == ()
    assert refused(world, BORROWER, "remove_collateral", params, 1, BORROWER, BORROWER) == above
    # The same at the LLTV, and for what remains of a debt.
    worth = -(-(debt - 1) * 10 // 8)
    world.set_price(0, -(-worth * SCALE // (collateral + 1)))
    assert world.act(LIQUIDATOR, "poke", params, BORROWER) == (2,)


def test_the_margin_zone_starts_one_unit_past_the_max_ltv(world: World) -> None:
    params = world.params[0]
    assert world.act(LIQUIDATOR, "poke", params, BORROWER) == (0,)
    world.set_price(0, 2 * SCALE - 1)
    assert world.act(LIQUIDATOR, "poke", params, BORROWER) == (1,)
    assert world.act(LIQUIDATOR, "poke", params, LENDER) == (0,)


def test_the_minimum_debt_itself_is_enough(world: World) -> None:
    params = world.params[0]
    less = "Credit: less than the minimum debt"
    assert world.act(LENDER, "add_collateral", params, 10 * UNIT, LENDER, b"") == ()
    assert refused(world, LENDER, "borrow", params, UNIT - 1, 0, LENDER, LENDER) == less
    assert world.act(LENDER, "borrow", params, UNIT, 0, LENDER, LENDER)
    assert world.act(LENDER, "borrow", params, UNIT, 0, LENDER, LENDER)
    assert refused(world, LENDER, "repay", params, UNIT + 1, 0, LENDER, b"") == less
    assert world.act(LENDER, "repay", params, UNIT, 0, LENDER, b"")
