"""Any order of payments, waits, auctions, bids and claims on the bytecode keeps R1 and R2."""

from contextlib import ExitStack
from dataclasses import dataclass, field

import boa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from contracts.worlds.pots import GENESIS_SUPPLY, UNSHRUNK, deploy_pots, now, wait
from surge.model.units import BPS, MicroUsd, Seconds, Wei
from surge.settle.rewards import SurgePrice, cost_up, share_down

PROVIDERS = 3
FIRST_EPOCH_MINT = Wei(30 * 10**18)


@dataclass
class Epoch:
    """What the machine knows of an epoch."""

    fees: dict[int, int] = field(default_factory=dict)
    pot: int = 0
    cap: int = 0
    burned: int = 0
    minted: int = 0
    claimed: set[int] = field(default_factory=set)
    started: int = 0


class RewardEpochs(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.scope = ExitStack()
        self.scope.enter_context(boa.env.anchor())
        self.pots = deploy_pots(first_epoch_mint=FIRST_EPOCH_MINT, halving_epochs=3, min_pot=1)
        self.providers = [str(boa.env.generate_address()) for _ in range(PROVIDERS)]
        self.bidder = self.pots.bidder()
        self.epochs = [Epoch()]
        self.selling = False
        self.last_period = 0

    def teardown(self) -> None:
        self.scope.close()

    @property
    def sold(self) -> list[int]:
        return [number for number, epoch in enumerate(self.epochs) if epoch.burned]

    @rule(
        provider=st.integers(0, PROVIDERS - 1), fee=st.integers(0, 10**7), reservation=st.integers(0, 10**7)
    )
    def pay(self, provider: int, fee: int, reservation: int) -> None:
        self.pots.collect(self.providers[provider], fee, reservation)
        epoch = self.epochs[-1]
        epoch.fees[provider] = epoch.fees.get(provider, 0) + fee
        epoch.pot += fee + reservation

    @rule(seconds=st.one_of(st.integers(1, 5_000), st.integers(80_000, 400_000)))
    def pass_time(self, seconds: int) -> None:
        wait(seconds)

    @rule()
    def start(self) -> None:
        period, epoch = self.pots.rules.period(Seconds(now())), self.epochs[-1]
        if period == self.last_period:
            reason = "Rewards: the epoch is not over"
        elif self.selling:
            reason = "Rewards: an auction is running"
        elif not epoch.pot:
            reason = "Rewards: the pot is too small"
        else:
            assert self.pots.rewards.start_auction() == len(self.epochs) - 1
            epoch.cap, epoch.started = self.pots.rules.schedule(period - 1), now()
            self.epochs.append(Epoch())
            self.selling, self.last_period = True, period
            return
        with boa.reverts(reason):
            self.pots.rewards.start_auction()

    @precondition(lambda self: self.selling)
    @rule()
    def bid(self) -> None:
        number = len(self.epochs) - 2
        epoch = self.epochs[number]
        rules, last = self.pots.rules, SurgePrice(self.pots.rewards.clearing_price())
        epoch.burned = self.pots.rewards.bid(number, 2**256 - 1, sender=self.bidder)
        price = self.pots.rewards.clearing_price()
        assert epoch.burned == cost_up(price, MicroUsd(epoch.pot)) > 0
        # R1: alone, a bidder halves the price once, and once more for each hold that it waits.
        holds = (now() - epoch.started) // rules.hold_seconds
        assert price >= max(rules.floor_price, rules.reserve(last) >> holds)
        assert price <= rules.opening_price(last)
        self.selling = False

    @precondition(lambda self: self.sold)
    @rule(pick=st.integers(0, 99), provider=st.integers(0, PROVIDERS - 1))
    def claim(self, pick: int, provider: int) -> None:
        number = self.sold[pick % len(self.sold)]
        epoch, address = self.epochs[number], self.providers[provider]
        fees = epoch.fees.get(provider, 0)
        if provider in epoch.claimed or not fees:
            with boa.reverts("Rewards: claimed already" if fees else "Rewards: no fees in this epoch"):
                self.pots.rewards.claim(address, number)
            return
        mintable = self.pots.rules.mintable_down(Wei(epoch.cap), Wei(epoch.burned))
        amount = self.pots.rewards.claim(address, number)
        assert amount == share_down(mintable, MicroUsd(fees), MicroUsd(epoch.pot))
        epoch.claimed.add(provider)
        epoch.minted += amount

    @invariant()
    def minted_below_burned_and_schedule(self) -> None:
        """R1, R2."""
        for epoch in self.epochs:
            assert epoch.minted * BPS <= epoch.burned * self.pots.rules.kappa_bps
            assert epoch.minted <= epoch.cap
        assert sum(e.minted for e in self.epochs) <= 2 * 3 * FIRST_EPOCH_MINT

    @invariant()
    def supply_is_what_was_burned_and_minted(self) -> None:
        burned, minted = sum(e.burned for e in self.epochs), sum(e.minted for e in self.epochs)
        assert self.pots.surge.totalSupply() == GENESIS_SUPPLY - burned + minted

    @invariant()
    def dollars_are_where_they_belong(self) -> None:
        selling = self.epochs[-2].pot if self.selling else 0
        assert self.pots.dollar.balanceOf(self.pots.rewards) == selling
        assert self.pots.dollar.balanceOf(self.bidder) == sum(e.pot for e in self.epochs if e.burned)


TestRewardEpochs = RewardEpochs.TestCase
TestRewardEpochs.settings = settings(phases=UNSHRUNK, max_examples=15, stateful_step_count=30, deadline=None)
