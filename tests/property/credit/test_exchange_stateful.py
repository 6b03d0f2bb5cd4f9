"""Any order of liquidity, swaps, flash swaps, donations and waits on the bytecode, beside a small model.

X1: k never falls by a swap; what an LP token is worth in reserves never falls. What the pair holds covers
what it owes. X2: accumulators and the guarded second source are the integral of the price over time.
"""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contracts.worlds.bare_evm import Bare, Machine, Reverted, machine, mock, shipped
from contracts.worlds.pots import UNSHRUNK
from surge.chain.deploy.blueprint import blueprint_creation
from surge.credit import exchange as twin

TRADER = "0x" + "a1" * 20
ZERO = "0x" + "00" * 20
SCALE = 10**36
WRAP = 2**256
WINDOW, LONGEST = 600, 7_200
AMOUNT = st.one_of(st.integers(1, 10**6), st.integers(1, 10**13), st.integers(1, 10**21))


@dataclass(frozen=True)
class World:
    machine: Machine
    pair: Bare
    tokens: tuple[Bare, Bare]
    guard: Bare
    receiver: Bare


@cache
def world() -> World:
    """Deployed once: a pair, a receiver of flash swaps, a guard of which only the second source counts.

    It is three hours before the pair's 32-bit clock begins anew.
    """
    chain = machine()
    chain.wait(2**32 - chain.now - 3 * 3_600)
    blueprint = chain.deploy(blueprint_creation(shipped("Pair").bytecode), TRADER)
    exchange = shipped("Exchange").deploy(chain, blueprint)
    made = [mock("PlainToken").deploy(chain, 18) for _ in range(2)]
    exchange("createPair", *(token.address for token in made))
    tokens = tuple(sorted(made, key=lambda token: token.address))
    address = exchange("getPair", *(token.address for token in tokens))
    pair = Bare(chain, f"0x{address:040x}", shipped("Pair"))
    feed = mock("RoundFeed").deploy(chain, 0, 1)
    config = (
        tokens[0].address, tokens[1].address, feed.address, 2**40, ZERO, 0, 1, 10**55, ZERO, 0,
        pair.address, WINDOW, LONGEST, 10**17,
    )  # fmt: skip
    guard = shipped("OracleGuard").deploy(chain, config)
    receiver = mock("FlashReceiver").deploy(chain)
    for token in tokens:
        for holder in (TRADER, receiver.address):
            token("mint", holder, 10**30)
    return World(chain, pair, (tokens[0], tokens[1]), guard, receiver)


@dataclass
class Book:
    """What the model knows of the pair."""

    held: list[int] = field(default_factory=lambda: [0, 0])
    reserves: list[int] = field(default_factory=lambda: [0, 0])
    supply: int = 0
    liquidity: int = 0
    sums: list[int] = field(default_factory=lambda: [0, 0])
    written: int = 0
    seen: list[tuple[int, int]] = field(default_factory=lambda: [(0, 0), (0, 0)])
    """Observations of the guard, the older first: (time, accumulator of token0's price)."""

    @property
    def excess(self) -> tuple[int, int]:
        return self.held[0] - self.reserves[0], self.held[1] - self.reserves[1]

    def sums_at(self, now: int) -> list[int]:
        if 0 in self.reserves:
            return self.sums
        prices = [(self.reserves[1 - n] << 112) // self.reserves[n] for n in (0, 1)]
        pairs = zip(self.sums, prices, strict=True)
        return [(total + price * (now - self.written)) % WRAP for total, price in pairs]

    def write(self, now: int) -> None:
        self.sums, self.written = self.sums_at(now), now
        self.reserves = list(self.held)

    def second(self, now: int) -> tuple[int, bool]:
        """The average price of token0 since the observation that counts."""
        older, newer = self.seen
        time, start = newer if now - newer[0] >= WINDOW else older
        if time == 0 or now - time > LONGEST:
            return 0, False
        average = (self.sums_at(now)[0] - start) % WRAP // (now - time)
        return average * SCALE >> 112, True


class Trading(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = world()
        self.saved = self.world.machine.save()
        self.book = Book()

    def teardown(self) -> None:
        self.world.machine.restore(self.saved)

    @property
    def now(self) -> int:
        return self.world.machine.now

    def ask(self, contract: Bare, name: str, *arguments: Any) -> Any:
        return contract(name, *arguments, sender=TRADER)

    def refused(self, reason: str, name: str, *arguments: Any) -> None:
        with pytest.raises(Reverted) as caught:
            self.ask(self.world.pair, name, *arguments)
        assert caught.value.reason == reason

    def pay(self, token: int, amount: int) -> None:
        self.ask(self.world.tokens[token], "transfer", self.world.pair.address, amount)
        self.book.held[token] += amount

    @initialize(first=st.tuples(st.integers(10**4, 10**22), st.integers(10**4, 10**22)))
    def begin(self, first: tuple[int, int]) -> None:
        self.provide(first)

    @rule(amounts=st.tuples(AMOUNT, AMOUNT))
    def provide(self, amounts: tuple[int, int]) -> None:
        """Whatever lies in the pair is taken for liquidity too."""
        for token, amount in enumerate(amounts):
            self.pay(token, amount)
        book = self.book
        minted = twin.liquidity_minted(*book.excess, *book.reserves, book.supply)
        if minted <= 0:
            self.refused("Pair: too little was paid in", "mint", TRADER)
            return
        locked = 0 if book.supply else twin.MINIMUM_LIQUIDITY
        assert self.ask(self.world.pair, "mint", TRADER) == minted
        book.supply += minted + locked
        book.liquidity += minted
        book.write(self.now)

    @rule(part=st.integers(1, 1_000))
    @precondition(lambda self: self.book.liquidity > 0)
    def withdraw(self, part: int) -> None:
        book = self.book
        burned = max(1, book.liquidity * part // 1_000)
        amounts = twin.liquidity_burned(burned, *book.held, book.supply)
        before = self.world.machine.save()
        self.ask(self.world.pair, "transfer", self.world.pair.address, burned)
        if 0 in amounts:
            self.refused("Pair: the LP tokens are worth nothing", "burn", TRADER)
            self.world.machine.restore(before)
            return
        assert self.ask(self.world.pair, "burn", TRADER) == amounts
        book.held = [book.held[n] - amounts[n] for n in (0, 1)]
        book.supply -= burned
        book.liquidity -= burned
        book.write(self.now)

    @rule(token=st.sampled_from([0, 1]), amount=AMOUNT, greedy=st.booleans(), spared=st.integers(0, 5))
    def swap(self, token: int, amount: int, greedy: bool, spared: int) -> None:
        """As much as there is to have, or a little less; never a unit more."""
        self.pay(token, amount)
        book, other = self.book, 1 - token
        paid = book.held[token] - book.reserves[token]
        given = book.held[other] - book.reserves[other]
        most = twin.amount_out(paid, book.reserves[token], book.reserves[other])
        if not given:
            asked = most + 1 if greedy else max(0, most - spared)
            if greedy and asked < book.reserves[other]:
                self.refused(
                    "Pair: too little was paid in for k", "swap", *self.out(token, asked), TRADER, b""
                )
            asked = min(asked, most)
        else:
            asked = most
        if asked == 0:
            self.refused("Pair: nothing is asked", "swap", 0, 0, TRADER, b"")
            return
        k = book.reserves[0] * book.reserves[1]
        self.ask(self.world.pair, "swap", *self.out(token, asked), TRADER, b"")
        book.held[other] -= asked
        book.write(self.now)
        assert book.reserves[0] * book.reserves[1] >= k

    def out(self, token: int, amount: int) -> tuple[int, int]:
        """(of token0, of token1) when `token` goes in."""
        return (0, amount) if token == 0 else (amount, 0)

    @rule(token=st.sampled_from([0, 1]), part=st.integers(1, 999), short=st.booleans())
    def flash(self, token: int, part: int, short: bool) -> None:
        """Out first, and the callback pays in the other token: what it costs, or a unit less."""
        book, other = self.book, 1 - token
        if any(book.excess):
            return
        wanted = book.reserves[other] * part // 1_000
        if wanted == 0:
            return
        cost = twin.amount_in(wanted, book.reserves[token], book.reserves[other])
        enough = twin.amount_out(cost - 1, book.reserves[token], book.reserves[other]) >= wanted
        repaid = cost - 1 if short else cost
        self.ask(self.world.receiver, "plan", self.world.tokens[token].address, repaid)
        arguments = (*self.out(token, wanted), self.world.receiver.address, b"pay")
        if short and not enough:
            reason = "Pair: too little was paid in for k" if repaid else "Pair: nothing was paid in"
            self.refused(reason, "swap", *arguments)
            return
        k = book.reserves[0] * book.reserves[1]
        self.ask(self.world.pair, "swap", *arguments)
        book.held[token] += repaid
        book.held[other] -= wanted
        book.write(self.now)
        assert book.reserves[0] * book.reserves[1] >= k

    @rule(token=st.sampled_from([0, 1]), amount=AMOUNT)
    def donate(self, token: int, amount: int) -> None:
        self.pay(token, amount)

    @rule()
    def skim(self) -> None:
        self.ask(self.world.pair, "skim", TRADER)
        self.book.held = list(self.book.reserves)

    @rule()
    def sync(self) -> None:
        self.ask(self.world.pair, "sync")
        self.book.write(self.now)

    @rule(seconds=st.one_of(st.integers(1, WINDOW), st.integers(1, 2 * LONGEST), st.integers(1, 2**31)))
    def wait(self, seconds: int) -> None:
        # The clock in a pair counts 136 years; nobody leaves one alone for so long.
        if self.now + seconds - self.book.written >= 2**32:
            self.sync()
        self.world.machine.wait(seconds)

    @rule()
    def observe(self) -> None:
        due = self.now - self.book.seen[1][0] >= WINDOW
        assert self.ask(self.world.guard, "observe") == due
        if due:
            self.book.seen = [self.book.seen[1], (self.now, self.book.sums_at(self.now)[0])]

    @invariant()
    def it_is_the_model(self) -> None:
        book, pair = self.book, self.world.pair
        assert self.ask(pair, "getReserves") == (*book.reserves, book.written % 2**32)
        assert [self.ask(pair, f"price{n}CumulativeLast") for n in (0, 1)] == book.sums
        assert self.ask(pair, "totalSupply") == book.supply
        assert self.ask(pair, "balanceOf", TRADER) == book.liquidity
        for token, held in zip(self.world.tokens, book.held, strict=True):
            assert self.ask(token, "balanceOf", pair.address) == held

    @invariant()
    def it_covers_what_it_owes(self) -> None:
        assert min(self.book.excess) >= 0

    @invariant()
    def an_lp_token_is_never_worth_less(self) -> None:
        """k / supply², by cross multiplication with what it was."""
        book = self.book
        if not book.supply:
            return
        now = (book.reserves[0] * book.reserves[1], book.supply**2)
        before = getattr(self, "worth", now)
        assert now[0] * before[1] >= before[0] * now[1]
        self.worth = now

    @invariant()
    def the_average_is_the_integral_of_the_price(self) -> None:
        answered, there = self.ask(self.world.guard, "second_price")
        expected, expected_there = self.book.second(self.now)
        assert bool(there) == expected_there
        # Two shifts instead of one: the guard is at most a few units of 1e36 >> 56 below.
        assert 0 <= expected - answered <= 10**18 + expected // 10**12


TestTrading = Trading.TestCase
TestTrading.settings = settings(phases=UNSHRUNK, max_examples=40, stateful_step_count=30)
