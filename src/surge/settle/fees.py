"""What the Market keeps of a payment, and what a lease costs before any work. Twin of Market.vy."""

from typing import NamedTuple

from surge.model.units import BPS, Bps, MicroUsd, Seconds


class Split(NamedTuple):
    """A payment in two; the parts always add up to it."""

    provider: MicroUsd
    fee: MicroUsd


def fee_down(delta: int, fee_bps: int) -> MicroUsd:
    """The Market's fee on a payment of `delta`; the fraction goes to the provider."""
    return MicroUsd(delta * fee_bps // BPS)


def split(delta: MicroUsd, fee_bps: Bps) -> Split:
    """Of one settlement: `delta` is what the voucher adds to the amount already settled."""
    fee = fee_down(delta, fee_bps)
    return Split(MicroUsd(delta - fee), fee)


def reservation(slots: int, duration: Seconds, price: MicroUsd) -> MicroUsd:
    """Paid at opening and not refundable: `price` is millionths of a dollar per slot-second."""
    return MicroUsd(slots * duration * price)
