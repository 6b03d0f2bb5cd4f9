"""Whether a transaction is worth its gas. Pure.

There is no price feed: the owner says what a coin of the chain is worth. Money in millionths of a dollar,
coins and gas prices in wei, times in chain seconds.
"""

from dataclasses import dataclass
from enum import Enum, auto
from fractions import Fraction

from surge.model.units import GFUEL, LeaseId, MicroUsd, Seconds, Wei, divide_up

COIN = 10**18
SETTLE_GAS, CLOSE_GAS, CLAIM_GAS = 110_000, 130_000, 180_000
"""The most that each takes."""
NEAR_SECONDS = Seconds(1_800)
"""Before a deadline, or half of the Market's grace where that is less: from then on what gains is sent."""
WARN_SECONDS = Seconds(3_600)
FREED_SECONDS = 3_600
"""Slots that a close frees count as so much work at their lease's price."""
FUEL_PER_SECOND = 10 * GFUEL
"""Of one slot, about."""


class Choice(Enum):
    SEND = auto()
    WAIT = auto()
    """The gas may be cheaper later, or more may be brought."""
    LOST = auto()
    """The deadline is over, and it never was worth its gas."""


@dataclass(frozen=True, slots=True)
class Scales:
    """coin_price: of one coin of the chain; None: gas is not weighed. share: what gas may take of what a
    transaction brings while there is time."""

    coin_price: MicroUsd | None = None
    share: Fraction = Fraction(1, 10)

    def cost(self, gas: int, gas_price: Wei) -> MicroUsd:
        """Of so much gas, rounded up."""
        return MicroUsd(divide_up(gas * gas_price * (self.coin_price or 0), COIN))

    def worth(self, brings: int) -> Wei | None:
        """What the gas of a transaction may cost that brings so much, however often its fee is raised; None:
        it is not weighed."""
        return None if not self.coin_price else Wei(brings * COIN // self.coin_price)

    def choose(self, brings: int, gas: int, gas_price: Wei, left: Seconds | None, near: Seconds) -> Choice:
        """left: to the deadline (None: there is none); near: how much of it counts as little."""
        if self.coin_price is None:
            return Choice.SEND
        cost = self.cost(gas, gas_price)
        if cost <= self.share * brings:
            return Choice.SEND
        if left is None or left > near:
            return Choice.WAIT
        if cost < brings:
            return Choice.SEND
        return Choice.WAIT if left > 0 else Choice.LOST


def freed(slots: int, price_gfuel: int) -> MicroUsd:
    """What slots are worth that a close makes free."""
    return MicroUsd(FREED_SECONDS * FUEL_PER_SECOND // GFUEL * slots * price_gfuel)


def near(grace: Seconds) -> Seconds:
    return Seconds(min(NEAR_SECONDS, grace // 2))


@dataclass(frozen=True, slots=True)
class Due:
    """Signed money that waits to be redeemed, and until when it can be."""

    lease: LeaseId
    amount: MicroUsd
    deadline: Seconds


@dataclass(frozen=True, slots=True)
class Looked:
    """What the account holds now, and what waits."""

    now: Seconds
    gas_price: Wei
    coins: Wei
    due: tuple[Due, ...]


@dataclass(frozen=True, slots=True)
class Short:
    """The coins don't pay the gas of what waits. last: the first deadline is within an hour."""

    needed: Wei
    coins: Wei
    amount: MicroUsd
    deadline: Seconds
    last: bool


class Purse:
    """Says when gas runs out before money is lost: at once, and once more an hour before the first deadline.
    Anew after the coins were enough, or nothing waited."""

    def __init__(self) -> None:
        self._said = self._said_last = False

    def handle(self, event: Looked) -> list[Short]:
        needed = Wei(len(event.due) * CLOSE_GAS * event.gas_price)
        if event.coins >= needed:
            self._said = self._said_last = False
            return []
        deadline = min(one.deadline for one in event.due)
        last = event.now >= deadline - WARN_SECONDS
        if self._said_last or (self._said and not last):
            return []
        self._said, self._said_last = True, last
        amount = MicroUsd(sum(one.amount for one in event.due))
        return [Short(needed, event.coins, amount, deadline, last)]
