"""Who is called back, with what, and what the views say."""

from typing import Any

import pytest

from contracts.worlds.bare_evm import (
    Reverted,
)
from contracts.worlds.credit_books import (
    MAX,
    SCALE,
    WAD,
)
from contracts.worlds.credit_world import (
    BORROWER,
    CALLBACK,
    CHEATER_KEY,
    DELEGATE,
    LENDER,
    Inner,
    World,
    calls,
    lend,
    owe,
)

YEAR = 365 * 86_400
UNIT = 1_000
MAX_PAYLOAD = 4_096


@pytest.fixture
def world(shared: World) -> World:
    """A lender and a borrower at the max LTV; a delegate whom nobody has authorised."""
    shared.reset()
    lend(shared)
    owe(shared, 1_000, 1_400)
    return shared


@pytest.mark.parametrize("name", ["supply", "add_collateral", "repay", "flash_loan", "flashLoan"])
def test_a_payload_has_a_longest_size(world: World, name: str) -> None:
    params, cheater = world.params[0], world.cheater.address
    token = world.tokens[0].address
    arguments: dict[str, tuple[Any, ...]] = {
        "supply": (params, UNIT, 0, cheater),
        "add_collateral": (params, UNIT, cheater),
        "repay": (params, UNIT, 0, BORROWER),
        "flash_loan": (token, UNIT),
        "flashLoan": (cheater, token, UNIT),
    }
    for size, fits in ((MAX_PAYLOAD, True), (MAX_PAYLOAD + 1, False)):
        message = world.message(name, *arguments[name], bytes(size))
        long = world.machine.save()
        if fits:
            world.machine.call(CHEATER_KEY, world.cheater.address, as_the_cheater(world, message))
        else:
            with pytest.raises(Reverted):
                world.machine.call(CHEATER_KEY, world.cheater.address, as_the_cheater(world, message))
        world.machine.restore(long)


def as_the_cheater(world: World, message: bytes) -> bytes:
    return world.cheater.message("run", world.credit.address, message)


def test_a_flash_borrower_answers_with_the_magic(world: World) -> None:
    token, cheater = world.tokens[0].address, world.cheater.address
    for amount in (UNIT, 1):
        assert world.act(cheater, "flash_loan", token, amount, b"") == ()
        assert world.act(LENDER, "flashLoan", cheater, token, amount, b"") == (1,)
    world.cheater("set_magic", bytes(32))
    answer, reason = world.attempt(LENDER, "flashLoan", cheater, token, UNIT, b"")
    assert (answer, reason) == (None, "Credit: not a flash borrower")
    assert world.credit("flashFee", token, 10**18) == 0
    assert world.credit("maxFlashLoan", token) == 10**6 * UNIT - 1_400 * UNIT


def test_no_callback_without_a_payload(world: World) -> None:
    """An account without code can do everything: nobody calls it."""
    params = world.params[0]
    world.set_price(0, SCALE * 17 // 10)
    for name in ("supply", "add_collateral", "repay", "liquidate"):
        account = BORROWER if name in ("repay", "liquidate") else LENDER
        assert world.act(LENDER, name, *calls(params, account, LENDER)[name]) is not None


def test_what_would_be_is_what_comes(world: World) -> None:
    """`accrued` before is `market` after, and asks the rate model's view."""
    params = world.params[0]
    world.set_rate(0, WAD // YEAR // 7)
    assert world.credit("accrued", tuple(params)) == world.credit("market", params.id)
    world.machine.wait(1_234_567)
    before = world.credit("accrued", tuple(params))
    assert before != world.credit("market", params.id)
    assert world.act(LENDER, "accrue", params) == ()
    assert world.credit("market", params.id) == before
    irm = world.irms[0]
    assert tuple(irm("asked", place) for place in range(3)) == (1_400 * UNIT, 10**6 * UNIT, 1_234_567)
    world.set_rate(0, MAX)
    world.machine.wait(1)
    before = world.credit("accrued", tuple(params))
    assert world.act(LENDER, "accrue", params) == ()
    assert world.credit("market", params.id) == before


def test_every_payload_calls_back(world: World) -> None:
    params, cheater = world.params[0], world.cheater.address
    world.set_price(0, SCALE * 17 // 10)
    for name in ("supply", "add_collateral", "repay", "liquidate"):
        account = BORROWER if name in ("repay", "liquidate") else cheater
        turn = Inner(CALLBACK, "authorize", (DELEGATE, True))
        assert world.act(cheater, name, *calls(params, account, cheater)[name], inner=turn) is not None
        assert world.inner_answer == ()


def test_the_shortest_payload_calls_back(world: World) -> None:
    params, cheater = world.params[0], world.cheater.address
    world.set_price(0, SCALE * 17 // 10)
    for name in ("supply", "add_collateral", "repay", "liquidate"):
        account = BORROWER if name in ("repay", "liquidate") else cheater
        *arguments, _payload = calls(params, account, cheater)[name]
        assert world.act(cheater, name, *arguments, b"!") is not None
        assert world.heard
