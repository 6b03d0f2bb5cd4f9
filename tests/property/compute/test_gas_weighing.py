"""A voucher under any gas prices: nothing is sent at a loss, nothing that gains is left too long (P6)."""

from fractions import Fraction

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from surge.model.units import MicroUsd, Seconds, Wei
from surge.settle.gas import CLOSE_GAS, SETTLE_GAS, Choice, Due, Looked, Purse, Scales

GWEI = 10**9
START, DEADLINE, NEAR = 0, 100_000, Seconds(1_800)


class Weighing(RuleBasedStateMachine):
    """Time passes, the price of gas moves, the renter signs more; a tick weighs as the redeemer does."""

    @initialize(
        coin=st.integers(1, 10**10),
        share=st.fractions(Fraction(1, 100), 1, max_denominator=100),
        price=st.integers(1, 10**6),
    )
    def begin(self, coin, share, price):
        self.scales, self.price = Scales(MicroUsd(coin), share), Wei(price * GWEI)
        self.now, self.signed, self.redeemed, self.lost = START, 0, 0, False
        self.purse, self.warned, self.short_now = Purse(), 0, False

    @property
    def brings(self):
        return self.signed - self.redeemed

    @rule(amount=st.integers(1, 10**7))
    def signs(self, amount):
        if self.now < DEADLINE and not self.lost:
            self.signed += amount

    @rule(price=st.integers(1, 10**6))
    def the_price_moves(self, price):
        self.price = Wei(price * GWEI)

    @rule(seconds=st.integers(0, 20_000))
    def time_passes(self, seconds):
        self.now += seconds

    @precondition(lambda self: not self.lost and self.signed > self.redeemed)
    @rule()
    def ticks(self):
        left = Seconds(DEADLINE - self.now)
        cost = self.scales.cost(SETTLE_GAS, self.price)
        choice = self.scales.choose(self.brings, SETTLE_GAS, self.price, left, NEAR)
        if choice is Choice.SEND:
            assert cost <= self.brings, "sent at a loss"
            assert cost <= self.scales.share * self.brings or left <= NEAR
            self.redeemed = self.signed
        elif choice is Choice.WAIT:
            assert left > 0
            assert left > NEAR or cost >= self.brings, "what gains was left to its deadline"
        else:
            assert left <= 0
            assert cost >= self.brings, "what gains was given up"
            self.lost = True

    @rule(coins=st.integers(0, 10**18))
    def looks_into_the_purse(self, coins):
        due = (Due(1, MicroUsd(self.brings), Seconds(DEADLINE)),) if self.brings else ()
        needed = len(due) * CLOSE_GAS * self.price
        said = self.purse.handle(Looked(Seconds(self.now), self.price, Wei(coins), due))
        if coins >= needed:
            assert said == []
            self.short_now, self.warned = False, 0
            return
        assert len(said) <= 1
        if not self.short_now:
            assert said, "short of gas, and not a word"
        self.short_now = True
        self.warned += len(said)
        assert self.warned <= 2, "said again and again"
        assert all(one.needed == needed > one.coins for one in said)


TestWeighing = Weighing.TestCase
