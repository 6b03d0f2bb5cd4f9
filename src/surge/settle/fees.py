"""What the Market keeps of a payment, and what a lease costs before any work. Twin of Market.vy."""

from typing import NamedTuple

from surge.model.units import BPS, Bps, MicroUsd, Seconds


class Split(NamedTuple):
    """A payment in two; the parts always add up to it."""

    provider: MicroUsd
    fee: MicroUsd


def fee_down(paid: int, fee_bps: int) -> MicroUsd:
    """The Market's fee on all that a lease has paid; the fraction goes to the provider."""
    return MicroUsd(paid * fee_bps // BPS)


def split(before: MicroUsd, amount: MicroUsd, fee_bps: Bps) -> Split:
    """Of one settlement, from the amount settled before to the voucher's. However many settlements a lease
    takes, its fees add up to `fee_down` of the last amount; they are booked when the lease ends."""
    fee = MicroUsd(fee_down(amount, fee_bps) - fee_down(before, fee_bps))
    return Split(MicroUsd(amount - before - fee), fee)


LEAST_RESERVED = Seconds(600)
"""A shorter lease pays for so many: else squatting slots in short ones costs next to nothing."""


def reservation(slots: int, duration: Seconds, price: MicroUsd) -> MicroUsd:
    """Paid at opening and not refundable: `price` is millionths of a dollar per slot-second."""
    return MicroUsd(slots * max(duration, LEAST_RESERVED) * price)
