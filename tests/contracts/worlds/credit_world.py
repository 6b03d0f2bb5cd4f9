"""Credit's shipped bytecode beside its model: every call is made in both, and both must end alike."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from contracts.worlds.bare_evm import Bare, Machine, Reverted, machine, mock, shipped, word, words_of
from contracts.worlds.credit_books import (
    MAX,
    WAD,
    ZERO,
    Callback,
    In,
    Operation,
    Out,
    Params,
    Position,
    Quote,
    Refused,
)
from contracts.worlds.credit_model import Model

LENDER = "0x" + "a1" * 20
BORROWER = "0x" + "b2" * 20
LIQUIDATOR = "0x" + "c3" * 20
DELEGATE = "0x" + "d4" * 20
CHEATER_KEY = "0x" + "e5" * 20
FEES = "0x" + "f6" * 20
# Modes of HostileToken.
FAIR, TAKES_A_PART, SAYS_FALSE, MOVES_NOTHING, REFUSES, CALLS_BEFORE, CALLS_AFTER = range(7)
# Where the cheater gets a turn: in its callback, before and after a movement of either token, in an accrual.
CALLBACK, ACCRUAL = "callback", "accrual"
BEFORE, AFTER = ("before loan", "before collateral"), ("after loan", "after collateral")
NOTHING = Position()
Words = tuple[int, ...]
Answer = Words | None
SCALE = 10**36
RICH = 2**140
Words = tuple[int, ...]
Answer = Words | None


class Inner(NamedTuple):
    """A call that the cheater makes in the middle of another."""

    where: str
    name: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Terms:
    """What differs between the markets of these tests."""

    max_ltv: int
    lltv: int
    target_health: int
    min_debt: int
    reserve_factor: int
    price: int = SCALE
    rate: int = 0


TERMS = (
    Terms(70 * WAD // 100, 80 * WAD // 100, 115 * WAD // 100, 1_000, WAD // 10, 2 * SCALE),
    Terms(85 * WAD // 100, 90 * WAD // 100, 106 * WAD // 100, 10**9, WAD // 2, SCALE),
    Terms(40 * WAD // 100, 55 * WAD // 100, 14 * WAD // 10, 5 * 10**15, 0, SCALE // 3),
)


class World:
    """Two tokens, three markets: two lend the first against the second, one the second against the first."""

    def __init__(
        self,
        terms: tuple[Terms, ...] = TERMS,
        loan: str = "HostileToken",
        collateral: str = "HostileToken",
    ):
        self.machine: Machine = machine()
        self.credit: Bare = shipped("Credit").deploy(self.machine, FEES)
        self.tokens = [mock(name).deploy(self.machine) for name in (loan, collateral)]
        self.cheater: Bare = mock("ContractAccount").deploy(self.machine)
        self.oracles: list[Bare] = []
        self.irms: list[Bare] = []
        self.params: list[Params] = []
        self.refusing: set[str] = set()
        self.model = Model(FEES, lambda: self.machine.now)
        self.terms = terms
        for number, one in enumerate(terms):
            self.open_market(one, *(self.tokens if number != 2 else reversed(self.tokens)))
        self.accounts = (LENDER, BORROWER, LIQUIDATOR, DELEGATE, self.cheater.address)
        for account in self.accounts:
            for token in self.tokens:
                token("mint", account, RICH)
                self.model.books.balances[token.address, account] = RICH
                self.send(account, token, token.message("approve", self.credit.address, 2**256 - 1))
        self.fresh = self.machine.save(), self.model.books.clone()

    def open_market(self, one: Terms, loan: Bare, collateral: Bare) -> Params:
        oracle = mock("SettableOracle").deploy(self.machine, one.price)
        irm = mock("SettableIrm").deploy(self.machine, one.rate)
        ltvs = one.max_ltv, one.lltv, one.target_health
        addresses = loan.address, collateral.address, oracle.address, irm.address
        params = Params(*addresses, *ltvs, one.min_debt, one.reserve_factor)
        self.oracles.append(oracle)
        self.irms.append(irm)
        self.params.append(params)
        self.model.quotes[oracle.address] = Quote(one.price)
        self.model.rates[irm.address] = one.rate
        self.credit("create_market", tuple(params))
        list(self.model.create_market(LENDER, params))
        return params

    def reset(self) -> None:
        """Back to the beginning: no supply, no debt."""
        saved, books = self.fresh
        self.machine.restore(saved)
        self.model.books = books.clone()
        self.fresh = self.machine.save(), books
        for params, one in zip(self.params, self.terms, strict=True):
            self.model.quotes[params.oracle] = Quote(one.price)
            self.model.rates[params.irm] = one.rate

    # The world around Credit

    def send(self, account: str, to: Bare, message: bytes) -> bytes:
        """A call by an account, through it when it is a contract."""
        if account != self.cheater.address:
            return self.machine.call(account, to.address, message)
        return self.cheater("run", to.address, message, sender=CHEATER_KEY)  # type: ignore[no-any-return]

    def set_price(self, number: int, price: int, safe: bool = True, cautious: int | None = None) -> None:
        oracle = self.oracles[number]
        oracle("set_broken", False)
        oracle("set_price", price)
        oracle("set_borrow_price", MAX if cautious is None else cautious)
        oracle("set_safe", safe)
        self.model.quotes[self.oracles[number].address] = Quote(price, safe, cautious)

    def silence(self, number: int) -> None:
        self.oracles[number]("set_broken", True)
        self.model.quotes[self.oracles[number].address] = Quote(None)

    def set_rate(self, number: int, rate: int) -> None:
        self.irms[number]("set_rate", rate)
        self.model.rates[self.irms[number].address] = rate

    def donate(self, number: int, amount: int) -> None:
        token = self.tokens[number]
        self.send(LENDER, token, token.message("transfer", self.credit.address, amount))
        balances, here = self.model.books.balances, self.credit.address
        balances[token.address, LENDER] -= amount
        balances[token.address, here] = amount + balances.get((token.address, here), 0)

    def number_of(self, address: str) -> int:
        return next(number for number, token in enumerate(self.tokens) if token.address == address)

    # Calls

    def act(self, caller: str, name: str, *arguments: Any, inner: Inner | None = None) -> Answer:
        """Call Credit, and the model. What it answered; None when it was refused, for the model's reason."""
        if inner and inner.where == CALLBACK:
            spare = self.payload(inner)
            arguments = tuple(spare if isinstance(each, bytes) else each for each in arguments)
        books = self.model.books.clone()
        self.model.events, self.model.burnt = [], set()
        self.heard: Callback | None = None
        self.inner_answer: Words | str | None = "not called"
        expected: Answer = None
        reason = ""
        try:
            expected = self.follow(getattr(self.model, name)(caller, *arguments), arguments, inner)
        except Refused as refusal:
            reason = str(refusal)
            self.model.books = books
        if inner:
            self.arm(inner, arguments[0])
        answer, said = self.attempt(caller, name, *arguments)
        assert said == reason, f"{name} refused: {said!r}; expected {reason!r}"
        assert answer == expected, f"{name} answered {answer}; expected {expected}"
        if expected is not None:
            assert self.credit.events() == self.model.events, f"{name} logged otherwise"
            self.check_heard()
        if inner and expected is not None and self.inner_answer != "not called":
            self.check_inner(inner)
        if inner:
            self.disarm(inner)
            self.model.in_accrual = None
        self.check_alike(*([] if inner else [caller, *arguments]))
        return expected

    def attempt(self, caller: str, name: str, *arguments: Any) -> tuple[Answer, str]:
        """A call of Credit alone: what it answered, or why not."""
        try:
            return words_of(self.send(caller, self.credit, self.message(name, *arguments))), ""
        except Reverted as reverted:
            return None, reverted.reason

    def follow(self, operation: Operation, arguments: tuple[Any, ...], inner: Inner | None) -> Words:
        """The model's side of a call, with the inner call where it comes."""
        waiting = [inner] if inner else []

        def interrupt(where: str) -> None:
            if waiting and waiting[0].where == where:
                self.follow_inner(waiting.pop())

        id = arguments[0].id if arguments and isinstance(arguments[0], Params) else b""
        self.model.in_accrual = (lambda: interrupt(ACCRUAL)) if inner and inner.where == ACCRUAL else None
        for step in operation:
            if isinstance(step, Callback):
                self.heard = step
                interrupt(CALLBACK)
            elif step.amount:
                number = self.number_of(step.token)
                interrupt(BEFORE[number])
                self.move(step, id)
                interrupt(AFTER[number])
        return self.model.answer

    def follow_inner(self, inner: Inner) -> None:
        books, events, burnt = self.model.books.clone(), list(self.model.events), set(self.model.burnt)
        hook, self.model.in_accrual = self.model.in_accrual, None
        heard = self.heard
        try:
            operation = getattr(self.model, inner.name)(self.cheater.address, *inner.arguments)
            self.inner_answer = self.follow(operation, inner.arguments, None)
        except Refused:
            self.model.books, self.model.burnt, self.inner_answer = books, burnt, None
            self.model.events, self.heard = events, heard
        self.model.in_accrual = hook

    def move(self, step: Out | In, id: bytes) -> None:
        if step.token in self.refusing:
            raise Refused("Token: refused")
        balances, flows, here = self.model.books.balances, self.model.books.flows, self.credit.address
        source, target = (here, step.to) if isinstance(step, Out) else (step.payer, here)
        if balances.get((step.token, source), 0) < step.amount:
            raise Refused(step.lacking if isinstance(step, Out) else "Token: balance too small")
        balances[step.token, source] -= step.amount
        balances[step.token, target] = balances.get((step.token, target), 0) + step.amount
        into = -step.amount if isinstance(step, Out) else step.amount
        flows[id, step.token] = flows.get((id, step.token), 0) + into

    def message(self, name: str, *arguments: Any) -> bytes:
        if name == "transfer_supply":
            arguments = (arguments[0].id, *arguments[1:])
        return self.credit.message(name, *arguments)

    def payload(self, inner: Inner) -> bytes:
        """What makes ContractAccount call Credit from a callback."""
        return word(self.credit.address)[12:] + self.message(inner.name, *inner.arguments)

    def arm(self, inner: Inner, params: Any) -> None:
        message = self.message(inner.name, *inner.arguments)
        attempt = self.cheater.message("attempt", self.credit.address, message)
        if inner.where == ACCRUAL:
            for irm in self.irms:
                if isinstance(params, Params) and params.irm == irm.address:
                    irm("arm", self.cheater.address, attempt)
        for number, token in enumerate(self.tokens):
            if inner.where in (BEFORE[number], AFTER[number]):
                mode = CALLS_BEFORE if inner.where == BEFORE[number] else CALLS_AFTER
                token("arm", mode, self.cheater.address, attempt)

    def disarm(self, inner: Inner) -> None:
        if inner.where == ACCRUAL:
            for irm in self.irms:
                irm("arm", ZERO, b"")
        elif inner.where != CALLBACK:
            for token in self.tokens:
                token("behave", FAIR)

    def check_heard(self) -> None:
        """The last callback, and its arguments, as the cheater got them."""
        if self.heard:
            words = [int.from_bytes(word(each), "big") for each in self.heard.heard]
            assert self.cheater("callback") == self.heard.name.encode()
            assert [self.cheater("heard", number) for number in range(len(words))] == words

    def check_inner(self, inner: Inner) -> None:
        went_through = bool(self.cheater("succeeded"))
        answer = self.cheater("answer")
        assert went_through == (self.inner_answer is not None), f"inner {inner.name}: {answer!r}"
        if went_through:
            assert words_of(answer) == self.inner_answer

    @contextmanager
    def refusals(self, number: int) -> Iterator[None]:
        """The token refuses to move."""
        token = self.tokens[number]
        token("behave", REFUSES)
        self.refusing = {token.address}
        try:
            yield
        finally:
            self.refusing = set()
            token("behave", FAIR)

    # What must be the same

    def check_alike(self, *touched: Any) -> None:
        """Markets, positions and balances are as in the model: those that a call named, or all."""
        books, credit = self.model.books, self.credit
        markets = [params for params in self.params if not touched or params in touched]
        accounts = [account for account in self.accounts if not touched or account in touched]
        for params in markets:
            assert credit("market", params.id) == books.markets[params.id].words
            for account in accounts:
                position = books.positions.get((params.id, account), NOTHING)
                assert credit("position", params.id, account) == position.words
        for token in self.tokens:
            for account in (*accounts, FEES, self.credit.address):
                assert token("balanceOf", account) == books.balances.get((token.address, account), 0)


def lend(world: World, number: int = 0, amount: int = 10**6, lender: str = LENDER) -> None:
    params = world.params[number]
    assert world.act(lender, "supply", params, amount * params.min_debt, 0, lender, b"")


def owe(world: World, collateral: int, debt: int, number: int = 0, borrower: str = BORROWER) -> None:
    """In smallest debts of the market."""
    params = world.params[number]
    unit = params.min_debt
    assert world.act(borrower, "add_collateral", params, collateral * unit, borrower, b"") == ()
    assert world.act(borrower, "borrow", params, debt * unit, 0, borrower, borrower)


def refused(world: World, caller: str, name: str, *arguments: Any) -> str:
    """Why: and the model agrees."""
    assert world.act(caller, name, *arguments) is None
    return world.attempt(caller, name, *arguments)[1]


def calls(params: Params, account: str, receiver: str) -> dict[str, tuple[Any, ...]]:
    """Of each entry point with a market; for the smallest debt where there is an amount."""
    unit = params.min_debt
    return {
        "accrue": (params,),
        "supply": (params, unit, 0, receiver, b""),
        "withdraw": (params, unit, 0, account, receiver),
        "borrow": (params, unit, 0, account, receiver),
        "repay": (params, unit, 0, account, b""),
        "add_collateral": (params, unit, receiver, b""),
        "remove_collateral": (params, 1, account, receiver),
        "transfer_supply": (params, 1, account, receiver),
        "liquidate": (params, account, MAX, 0, b""),
        "poke": (params, account),
        "collect": (params,),
    }
