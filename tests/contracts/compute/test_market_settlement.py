"""Market: vouchers are settled, fees attributed and swept, and what is refused on the way."""

from dataclasses import replace

import boa
import pytest

from contracts.worlds.actors import CHEATER, PROVIDER, RENTER, RIVAL, ROOT, address, publish, told, voucher
from contracts.worlds.paid_lease import Compute
from surge.model.lease import Lease
from surge.model.voucher import MAX_SEQUENCE, Voucher

ESCROW = 5_000_000
RESERVATION = 900


@pytest.fixture
def lease(compute: Compute) -> Lease:
    publish(compute, PROVIDER)
    return compute.rent(ESCROW)


def test_a_voucher_pays_what_it_adds(compute: Compute, lease: Lease) -> None:
    """M1, M2."""
    provider = lease.terms.provider
    with boa.env.prank(address(CHEATER)):  # anybody may send it
        compute.settle(lease, voucher(lease, 1, 1_000_000))
    assert told(compute.market, "Settled") == (lease.id, provider, 1, 1_000_000, ROOT, 50_000)
    assert compute.dollar.balanceOf(provider) == 950_000
    compute.settle(lease, voucher(lease, 7, 1_000_019))
    assert told(compute.market, "Settled")[-1] == 0  # 0.95: a fee is rounded down
    assert compute.dollar.balanceOf(provider) == 950_019
    last = voucher(lease, MAX_SEQUENCE, ESCROW)
    compute.settle(lease, last)
    assert compute.dollar.balanceOf(provider) == ESCROW - 250_000
    assert compute.dollar.balanceOf(compute.market) == 250_000 + RESERVATION
    assert (compute.market.fees_in(0), compute.market.unswept()) == (0, RESERVATION)
    compute.end(lease, last)
    assert compute.dollar.balanceOf(compute.market) == compute.market.unswept() == 250_000 + RESERVATION
    assert compute.market.fees_of(0, provider) == compute.market.fees_in(0) == 250_000


def test_the_payee_is_read_at_settlement(compute: Compute, lease: Lease) -> None:
    payee = boa.env.generate_address()
    compute.settle(lease, voucher(lease, 1, 1_000_000))
    compute.registry.set_payee(payee, sender=lease.terms.provider)
    compute.settle(lease, voucher(lease, 2, 2_000_000))
    assert compute.dollar.balanceOf(payee) == compute.dollar.balanceOf(lease.terms.provider) == 950_000
    compute.end(lease, voucher(lease, 2, 2_000_000))
    assert compute.market.fees_of(0, lease.terms.provider) == 100_000


def pay_and_end(compute: Compute, lease: Lease, amount: int) -> None:
    compute.settle(lease, voucher(lease, 1, amount))
    compute.end(lease, voucher(lease, 1, amount))


def test_the_payee_and_the_fees_share_a_word(compute: Compute, lease: Lease) -> None:
    provider, payee, market = lease.terms.provider, boa.env.generate_address(), compute.market
    with boa.reverts("Market: only the registry"):
        market.set_payee(provider, payee, sender=provider)
    pay_and_end(compute, lease, 1_000_000)
    compute.registry.set_payee(payee, sender=provider)
    assert market.payee_of(provider) == payee == compute.registry.payee_of(provider)
    assert [market.fees_of(epoch, provider) for epoch in range(3)] == [50_000, 0, 0]
    for _ in range(2):
        market.sweep(sender=compute.rewards.address)
    assert [market.fees_of(epoch, provider) for epoch in range(3)] == [50_000, 0, 0]
    pay_and_end(compute, compute.rent(ESCROW), 2_000_000)
    pay_and_end(compute, compute.rent(ESCROW), 1_000_000)
    assert [market.fees_of(epoch, provider) for epoch in range(4)] == [50_000, 0, 150_000, 0]
    assert market.payee_of(provider) == payee
    compute.registry.set_payee(provider, sender=provider)
    assert market.fees_of(2, provider) == 150_000


@pytest.mark.parametrize(
    ("sequence", "amount", "reason"),
    [
        (MAX_SEQUENCE + 1, 2_000_001, "Market: sequence too large"),
        (2**256 - 1, 2_000_001, "Market: sequence too large"),
        (6, 2_000_000, "Market: amount not grown"),
        (6, 0, "Market: amount not grown"),
        (6, ESCROW + 1, "Market: more than the escrow"),
        (6, 2**40 + 3_000_000, "Market: more than the escrow"),
        (6, 2**256 - 1, "Market: more than the escrow"),
    ],
)
def test_vouchers_only_grow(compute: Compute, lease: Lease, sequence: int, amount: int, reason: str) -> None:
    """M2."""
    compute.settle(lease, voucher(lease, 5, 2_000_000))
    with boa.reverts(reason):
        compute.settle(lease, voucher(lease, sequence, amount))


def test_signatures_that_are_refused(compute: Compute, lease: Lease) -> None:
    """M2. That the twin refuses the same ones is tested in tests/differential/test_voucher_twin.py."""
    publish(compute, RIVAL)
    other = compute.rent(ESCROW)
    said = voucher(lease, 1, 1_000_000)
    good = compute.signature(said, RENTER)
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    mirrored = order - int.from_bytes(good[32:64], "big")
    for bad in (
        compute.signature(said, PROVIDER),
        compute.signature(replace(said, lease=other.id), RENTER),
        compute.signature(replace(said, root=bytes(32)), RENTER),
        good[:32] + mirrored.to_bytes(32, "big") + bytes([55 - good[64]]),
        good[:64] + bytes([good[64] - 27]),
        good[:64] + b"\0",
        bytes(65),
        b"\xff" * 65,
    ):
        with boa.reverts("Market: not the renter's signature"):
            compute.settle(lease, said, bad)
    compute.settle(lease, said, good)
    with boa.reverts("Market: amount not grown"):
        compute.settle(lease, said, good)
    with boa.reverts("Market: not the renter's signature"):
        compute.settle(other, Voucher(other.id, 1, said.amount, said.root), good)


def test_a_sweep_ends_the_epoch(compute: Compute, lease: Lease) -> None:
    """A fee counts for the epoch in which its lease ends (M1)."""
    provider, rewards, market = lease.terms.provider, compute.rewards.address, compute.market
    pay_and_end(compute, lease, 1_000_000)
    assert (market.epoch(), market.fees_in(0), market.fees_in(1)) == (0, 50_000, 0)
    with boa.reverts("Market: only the rewards"):
        market.sweep()
    second = compute.rent(ESCROW)
    compute.settle(second, voucher(second, 1, 400_000))
    assert market.sweep(sender=rewards) == 50_000 + 2 * RESERVATION
    assert told(market, "Swept") == (0, 50_000 + 2 * RESERVATION)
    assert compute.dollar.balanceOf(rewards) == 50_000 + 2 * RESERVATION
    assert (market.unswept(), market.epoch(), market.fees_in(0), market.fees_in(1)) == (0, 1, 50_000, 0)
    compute.settle(second, voucher(second, 2, 2_000_000))
    compute.end(second, voucher(second, 2, 2_000_000))
    assert (market.fees_of(0, provider), market.fees_of(1, provider)) == (50_000, 100_000)
    assert (market.fees_in(0), market.fees_in(1), market.unswept()) == (50_000, 100_000, 100_000)
    assert market.sweep(sender=rewards) == 100_000
    assert market.sweep(sender=rewards) == 0
    assert [market.fees_in(epoch) for epoch in range(3)] == [50_000, 100_000, 0]
    assert (market.epoch(), market.leases_count()) == (3, 2)
    assert compute.dollar.balanceOf(market) == 0
