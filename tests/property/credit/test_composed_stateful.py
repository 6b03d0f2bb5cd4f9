"""Credit, a vault, pairs, Leverage, flash loans: an intruder does anything in one transaction, and
over blocks, among honest accounts and through years. What counts is money (contracts/worlds/composed):

An intruder earns the bonuses of liquidations, honest accounts lose what was realised as bad debt, once, and
nothing else moves between them (C3, C4, C5, D3); a vault lies where its owner left it (D4); markets stay
solvent (C1).
"""

import os
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from contracts.worlds.bare_evm import FAST
from contracts.worlds.composed.money import Books, Events, Moment, allocation_stands, check
from contracts.worlds.composed.programs import ALL, Do, Op, Program, group, lending
from contracts.worlds.composed.world import (
    CAREFUL,
    INTRUDER,
    KEEPER,
    LENDER,
    PLEDGED,
    PLEDGER,
    RECKLESS,
    RISKY,
    SAFE,
    SAVER,
    SHORT,
    SHORTER,
    USD,
    VAULT,
    shared_world,
)
from contracts.worlds.pots import UNSHRUNK

SEQUENCES = {"surge": 60, "nightly": 20_000, "mutants": 20}
BATCH = 1_000
STEPS = 12
DAY, YEAR = 86_400, 365 * 86_400
MAX = 2**256 - 1
BORROWERS = {RISKY: RECKLESS, SAFE: CAREFUL, SHORT: SHORTER, PLEDGED: PLEDGER}
ALLOCATION = False
"""Whether a vault's allocation is looked at."""
OF_USD, OF_ETH, OF_SHARES = range(3)

markets = st.integers(0, 3)
parts = st.one_of(st.sampled_from([ALL, ALL, ALL, 128, 64, 8, 1, 0]), st.integers(0, ALL))
accounts = st.sampled_from([INTRUDER, INTRUDER, INTRUDER, RECKLESS, PLEDGER, SAVER, VAULT])


def of(kind: Do, number: int = 1) -> st.SearchStrategy[Op]:
    return st.builds(Op, st.just(kind), st.integers(0, number - 1), parts)


@st.composite
def lendings(draw: st.DrawFn, *kinds: Do) -> Op:
    """Liquidations and repayments of who owes there, or of its own."""
    kind, market = draw(st.sampled_from(kinds)), draw(markets)
    if kind in (Do.LIQUIDATE, Do.GROUP_LIQUIDATE, Do.REPAY, Do.GROUP_REPAY, Do.POKE):
        account = draw(st.sampled_from([BORROWERS[market], BORROWERS[market], INTRUDER]))
    else:
        account = draw(accounts)
    return lending(kind, market, account, draw(parts))


leaving = st.one_of(of(Do.REDEEM), of(Do.TAKE), of(Do.REDEEM_IN_KIND), lendings(Do.WITHDRAW))
coming = st.one_of(of(Do.MINT), of(Do.DEPOSIT), lendings(Do.SUPPLY), of(Do.SWAP, 4))
hitting = st.one_of(lendings(Do.LIQUIDATE), lendings(Do.BORROW), of(Do.SWAP, 4), lendings(Do.LIQUIDATE))
owing = lendings(Do.BORROW, Do.REPAY, Do.PLEDGE, Do.UNPLEDGE)
rest = st.one_of(
    lendings(Do.TRANSFER_SUPPLY, Do.COLLECT, Do.POKE),
    of(Do.ACCRUE_FEE),
    of(Do.SKIM, 3),
    of(Do.SKIM_SUPPLY, 4),
    of(Do.JOIN, 2),
    of(Do.PART, 2),
    of(Do.SKIM_PAIR, 2),
    of(Do.SYNC, 2),
    of(Do.OPEN, 4),
    of(Do.LESS, 4),
    of(Do.CLOSE, 4),
    of(Do.CARRY, 4),
    of(Do.GIVE, 12),
)
steps = st.one_of(leaving, coming, hitting, owing, rest)
openings = st.one_of(
    of(Do.GROUP_FLASH, 3),
    of(Do.GROUP_FLASH, 3),
    of(Do.GROUP_SWAP, 4),
    lendings(Do.GROUP_LIQUIDATE),
    lendings(Do.GROUP_SUPPLY, Do.GROUP_REPAY, Do.GROUP_PLEDGE),
)


@st.composite
def schemes(draw: st.DrawFn) -> list[Op]:
    """Take something, leave, hit somebody, come back: with whatever else in between."""
    few = [st.lists(each, max_size=2) for each in (coming, owing, leaving, hitting, rest, coming, leaving)]
    inside = [op for stage in few for op in draw(stage)]
    opening = draw(openings)
    if draw(st.booleans()):
        inside = group(draw(openings), inside)
    return group(opening, inside)


@st.composite
def programs(draw: st.DrawFn) -> list[Op]:
    found: list[Op] = []
    for chosen in draw(st.lists(st.one_of(schemes(), steps), min_size=1, max_size=4)):
        found += [chosen] if isinstance(chosen, Op) else chosen
    return found


class Composed:
    """A world, watched: each transaction is between two moments."""

    def __init__(self) -> None:
        self.world = shared_world()
        self.world.reset()
        self.books = Books()
        self.last = self.block = Moment(self.world)
        self.losses: dict[int, int] = dict.fromkeys(BORROWERS, 0)

    def settle(self, heard: Any) -> None:
        """Look at the transaction that was just made."""
        after, events = Moment(self.world), Events(self.world, heard)
        check(self.last, after, events)
        self.books.cover(after)
        for market, loss in events.losses.items():
            self.losses[market] += loss
        self.last = after

    def strike(self, *programs: Program) -> None:
        """Transactions of the intruder in this block."""
        for program in programs:
            heard = self.world.strike(program)
            self.settle(heard)
            if ALLOCATION:
                allocation_stands(self.block, self.last, self.losses)

    def honest(self, number: int, contract: Any, name: str, *arguments: Any) -> bool:
        went = self.world.attempt(number, contract, name, *arguments)
        if went:
            self.settle(self.world.credit.events())
        self.next_block()
        return went

    def next_block(self) -> None:
        """Others move the vault, or nothing has yet."""
        self.last = self.block = Moment(self.world)
        self.losses = dict.fromkeys(BORROWERS, 0)

    def wait(self, seconds: int) -> None:
        self.world.machine.wait(seconds)
        self.next_block()
        self.books.cover(self.last)

    def move_price(self, permille: int) -> None:
        self.world.move_price(permille)
        self.next_block()


class Intruded(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.composed = Composed()
        self.world = self.composed.world

    def teardown(self) -> None:
        done = self.world.intruder("done")
        event(f"the last program did {done // 4 * 4} to {done // 4 * 4 + 3} operations")

    @rule(program=programs())
    def strike(self, program: Sequence[Op]) -> None:
        self.composed.strike(program)

    @rule(first=programs(), second=programs())
    def strike_twice(self, first: Sequence[Op], second: Sequence[Op]) -> None:
        self.composed.strike(first, second)

    @rule(seconds=st.sampled_from([1, 12, 3_600, DAY, 30 * DAY, YEAR]), times=st.integers(1, 3))
    def wait(self, seconds: int, times: int) -> None:
        for _ in range(times):
            self.composed.wait(seconds)

    @rule(permille=st.one_of(st.integers(400, 1_300), st.sampled_from([600, 700, 900])))
    def move_price(self, permille: int) -> None:
        self.composed.move_price(permille)

    # Honest accounts

    @rule(number=st.sampled_from([SAVER, KEEPER]), dollars=st.integers(1, 300_000))
    def deposit(self, number: int, dollars: int) -> None:
        self.composed.honest(number, self.world.vault, "deposit", dollars * USD, self.world.accounts[number])

    @rule(number=st.sampled_from([SAVER, KEEPER, PLEDGER]), part=parts)
    def leave(self, number: int, part: int) -> None:
        account = self.world.accounts[number]
        shares = self.world.vault("maxRedeem", account) * part // ALL
        self.composed.honest(number, self.world.vault, "redeem", shares, account, account)

    @rule(market=markets, size=st.integers(1, 10**6))
    def lend(self, market: int, size: int) -> None:
        """Some dollars, or their thousandth in ether."""
        assets = size * (10**15 if market == SHORT else USD)
        params, account = self.world.markets[market], self.world.accounts[LENDER]
        self.composed.honest(LENDER, self.world.credit, "supply", params, assets, 0, account, b"")

    @rule(market=markets, part=parts)
    def stop_lending(self, market: int, part: int) -> None:
        world, account = self.world, self.world.accounts[LENDER]
        supplied, _, borrowed, _, _, _ = self.composed.last.markets[market]
        assets = min(self.composed.last.claim(market, LENDER), supplied - borrowed) * part // ALL
        params = world.markets[market]
        self.composed.honest(LENDER, world.credit, "withdraw", params, assets, 0, account, account)

    @rule(market=markets, part=parts)
    def borrow(self, market: int, part: int) -> None:
        """A part of the cash, if the collateral is enough."""
        number, params = BORROWERS[market], self.world.markets[market]
        supplied, _, borrowed, _, _, _ = self.composed.last.markets[market]
        assets, account = (supplied - borrowed) * part // ALL, self.world.accounts[number]
        self.composed.honest(number, self.world.credit, "borrow", params, assets, 0, account, account)

    @rule(market=markets, part=parts)
    def repay(self, market: int, part: int) -> None:
        """Unless it owes more than it has there, which would be a loss of its own choice."""
        number, params = BORROWERS[market], self.world.markets[market]
        shares = self.composed.last.positions[market][number][1] * part // ALL
        account = self.world.accounts[number]
        if self.composed.last.equity(market, number):
            self.composed.honest(number, self.world.credit, "repay", params, 0, shares, account, b"")

    @rule(market=markets, intruder=st.booleans(), part=parts)
    def liquidate(self, market: int, intruder: bool, part: int) -> None:
        number = INTRUDER if intruder else BORROWERS[market]
        shares = self.composed.last.positions[market][number][1] * part // ALL
        arguments = self.world.markets[market], self.world.accounts[number], 0, shares, b""
        self.composed.honest(KEEPER, self.world.credit, "liquidate", *arguments)


@pytest.mark.timeout(12 * 3_600)
def test_money_moves_for_stated_reasons_alone() -> None:
    """In batches: Hypothesis remembers all that it has tried, which is much after some thousands."""
    sequences = SEQUENCES[os.environ.get("HYPOTHESIS_PROFILE", "surge")] if FAST else 3
    for batch in range(0, sequences, BATCH):
        number = min(BATCH, sequences - batch)
        chosen = settings(max_examples=number, stateful_step_count=STEPS, phases=UNSHRUNK, deadline=None)
        run_state_machine_as_test(Intruded, settings=chosen)  # type: ignore[no-untyped-call]


# Programs that once paid


@pytest.fixture
def composed() -> Composed:
    return Composed()


def test_a_loss_is_counted_once(composed: Composed) -> None:
    """D3: pledged shares of the vault are borrowed, redeemed before a loss, minted again after it."""
    composed.move_price(620)
    before = composed.last.total
    composed.strike(
        group(Op(Do.GROUP_FLASH, OF_SHARES), [Op(Do.REDEEM), lending(Do.LIQUIDATE, RISKY, RECKLESS)])
    )
    assert composed.losses[RISKY] in (0, before - composed.last.total)


def test_who_comes_and_goes_moves_nothing(composed: Composed) -> None:
    """D4: coming fills what is first in one queue, going empties what is first in the other."""
    composed.strike(group(Op(Do.GROUP_FLASH, OF_USD), [Op(Do.DEPOSIT), Op(Do.TAKE)]))


def test_nobody_leaves_at_the_cost_of_the_vault(composed: Composed) -> None:
    """D4: a lender of a market without cash lets the vault pay it out."""
    world = composed.world
    composed.strike([lending(Do.SUPPLY, RISKY)])
    world.owe(RECKLESS, RISKY, 500 * 10**18, 206_000 * USD)
    composed.next_block()
    assert composed.last.markets[RISKY][0] == composed.last.markets[RISKY][2]
    composed.strike(
        group(Op(Do.GROUP_FLASH, OF_USD, 128), [Op(Do.DEPOSIT), lending(Do.WITHDRAW, RISKY), Op(Do.TAKE)])
    )


def test_nobody_owes_what_nobody_borrowed(composed: Composed) -> None:
    """C1: a market that all have left stays empty for years, and who lends there next keeps it all."""
    world = composed.world
    accounts, params = world.accounts, world.markets[SHORT]
    shares = world.credit("position", world.ids[SHORT], accounts[SHORTER])[1]
    assert composed.honest(SHORTER, world.credit, "repay", params, 0, shares, accounts[SHORTER], b"")
    shares = world.credit("position", world.ids[SHORT], accounts[LENDER])[0]
    assert composed.honest(
        LENDER, world.credit, "withdraw", params, 0, shares, accounts[LENDER], accounts[LENDER]
    )
    composed.strike(
        [lending(Do.SUPPLY, SHORT, how_much=1), lending(Do.PLEDGE, SHORT), lending(Do.BORROW, SHORT)]
    )
    for _ in range(30):
        composed.wait(DAY)
    composed.strike([lending(Do.REPAY, SHORT), lending(Do.WITHDRAW, SHORT, how_much=254)])
    for _ in range(40):
        composed.wait(30 * DAY)
        world.credit("accrue", params)
    assert composed.honest(LENDER, world.credit, "supply", params, 10**20, 0, accounts[LENDER], b"")
    composed.strike([lending(Do.COLLECT, SHORT), lending(Do.WITHDRAW, SHORT)])
