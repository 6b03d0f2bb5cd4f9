"""Market: leases are closed and reclaimed, and nobody takes earned work back (M3)."""

from dataclasses import astuple, replace

import boa
import pytest

from contracts.worlds.actors import (
    CHEATER,
    PROVIDER,
    RENTER,
    ROOT,
    address,
    agreed,
    ask_of,
    close,
    events,
    prank,
    publish,
    told,
    voucher,
)
from contracts.worlds.paid_lease import GRACE, Compute
from contracts.worlds.pots import wait
from surge.model.lease import Lease

ESCROW = 5_000_000


@pytest.fixture
def provider(compute: Compute) -> str:
    return publish(compute, PROVIDER)


@pytest.fixture
def renter(compute: Compute) -> str:
    renter = address(RENTER)
    with prank(RENTER):
        compute.dollar.faucet(10**12)
        compute.dollar.approve(compute.market, 2**256 - 1)
    return renter


@pytest.fixture
def lease(compute: Compute, provider: str, renter: str) -> Lease:
    return compute.rent(ESCROW, slots=2)


# Closing


def ended(compute: Compute, lease: Lease) -> tuple[int, int]:
    """Paid and refunded, as the event of the last call says; the lease is gone and its slots are free."""
    number, paid, refund = told(compute.market, "LeaseClosed")
    assert number == lease.id
    assert compute.market.leases(lease.id) == 0
    assert ask_of(compute, lease.terms.provider).load == 0
    assert compute.dollar.balanceOf(compute.market) == compute.market.unswept()
    return paid, refund


def test_closing_with_both_signatures(compute: Compute, lease: Lease, renter: str, provider: str) -> None:
    said = voucher(lease, 3, 2_000_000)
    before = compute.dollar.balanceOf(renter)
    signed = compute.signature(said, RENTER), agreed(compute, lease, 3, 2_000_000)
    with boa.env.anchor():
        close(compute, lease, said, *signed, sender=address(CHEATER))  # anybody may send it
        assert ended(compute, lease) == (2_000_000, 3_000_000)
    close(compute, lease, said, *signed)
    assert told(compute.market, "Settled") == (lease.id, provider, 3, 2_000_000, ROOT, 100_000)
    assert ended(compute, lease) == (2_000_000, 3_000_000)
    assert compute.dollar.balanceOf(renter) == before + 3_000_000
    assert compute.dollar.balanceOf(provider) == 1_900_000
    with boa.reverts("Market: no such lease"):
        close(compute, lease, said, *signed)


def test_closing_at_what_is_settled_needs_the_provider_alone(compute: Compute, lease: Lease) -> None:
    said = voucher(lease, 3, 2_000_000)
    compute.settle(lease, said)
    with boa.env.anchor():
        close(compute, lease, said, sender=address(PROVIDER))
        assert not events(compute.market, "Settled")
        assert ended(compute, lease) == (2_000_000, 3_000_000)
    close(compute, lease, said, b"", agreed(compute, lease, 3, 2_000_000))
    assert ended(compute, lease) == (2_000_000, 3_000_000)


def test_a_voucher_that_was_settled_first_does_not_stop_a_close(compute: Compute, lease: Lease) -> None:
    said = voucher(lease, 3, 2_000_000)
    compute.settle(lease, said)  # sent by somebody who saw the close coming
    close(compute, lease, said, compute.signature(said, RENTER), agreed(compute, lease, 3, 2_000_000))
    assert ended(compute, lease) == (2_000_000, 3_000_000)


def test_closing_unused(compute: Compute, lease: Lease, provider: str) -> None:
    close(compute, lease, voucher(lease, 0, 0), sender=provider)
    assert ended(compute, lease) == (0, ESCROW)


def test_closing_at_the_whole_escrow(compute: Compute, lease: Lease, provider: str) -> None:
    said = voucher(lease, 1, ESCROW)
    close(compute, lease, said, compute.signature(said, RENTER), sender=provider)
    assert ended(compute, lease) == (ESCROW, 0)


def test_nobody_takes_earned_work_back_by_closing(compute: Compute, lease: Lease, provider: str) -> None:
    """M3: without the provider's word for exactly this end, the lease goes on."""
    earned = voucher(lease, 2, 2_000_000)
    low = voucher(lease, 1, 1_000)
    signed = compute.signature(low, RENTER)
    refused = "Market: not the provider's consent"
    for consent in (
        agreed(compute, lease, 2, 2_000_000),  # for more
        agreed(compute, lease, 1, 1_001),
        agreed(compute, lease, 2, 1_000),
        agreed(compute, replace(lease, id=2), 1, 1_000),  # for another lease
        agreed(compute, lease, 1, 1_000, RENTER),
        compute.signature(low, PROVIDER),  # a voucher is no close
        bytes(65),
    ):
        with boa.reverts(refused):
            close(compute, lease, low, signed, consent)
    with boa.reverts("Market: a signature has 65 bytes"):
        close(compute, lease, low, signed, b"")
    with boa.reverts("Market: a signature has 65 bytes"):
        close(compute, lease, low, signed, bytes(64))
    compute.settle(lease, earned)
    with boa.reverts("Market: amount not grown"):
        close(compute, lease, low, signed, agreed(compute, lease, 1, 1_000))
    assert compute.market.leases(lease.id) != 0


def test_a_provider_can_not_close_at_what_nobody_signed(
    compute: Compute, lease: Lease, provider: str
) -> None:
    """M2."""
    said = voucher(lease, 1, 1_000)
    with boa.reverts("Market: a signature has 65 bytes"):
        close(compute, lease, said, sender=provider)
    with boa.reverts("Market: not the renter's signature"):
        close(compute, lease, said, compute.signature(said, PROVIDER), sender=provider)
    with boa.reverts("Market: not the provider's consent"):
        close(compute, lease, said, compute.signature(said, RENTER), bytes(65), sender=provider)


# Reclaiming


def test_reclaiming_waits_for_expiry_and_grace(compute: Compute, lease: Lease, renter: str) -> None:
    """M3."""
    compute.settle(lease, voucher(lease, 1, 1_000_000))
    before = compute.dollar.balanceOf(renter)
    terms = astuple(lease.terms)
    wait(900 + GRACE)
    with boa.reverts("Market: expiry and grace not over"):
        compute.market.reclaim(lease.id, terms, sender=renter)
    compute.settle(lease, voucher(lease, 2, 1_500_000))  # in the grace
    wait(1)
    compute.market.reclaim(lease.id, terms, sender=address(CHEATER))
    assert ended(compute, lease) == (1_500_000, 3_500_000)
    assert compute.dollar.balanceOf(renter) == before + 3_500_000
    with boa.reverts("Market: no such lease"):
        compute.settle(lease, voucher(lease, 3, 2_000_000))
