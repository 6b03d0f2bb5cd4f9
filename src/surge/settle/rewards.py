"""Fees are sold for SURGE, the SURGE is burned, and less than that is minted. Twin of Rewards.vy.

schedule → mint cap ┐
price → cost burned ┴→ mintable = min(mint cap, κ·burned) → shares by fees

Invariants: R1 minted ≤ κ·burned, κ < 1; R2 minted ≤ schedule. Dollars are millionths, prices are wei of
SURGE per dollar, times are chain seconds.
"""

from dataclasses import dataclass
from typing import NewType

from surge.model.units import BPS, Bps, MicroUsd, Seconds, Wei, divide_up

SurgePrice = NewType("SurgePrice", int)
"""Wei of SURGE per dollar."""

DOLLAR_UNIT = 10**6


@dataclass(frozen=True, slots=True)
class RewardRules:
    """What a Rewards contract was deployed with; see its constructor."""

    epoch_seconds: Seconds
    genesis: Seconds
    first_epoch_mint: Wei
    halving_epochs: int
    kappa_bps: Bps
    start_price: SurgePrice
    start_multiple: int
    floor_price: SurgePrice
    step_seconds: Seconds
    hold_seconds: Seconds
    min_pot: MicroUsd

    def period(self, now: Seconds) -> int:
        """Periods that have ended since genesis; an auction may start when one has since the last start."""
        return (now - self.genesis) // self.epoch_seconds

    def schedule(self, period: int) -> Wei:
        """Most that is minted for the pot swept at the end of the period of this number (from 0)."""
        return Wei(self.first_epoch_mint >> period // self.halving_epochs)

    def opening_price(self, clearing_price: SurgePrice) -> SurgePrice:
        """Where an auction starts after one that sold at `clearing_price` (0: none has)."""
        return SurgePrice(max(self.start_price, clearing_price * self.start_multiple))

    def reserve(self, clearing_price: SurgePrice) -> SurgePrice:
        """Half of what the last auction sold at (0: none has; then what would open the next at the start)."""
        last = clearing_price or self.start_price // self.start_multiple
        return SurgePrice(max(self.floor_price, last // 2))

    def falling_seconds(self, opening_price: SurgePrice, reserve: SurgePrice) -> Seconds:
        """Whole steps from the opening price to the reserve."""
        steps = 0
        while opening_price >> steps > reserve:
            steps += 1
        return Seconds(steps * self.step_seconds)

    def price(self, opening_price: SurgePrice, reserve: SurgePrice, elapsed: Seconds) -> SurgePrice:
        """Halves in each step down to the reserve, stays there for a hold, then halves in each hold.

        So a bidder without rivals that waits pays at least half the last price, and half of that for each
        hold that it waits on; one that values the pot more comes first. At the floor it ends.
        """
        held = elapsed - self.falling_seconds(opening_price, reserve)
        if held < 0:
            return SurgePrice(max(reserve, _halved(opening_price, elapsed, self.step_seconds)))
        if held < self.hold_seconds:
            return reserve
        fallen = _halved(reserve, held - self.hold_seconds, self.hold_seconds)
        return SurgePrice(max(self.floor_price, fallen))

    def mintable_down(self, mint_cap: Wei, burned: Wei) -> Wei:
        """The most that a sold epoch may mint, down."""
        return Wei(min(mint_cap, burned * self.kappa_bps // BPS))


def _halved(high: int, elapsed: int, step: int) -> int:
    """Once in each step, linearly inside."""
    left = high >> elapsed // step
    return left - left * (elapsed % step) // (2 * step)


def cost_up(price: SurgePrice, pot: MicroUsd) -> Wei:
    """What a bid burns for the whole pot; never zero."""
    return Wei(divide_up(price * pot, DOLLAR_UNIT))


def share_down(mintable: Wei, fees: MicroUsd, pot: MicroUsd) -> Wei:
    """Of a provider whose leases paid `fees`. The pot holds reservations too, which are attributed to
    nobody: their part of `mintable` is never minted, so a reward stays below its own fee's part."""
    return Wei(mintable * fees // pot)
