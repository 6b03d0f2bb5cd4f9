"""The last value that is taken, where others test the first that is refused."""

from dataclasses import astuple

import boa
import pytest

from contracts.worlds.actors import (
    ASK,
    NOBODY,
    PROVIDER,
    RENTER,
    address,
    ask_of,
    close,
    grown,
    publish,
    voucher,
)
from contracts.worlds.paid_lease import GRACE, MAX_LEASE, Compute, deploy_compute
from contracts.worlds.pots import deploy, deploy_mock
from surge.model.lease import Lease
from surge.model.voucher import MAX_AMOUNT, MAX_SEQUENCE

ESCROW = 5_000_000


@pytest.fixture
def lease(compute: Compute) -> Lease:
    publish(compute, PROVIDER)
    return compute.rent(ESCROW)


@pytest.mark.parametrize(
    ("fee_bps", "reservation_price", "max_lease"),
    [(10_000, 1, MAX_LEASE), (0, 2**32 - 1, MAX_LEASE), (500, 0, 200_000 - GRACE - 1)],
)
def test_parameters(compute: Compute, fee_bps: int, reservation_price: int, max_lease: int) -> None:
    arguments = (compute.dollar, compute.registry, fee_bps, reservation_price, GRACE, max_lease)
    market = deploy("Market", *arguments)
    assert (market.FEE_BPS(), market.RESERVATION_PRICE()) == (fee_bps, reservation_price)
    assert market.MAX_LEASE_SECONDS() == max_lease


def test_the_largest_top_up(compute: Compute, lease: Lease) -> None:
    renter, rest = address(RENTER), MAX_AMOUNT - ESCROW
    for _ in range(2):
        compute.dollar.faucet(10**12, sender=renter)
    compute.market.top_up(lease.id, astuple(lease.terms), rest, sender=renter)
    last = voucher(lease, MAX_SEQUENCE, MAX_AMOUNT)
    compute.settle(grown(lease, rest), last)
    assert compute.market.leases(lease.id) & 2**64 - 1 == MAX_SEQUENCE << 40 | MAX_AMOUNT
    close(compute, grown(lease, rest), last, sender=address(PROVIDER))
    assert ask_of(compute, lease.terms.provider).load == 0


def test_the_largest_stake() -> None:
    with boa.env.anchor():
        registry = deploy("Registry", deploy_mock("RefusingToken"), 1, 200_000)
        provider = str(boa.env.generate_address())
        registry.stake(ASK.slots, sender=provider)
        registry.stake(2**96 - 1 - ASK.slots, sender=provider)
        assert registry.stake_of(provider) == 2**96 - 1
        with boa.reverts("Registry: stake too large"):
            registry.stake(1, sender=provider)
        registry.publish(ASK.word, "ticket", sender=provider)
        with boa.reverts("Registry: the slots need this stake"):
            registry.unbond(2**96 - ASK.slots, sender=provider)
        registry.unbond(2**96 - 1 - ASK.slots, sender=provider)


def test_a_slash_without_a_finder_burns_all(compute: Compute) -> None:
    """S1."""
    provider, arbiter = publish(compute, PROVIDER), str(boa.env.generate_address())
    compute.registry.set_arbiter(arbiter)
    supply, held = compute.surge.totalSupply(), compute.registry.stake_of(provider)
    compute.registry.slash(provider, held, NOBODY, 0, sender=arbiter)
    assert compute.surge.totalSupply() == supply - held
    assert compute.surge.balanceOf(compute.registry) == 0


def test_the_longest_ticket(compute: Compute) -> None:
    provider = publish(compute, PROVIDER)
    compute.registry.publish(ASK.word, "t" * 1_024, sender=provider)
    (published,) = (e for e in compute.registry.get_logs() if type(e).__name__ == "AskPublished")
    assert published.ticket == "t" * 1_024


def test_a_fee_of_everything_and_of_nothing() -> None:
    """M1, M2: the parts add up at both ends."""
    for fee_bps, (paid, kept) in ((10_000, (0, 1_000)), (0, (1_000, 0))):
        with boa.env.anchor():
            compute = deploy_compute(fee_bps=fee_bps, reservation_price=0)
            provider = compute.provide()
            lease = compute.rent(ESCROW)
            compute.settle(lease, voucher(lease, 1, 1_000))
            assert compute.dollar.balanceOf(compute.market) == ESCROW - 1_000 + kept
            compute.end(lease, voucher(lease, 1, 1_000))
            assert (compute.dollar.balanceOf(provider), compute.market.unswept()) == (paid, kept)
            assert compute.market.fees_of(0, provider) == compute.market.fees_in(0) == kept
            assert compute.dollar.balanceOf(compute.market) == kept
