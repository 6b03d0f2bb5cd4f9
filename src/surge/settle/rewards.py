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

    def price(self, opening_price: SurgePrice, elapsed: Seconds) -> SurgePrice:
        """Halves in each step, linearly inside; never below the floor."""
        high = opening_price >> elapsed // self.step_seconds
        fallen = high * (elapsed % self.step_seconds) // (2 * self.step_seconds)
        return SurgePrice(max(self.floor_price, high - fallen))

    def mintable_down(self, mint_cap: Wei, burned: Wei) -> Wei:
        """The most that a sold epoch may mint, down."""
        return Wei(min(mint_cap, burned * self.kappa_bps // BPS))


def cost_up(price: SurgePrice, pot: MicroUsd) -> Wei:
    """What a bid burns for the whole pot; never zero."""
    return Wei(divide_up(price * pot, DOLLAR_UNIT))


def share_down(mintable: Wei, fees: MicroUsd, pot: MicroUsd) -> Wei:
    """Of a provider whose leases paid `fees`. The pot holds reservations too, which are attributed to
    nobody: their part of `mintable` is never minted, so a reward stays below its own fee's part."""
    return Wei(mintable * fees // pot)
