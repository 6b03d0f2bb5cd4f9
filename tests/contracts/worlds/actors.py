"""What providers and renters do in these tests beyond Compute: keys, asks, closes, events."""

from dataclasses import astuple, replace
from typing import Any, NamedTuple

import boa
from coincurve import PrivateKey

from contracts.worlds.paid_lease import PROVIDER, RENTER, STAKE_PER_SLOT, Compute
from surge.model.ask import Ask
from surge.model.lease import Lease
from surge.model.signature import address_of, checksum, parts
from surge.model.units import LeaseId, MicroUsd
from surge.model.voucher import Close, Voucher

CHEATER = PrivateKey(bytes([25]) * 32)
RIVAL = PrivateKey(bytes([26]) * 32)
ROOT = bytes([7]) * 32
NOBODY = "0x" + "00" * 20
ASK = Ask(price_gfuel=1_000, price_gib=50_000, slots=8)


def address(key: PrivateKey) -> str:
    return str(address_of(key))


def publish(compute: Compute, key: PrivateKey, ask: Ask = ASK) -> str:
    """Stake for the ask's slots and publish it; the provider."""
    provider = address(key)
    stake = ask.slots * STAKE_PER_SLOT
    compute.surge.transfer(provider, stake)
    compute.surge.approve(compute.registry, stake, sender=provider)
    compute.registry.stake(stake, sender=provider)
    compute.registry.publish(ask.word, "ticket", sender=provider)
    return provider


def ask_of(compute: Compute, provider: str) -> Ask:
    return Ask.from_word(compute.registry.ask_of(provider))


def voucher(lease: Lease, sequence: int, amount: int) -> Voucher:
    return Voucher(lease.id, sequence, MicroUsd(amount), ROOT)


def grown(lease: Lease, amount: int) -> Lease:
    """The lease after a top-up."""
    return replace(lease, terms=replace(lease.terms, escrow=MicroUsd(lease.terms.escrow + amount)))


def agreed(compute: Compute, lease: Lease, sequence: int, amount: int, key: PrivateKey = PROVIDER) -> bytes:
    """The provider's signature of a close."""
    return compute.signature(Close(LeaseId(lease.id), sequence, MicroUsd(amount)), key)


def close(
    compute: Compute,
    lease: Lease,
    said: Voucher,
    renter: bytes = b"",
    provider: bytes = b"",
    sender: Any = None,
) -> None:
    compute.market.close(
        lease.id,
        astuple(lease.terms),
        said.sequence,
        said.amount,
        said.root,
        renter,
        provider,
        sender=sender or address(RENTER),
    )


def redemption(lease: Lease, said: Voucher, signature: bytes) -> tuple[Any, ...]:
    """One of what `settle_many` takes."""
    return lease.id, astuple(lease.terms), said.sequence, said.amount, said.root, parts(signature)


def ending(lease: Lease, said: Voucher, renter: bytes = b"", provider: bytes = b"") -> tuple[Any, ...]:
    """One of what `close_many` takes."""
    return *redemption(lease, said, renter or bytes(65)), parts(provider or bytes(65))


class Booked(NamedTuple):
    """What the Registry tells the Market of a booking, out of its word."""

    provider: str
    price_gfuel: int
    price_gib: int
    drawn: bool

    @classmethod
    def of(cls, word: int) -> "Booked":
        provider = checksum((word & 2**160 - 1).to_bytes(20, "big"))
        return cls(provider, word >> 160 & 2**32 - 1, word >> 192 & 2**32 - 1, bool(word >> 224))


def events(contract: Any, kind: str) -> list[Any]:
    """Of the last call, by name."""
    return [event for event in contract.get_logs() if type(event).__name__ == kind]


def told(contract: Any, kind: str) -> tuple[Any, ...]:
    """The members of the last call's first event of this name."""
    _contract, *members = events(contract, kind)[0]
    return tuple(members)


def prank(key: PrivateKey) -> Any:
    return boa.env.prank(address(key))
