"""Vouchers only grow (M2), and whatever is off by one field, one signer or one domain is refused."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from coincurve import PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from surge.model.errors import BadInput, Distrusted
from surge.model.lease import Lease, Terms
from surge.model.receipt import Receipt
from surge.model.signature import address_of, sign
from surge.model.task import amount_of
from surge.model.typed import Domain
from surge.model.units import Address, Bytes, Fuel, LeaseId, MicroUsd, MilliJoules, Seconds
from surge.model.voucher import MAX_AMOUNT, MAX_SEQUENCE, Close, Voucher
from surge.settle.voucher import check_close, check_receipt, check_voucher, next_voucher, unpaid

RENTER, PROVIDER, CHEATER = (PrivateKey(bytes([n]) * 32) for n in (1, 2, 3))
MARKET = Address("0x00000000000000000000000000000000000000A1")
DOMAIN = Domain(31337, MARKET)
ESCROW = MicroUsd(5_000_000)
TERMS = Terms(address_of(RENTER), address_of(PROVIDER), 2, 1_000, 50_000, ESCROW, Seconds(1_800_000_000))
LEASE = Lease(LeaseId(7), TERMS, MicroUsd(9), bytes(32))
ROOT = bytes([5]) * 32
VOUCHER = Voucher(LEASE.id, 3, MicroUsd(2_000_000), ROOT)
PREVIOUS = Voucher(LEASE.id, 2, MicroUsd(1_999_999), bytes(32))


def signed(noun: Voucher | Receipt | Close, key: PrivateKey, domain: Domain = DOMAIN) -> bytes:
    return sign(domain.digest(noun.struct_hash), key)


def receipt_of(fuel: int, moved: int, **changes: Any) -> Receipt:
    amount = MicroUsd(amount_of(fuel, moved, TERMS.price_gfuel, TERMS.price_gib))
    plain = Receipt(LEASE.id, 0, ROOT, ROOT, Fuel(fuel), Bytes(moved), MilliJoules(4), False, amount)
    return replace(plain, **changes)


@settings(max_examples=30)
@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=5))
def test_a_chain_of_vouchers_is_accepted_and_none_twice(steps: list[int]) -> None:
    previous = unpaid(LEASE.id)
    for step in steps:
        voucher = next_voucher(previous, MicroUsd(previous.amount + step), ROOT)
        check_voucher(voucher, signed(voucher, RENTER), previous, LEASE, DOMAIN)
        with pytest.raises(Distrusted, match="sequence"):
            check_voucher(voucher, signed(voucher, RENTER), voucher, LEASE, DOMAIN)
        previous = voucher
    assert (previous.sequence, previous.amount) == (len(steps), sum(steps))


def test_the_first_voucher_has_nothing_before_it() -> None:
    voucher = next_voucher(unpaid(LEASE.id), ESCROW, ROOT)
    check_voucher(voucher, signed(voucher, RENTER), None, LEASE, DOMAIN)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"lease": LeaseId(8)}, "for lease 8, not 7"),
        ({"sequence": 2}, "must be above 2"),
        ({"sequence": 1}, "must be above 2"),
        ({"sequence": -1}, "must be above 2"),
        ({"sequence": MAX_SEQUENCE + 1}, "24 bits"),
        ({"amount": PREVIOUS.amount}, r"must be above 1\.999999"),
        ({"amount": 0}, r"must be above 1\.999999"),
        ({"amount": ESCROW + 1}, "above the escrow of 5.00; top up"),
        ({"amount": MAX_AMOUNT + 1}, "40 bits"),
        ({"root": b"short"}, "5 bytes"),
    ],
)
def test_a_properly_signed_but_wrong_voucher(changes: dict[str, Any], reason: str) -> None:
    voucher = replace(VOUCHER, **changes)
    signature = signed(voucher, RENTER) if voucher.sequence >= 0 and len(voucher.root) == 32 else bytes(65)
    with pytest.raises(Distrusted, match=reason):
        check_voucher(voucher, signature, PREVIOUS, LEASE, DOMAIN)


@pytest.mark.parametrize(
    ("domain", "key"),
    [
        (DOMAIN, PROVIDER),
        (DOMAIN, CHEATER),
        (Domain(1, MARKET), RENTER),
        (Domain(31337, Address("0x00000000000000000000000000000000000000A2")), RENTER),
    ],
    ids=["by the provider", "by a stranger", "for another chain", "for another contract"],
)
def test_another_signer_chain_or_contract(domain: Domain, key: PrivateKey) -> None:
    with pytest.raises(Distrusted, match="not by the renter"):
        check_voucher(VOUCHER, signed(VOUCHER, key, domain), PREVIOUS, LEASE, DOMAIN)


@given(st.binary(max_size=70))
def test_noise_is_no_signature(noise: bytes) -> None:
    with pytest.raises(Distrusted):
        check_voucher(VOUCHER, noise, PREVIOUS, LEASE, DOMAIN)


@given(st.integers(0, 520))
def test_a_signature_with_a_flipped_bit(bit: int) -> None:
    signature = bytearray(signed(VOUCHER, RENTER))
    signature[bit % 65] ^= 1 << bit % 8
    with pytest.raises(Distrusted):
        check_voucher(VOUCHER, bytes(signature), PREVIOUS, LEASE, DOMAIN)


def test_what_can_not_be_signed_next() -> None:
    with pytest.raises(BadInput, match="signed already"):
        next_voucher(VOUCHER, VOUCHER.amount, ROOT)
    with pytest.raises(BadInput, match="holds no more"):
        next_voucher(replace(VOUCHER, sequence=MAX_SEQUENCE), ESCROW, ROOT)
    with pytest.raises(BadInput, match="holds no more"):
        next_voucher(VOUCHER, MicroUsd(MAX_AMOUNT + 1), ROOT)


@settings(max_examples=30)
@given(st.integers(0, 10**15), st.integers(0, 10**12))
def test_a_receipt_costs_what_the_terms_say(fuel: int, moved: int) -> None:
    receipt = receipt_of(fuel, moved)
    check_receipt(receipt, signed(receipt, PROVIDER), LEASE, DOMAIN)
    for wrong in (receipt.amount + 1, receipt.amount - 1):
        padded = replace(receipt, amount=MicroUsd(wrong))
        with pytest.raises(Distrusted, match=r"prices make it|out of range"):
            check_receipt(padded, signed(padded, PROVIDER) if wrong >= 0 else b"", LEASE, DOMAIN)


@pytest.mark.parametrize(
    "field", ["position", "fuel", "moved_bytes", "millijoules", "chunk", "outcomes", "measured"]
)
def test_a_receipt_changed_after_signing(field: str) -> None:
    receipt = receipt_of(10**9, 2**30)
    value = getattr(receipt, field)
    changed: Any = (
        bytes(32) if isinstance(value, bytes) else not value if isinstance(value, bool) else value + 1
    )
    altered = replace(receipt, **{field: changed})
    altered = replace(altered, amount=receipt_of(altered.fuel, altered.moved_bytes).amount)
    with pytest.raises(Distrusted, match="not by the provider"):
        check_receipt(altered, signed(receipt, PROVIDER), LEASE, DOMAIN)


def refuse(receipt: Receipt, reason: str, sign_it: Callable[[], bytes] = lambda: bytes(65)) -> None:
    with pytest.raises(Distrusted, match=reason):
        check_receipt(receipt, sign_it(), LEASE, DOMAIN)


def test_a_receipt_of_another_lease_signer_or_shape() -> None:
    receipt = receipt_of(10**9, 0)
    refuse(receipt_of(1, 1, lease=LeaseId(8)), "for lease 8, not 7")
    refuse(receipt_of(1, 1, position=-1), "out of range")
    refuse(receipt_of(1, 1, millijoules=2**256), "out of range")
    refuse(receipt_of(1, 1, chunk=b"short"), "out of range")
    refuse(receipt, "not by the provider", lambda: signed(receipt, RENTER))
    refuse(receipt, "not by the provider", lambda: signed(receipt, PROVIDER, Domain(1, MARKET)))


def test_a_close_names_the_latest_voucher() -> None:
    close = Close(LEASE.id, VOUCHER.sequence, VOUCHER.amount)
    check_close(close, signed(close, PROVIDER), VOUCHER, LEASE, DOMAIN)
    with pytest.raises(Distrusted, match="ask again"):
        check_close(close, signed(close, PROVIDER), PREVIOUS, LEASE, DOMAIN)
    with pytest.raises(Distrusted, match="not by the provider"):
        check_close(close, signed(close, RENTER), VOUCHER, LEASE, DOMAIN)
    nothing = Close(LEASE.id, 0, MicroUsd(0))
    check_close(nothing, signed(nothing, PROVIDER), None, LEASE, DOMAIN)
