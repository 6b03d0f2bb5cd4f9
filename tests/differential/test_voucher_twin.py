"""settle/voucher.py against the bytecode of Market: what one refuses, the other refuses (M2)."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boa
import pytest
from coincurve import PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.worlds.paid_lease import PROVIDER, RENTER, Compute, deploy_compute
from contracts.worlds.pots import UNSHRUNK
from surge.model.errors import Distrusted
from surge.model.lease import Lease
from surge.model.signature import sign
from surge.model.typed import Domain
from surge.model.units import Address, LeaseId, MicroUsd
from surge.model.voucher import MAX_SEQUENCE, Voucher
from surge.settle.voucher import check_voucher

ESCROW = 5_000_000
SIGNERS = {"renter": RENTER, "provider": PROVIDER, "cheater": PrivateKey(bytes([24]) * 32)}
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@pytest.fixture(scope="module")
def opened() -> Iterator[tuple[Compute, Lease]]:
    """A lease with a voucher of two dollars settled, its sequence 5; another lease beside it."""
    with boa.env.anchor():
        compute = deploy_compute()
        compute.provide()
        lease = compute.rent(ESCROW)
        compute.rent(ESCROW)
        compute.settle(lease, settled(lease))
        yield compute, lease


def settled(lease: Lease) -> Voucher:
    return Voucher(lease.id, 5, MicroUsd(2_000_000), bytes(32))


def contract_accepts(compute: Compute, lease: Lease, voucher: Voucher, signature: bytes) -> bool:
    before = compute.dollar.balanceOf(lease.terms.provider)
    with boa.env.anchor():
        try:
            compute.settle(lease, voucher, signature)
        except boa.BoaError as refusal:
            assert str(refusal.stack_trace.last_frame).count("Market: "), "an error without a reason"  # noqa: PT017
            return False
        assert compute.dollar.balanceOf(lease.terms.provider) > before
        return True


def twin_accepts(compute: Compute, lease: Lease, voucher: Voucher, signature: bytes) -> bool:
    try:
        check_voucher(voucher, signature, settled(lease), lease, compute.domain)
    except Distrusted:
        return False
    return True


edges = st.sampled_from([0, 1, 4, 5, 6, MAX_SEQUENCE, MAX_SEQUENCE + 1])
amounts = st.sampled_from([0, 1, 1_999_999, 2_000_000, 2_000_001, ESCROW - 1, ESCROW, ESCROW + 1, 2**40])


@settings(phases=UNSHRUNK, max_examples=80)
@given(
    sequence=st.one_of(st.integers(6, 100), edges),
    amount=st.one_of(st.integers(2_000_001, ESCROW), amounts),
    signer=st.sampled_from(["renter", "renter", "renter", "provider", "cheater"]),
)
def test_the_same_vouchers(opened: tuple[Compute, Lease], sequence: int, amount: int, signer: str) -> None:
    compute, lease = opened
    voucher = Voucher(lease.id, sequence, MicroUsd(amount), bytes([9]) * 32)
    signature = compute.signature(voucher, SIGNERS[signer])
    expected = sequence <= MAX_SEQUENCE and 2_000_000 < amount <= ESCROW and signer == "renter"
    assert contract_accepts(compute, lease, voucher, signature) == expected
    assert twin_accepts(compute, lease, voucher, signature) == (expected and sequence > 5)


def check_refused(opened: tuple[Compute, Lease], voucher: Voucher, signature: bytes) -> None:
    compute, lease = opened
    assert not twin_accepts(compute, lease, voucher, signature)
    assert not contract_accepts(compute, lease, voucher, signature)


def good(lease: Lease) -> Voucher:
    return Voucher(lease.id, 6, MicroUsd(3_000_000), bytes([9]) * 32)


@pytest.mark.parametrize(
    "change", [{"lease": LeaseId(2)}, {"sequence": 7}, {"amount": MicroUsd(3_000_001)}, {"root": bytes(32)}]
)
def test_a_signature_of_another_voucher(opened: tuple[Compute, Lease], change: dict[str, Any]) -> None:
    compute, lease = opened
    signature = compute.signature(replace(good(lease), **change), RENTER)
    check_refused(opened, good(lease), signature)


def test_a_voucher_of_another_chain_or_contract(opened: tuple[Compute, Lease]) -> None:
    compute, lease = opened
    voucher = good(lease)
    chain, market = compute.domain.chain_id, compute.domain.contract
    assert compute.domain.separator == compute.market.separator()
    for domain in (Domain(chain + 1, market), Domain(chain, Address("0x" + "a1" * 20))):
        check_refused(opened, voucher, sign(domain.digest(voucher.struct_hash), RENTER))


def test_on_a_fork_of_the_chain_signatures_of_before_are_void(opened: tuple[Compute, Lease]) -> None:
    compute, lease = opened
    voucher = good(lease)
    signature = compute.signature(voucher, RENTER)
    with boa.env.anchor():
        boa.env.evm.patch.chain_id += 1
        assert compute.domain.separator == compute.market.separator()
        check_refused(opened, voucher, signature)
        assert contract_accepts(compute, lease, voucher, compute.signature(voucher, RENTER))


def test_a_signature_has_one_form(opened: tuple[Compute, Lease]) -> None:
    compute, lease = opened
    voucher = good(lease)
    signature = compute.signature(voucher, RENTER)
    assert twin_accepts(compute, lease, voucher, signature)
    high = (ORDER - int.from_bytes(signature[32:64], "big")).to_bytes(32, "big")
    check_refused(opened, voucher, signature[:32] + high + bytes([55 - signature[64]]))
    check_refused(opened, voucher, signature[:64] + bytes([signature[64] - 27]))
    check_refused(opened, voucher, bytes(65))
