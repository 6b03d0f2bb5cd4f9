"""Tokens that answer nothing, say no, keep a part, lie, or are not there."""

import pytest

from contracts.worlds.bare_evm import Reverted, mock
from contracts.worlds.credit_books import MAX, SCALE
from contracts.worlds.credit_world import (
    BORROWER,
    FAIR,
    LENDER,
    LIQUIDATOR,
    MOVES_NOTHING,
    SAYS_FALSE,
    TAKES_A_PART,
    TERMS,
    World,
    lend,
    owe,
)


def test_a_token_that_answers_nothing_is_a_token() -> None:
    """The oldest tokens return nothing: everything works, by the model, to the unit."""
    world = World(loan="SilentToken", collateral="SilentToken")
    params = world.params[0]
    lend(world)
    owe(world, 1_000, 1_400)
    world.set_price(0, SCALE * 17 // 10)
    assert world.act(LIQUIDATOR, "liquidate", params, BORROWER, 100 * params.min_debt, 0, b"")
    assert world.act(world.cheater.address, "flash_loan", params.loan_token, 10**6, b"") == ()
    owed = world.credit("position", params.id, BORROWER)[1]
    assert world.act(BORROWER, "repay", params, 0, owed, BORROWER, b"")
    collateral = world.credit("position", params.id, BORROWER)[2]
    assert world.act(BORROWER, "remove_collateral", params, collateral, BORROWER, BORROWER) == ()
    shares = world.credit("position", params.id, LENDER)[0]
    assert world.act(LENDER, "withdraw", params, 0, shares, LENDER, LENDER)


def test_a_token_that_says_no_is_believed(world: World) -> None:
    params = world.params[0]
    lend(world)
    world.tokens[0]("behave", SAYS_FALSE)
    supply = world.attempt(LENDER, "supply", params, 1, 0, LENDER, b"")
    assert supply == (None, "Credit: not paid in")
    assert world.attempt(LENDER, "withdraw", params, 1, 0, LENDER, LENDER) == (None, "Credit: not paid out")
    world.tokens[0]("behave", 0)
    world.check_alike()


def test_no_market_without_code(world: World) -> None:
    """A call to an address without code succeeds in the EVM: such a token would be paid in by words alone."""
    params = world.params[0]
    for place, name in (
        ({"loan_token": LENDER}, "a token"),
        ({"collateral_token": LENDER}, "a token"),
        ({"oracle": LENDER}, "the oracle"),
        ({"irm": LENDER}, "the rate model"),
    ):
        answer, reason = world.attempt(LENDER, "create_market", params._replace(**place))
        assert (answer, reason) == (None, f"Credit: no code at {name}")
    with pytest.raises(Reverted):
        world.send(world.cheater.address, world.credit, world.message("flash_loan", LENDER, 1, b""))
    assert world.credit("maxFlashLoan", LENDER) == 0


@pytest.mark.parametrize("mode", [TAKES_A_PART, MOVES_NOTHING])
def test_a_token_that_lies_harms_its_own_markets_alone(world: World, mode: int) -> None:
    """What it keeps for itself is missing in its markets' cash. Markets of other tokens miss nothing, though
    the liar is in the same contract, is lent in flashes, and is lent against what they lend."""
    lend(world)
    lend(world, 2)
    owe(world, 1_000, 500)
    liar = mock("HostileToken").deploy(world.machine)
    cheater, honest = world.cheater.address, world.tokens[1]
    params = world.open_market(TERMS[0], liar, honest)
    del world.params[-1], world.oracles[-1], world.irms[-1]
    liar("mint", cheater, 10**30)
    world.send(cheater, liar, liar.message("approve", world.credit.address, MAX))
    held = [token("balanceOf", cheater) for token in world.tokens]
    liar("behave", mode)
    for name, *arguments in (
        ("supply", params, 10**20, 0, cheater, b""),
        ("add_collateral", params, 10**20, cheater, b""),
        ("borrow", params, 10**19, 0, cheater, cheater),
        ("repay", params, 10**18, 0, cheater, b""),
        ("flash_loan", liar.address, 10**18, b""),
        ("withdraw", params, 10**18, 0, cheater, cheater),
    ):
        world.attempt(cheater, str(name), *arguments)
    liar("behave", FAIR)
    everything = world.credit("position", params.id, cheater)
    world.attempt(cheater, "repay", params, 0, everything[1], cheater, b"")
    world.attempt(cheater, "withdraw", params, 0, everything[0], cheater, cheater)
    world.attempt(cheater, "remove_collateral", params, everything[2], cheater, cheater)
    assert [token("balanceOf", cheater) for token in world.tokens] == held
    for token in world.tokens:
        due = world.model.books.balances[token.address, world.credit.address]
        assert token("balanceOf", world.credit.address) == due
    for number in range(3):
        one = world.params[number]
        assert world.credit("market", one.id) == world.model.books.markets[one.id].words
