"""What a provider's reputation grows from: SURGE that was burned for its fees. Twin of Rewards and Registry.

A unit is a hundredth of a slot's stake. The first gives 16, and so does each doubling: 8 units give 64, 128
give 128, 2,048 give 192, 32,768 give 255, the most there is.
"""

from math import isqrt

from surge.model.units import MicroUsd, Wei

STEP = 16
"""What a doubling adds."""
FULL = 255
_COUNTED = 2**16 - 1


def unit_of(stake_per_slot: Wei) -> Wei:
    """What the first step costs."""
    return Wei(max(stake_per_slot // 100, 1))


def credit_down(burned: Wei, fees: MicroUsd, pot: MicroUsd) -> Wei:
    """Of what was burned for a pot, the part of a provider whose leases paid `fees` of it."""
    return Wei(burned * fees // pot)


def reputation(burned: Wei, unit: Wei) -> int:
    """Of a provider for whose fees so much was burned in all."""
    return min(STEP * (burned // unit).bit_length(), FULL)


def slashed(burned: Wei, unit: Wei) -> Wei:
    """What counts after a slash: half the doublings, rounded up."""
    return Wei(isqrt(min(burned // unit, _COUNTED)) * unit)


def cost_of(wanted: int, unit: Wei) -> Wei:
    """The least that must be burned for this reputation."""
    doublings = min(-(-wanted // STEP), -(-FULL // STEP))
    return Wei(unit << doublings - 1 if doublings else 0)
