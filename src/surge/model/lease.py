"""A lease: slots of one provider, for one renter, until an expiry, against an escrow."""

from dataclasses import dataclass

from surge.model.units import Address, LeaseId, MicroUsd, Seconds
from surge.model.word import Field

LEASE_LAYOUT = {
    "settled": Field(0, 40),
    "sequence": Field(40, 24),
    "terms": Field(64, 192),
}
"""The Market's word of a lease: what its last voucher settled, and the first 192 bits of its terms' hash. A
lease that has ended, or never was, is 0."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the Market hashes; the fields and their order are those of its struct `Terms`.

    Units: prices as in Ask; escrow in millionths of a dollar; expiry in chain seconds.
    """

    renter: Address
    provider: Address
    slots: int
    price_gfuel: int
    price_gib: int
    escrow: MicroUsd
    expiry: Seconds


@dataclass(frozen=True, slots=True)
class Lease:
    """An opened lease as its LeaseOpened event tells it (`escrow` grows with top-ups)."""

    id: LeaseId
    terms: Terms
    reservation: MicroUsd
    transaction: bytes
