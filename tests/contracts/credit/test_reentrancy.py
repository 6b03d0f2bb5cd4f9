"""From every place where Credit hands over the turn, into every entry point: what happens inside is what
would have happened right after, because the state is complete. In an accrual it is not: nothing may change.

World.act compares each call, its inner call and all that they leave behind with the model."""

from collections.abc import Iterator
from typing import Any

import pytest

from contracts.worlds.bare_evm import words_of
from contracts.worlds.credit_books import MAX, WAD
from contracts.worlds.credit_world import (
    ACCRUAL,
    AFTER,
    BEFORE,
    BORROWER,
    CALLBACK,
    DELEGATE,
    LENDER,
    Inner,
    Terms,
    World,
)

YEAR = 365 * 86_400
OTHER = 2
LOAN, COLLATERAL = 0, 1

# Where the turn is handed over: the outer call, and the place in it.
CALLBACKS = [
    (name, CALLBACK) for name in ("supply", "add_collateral", "repay", "liquidate", "flash_loan", "flashLoan")
]
MOVEMENTS = [
    (name, place[number])
    for number, names in (
        (LOAN, ("supply", "withdraw", "borrow", "repay", "liquidate", "collect", "flash_loan", "flashLoan")),
        (COLLATERAL, ("add_collateral", "remove_collateral", "liquidate")),
    )
    for name in names
    for place in (BEFORE, AFTER)
]
ACCRUING = (
    "supply",
    "withdraw",
    "borrow",
    "repay",
    "remove_collateral",
    "liquidate",
    "poke",
    "collect",
    "accrue",
)
ACCRUALS = [(name, ACCRUAL) for name in ACCRUING]
ENTRY_POINTS = (
    *ACCRUING,
    "add_collateral",
    "flash_loan",
    "flashLoan",
    "transfer_supply",
    "authorize",
    "create_market",
    "set_fee_recipient",
)


@pytest.fixture(scope="module")
def prepared() -> World:
    """The cheater lends and owes; the borrower is past the LLTV; reserves are above their target."""
    world = World()
    cheater = world.cheater.address
    for number, params in enumerate(world.params):
        unit = params.min_debt
        for account in (LENDER, cheater):
            assert world.act(account, "supply", params, 1_000 * unit, 0, account, b"")
        for account, collateral in ((cheater, 10_000 * unit), (BORROWER, 1_000 * unit)):
            assert world.act(account, "add_collateral", params, collateral, account, b"") == ()
            assert world.act(account, "borrow", params, 100 * unit, 0, account, account)
        world.set_rate(number, WAD // YEAR)
    world.machine.wait(4 * YEAR)
    for number, params in enumerate(world.params):
        # What the borrower owes is three quarters of its collateral's worth above the LLTV's part of it.
        assert world.act(LENDER, "accrue", params) == ()
        debt = world.model.debt(world.model.books.markets[params.id], world.model.position(params, BORROWER))
        world.set_price(number, debt * WAD // params.lltv * 9 // 10 * 10**36 // (1_000 * params.min_debt))
        world.set_rate(number, 10 * WAD // YEAR)
    world.machine.wait(60)
    return world


@pytest.fixture
def world(prepared: World) -> Iterator[World]:
    saved, books = prepared.machine.save(), prepared.model.books.clone()
    yield prepared
    prepared.machine.restore(saved)
    prepared.model.books = books


def arguments(world: World, name: str, number: int) -> tuple[Any, ...]:
    """A call by the cheater that goes through in the market of this number."""
    params, cheater = world.params[number], world.cheater.address
    unit = params.min_debt
    calls: dict[str, tuple[Any, ...]] = {
        "supply": (params, 7 * unit, 0, cheater, b""),
        "withdraw": (params, 5 * unit, 0, cheater, cheater),
        "borrow": (params, 3 * unit, 0, cheater, cheater),
        "repay": (params, 2 * unit, 0, cheater, b""),
        "add_collateral": (params, 11 * unit, cheater, b""),
        "remove_collateral": (params, 13 * unit, cheater, cheater),
        "liquidate": (params, BORROWER, MAX, 0, b""),
        "poke": (params, BORROWER),
        "accrue": (params,),
        "collect": (params,),
        "flash_loan": (params.loan_token, 17 * unit, b""),
        "flashLoan": (cheater, params.loan_token, 19 * unit, b""),
        "transfer_supply": (params, 10**6 * unit, cheater, LENDER),
        "authorize": (DELEGATE, True),
        "create_market": (params._replace(min_debt=params.min_debt + 1),),
        "set_fee_recipient": (cheater,),
    }
    return calls[name]


def enter(world: World, outer: str, where: str, inner: str, number: int) -> tuple[int, ...] | None:
    turn = Inner(where, inner, arguments(world, inner, number))
    answer = world.act(world.cheater.address, outer, *arguments(world, outer, 0), inner=turn)
    assert world.inner_answer != "not called"
    return answer


@pytest.mark.parametrize("inner", ENTRY_POINTS)
@pytest.mark.parametrize(("outer", "where"), CALLBACKS + MOVEMENTS, ids=str)
def test_a_call_inside_another_is_a_call_after_it(world: World, outer: str, where: str, inner: str) -> None:
    for number in (0, OTHER):
        saved, books = world.machine.save(), world.model.books.clone()
        assert enter(world, outer, where, inner, number) is not None
        healthy_again = (outer, inner, number) == ("liquidate", "liquidate", 0)
        assert (world.inner_answer is None) == (inner == "set_fee_recipient" or healthy_again)
        world.machine.restore(saved)
        world.model.books = books


@pytest.mark.parametrize("inner", ENTRY_POINTS)
@pytest.mark.parametrize(("outer", "where"), ACCRUALS, ids=str)
def test_a_rate_model_that_changes_its_market_is_refused(
    world: World, outer: str, where: str, inner: str
) -> None:
    """A stale market written back would be supply without cash, borrowed out of other markets' cash (C1)."""
    answer = enter(world, outer, where, inner, 0)
    assert (answer is None) == (inner in ACCRUING)


@pytest.mark.parametrize("inner", ENTRY_POINTS)
@pytest.mark.parametrize("outer", ACCRUING)
def test_a_rate_model_may_use_other_markets(world: World, outer: str, inner: str) -> None:
    assert enter(world, outer, ACCRUAL, inner, OTHER) is not None


@pytest.mark.parametrize(("outer", "where"), CALLBACKS + MOVEMENTS, ids=str)
def test_views_inside_a_call_show_what_it_leaves(world: World, outer: str, where: str) -> None:
    """Read-only reentrancy: nobody who reads in the middle sees a state that won't be."""
    params, cheater, credit = world.params[0], world.cheater.address, world.credit
    views = [
        credit.message("market", params.id),
        credit.message("accrued", tuple(params)),
        credit.message("position", params.id, cheater),
        credit.message("position", params.id, BORROWER),
    ]
    for view in views:
        saved = world.machine.save()
        message = list(arguments(world, outer, 0))
        if where == CALLBACK:
            message[-1] = bytes.fromhex(credit.address[2:]) + view
        else:
            number = LOAN if where in (BEFORE[LOAN], AFTER[LOAN]) else COLLATERAL
            mode = 5 if where in BEFORE else 6
            attempt = world.cheater.message("attempt", credit.address, view)
            world.tokens[number]("arm", mode, world.cheater.address, attempt)
        world.send(cheater, credit, world.message(outer, *message))
        assert world.cheater("succeeded")
        inside = words_of(world.cheater("answer"))
        world.send(cheater, world.cheater, world.cheater.message("attempt", credit.address, view))
        assert inside == words_of(world.cheater("answer"))
        world.machine.restore(saved)


def test_a_view_inside_an_accrual_shows_the_last_update(world: World) -> None:
    """The only place in the middle of a call: everything there is as before it."""
    params, credit = world.params[0], world.credit
    before = credit("market", params.id)
    attempt = world.cheater.message("attempt", credit.address, credit.message("market", params.id))
    world.irms[0]("arm", world.cheater.address, attempt)
    world.credit("accrue", tuple(params))
    assert words_of(world.cheater("answer")) == before != credit("market", params.id)


def test_phantom_supply(world: World) -> None:
    """The theft that the check stops: a market of the cheater's own, whose rate model takes the supply out in
    the middle of another call, which would write it back and lend it again, out of other markets' cash."""
    cheater = world.cheater.address
    terms = Terms(WAD // 2, WAD * 6 // 10, 13 * WAD // 10, 1, 0, rate=0)
    params = world.open_market(terms, *world.tokens)
    assert world.act(cheater, "supply", params, 10**6, 0, cheater, b"")
    world.machine.wait(1)
    everything = Inner(ACCRUAL, "withdraw", (params, 10**6, 0, cheater, cheater))
    calls: dict[str, tuple[Any, ...]] = {
        "accrue": (params,),
        "poke": (params, cheater),
        "supply": (params, 1, 0, cheater, b""),
    }
    for outer, inside in calls.items():
        assert world.act(cheater, outer, *inside, inner=everything) is None
    assert world.model.books.markets[params.id].supply_assets == 10**6
    del world.params[-1], world.oracles[-1], world.irms[-1]


def test_flash_loan_is_not_paid_by_lending_it(world: World) -> None:
    """What comes back through another entry point belongs to that one: the loan is pulled all the same."""
    params, cheater = world.params[0], world.cheater.address
    token = world.tokens[LOAN]
    cash = token("balanceOf", world.credit.address)
    rest = token("balanceOf", cheater)
    world.send(cheater, token, token.message("transfer", LENDER, rest))
    balances = world.model.books.balances
    balances[token.address, LENDER] += rest
    balances[token.address, cheater] = 0
    for name, inside in (
        ("supply", (params, cash, 0, cheater, b"")),
        ("repay", (params, params.min_debt, 0, cheater, b"")),
    ):
        turn = Inner(CALLBACK, name, inside)
        assert world.act(cheater, "flash_loan", token.address, cash, b"", inner=turn) is None
    assert token("balanceOf", world.credit.address) == cash


def test_everything_lent_inside_a_flash_loan_is_refused(world: World) -> None:
    """With the cash out, nobody is paid from it: inner calls find no tokens and fail alone."""
    params, cheater = world.params[0], world.cheater.address
    token = world.tokens[LOAN]
    cash = token("balanceOf", world.credit.address)
    turn = Inner(CALLBACK, "withdraw", (params, params.min_debt, 0, cheater, cheater))
    assert world.act(cheater, "flash_loan", token.address, cash, b"", inner=turn) == ()
    assert world.inner_answer is None
