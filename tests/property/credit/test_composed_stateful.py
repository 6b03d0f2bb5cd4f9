"""Credit, a vault, pairs, Leverage, flash loans: an intruder does anything in one transaction, and
over blocks, among honest accounts and through years. What counts is money (contracts/worlds/composed):

An intruder earns the bonuses of liquidations, honest accounts lose what was realised as bad debt, once, and
nothing else moves between them (C3, C4, C5); a vault lies where its owner left it; markets stay solvent
(C1).
"""

import os
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from contracts.worlds.bare_evm import FAST
from contracts.worlds.composed.money import Allocation, Books, Events, Moment, check
from contracts.worlds.composed.programs import ALL, Do, Op, Program, group, lending, program
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
    shared_world,
)
from contracts.worlds.pots import UNSHRUNK

SEQUENCES = {"surge": 300, "nightly": 40_000, "mutants": 40}
BATCH = 1_000
STEPS = 15
DAY, YEAR = 86_400, 365 * 86_400
MAX = 2**256 - 1
BORROWERS = {RISKY: RECKLESS, SAFE: CAREFUL, SHORT: SHORTER, PLEDGED: PLEDGER}
ALLOCATION = True
"""Whether a vault's allocation is looked at."""
OF_USD, OF_ETH, OF_SHARES = range(3)

markets = st.integers(0, 3)
parts = st.one_of(st.sampled_from([ALL, ALL, 128, 1]), st.integers(0, ALL))
programs = st.integers(0, 2**64 - 1).map(program)


class Composed:
    """A world, watched: each transaction is between two moments."""

    def __init__(self) -> None:
        self.world = shared_world()
        self.world.reset()
        self.books, self.allocation = Books(), Allocation()
        self.look()
        self.losses: dict[int, int] = dict.fromkeys(BORROWERS, 0)

    def settle(self, heard: Any, whole: bool) -> None:
        """Look at the transaction that was just made."""
        after, events = Moment(self.world), Events(self.world, heard)
        check(self.last, after, events)
        self.books.cover(after)
        if whole and ALLOCATION and not any(events.losses.values()):
            self.allocation.stands(self.last, after)
        else:
            self.allocation.follow(self.last, after)
        self.last, self.losses = after, events.losses

    def strike(self, *programs: Program) -> None:
        """Transactions of the intruder in this block."""
        for each in programs:
            self.settle(self.world.strike(each), True)

    def honest(self, number: int, contract: Any, name: str, *arguments: Any) -> bool:
        went = self.world.attempt(number, contract, name, *arguments)
        if went:
            self.settle(self.world.credit.events(), False)
        return went

    def look(self) -> None:
        self.last = Moment(self.world)

    def wait(self, seconds: int) -> None:
        self.world.machine.wait(seconds)
        self.look()
        self.books.cover(self.last)

    def move_price(self, permille: int) -> None:
        self.world.move_price(permille)
        self.look()


class Intruded(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.composed = Composed()
        self.world = self.composed.world

    @initialize(permille=st.sampled_from([620, 1_000, 880, 700, 550, 1_150]))
    def begin(self, permille: int) -> None:
        """In a crash, often: then there is something to win."""
        self.composed.move_price(permille)

    def teardown(self) -> None:
        done = self.world.intruder("done")
        event(f"the last program did {done // 4 * 4} to {done // 4 * 4 + 3} operations")

    @rule(program=programs)
    def strike(self, program: Sequence[Op]) -> None:
        self.composed.strike(program)

    @rule(first=programs, second=programs)
    def strike_twice(self, first: Sequence[Op], second: Sequence[Op]) -> None:
        """In one block."""
        self.composed.strike(first, second)

    @rule(first=programs, second=programs, seconds=st.sampled_from([12, DAY]))
    def strike_again(self, first: Sequence[Op], second: Sequence[Op], seconds: int) -> None:
        self.composed.strike(first)
        self.composed.wait(seconds)
        self.composed.strike(second)

    @rule(permille=st.one_of(st.integers(500, 720), st.integers(450, 1_200)), program=programs)
    def strike_at_a_price(self, permille: int, program: Sequence[Op]) -> None:
        self.composed.move_price(permille)
        self.composed.strike(program)

    @rule(seconds=st.sampled_from([1, 3_600, DAY, 30 * DAY, YEAR]), times=st.integers(1, 3))
    def wait(self, seconds: int, times: int) -> None:
        for _ in range(times):
            self.composed.wait(seconds)

    # Honest accounts

    @rule(number=st.sampled_from([SAVER, KEEPER, PLEDGER]), dollars=st.integers(0, 300_000), part=parts)
    def use_the_vault(self, number: int, dollars: int, part: int) -> None:
        """Bring some dollars, or take out a part of what may be had."""
        vault, account = self.world.vault, self.world.accounts[number]
        if dollars:
            self.composed.honest(number, vault, "deposit", dollars * USD, account)
        else:
            shares = vault("maxRedeem", account) * part // ALL
            self.composed.honest(number, vault, "redeem", shares, account, account)

    @rule(market=markets, size=st.integers(0, 10**6), part=parts)
    def lend(self, market: int, size: int, part: int) -> None:
        """Some dollars, or their thousandth in ether; or take a part back, as far as there is cash."""
        credit, params = self.world.credit, self.world.markets[market]
        account, last = self.world.accounts[LENDER], self.composed.last
        if size:
            assets = size * (10**15 if market == SHORT else USD)
            self.composed.honest(LENDER, credit, "supply", params, assets, 0, account, b"")
        else:
            supplied, _, borrowed, _, _, _ = last.markets[market]
            assets = min(last.claim(market, LENDER), supplied - borrowed) * part // ALL
            self.composed.honest(LENDER, credit, "withdraw", params, assets, 0, account, account)

    @rule(market=markets, part=parts, more=st.booleans())
    def owe(self, market: int, part: int, more: bool) -> None:
        """A part of the cash, if the collateral is enough. Or less; but nobody pays for what it can leave."""
        credit, params = self.world.credit, self.world.markets[market]
        number, last = BORROWERS[market], self.composed.last
        account = self.world.accounts[number]
        if more:
            supplied, _, borrowed, _, _, _ = last.markets[market]
            assets = (supplied - borrowed) * part // ALL
            self.composed.honest(number, credit, "borrow", params, assets, 0, account, account)
        elif last.equity(market, number):
            shares = last.positions[market][number][1] * part // ALL
            self.composed.honest(number, credit, "repay", params, 0, shares, account, b"")

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
    """C4: pledged shares of the vault are borrowed, redeemed before a loss, minted again after it."""
    composed.move_price(620)
    composed.strike(
        group(Op(Do.GROUP_FLASH, OF_SHARES), [Op(Do.REDEEM), lending(Do.LIQUIDATE, RISKY, RECKLESS)])
    )
    assert composed.losses[RISKY] > 0


def test_who_comes_and_goes_moves_nothing(composed: Composed) -> None:
    """Coming fills what is first in one queue, going empties what is first in the other."""
    composed.strike(group(Op(Do.GROUP_FLASH, OF_USD), [Op(Do.DEPOSIT), Op(Do.TAKE)]))


def test_nobody_leaves_at_the_cost_of_the_vault(composed: Composed) -> None:
    """A lender of a market without cash lets the vault pay it out."""
    world = composed.world
    composed.strike([lending(Do.SUPPLY, RISKY)])
    world.owe(RECKLESS, RISKY, 500 * 10**18, 206_000 * USD)
    composed.look()
    assert composed.last.markets[RISKY][0] == composed.last.markets[RISKY][2]
    composed.strike(
        group(
            Op(Do.GROUP_FLASH, OF_USD, 128),
            [Op(Do.DEPOSIT), lending(Do.WITHDRAW, RISKY), Op(Do.REDEEM, 0, 254)],
        )
    )


def test_nobody_owes_what_nobody_borrowed(composed: Composed) -> None:
    """C1: a market that all have left stays empty for years, and who lends there next keeps it all."""
    world = composed.world
    params, lender, pledger = world.markets[PLEDGED], world.accounts[LENDER], world.accounts[PLEDGER]
    shares = [world.credit("position", world.ids[PLEDGED], account) for account in (lender, pledger)]
    assert composed.honest(PLEDGER, world.credit, "repay", params, 0, shares[1][1], pledger, b"")
    assert composed.honest(LENDER, world.credit, "withdraw", params, 0, shares[0][0], lender, lender)
    lends = [lending(what, PLEDGED) for what in (Do.PLEDGE, Do.BORROW)]
    composed.strike([Op(Do.DEPOSIT, 0, 128), lending(Do.SUPPLY, PLEDGED, how_much=1), *lends])
    for _ in range(120):
        composed.wait(DAY)
        world.credit("accrue", params)
    composed.strike([lending(what, PLEDGED) for what in (Do.REPAY, Do.COLLECT, Do.WITHDRAW)])
    assert not composed.last.markets[PLEDGED][3]
    for _ in range(40):
        composed.wait(45 * DAY)
        world.credit("accrue", params)
    assert composed.honest(LENDER, world.credit, "supply", params, 10**5 * USD, 0, lender, b"")
    composed.strike([lending(what, PLEDGED) for what in (Do.COLLECT, Do.WITHDRAW)])
