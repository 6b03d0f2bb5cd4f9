"""The edges of ERC-3156: what is no token, who is no borrower, and what there is to lend at each moment."""

from collections.abc import Iterator
from typing import Any

import boa
import pytest

from contracts.worlds.credit_pots import MAX, USD, CreditPots, deploy_credit
from contracts.worlds.pots import deploy_mock
from surge.model.digest import keccak

TOO_MUCH = "Credit: can't lend that amount"
NO_BORROWER = "Credit: not a flash borrower"
MAGIC = keccak(b"ERC3156FlashBorrower.onFlashLoan")
REVERTS, BURNS = 1, 2
WORD = (5).to_bytes(32, "big")


@pytest.fixture(scope="module")
def deployed() -> Iterator[CreditPots]:
    with boa.env.anchor():
        pots = deploy_credit()
        pots.supply("lender", 1_000 * USD)
        yield pots


@pytest.fixture
def pots(deployed: CreditPots) -> Iterator[CreditPots]:
    with boa.env.anchor():
        yield deployed


def borrower(pots: CreditPots) -> Any:
    """One that pays back, and makes the call of its payload in between."""
    account = deploy_mock("ContractAccount")
    account.run(pots.loan, pots.loan.approve.prepare_calldata(pots.credit.address, MAX))
    return account


def packed(target: Any, call: bytes) -> bytes:
    """What ContractAccount takes: whom to call, and what."""
    return bytes.fromhex(str(target.address)[2:]) + call


def no_tokens(pots: CreditPots) -> dict[str, Any]:
    odd = {name: deploy_mock("OddBalance") for name in ("silent", "short", "reverting", "burning")}
    odd["short"].say(WORD[1:])
    odd["reverting"].fail(REVERTS)
    odd["burning"].fail(BURNS)
    return {
        **odd,
        "without balances": pots.oracle,
        "Credit itself": pots.credit,
        "nobody": boa.env.generate_address(),
        "empty": "0x" + "00" * 20,
    }


@pytest.mark.parametrize(
    "name",
    ["silent", "short", "reverting", "burning", "without balances", "Credit itself", "nobody", "empty"],
)
def test_what_is_no_token(pots: CreditPots, name: str) -> None:
    """Nothing of it can be lent, which is told without a revert; a fee for it is refused, and a loan."""
    token, account = no_tokens(pots)[name], borrower(pots)
    assert pots.credit.maxFlashLoan(token, gas=3_000_000) == 0
    with boa.reverts():
        pots.credit.flashFee(token, 1, gas=3_000_000)
    for amount in (0, 1):
        with boa.reverts(TOO_MUCH):
            pots.credit.flashLoan(account, token, amount, b"", gas=3_000_000)


@pytest.mark.parametrize("number", range(1, 18))
def test_precompiled_contracts_are_no_tokens(pots: CreditPots, number: int) -> None:
    """Some answer a word to everything."""
    assert pots.credit.maxFlashLoan(f"0x{number:040x}") == 0


@pytest.mark.parametrize(("answer", "told"), [(WORD * 2, 5), (WORD * 128, 5), (b"\xff" * 32, MAX)])
def test_longer_answers_and_wild_ones(pots: CreditPots, answer: bytes, told: int) -> None:
    """The first word counts, as for any caller; what a contract says of itself is its own matter."""
    token = deploy_mock("OddBalance")
    token.say(answer)
    assert pots.credit.maxFlashLoan(token) == told
    assert pots.credit.flashFee(token, told) == 0
    assert pots.credit.flashLoan(borrower(pots), token, told, b"")
    if told < MAX:
        with boa.reverts(TOO_MUCH):
            pots.credit.flashLoan(borrower(pots), token, told + 1, b"")


def test_more_than_there_is(pots: CreditPots) -> None:
    account = borrower(pots)
    assert pots.credit.flashLoan(account, pots.loan, 1_000 * USD, b"")
    for amount in (0, 1_000 * USD + 1, MAX):
        with boa.reverts(TOO_MUCH):
            pots.credit.flashLoan(account, pots.loan, amount, b"")


def test_what_the_receiver_hears(pots: CreditPots) -> None:
    """Who asked, the token, the amount, no fee, and the payload; the receiver pays, whoever asked."""
    account, initiator = borrower(pots), boa.env.generate_address("initiator")
    call = pots.credit.accrue.prepare_calldata(pots.market)
    assert pots.credit.flashLoan(account, pots.loan, USD, packed(pots.credit, call), sender=initiator)
    heard = [account.heard(number) for number in range(4)]
    assert heard == [int(initiator, 16), int(str(pots.loan.address), 16), USD, 0]
    assert account.succeeded()
    event = pots.credit.get_logs()[0]
    assert (event.caller, event.token, event.assets) == (account.address, pots.loan.address, USD)


def test_what_is_left_to_lend_during_a_loan(pots: CreditPots) -> None:
    """Nothing more than that can be lent by a loan inside, and at the end all is there again."""
    account = borrower(pots)
    ask = packed(pots.credit, pots.credit.maxFlashLoan.prepare_calldata(pots.loan.address))
    for amount in (USD, 1_000 * USD):
        lent = pots.loan.address, amount, ask
        own = pots.credit.flash_loan.prepare_calldata(*lent)
        standard = pots.credit.flashLoan.prepare_calldata(account.address, *lent)
        for loan in (own, standard):
            account.run(pots.credit, loan)
            assert int.from_bytes(account.answer(), "big") == 1_000 * USD - amount
            assert pots.credit.maxFlashLoan(pots.loan) == 1_000 * USD
    for more, answered in ((USD, True), (USD + 1, False)):
        inside = pots.credit.flashLoan.prepare_calldata(account.address, pots.loan.address, more, b"")
        pots.credit.flashLoan(account, pots.loan, 999 * USD, packed(pots.credit, inside))
        assert account.succeeded() == answered


@pytest.mark.parametrize("answer", [bytes(32), MAGIC[:31] + b"\xd8", b"\0" + MAGIC[:31]])
def test_another_answer_than_the_standards_word(pots: CreditPots, answer: bytes) -> None:
    account = borrower(pots)
    account.set_magic(answer)
    with boa.reverts(NO_BORROWER):
        pots.credit.flashLoan(account, pots.loan, USD, b"")
    account.set_magic(MAGIC)
    assert pots.credit.flashLoan(account, pots.loan, USD, b"")


def test_receivers_that_answer_nothing(pots: CreditPots) -> None:
    """Without code it is told what it is not; a contract that does not know the callback fails as it does."""
    holder = pots.actor("lender")
    with boa.reverts(NO_BORROWER):
        pots.credit.flashLoan(holder, pots.loan, USD, b"")
    for contract in (pots.oracle, pots.credit):
        with boa.reverts():
            pots.credit.flashLoan(contract, pots.loan, USD, b"")
    assert pots.loan.balanceOf(pots.credit) == 1_000 * USD


def test_a_receiver_that_does_not_pay(pots: CreditPots) -> None:
    account = deploy_mock("ContractAccount")
    with boa.reverts("PlainToken: no allowance"):
        pots.credit.flashLoan(account, pots.loan, USD, b"")
