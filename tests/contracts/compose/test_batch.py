"""Batch's rules: it uses nobody's authority, leaves none of its own, and runs what its caller wrote only."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boa
import pytest

from contracts.worlds.credit_pots import ETHER, MAX, USD
from contracts.worlds.leverage_pots import (
    Call,
    LeveragePots,
    deploy_leverage,
    execute,
    lend,
    on,
    payload,
    raw,
    refusal,
)
from contracts.worlds.pots import deploy, deploy_mock, now
from surge.model.digest import keccak

NOBODY = "0x" + "00" * 20
OTHERS_ACCOUNT = "Batch: on behalf of another account"
NOT_DUE = "Batch: this callback is not due"


@pytest.fixture(scope="module")
def deployed() -> Iterator[LeveragePots]:
    with boa.env.anchor():
        yield deploy_leverage()


@pytest.fixture
def pots(deployed: LeveragePots) -> Iterator[LeveragePots]:
    with boa.env.anchor():
        yield deployed


@pytest.fixture
def caller() -> str:
    return str(boa.env.generate_address("caller"))


@pytest.fixture
def victim(pots: LeveragePots) -> str:
    """Has authorised Batch in Credit and given it allowances: both by mistake."""
    account = pots.trader("victim")
    pots.pots.credit.authorize(pots.batch, True, sender=account)
    for token in (pots.usd, pots.eth):
        token.approve(pots.batch, MAX, sender=account)
        token.approve(pots.pots.credit, MAX, sender=account)
    pots.open(account, 20 * ETHER, margin=10 * ETHER)
    pots.pots.credit.supply(pots.pots.market, 1_000 * USD, 0, account, b"", sender=account)
    return account


def run(pots: LeveragePots, caller: str, *calls: Call, sweep: bool = False) -> list[int]:
    sweeps = [(pots.usd, 0), (pots.eth, 0)] if sweep else []
    return execute(pots, list(calls), sweeps, caller)


def found(pots: LeveragePots, to: Any, amount: int, token: Any = None) -> Call:
    """A call that brings `to` what the pair holds above its reserves."""
    (token or pots.usd).mint(pots.pair, amount)
    return on(pots.pair, "skim", to)


def given(pots: LeveragePots, to: Any, amount: int, times: int = 1) -> Call:
    """A call that hands `to` so much of what Batch has; it has enough for as many."""
    pots.usd.mint(pots.batch, amount * times)
    return on(pots.usd, "transfer", to, amount)


def hostile(target: Any, content: bytes) -> tuple[Any, Call]:
    """A token that makes a call whenever it is transferred, and that transfer."""
    token = deploy_mock("CallbackToken")
    token.arm(target, content)
    return token, on(token, "transfer", token, 0)


# Authority over others


def acts_of_credit(pots: LeveragePots, account: str, to: str) -> dict[str, Call]:
    credit, market = pots.pots.credit, pots.pots.market
    return {
        "borrow": on(credit, "borrow", market, USD, 0, account, to),
        "remove_collateral": on(credit, "remove_collateral", market, 1, account, to),
        "withdraw": on(credit, "withdraw", market, USD, 0, account, to),
        "transfer_supply": on(credit, "transfer_supply", pots.pots.id, 1, account, to),
    }


@pytest.mark.parametrize("name", ["borrow", "remove_collateral", "withdraw", "transfer_supply"])
def test_an_authorisation_by_mistake_is_worth_nothing(
    pots: LeveragePots, victim: str, caller: str, name: str
) -> None:
    """Neither at the top nor inside callbacks, at any depth; while whom it was meant for can use it."""
    call = acts_of_credit(pots, victim, caller)[name]
    for wrapped in (call, lend(pots, 100 * USD, call), lend(pots, 100 * USD, lend(pots, USD, call))):
        with boa.reverts(OTHERS_ACCOUNT):
            run(pots, caller, wrapped)
    with boa.env.prank(pots.batch.address):
        boa.env.raw_call(pots.pots.credit.address, data=call.content, sender=pots.batch.address)


@pytest.mark.parametrize("name", ["borrow", "remove_collateral", "withdraw", "transfer_supply"])
def test_arguments_cut_short(pots: LeveragePots, caller: str, name: str) -> None:
    call = acts_of_credit(pots, str(pots.batch.address), caller)[name]
    for length in (4, 99):
        with boa.reverts("Batch: a call lacks arguments"):
            run(pots, caller, replace(call, content=call.content[:length]))


def test_on_its_own_behalf(pots: LeveragePots, caller: str) -> None:
    """A position of Batch's, inside one call: what is left of it when the call ends is anybody's."""
    credit, market, batch = pots.pots.credit, pots.pots.market, str(pots.batch.address)
    supply = Call(
        credit,
        credit.supply.prepare_calldata(market, 100 * USD, 0, batch, b""),
        spends=((pots.usd, 100 * USD),),
    )
    withdraw = on(credit, "withdraw", market, 100 * USD - 1, 0, batch, batch)
    pots.usd.mint(batch, 1)
    run(pots, caller, lend(pots, 100 * USD, supply, withdraw))


@pytest.mark.parametrize(
    "signature",
    [
        "authorize(address,bool)",
        "set_fee_recipient(address)",
        "authorize_with_signature(address,address,bool,uint256,uint256,uint256,uint256,uint256)",
        "flashLoan(address,address,uint256,bytes)",
        "unknown()",
    ],
)
def test_what_else_credit_can_do_is_not_for_it(pots: LeveragePots, caller: str, signature: str) -> None:
    content = raw(signature, caller, 1, 0, 0)
    with boa.reverts("Batch: this function of Credit is not for it"):
        run(pots, caller, Call(pots.pots.credit, content))


# Authority over itself


def test_an_allowance_lives_as_long_as_its_call(pots: LeveragePots, caller: str) -> None:
    """What the target did not use is taken back at once, also while the batch goes on with funds in it."""
    batch = str(pots.batch.address)
    thief, call = hostile(pots.usd, pots.usd.transferFrom.prepare_calldata(batch, caller, 1))
    pots.usd.mint(batch, 1)
    run(pots, caller, lend(pots, USD, replace(call, spends=((pots.usd, 5), (pots.eth, 7)))))
    assert thief.succeeded()
    assert [token.allowance(batch, thief) for token in (pots.usd, pots.eth)] == [0, 0]
    run(pots, caller, lend(pots, USD, call))
    assert refusal(thief) == "PlainToken: no allowance"
    pots.nothing_stays()


def test_allowances_of_calls_inside_each_other(pots: LeveragePots, caller: str) -> None:
    """An inner call of the same target takes back its own allowance, not the outer one's, whatever it is."""
    credit, batch = pots.pots.credit, str(pots.batch.address)
    inner = lend(pots, 10 * USD, on(credit, "accrue", pots.pots.market))
    outer = lend(pots, 100 * USD, inner)
    for most in (100 * USD, 10**9 * USD, MAX):
        run(pots, caller, replace(outer, spends=((pots.usd, most),)))
        run(pots, caller, lend(pots, 100 * USD, replace(inner, spends=((pots.usd, most),))))
        assert pots.usd.allowance(batch, credit) == 0
    with boa.reverts("PlainToken: no allowance"):
        run(pots, caller, replace(outer, spends=((pots.usd, 99 * USD),)))


# Callbacks


def test_callbacks_of_strangers(pots: LeveragePots, caller: str) -> None:
    refused, batch = "Batch: only the target of a call calls back", pots.batch
    for name in ("on_surge_supply", "on_surge_collateral", "on_surge_repay"):
        with boa.reverts(refused):
            getattr(batch, name)(1, payload(), sender=caller)
    with boa.reverts(refused):
        batch.on_surge_liquidate(1, 1, payload(), sender=caller)
    with boa.reverts(refused):
        batch.on_surge_flash_loan(pots.usd, 1, payload(), sender=pots.pots.credit.address)
    with boa.reverts(refused):
        batch.uniswapV2Call(batch, 1, 1, payload(), sender=pots.pair.address)


def test_every_callback_of_credit(pots: LeveragePots, caller: str, victim: str) -> None:
    """A gift to the victim in each: what pays for it comes inside the callback."""
    credit, market, usd, eth = pots.pots.credit, pots.pots.market, pots.usd, pots.eth
    for function, token, amount, arguments in (
        ("supply", usd, USD, (market, USD, 0, victim)),
        ("repay", usd, USD, (market, USD, 0, victim)),
        ("add_collateral", eth, 10**9, (market, 10**9, victim)),
    ):
        inside = found(pots, pots.batch, amount, token)
        content = getattr(credit, function).prepare_calldata(*arguments, payload(inside))
        run(pots, caller, Call(credit, content, (inside,), ((token, amount),)))
    pots.nothing_stays()


def test_a_target_calls_back_with_the_payload_that_the_caller_wrote(pots: LeveragePots, caller: str) -> None:
    credit = pots.pots.credit
    gift = given(pots, caller, 1, 4)
    call = lend(pots, USD, gift)
    with boa.reverts(NOT_DUE):
        run(pots, caller, replace(call, nested=(gift, gift)))
    with boa.reverts(NOT_DUE):
        run(pots, caller, replace(call, nested=()))
    with boa.reverts("Batch: a callback did not come"):
        run(pots, caller, Call(credit, credit.accrue.prepare_calldata(pots.pots.market), (gift,)))


def test_a_callback_that_has_nothing_to_do(pots: LeveragePots, caller: str) -> None:
    """It came, and counts as come: the loan is just paid back."""
    credit = pots.pots.credit
    content = credit.flash_loan.prepare_calldata(pots.usd, USD, payload())
    call = (credit.address, content, keccak(payload()), [(pots.usd.address, USD)])
    pots.batch.execute([call], [], now(), sender=caller)
    with boa.reverts(NOT_DUE):
        pots.batch.execute([(*call[:2], bytes(32), call[3])], [], now(), sender=caller)


def test_a_target_that_was_called_calls_back_once(pots: LeveragePots, caller: str) -> None:
    """A hostile target of the caller's own batch: it gets the one callback that was written for it."""
    gift = given(pots, caller, 1, 4)
    token, again = hostile(caller, b"")
    inside = (again, gift)  # the second transfer calls back too, and then nothing is due
    token.arm(pots.batch, pots.batch.on_surge_supply.prepare_calldata(1, payload(*inside)))
    run(pots, caller, replace(again, nested=inside))
    assert token.succeeded()
    assert pots.usd.balanceOf(caller) == 1
    run(pots, caller, replace(again, nested=inside), again)
    assert refusal(token) == NOT_DUE
    assert pots.usd.balanceOf(caller) == 2


def test_a_contract_in_between_cannot_call_back(pots: LeveragePots, caller: str) -> None:
    """Funds are in flight and another contract has the turn: it knows the payload, but is not the target."""
    account = deploy_mock("ContractAccount")
    theft = on(pots.usd, "transfer", account, USD)
    back = pots.batch.on_surge_supply.prepare_calldata(1, payload(theft))
    _, call = hostile(account, account.attempt.prepare_calldata(pots.batch, back))
    with boa.reverts("Batch: a callback did not come"):
        run(pots, caller, lend(pots, USD, replace(call, nested=(theft,))))
    run(pots, caller, lend(pots, USD, call))
    assert refusal(account) == "Batch: only the target of a call calls back"


def test_somebody_elses_swap(pots: LeveragePots, caller: str) -> None:
    """A pair calls Batch back because a stranger asked it to, in a batch that calls that stranger."""
    stranger, call = hostile(pots.pair, pots.pair.swap.prepare_calldata(1, 0, pots.batch.address, payload()))
    run(pots, caller, call)
    assert refusal(stranger) == "Batch: somebody else's swap"
    with boa.reverts("Batch: somebody else's swap"):
        pots.batch.uniswapV2Call(caller, 1, 1, payload(), sender=pots.pair.address)


def test_entered_again(pots: LeveragePots, caller: str) -> None:
    """Whoever takes control while funds are in flight can start no batch of their own."""
    thief = str(boa.env.generate_address("thief"))
    theft = [on(pots.usd, "transfer", thief, USD).abi]
    token, call = hostile(pots.batch, pots.batch.execute.prepare_calldata(theft, [], now()))
    run(pots, caller, lend(pots, 100 * USD, call))
    assert refusal(token) == "Batch: entered again inside a call"
    assert pots.usd.balanceOf(thief) == 0


# Funds, deadlines, bad input


def test_what_is_left_goes_to_the_caller(pots: LeveragePots, caller: str) -> None:
    gift = found(pots, pots.batch, 3 * USD)
    assert run(pots, caller, gift, sweep=True) == [3 * USD, 0]
    assert pots.usd.balanceOf(caller) == 3 * USD
    gift = found(pots, pots.batch, 3 * USD)
    with boa.reverts("Batch: less is left than min_out"):
        execute(pots, [gift], [(pots.usd, 3 * USD + 1)], caller)


def test_tokens_that_refuse(pots: LeveragePots, caller: str) -> None:
    token = deploy_mock("FickleToken")
    token.mint(pots.batch, 1)
    token.refuse_payments(caller)
    with boa.reverts("Batch: a token was not handed out"):
        execute(pots, [], [(token, 1)], caller)
    token.refuse_allowances(pots.batch)
    with boa.reverts("Batch: an allowance was not given"):
        execute(pots, [replace(on(pots.pair, "sync"), spends=((token, 1),))], [], caller)


def test_the_deadline(pots: LeveragePots, caller: str) -> None:
    pots.batch.execute([], [], now(), sender=caller)
    with boa.reverts("Batch: the deadline has passed"):
        pots.batch.execute([], [], now() - 1, sender=caller)


def test_calls_to_nowhere(pots: LeveragePots, caller: str) -> None:
    with boa.reverts("Batch: there is no contract at the target"):
        run(pots, caller, Call(caller, b"\x01\x02\x03\x04"))
    with boa.reverts("Batch: a call has no selector"):
        run(pots, caller, Call(pots.usd, b"\x01\x02\x03"))
    with boa.reverts("Batch: it does not call itself"):
        run(pots, caller, on(pots.batch, "on_surge_supply", 1, payload()))
    with boa.reverts("Batch: credit is no contract"):
        deploy("Batch", caller)


def test_a_failure_is_told_as_it_was(pots: LeveragePots, caller: str) -> None:
    with boa.reverts("PlainToken: not enough"):
        run(pots, caller, on(pots.usd, "transfer", caller, 1))


def test_as_many_calls_as_a_payload_holds(pots: LeveragePots, caller: str) -> None:
    gifts = [given(pots, caller, 1, 12)] * 12
    assert 3_800 < len(payload(*gifts)) <= 4_096
    run(pots, caller, lend(pots, USD, *gifts))
    assert pots.usd.balanceOf(caller) == 12
