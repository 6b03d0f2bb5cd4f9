"""Every entry point of Credit in any order, by several actors, over markets that share their tokens, while
prices, safety, rates and time move, tokens refuse, and a cheater calls back in the middle of calls: C1 to C9.

Each call is made on the shipped bytecode and in the model (credit_model.py), which must agree to the unit."""

import os
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from contracts.worlds.bare_evm import FAST
from contracts.worlds.credit_books import MAX, SCALE, WAD, Params, Position
from contracts.worlds.credit_world import (
    ACCRUAL,
    AFTER,
    BEFORE,
    BORROWER,
    CALLBACK,
    DELEGATE,
    LENDER,
    LIQUIDATOR,
    TERMS,
    Inner,
    World,
)
from contracts.worlds.pots import UNSHRUNK
from property.credit.invariants import (
    Moment,
    health_is_kept,
    only_past_the_lltv,
    rounding_favours_the_pool,
    share_price_is_kept,
    supplied_covers_borrowed,
)

SEQUENCES = {"surge": 2_000, "nightly": 200_000, "mutants": 60}
BATCH = 2_000
STEPS = 20
YEAR = 365 * 86_400

market = st.sampled_from([0, 0, 1, 2])
actor = st.integers(0, 4)
size = st.integers(0, 2**24 - 1)
permille = st.integers(0, 1_000)
wiggle = st.sampled_from([0, 0, 0, 1, -1])
by_shares = st.booleans()
callers = st.sampled_from([None, None, None, DELEGATE, LIQUIDATOR])
rates = st.sampled_from([0, WAD // YEAR // 20, WAD // YEAR, 10 * WAD // YEAR, 11 * WAD // YEAR, MAX])
prices = st.one_of(permille, st.integers(850, 1_150), st.sampled_from([0, 1_000, 1_000, 5_000, 10**12]))
spans = st.sampled_from([1, 12, 3_600, 86_400, 30 * 86_400, YEAR])

Answer = tuple[int, ...] | None
# One world for all sequences: each goes back to its beginning.
WORLDS: list[World] = []


class Lending(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        if not WORLDS:
            WORLDS.append(World())
        self.world = WORLDS[0]
        self.world.reset()
        self.model = self.world.model
        self.here = self.world.credit.address

    def act(
        self, caller: str, name: str, *arguments: Any, inner: Inner | None = None
    ) -> tuple[int, ...] | None:
        markets = self.world.params
        before = Moment.of(self.model, markets)
        self.model.shared_loss = 0
        answer = self.world.act(caller, name, *arguments, inner=inner)
        if answer is None:
            return None
        after = Moment.of(self.model, markets)
        supplied_covers_borrowed(self.model.books, markets, self.here)
        health_is_kept(before, after, self.model, markets)
        hit = arguments[0].id if isinstance(arguments[0], Params) else b""
        if inner is None or "liquidate" not in (name, inner.name):
            share_price_is_kept(before, after, markets, self.model.shared_loss, hit)
        if inner is None:
            self.check_call(name, arguments, answer, before, after)
        return answer

    def check_call(
        self, name: str, arguments: tuple[Any, ...], answer: tuple[int, ...], before: Moment, after: Moment
    ) -> None:
        if name in ("supply", "repay"):
            rounding_favours_the_pool(before, after, arguments[0], arguments[3], answer[0])
        if name in ("withdraw", "borrow"):
            rounding_favours_the_pool(before, after, arguments[0], arguments[3], -answer[0])
        if name == "liquidate":
            price = self.model.quotes[arguments[0].oracle].price or 0
            only_past_the_lltv(before, after, arguments[0], arguments[1], price)

    # What the strategies' numbers mean

    def params(self, number: int) -> Params:
        return self.world.params[number]

    def amount(self, params: Params, size: int) -> int:
        """Sometimes a few units, mostly some of the smallest debts."""
        kind, size = size % 8, size // 8
        return size % 20 if kind == 0 else params.min_debt * (size % 400) // 20 + size % 3

    def debt(self, params: Params, account: str) -> int:
        return Moment.of(self.model, [params]).debt(params.id, account)

    def position(self, params: Params, account: str) -> Position:
        return self.model.books.positions.get((params.id, account), Position())

    def value(self, params: Params, collateral: int) -> int:
        return collateral * (self.model.quotes[params.oracle].price or 0) // SCALE

    # Calls

    @initialize(size=size)
    def begin(self, size: int) -> None:
        """A lender, and two positions at the limit in each market, one of them the cheater's."""
        for number, params in enumerate(self.world.params):
            amount = params.min_debt * (50 + size % 1_000)
            assert self.act(LENDER, "supply", params, amount, 0, LENDER, b"")
            self.world.set_rate(number, WAD // YEAR // 10)
            for account in (BORROWER, self.world.cheater.address):
                self.open_loan(number, self.world.accounts.index(account), 0, size)

    @rule(market=market, actor=actor, on_behalf=actor, size=size, by_shares=by_shares)
    def supply(self, market: int, actor: int, on_behalf: int, size: int, by_shares: bool) -> None:
        params, accounts = self.params(market), self.world.accounts
        amount = self.amount(params, size)
        pair = (0, amount * 10**6) if by_shares else (amount, 0)
        self.act(accounts[actor], "supply", params, *pair, accounts[on_behalf], b"")

    @rule(market=market, actor=actor, part=permille, wiggle=wiggle, by_shares=by_shares, caller=callers)
    def withdraw(
        self, market: int, actor: int, part: int, wiggle: int, by_shares: bool, caller: str | None
    ) -> None:
        params, account = self.params(market), self.world.accounts[actor]
        shares = max(0, self.position(params, account).supply_shares * part // 1_000 + wiggle)
        claim = Moment.of(self.model, [params]).claim(params.id, account)
        pair = (0, shares) if by_shares else (max(0, claim * part // 1_000 + wiggle), 0)
        self.act(caller or account, "withdraw", params, *pair, account, account)

    @rule(market=market, actor=actor, to=actor, part=permille, wiggle=wiggle, caller=callers)
    def transfer_supply(
        self, market: int, actor: int, to: int, part: int, wiggle: int, caller: str | None
    ) -> None:
        params, account = self.params(market), self.world.accounts[actor]
        shares = max(0, self.position(params, account).supply_shares * part // 1_000 + wiggle)
        self.act(caller or account, "transfer_supply", params, shares, account, self.world.accounts[to])

    @rule(market=market, actor=actor, on_behalf=actor, size=size)
    def add_collateral(self, market: int, actor: int, on_behalf: int, size: int) -> None:
        params, accounts = self.params(market), self.world.accounts
        amount = self.amount(params, size)
        self.act(accounts[actor], "add_collateral", params, amount, accounts[on_behalf], b"")

    @rule(market=market, actor=actor, part=permille, wiggle=wiggle, caller=callers)
    def remove_collateral(self, market: int, actor: int, part: int, wiggle: int, caller: str | None) -> None:
        params, account = self.params(market), self.world.accounts[actor]
        held = self.position(params, account).collateral
        debt = self.debt(params, account)
        price = self.model.quotes[params.oracle].price or 1
        needed = min(held, -(-debt * WAD // params.max_ltv) * SCALE // price)
        asked = max(0, (held - needed) * min(part, 800) // 800 + wiggle)
        self.act(caller or account, "remove_collateral", params, asked, account, account)

    @rule(market=market, actor=actor, part=permille, wiggle=wiggle, by_shares=by_shares, caller=callers)
    def borrow(
        self, market: int, actor: int, part: int, wiggle: int, by_shares: bool, caller: str | None
    ) -> None:
        params, account = self.params(market), self.world.accounts[actor]
        limit = self.value(params, self.position(params, account).collateral) * params.max_ltv // WAD
        room = max(0, limit - self.debt(params, account)) * min(part, 800) // 800
        pair = (max(0, room + wiggle), 0) if not by_shares else (0, room * 10**6)
        self.act(caller or account, "borrow", params, *pair, account, account)

    @rule(market=market, actor=actor, amount=size, collateral=size)
    def open_loan(self, market: int, actor: int, amount: int, collateral: int) -> None:
        """As much as the collateral allows: the position that price and time put at risk."""
        params, account = self.params(market), self.world.accounts[actor]
        self.act(account, "add_collateral", params, params.min_debt * (3 + collateral % 50), account, b"")
        limit = self.value(params, self.position(params, account).collateral) * params.max_ltv // WAD
        room = limit - self.debt(params, account)
        if room > 0:
            self.act(account, "borrow", params, room - room * (amount % 10) // 40, 0, account, account)

    @rule(market=market, actor=actor, on_behalf=actor, part=permille, wiggle=wiggle, by_shares=by_shares)
    def repay(self, market: int, actor: int, on_behalf: int, part: int, wiggle: int, by_shares: bool) -> None:
        params, accounts = self.params(market), self.world.accounts
        shares = self.position(params, accounts[on_behalf]).borrow_shares * min(part, 700) // 700
        debt = self.debt(params, accounts[on_behalf]) * min(part, 700) // 700
        pair = (0, max(0, shares + wiggle)) if by_shares else (max(0, debt + wiggle), 0)
        self.act(accounts[actor], "repay", params, *pair, accounts[on_behalf], b"")

    @rule(market=market, actor=actor, part=permille, wiggle=wiggle, by_shares=by_shares)
    def liquidate(self, market: int, actor: int, part: int, wiggle: int, by_shares: bool) -> None:
        """Whoever is deepest under water in the market."""
        params = self.params(market)
        self.act(
            self.world.accounts[actor], "liquidate", params, *self.limits(params, part, wiggle, by_shares)
        )

    def limits(
        self, params: Params, part: int, wiggle: int, by_shares: bool
    ) -> tuple[str, int, int, bytes, int]:
        borrower = self.weakest(params)
        least = self.position(params, borrower).collateral * part // 700 if part % 5 == 0 else 0
        if part > 500:
            return borrower, 0 if by_shares else MAX, MAX if by_shares else 0, b"", least
        owed = self.position(params, borrower).borrow_shares if by_shares else self.debt(params, borrower)
        limit = max(0, owed * part // 500 + wiggle)
        return borrower, 0 if by_shares else limit, limit if by_shares else 0, b"", least

    def weakest(self, params: Params) -> str:
        def ltv(account: str) -> int:
            collateral = self.value(params, self.position(params, account).collateral)
            return self.debt(params, account) * WAD // (collateral + 1)

        return max(self.world.accounts, key=ltv)

    @rule(market=market, actor=actor)
    def poke(self, market: int, actor: int) -> None:
        self.act(LIQUIDATOR, "poke", self.params(market), self.world.accounts[actor])

    @rule(market=market, collects=st.booleans())
    def accrue(self, market: int, collects: bool) -> None:
        self.act(LIQUIDATOR, "collect" if collects else "accrue", self.params(market))

    @rule(token=st.integers(0, 1), size=size, by_standard=st.booleans())
    def flash_loan(self, token: int, size: int, by_standard: bool) -> None:
        address, cheater = self.world.tokens[token].address, self.world.cheater.address
        amount = self.amount(self.params(0), size)
        if by_standard:
            self.act(LENDER, "flashLoan", cheater, address, amount, b"")
        else:
            self.act(cheater, "flash_loan", address, amount, b"")

    @rule(actor=actor, other=actor, is_authorized=st.booleans())
    def authorize(self, actor: int, other: int, is_authorized: bool) -> None:
        accounts = self.world.accounts
        self.act(accounts[actor], "authorize", accounts[other], is_authorized)

    # What Credit has no say in

    @rule(market=market, permille=prices, safe=st.sampled_from([True, True, True, False]), cut=permille)
    def move_price(self, market: int, permille: int, safe: bool, cut: int) -> None:
        price = TERMS[market].price * permille // 1_000
        self.world.set_price(market, price, safe, price * cut // 1_000 if cut % 3 == 0 else None)

    @rule(market=market)
    def lose_price(self, market: int) -> None:
        self.world.silence(market)

    @rule(market=market, rate=rates)
    def move_rate(self, market: int, rate: int) -> None:
        self.act(LENDER, "accrue", self.params(market))
        self.world.set_rate(market, rate)

    @rule(seconds=spans)
    def wait(self, seconds: int) -> None:
        self.world.machine.wait(seconds)

    @rule(token=st.integers(0, 1), size=size)
    def donate(self, token: int, size: int) -> None:
        """Tokens sent unasked change nothing: the model's books don't know of them."""
        self.world.donate(token, size)

    @rule(token=st.integers(0, 1), market=market, actor=actor, part=permille, call=st.integers(0, 6))
    def with_refusing_token(self, token: int, market: int, actor: int, part: int, call: int) -> None:
        with self.world.refusals(token):
            self.any_call(call, market, actor, part)

    def any_call(self, call: int, market: int, actor: int, part: int) -> None:
        """One of the entry points that move tokens, with likely amounts."""
        rest = {"market": market, "actor": actor}
        match call:
            case 0:
                self.supply(**rest, on_behalf=actor, size=part * 8 + 1, by_shares=False)
            case 1:
                self.withdraw(**rest, part=part, wiggle=0, by_shares=True, caller=None)
            case 2:
                self.borrow(**rest, part=part, wiggle=0, by_shares=False, caller=None)
            case 3:
                self.repay(**rest, on_behalf=actor, part=part, wiggle=0, by_shares=True)
            case 4:
                self.add_collateral(**rest, on_behalf=actor, size=part * 8 + 1)
            case 5:
                self.remove_collateral(**rest, part=part, wiggle=0, caller=None)
            case _:
                self.liquidate(**rest, part=part, wiggle=0, by_shares=False)

    # The cheater, in the middle of a call of its own

    @rule(
        where=st.sampled_from([CALLBACK, CALLBACK, ACCRUAL, *BEFORE, *AFTER]),
        outer=st.integers(0, 6),
        inner=st.integers(0, 12),
        market=market,
        other=market,
        part=permille,
        size=size,
    )
    def reenter(
        self, where: str, outer: int, inner: int, market: int, other: int, part: int, size: int
    ) -> None:
        params = self.params(market)
        name, *arguments = self.cheat(outer, params, size)
        if where == CALLBACK and name in ("withdraw", "borrow", "remove_collateral"):
            return
        name_inside, *inside = self.cheat(inner, self.params(other), part * 8 + 1)
        turn = Inner(where, name_inside, tuple(inside))
        self.act(self.world.cheater.address, name, *arguments, inner=turn)

    def cheat(self, call: int, params: Params, size: int) -> tuple[Any, ...]:
        cheater = self.world.cheater.address
        position, amount = self.position(params, cheater), self.amount(params, size)
        shares = position.supply_shares * (size % 1_000) // 999
        token = params.loan_token if size % 2 else params.collateral_token
        calls: list[tuple[Any, ...]] = [
            ("supply", params, amount, 0, cheater, b""),
            ("add_collateral", params, amount, cheater, b""),
            ("repay", params, 0, position.borrow_shares, cheater, b""),
            ("liquidate", params, *self.limits(params, size % 1_000, 0, False)),
            ("flash_loan", token, amount, b""),
            ("withdraw", params, 0, shares, cheater, cheater),
            ("borrow", params, amount, 0, cheater, cheater),
            ("remove_collateral", params, position.collateral * (size % 1_000) // 999, cheater, cheater),
            ("transfer_supply", params, shares, cheater, LENDER),
            ("flashLoan", cheater, token, amount, b""),
            ("poke", params, BORROWER),
            ("collect", params),
            ("accrue", params),
        ]
        return calls[call]

    # The end

    def teardown(self) -> None:
        """C6 and C7: what is under water is realised by anybody; then, without any price, all comes out."""
        if not self.model.books.positions:
            return
        self.world.check_alike()
        self.bad_debt_is_realised()
        for number, params in enumerate(self.world.params):
            self.world.silence(number)
            for account in self.world.accounts:
                self.close(params, account)
        for params in self.world.params:
            for account in self.world.accounts:
                if shares := self.position(params, account).supply_shares:
                    self.take_out(params, account, shares)
        self.world.check_alike()

    def bad_debt_is_realised(self) -> None:
        for number, params in enumerate(self.world.params):
            self.world.set_price(number, 1)
            for account in self.world.accounts[:2]:
                if self.position(params, account).borrow_shares:
                    assert self.act(LIQUIDATOR, "liquidate", params, account, MAX, 0, b"")

    def close(self, params: Params, account: str) -> None:
        if shares := self.position(params, account).borrow_shares:
            assert self.act(account, "repay", params, 0, shares, account, b"")
        if collateral := self.position(params, account).collateral:
            assert self.act(account, "add_collateral", params, 1, account, b"") == ()
            assert self.act(account, "remove_collateral", params, collateral + 1, account, account) == ()

    def take_out(self, params: Params, account: str, shares: int) -> None:
        """All of it; but of the units that rounding made nobody's debt, the last lender gets no cash."""
        self.act(account, "accrue", params)
        market = self.model.books.markets[params.id]
        assert market.borrow_shares == 0
        claim = Moment.of(self.model, [params]).claim(params.id, account)
        cash = market.supply_assets - market.borrow_assets
        pair = (0, shares) if claim <= cash else (cash, 0)
        assert not min(claim, cash) or self.act(account, "withdraw", params, *pair, account, account)


@pytest.mark.timeout(12 * 3_600)
@pytest.mark.skipif(not FAST, reason="pyrevm has no wheel for this Python; the small run below is on py-evm")
def test_every_entry_point_in_any_order() -> None:
    run(SEQUENCES[os.environ.get("HYPOTHESIS_PROFILE", "surge")])


@pytest.mark.skipif(FAST, reason="the whole number runs on revm")
def test_some_orders_on_another_evm() -> None:
    run(20)


def run(sequences: int) -> None:
    """In batches: Hypothesis remembers all that it has tried, which is much after some thousands."""
    for batch in range(0, sequences, BATCH):
        number = min(BATCH, sequences - batch)
        chosen = settings(max_examples=number, stateful_step_count=STEPS, phases=UNSHRUNK)
        run_state_machine_as_test(Lending, settings=chosen)  # type: ignore[no-untyped-call]
