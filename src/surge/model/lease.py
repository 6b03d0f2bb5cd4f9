"""A lease: slots of one provider, for one renter, until an expiry, against an escrow."""

from dataclasses import dataclass

from surge.model.units import Address, LeaseId, MicroUsd, Seconds


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
