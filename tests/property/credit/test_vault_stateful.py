"""A vault in any order of calls by lenders, borrowers, liquidators, its owner and who sends gifts.

C4, D1: the share price falls only by bad debt (or by a unit a market, when the owner reallocates). Coming
and going moves nothing. What the vault says of itself is so: previews, maxima, totals, against the twin.
"""

import os
from fractions import Fraction
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from contracts.worlds.bare_evm import FAST, Reverted
from contracts.worlds.pots import UNSHRUNK
from contracts.worlds.vault_pots import (
    BORROWER,
    CAP,
    CHEATER,
    FEES,
    LENDERS,
    MAX,
    OWNER,
    PART,
    SCALE,
    TIMELOCK,
    USD,
    VaultPots,
)
from surge.credit import vault as twin

MARKETS = 3
NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
EXAMPLES = (2_000 if NIGHTLY else 30) if FAST else 4
AMOUNTS = st.one_of(st.integers(1, 100), st.integers(1, 10**9), st.integers(1, 2 * CAP))
WHO = st.sampled_from(LENDERS)
WHICH = st.integers(0, MARKETS - 1)


class VaultMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.pots = VaultPots(MARKETS)
        self.vault = self.pots.vault
        self.price, self.shares = Fraction(0), 0
        self.start_from_here()
        self.broken: set[int] = set()

    def attempt(self, contract: Any, name: str, *arguments: Any, sender: str) -> Any:
        """What it answered; None when it was refused with a reason."""
        try:
            return contract(name, *arguments, sender=sender)
        except Reverted as reverted:
            if reverted.reason.split(":")[0] not in {"Vault", "Credit", "erc20", "FailingIrm"}:
                raise
            return None

    # Lenders

    @rule(who=WHO, amount=AMOUNTS, by_shares=st.booleans())
    def enter(self, who: str, amount: int, by_shares: bool) -> None:
        name, amount = ("mint", amount * 10**6 + 1) if by_shares else ("deposit", amount)
        sight, before = self.pots.sight(), self.pots.balance(who)
        plan = (twin.mint if by_shares else twin.deposit)(sight, amount)
        preview = self.attempt(self.vault, f"preview{name.capitalize()}", amount, sender=who)
        if sight.blind:
            assert preview is self.attempt(self.vault, name, amount, who, sender=who) is None
            return
        assert preview == (plan.assets if by_shares else plan.shares)
        answer = self.attempt(self.vault, name, amount, who, sender=who)
        if amount <= self.vault(f"max{name.capitalize()}", who) and plan.shares:
            assert answer is not None or plan.assets > before
        if answer is not None:
            assert answer == preview
            assert before - self.pots.balance(who) == plan.assets
            self.price_holds()

    @rule(who=WHO, part=st.integers(1, 120), by_shares=st.booleans())
    def leave(self, who: str, part: int, by_shares: bool) -> None:
        """`part` percent of what may be had."""
        name = "redeem" if by_shares else "withdraw"
        most = self.vault(f"max{name.capitalize()}", who)
        amount = most * part // 100
        sight, before = self.pots.sight(), self.pots.balance(who)
        plan = (twin.redeem if by_shares else twin.withdraw)(sight, amount)
        preview = self.vault(f"preview{name.capitalize()}", amount)
        answer = self.attempt(self.vault, name, amount, who, who, sender=who)
        assert answer is not None or amount > most
        if answer is not None:
            assert answer == preview == (plan.assets if by_shares else plan.shares)
            assert self.pots.balance(who) - before == plan.assets
            self.price_holds()

    @rule(who=WHO, part=st.integers(1, 100))
    def leave_in_kind(self, who: str, part: int) -> None:
        """It never fails, whatever the markets do."""
        shares = self.pots.shares(who) * part // 100
        if not shares:
            return
        expected, given = twin.redeem_in_kind(self.pots.sight(), shares)
        ids = self.vault("queues")[1]
        before = [self.pots.credit("position", id, who)[0] for id in ids]
        assert self.pots.redeem_in_kind(who, shares) == expected
        after = [self.pots.credit("position", id, who)[0] for id in ids]
        assert tuple(b - a for a, b in zip(before, after, strict=True)) == given
        self.price_holds()

    @rule(amount=AMOUNTS, part=st.integers(1, 100), leaves_first=st.booleans())
    def come_and_go(self, amount: int, part: int, leaves_first: bool) -> None:
        """In any state of flows, cash and caps the markets end no further from how the owner left them,
        but for what found no room to come back to."""
        amount = min(amount, self.vault("maxDeposit", CHEATER), self.pots.balance(CHEATER))
        if leaves_first:
            amount = min(amount, self.vault("maxWithdraw", CHEATER) * part // 100)
        drawn, before = self.drawn(), self.pots.sight()
        names = ["withdraw", "deposit"] if leaves_first else ["deposit", "withdraw"]
        for name in names:
            whose = [CHEATER, CHEATER] if name == "withdraw" else [CHEATER]
            most = self.vault(f"max{name.capitalize()}", CHEATER)
            self.attempt(self.vault, name, min(amount, most), *whose, sender=CHEATER)
        after = self.pots.sight()
        if abs(after.total - before.total) <= 2 * MARKETS:
            full = sum(max(0, one.drawn - one.room) for one in after.holdings) if leaves_first else 0
            assert self.drawn() - full <= drawn + 2 * MARKETS
        self.price_holds()

    @rule(giver=WHO, taker=WHO, part=st.integers(0, 100))
    def hand_over(self, giver: str, taker: str, part: int) -> None:
        self.vault("transfer", taker, self.pots.shares(giver) * part // 100, sender=giver)

    @rule(amount=AMOUNTS, which=WHICH, kind=st.integers(0, 2))
    def give(self, amount: int, which: int, kind: int) -> None:
        """Gifts change nothing, and leave again."""
        before = self.pots.price
        if kind == 0:
            self.pots.asset("transfer", self.vault.address, amount, sender=CHEATER)
        elif kind == 1:
            self.attempt(
                self.pots.credit,
                "supply",
                self.pots.market(which),
                amount,
                0,
                self.vault.address,
                b"",
                sender=CHEATER,
            )
        else:
            self.vault("skim", self.pots.asset.address)
        assert Fraction(*self.pots.price) >= Fraction(*before)
        self.price_holds()

    # Borrowers, time, losses

    @rule(which=WHICH, part=st.integers(1, 100))
    def borrow(self, which: int, part: int) -> None:
        state = self.pots.credit("market", self.pots.ids[which])
        amount = (state[0] - state[2]) * part // 100
        if amount >= USD and which not in self.broken:
            self.pots.borrow(which, amount)

    @rule(which=WHICH)
    def repay(self, which: int) -> None:
        if self.pots.credit("position", self.pots.ids[which], BORROWER)[1] and which not in self.broken:
            self.pots.repay_all(which)

    @rule(which=WHICH, rate=st.integers(0, 3 * PART), seconds=st.integers(1, 3_000_000))
    def earn(self, which: int, rate: int, seconds: int) -> None:
        if which not in self.broken:
            self.pots.set_rate(which, rate)
        self.pots.machine.wait(seconds)
        self.price_holds()

    @rule(which=WHICH, left=st.sampled_from([0, 1, 100, 500, 690]))
    def lose(self, which: int, left: int) -> None:
        debt = self.pots.credit("position", self.pots.ids[which], BORROWER)[1]
        if debt and which not in self.broken:
            before = self.vault("totalAssets")
            lost = self.pots.lose(which, left)
            assert before - self.vault("totalAssets") <= lost + 1
            self.start_from_here()

    @rule(which=WHICH)
    def fail(self, which: int) -> None:
        """A rate model stops or works again; with it, interest that was not counted."""
        self.broken ^= {which}
        self.pots.irms[which]("set_broken", which in self.broken)
        self.start_from_here()

    # The owner

    @rule(wanted=st.lists(st.tuples(WHICH, AMOUNTS | st.just(0) | st.just(MAX)), max_size=4))
    def reallocate(self, wanted: list[tuple[int, int]]) -> None:
        before = self.pots.sight().total
        allocations = [(self.pots.ids[which], amount) for which, amount in wanted]
        self.attempt(self.vault, "reallocate", allocations, sender=OWNER)
        assert before - len(wanted) * 2 <= self.pots.sight().total <= before
        self.start_from_here()

    @rule(which=WHICH, cap=st.one_of(st.just(0), AMOUNTS))
    def set_cap(self, which: int, cap: int) -> None:
        id = self.pots.ids[which]
        if cap > self.vault("cap", id):
            self.vault("submit_cap", id, cap, sender=OWNER)
            self.pots.machine.wait(TIMELOCK)
            self.vault("accept_cap", id)
        else:
            self.vault("lower_cap", id, cap, sender=OWNER)
        self.price_holds()

    @rule(order=st.permutations(range(MARKETS)), length=st.integers(0, MARKETS))
    def set_queues(self, order: list[int], length: int) -> None:
        ids = [self.pots.ids[which] for which in order]
        self.attempt(self.vault, "set_supply_queue", ids[:length], sender=OWNER)
        queue = self.vault("queues")[1]
        self.attempt(self.vault, "set_withdraw_queue", [id for id in ids if id in queue], sender=OWNER)
        self.attempt(self.vault, "set_withdraw_queue", ids[:length], sender=OWNER)
        self.price_holds()

    @rule(fee=st.sampled_from([0, 10**17, 5 * 10**17]))
    def set_fee(self, fee: int) -> None:
        self.vault("set_fee", fee, FEES, sender=OWNER)
        self.price_holds()

    @precondition(lambda self: self.pots.shares(FEES))
    @rule()
    def take_fee(self) -> None:
        most = self.vault("maxRedeem", FEES)
        if most:
            self.pots.redeem(FEES, most)
        self.price_holds()

    # What always holds

    def price_holds(self) -> None:
        """C4. With a fee on, what rounding left to the vault is charged the next time."""
        assets, shares = self.pots.price
        price = Fraction(assets, shares)
        rounding = Fraction(2 * MARKETS, self.shares) if self.vault("fee") else 0
        assert price >= self.price - rounding
        assert price >= min(self.price, Fraction(self.vault("high_water"), SCALE))
        self.price, self.shares = price, shares

    def drawn(self) -> int:
        sight = self.pots.sight()
        return sight.drawn + sum(one.drawn for one in sight.holdings)

    def start_from_here(self) -> None:
        assets, self.shares = self.pots.price
        self.price = Fraction(assets, self.shares)

    @invariant()
    def totals_are_the_twins(self) -> None:
        sight = self.pots.sight()
        assert self.vault("totalAssets") == sight.total
        assert self.vault("maxDeposit", CHEATER) == twin.max_deposit(sight)
        assert self.vault("maxMint", CHEATER) == twin.max_mint(sight)
        for lender in LENDERS:
            shares = self.pots.shares(lender)
            assert self.vault("maxWithdraw", lender) == twin.max_withdraw(sight, shares)
            assert self.vault("maxRedeem", lender) == twin.max_redeem(sight, shares)

    @invariant()
    def everything_is_there(self) -> None:
        assert self.pots.balance(self.vault.address) >= self.vault("idle")
        for id in self.pots.ids:
            assert self.pots.credit("position", id, self.vault.address)[0] >= self.vault("held", id)
        held = sum(self.pots.shares(account) for account in (*LENDERS, FEES))
        assert held == self.vault("totalSupply")
        assert self.vault("convertToAssets", held) <= self.vault("totalAssets")

    @invariant()
    def the_oracles_are_at_par(self) -> None:
        assert self.pots.oracles[0]("price")[0] == SCALE


TestVault = VaultMachine.TestCase
TestVault.settings = settings(phases=UNSHRUNK, max_examples=EXAMPLES, stateful_step_count=30, deadline=None)
