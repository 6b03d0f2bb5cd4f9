"""Rewards with the real Market and Registry: from a renter's voucher to the provider's SURGE."""

import boa
import pytest
from coincurve import PrivateKey

from contracts.worlds.paid_lease import PROVIDER, Compute
from contracts.worlds.pots import DAY, wait
from surge.model.ask import Ask
from surge.model.lease import Lease
from surge.model.signature import address_of
from surge.model.units import MicroUsd, Wei
from surge.settle.fees import fee_down
from surge.settle.rewards import share_down
from surge.settle.voucher import next_voucher, unpaid

OTHER = PrivateKey(bytes([23]) * 32)
NO_LIMIT = 2**256 - 1


def pay(compute: Compute, lease: Lease, amount: int) -> None:
    """All of it in one voucher; then the lease ends, and its fee counts."""
    voucher = next_voucher(unpaid(lease.id), MicroUsd(amount), bytes(32))
    compute.settle(lease, voucher)
    compute.end(lease, voucher)


@pytest.fixture
def bidder(compute: Compute) -> str:
    bidder = str(boa.env.generate_address())
    compute.surge.transfer(bidder, 10**25)
    compute.surge.approve(compute.rewards, NO_LIMIT, sender=bidder)
    return bidder


def test_from_voucher_to_reward(compute: Compute, bidder: str) -> None:
    one, other = compute.provide(PROVIDER), compute.provide(OTHER)
    first, second = compute.rent(5_000_000), compute.rent(5_000_000, provider=OTHER)
    providers = {first.terms.provider, second.terms.provider}
    pay(compute, first, 4_000_000)
    pay(compute, second, 1_000_000)
    wait(DAY)

    fees = {str(address_of(PROVIDER)): 0, str(address_of(OTHER)): 0}
    for lease, amount in ((first, 4_000_000), (second, 1_000_000)):
        fees[lease.terms.provider] += fee_down(amount, 500)
    pot = sum(fees.values()) + first.reservation + second.reservation
    assert compute.market.unswept() == pot
    epoch = compute.rewards.start_auction()
    wait(1_200)
    burned = compute.rewards.bid(epoch, NO_LIMIT, sender=bidder)
    assert compute.dollar.balanceOf(bidder) == pot
    assert (compute.market.unswept(), compute.market.epoch()) == (0, 1)

    mintable = compute.rules.mintable_down(compute.rules.schedule(0), Wei(burned))
    assert providers <= {one, other}
    for provider in providers:
        share = share_down(mintable, MicroUsd(fees[provider]), MicroUsd(pot))
        assert compute.rewards.claim(provider, epoch) == share > 0
        assert compute.surge.balanceOf(provider) == share
        ask = Ask.from_word(compute.registry.ask_of(provider))
        assert (ask.reputation > 0, ask.load) == (True, 0)
    assert compute.rewards.sale(epoch).minted <= mintable


def test_payments_after_the_sweep_count_for_the_next_epoch(compute: Compute, bidder: str) -> None:
    provider, lease = compute.provide(), compute.rent(5_000_000)
    later = compute.rent(5_000_000)
    pay(compute, lease, 1_000_000)
    wait(DAY)
    assert compute.rewards.start_auction() == 0
    pay(compute, later, 2_000_000)
    assert [compute.market.fees_of(epoch, provider) for epoch in (0, 1)] == [50_000, 100_000]
    assert [compute.market.fees_in(epoch) for epoch in (0, 1)] == [50_000, 100_000]
    wait(DAY)
    compute.rewards.bid(0, NO_LIMIT, sender=bidder)
    assert compute.rewards.start_auction() == 1
    assert compute.rewards.auction().pot == 100_000


def test_nobody_else_sweeps_or_credits(compute: Compute) -> None:
    cheater = boa.env.generate_address()
    for caller in (cheater, boa.env.eoa):
        with boa.reverts("Market: only the rewards"):
            compute.market.sweep(sender=caller)
        with boa.reverts("Registry: only the rewards"):
            compute.registry.credit_reputation(cheater, 1, sender=caller)


def test_a_reward_goes_to_the_payee(compute: Compute, bidder: str) -> None:
    provider, payee = compute.provide(), str(boa.env.generate_address())
    lease = compute.rent(5_000_000)
    pay(compute, lease, 5_000_000)
    compute.registry.set_payee(payee, sender=provider)
    wait(DAY)
    epoch = compute.rewards.start_auction()
    compute.rewards.bid(epoch, NO_LIMIT, sender=bidder)
    amount = compute.rewards.claim(provider, epoch)
    assert (compute.surge.balanceOf(payee), compute.surge.balanceOf(provider)) == (amount, 0)
