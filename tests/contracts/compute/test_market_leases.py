"""Market: leases are opened and topped up, on an honest dollar and a hostile one, and what is refused."""

from collections.abc import Callable
from dataclasses import astuple, replace
from typing import Any

import boa
import pytest

from contracts.worlds.actors import (
    ASK,
    CHEATER,
    NOBODY,
    PROVIDER,
    RENTER,
    RIVAL,
    ROOT,
    address,
    agreed,
    ask_of,
    close,
    ending,
    events,
    grown,
    prank,
    publish,
    redemption,
    told,
    voucher,
)
from contracts.worlds.paid_lease import GRACE, MAX_LEASE, Compute
from contracts.worlds.pots import deploy, deploy_mock, now, wait
from surge.model.demand import Demand
from surge.model.digest import keccak
from surge.model.lease import Lease, Terms
from surge.model.typed import word
from surge.model.voucher import MAX_AMOUNT

ESCROW = 5_000_000
DEMAND = Demand(cap_gfuel=1_000, cap_gib=50_000, slots=2, duration=900)


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


def stored(compute: Compute, lease: Lease) -> tuple[bytes, int, int]:
    """Hash of the terms, last sequence, settled amount."""
    kept = int(compute.market.leases(lease.id))
    return (kept >> 64).to_bytes(24, "big"), kept >> 40 & 0xFFFFFF, kept & MAX_AMOUNT


def hash_of(lease: Lease) -> bytes:
    return keccak(*(word(member) for member in astuple(lease.terms)))[:24]


# Opening


@pytest.mark.parametrize(("duration", "paid"), [(1, 600), (599, 600), (600, 600), (601, 601)])
def test_a_short_lease_pays_for_ten_minutes(
    compute: Compute, provider: str, renter: str, duration: int, paid: int
) -> None:
    """Squatting slots in leases of a minute would cost a twentieth of what they earn."""
    with prank(RENTER):
        compute.market.open_lease(replace(DEMAND, duration=duration).word, ESCROW, [provider])
    assert compute.market.unswept() == DEMAND.slots * paid


def test_opening_takes_escrow_and_reservation(compute: Compute, provider: str, renter: str) -> None:
    """M1."""
    with prank(RENTER):
        number = compute.market.open_lease(DEMAND.word, ESCROW, [provider])
    opened = told(compute.market, "LeaseOpened")
    expiry, reservation = now() + 900, 2 * 900
    assert opened == (
        1, renter, provider, 2, ASK.price_gfuel, ASK.price_gib, ESCROW, expiry, DEMAND.word, reservation,
        False,
    )  # fmt: skip
    assert number == compute.market.leases_count() == 1
    assert compute.dollar.balanceOf(compute.market) == ESCROW + reservation
    assert compute.market.unswept() == reservation
    assert ask_of(compute, provider).load == 2


def test_a_lease_is_one_word(compute: Compute, lease: Lease) -> None:
    assert stored(compute, lease) == (hash_of(lease), 0, 0)


def test_several_at_once(compute: Compute, provider: str, renter: str) -> None:
    rival = publish(compute, RIVAL)
    with prank(RENTER):
        assert compute.market.open_leases(DEMAND.word, ESCROW, [provider, rival], 5) == [1, 2, 3, 4, 5]
    opened = events(compute.market, "LeaseOpened")
    assert [event.lease for event in opened] == [1, 2, 3, 4, 5]
    # Each sees the load of those before: the work spreads.
    assert {ask_of(compute, each).load for each in (provider, rival)} == {4, 6}
    assert compute.dollar.balanceOf(compute.market) == 5 * (ESCROW + 1_800)
    assert (compute.market.unswept(), compute.market.leases_count()) == (5 * 1_800, 5)
    with prank(RENTER):
        assert compute.market.open_lease(DEMAND.word, ESCROW, []) == 6


def test_several_or_none(compute: Compute, provider: str, renter: str) -> None:
    """Eight slots hold four leases: of five, none is opened."""
    with prank(RENTER), boa.reverts("Market: no eligible provider"):
        compute.market.open_leases(DEMAND.word, ESCROW, [provider], 5)
    assert (compute.market.leases_count(), ask_of(compute, provider).load) == (0, 0)


@pytest.mark.parametrize("count", [0, 33, 2**256 - 1])
def test_counts_that_are_refused(compute: Compute, provider: str, renter: str, count: int) -> None:
    with prank(RENTER), boa.reverts("Market: 1 to 32 leases at once"):
        compute.market.open_leases(DEMAND.word, ESCROW, [provider], count)


@pytest.mark.parametrize(
    ("demand", "escrow", "reason"),
    [
        (replace(DEMAND, slots=0), ESCROW, "Market: no slots"),
        (replace(DEMAND, duration=0), ESCROW, "Market: no duration"),
        (replace(DEMAND, duration=MAX_LEASE + 1), ESCROW, "Market: lease too long"),
        (DEMAND, 0, "Market: no escrow"),
        (DEMAND, MAX_AMOUNT + 1, "Market: escrow too large"),
        (DEMAND, 2**64 - 1, "Market: escrow too large"),
        (replace(DEMAND, cap_gfuel=999), ESCROW, "Market: no eligible provider"),
        (replace(DEMAND, slots=9), ESCROW, "Market: no eligible provider"),
    ],
)
def test_demands_that_are_refused(
    compute: Compute, provider: str, renter: str, demand: Demand, escrow: int, reason: str
) -> None:
    for call in (
        lambda: compute.market.open_lease(demand.word, escrow, [provider]),
        lambda: compute.market.open_leases(demand.word, escrow, [provider], 1),
    ):
        with prank(RENTER), boa.reverts(reason):
            call()


def test_the_longest_lease_and_the_largest_escrow(compute: Compute, provider: str, renter: str) -> None:
    compute.dollar.faucet(10**12)
    compute.dollar.faucet(10**12)
    compute.dollar.transfer(renter, 2 * 10**12)
    lease = compute.rent(MAX_AMOUNT, duration=MAX_LEASE)
    assert (lease.terms.escrow, lease.terms.expiry) == (MAX_AMOUNT, now() + MAX_LEASE)


def test_without_money_nothing_opens(compute: Compute, provider: str) -> None:
    with prank(CHEATER), boa.reverts():
        compute.market.open_lease(DEMAND.word, ESCROW, [provider])
    assert ask_of(compute, provider).load == 0


def test_a_new_price_leaves_open_leases_alone(compute: Compute, lease: Lease, provider: str) -> None:
    compute.registry.publish(replace(ASK, price_gfuel=9_999, slots=2).word, "ticket", sender=provider)
    said = voucher(lease, 1, 1_000)
    close(compute, lease, said, compute.signature(said, RENTER), agreed(compute, lease, 1, 1_000))
    assert ask_of(compute, provider).load == 0


# Terms


@pytest.mark.parametrize(
    "change", [{"renter": address(CHEATER)}, {"provider": address(CHEATER)}, {"slots": 1}, {"price_gfuel": 1},
               {"price_gib": 1}, {"escrow": ESCROW + 1}, {"expiry": 0}]
)  # fmt: skip
def test_other_terms(compute: Compute, lease: Lease, change: dict[str, Any]) -> None:
    forged = replace(lease, terms=replace(lease.terms, **change))
    said = voucher(lease, 1, 1_000)
    signature = compute.signature(said, RENTER)
    wait(10**6)
    for call in every_call(compute, forged, said, signature):
        with boa.reverts("Market: other terms"):
            call()


@pytest.mark.parametrize("number", [0, 2, 2**256 - 1])
def test_no_such_lease(compute: Compute, lease: Lease, number: int) -> None:
    missing = replace(lease, id=number)
    said = voucher(missing, 1, 1_000)
    for call in every_call(compute, missing, said, compute.signature(said, RENTER)):
        with boa.reverts("Market: no such lease"):
            call()


def every_call(compute: Compute, lease: Lease, said: Any, signature: bytes) -> list[Callable[[], Any]]:
    terms = astuple(lease.terms)
    return [
        lambda: compute.settle(lease, said, signature),
        lambda: close(compute, lease, said, signature, signature),
        lambda: compute.market.reclaim(lease.id, terms),
        lambda: compute.market.top_up(lease.id, terms, 1),
    ]


# Top-ups


def test_a_top_up_raises_the_escrow(compute: Compute, lease: Lease, renter: str) -> None:
    said = voucher(lease, 1, 1_000)
    compute.settle(lease, said)
    before = compute.dollar.balanceOf(renter)
    compute.market.top_up(lease.id, astuple(lease.terms), 70, sender=renter)
    assert told(compute.market, "LeaseToppedUp") == (lease.id, ESCROW + 70)
    assert compute.dollar.balanceOf(renter) == before - 70
    assert stored(compute, lease) == (hash_of(grown(lease, 70)), 1, 1_000)
    with boa.reverts("Market: other terms"):
        compute.settle(lease, voucher(lease, 2, 2_000))
    compute.settle(grown(lease, 70), voucher(lease, 2, ESCROW + 70))


def test_top_ups_that_are_refused(compute: Compute, lease: Lease, renter: str) -> None:
    terms = astuple(lease.terms)
    for amount, reason in (
        (0, "Market: nothing to add"),
        (MAX_AMOUNT - ESCROW + 1, "Market: escrow too large"),
        (2**64 - 1, "Market: escrow too large"),
    ):
        with boa.reverts(reason):
            compute.market.top_up(lease.id, terms, amount, sender=renter)
    # New terms void calls under way, so neither a stranger nor a late renter may make them (M3).
    with boa.reverts("Market: only the renter"):
        compute.market.top_up(lease.id, terms, 1, sender=address(PROVIDER))
    wait(900)
    with boa.env.anchor():
        compute.market.top_up(lease.id, terms, 1, sender=renter)
    wait(1)
    with boa.reverts("Market: lease has expired"):
        compute.market.top_up(lease.id, terms, 1, sender=renter)


# A hostile dollar


@pytest.fixture
def hostile(compute: Compute, provider: str) -> tuple[Any, Any]:
    """A Market on a dollar that calls back, beside the Registry's own; four leases' worth of money in it."""
    dollar = deploy_mock("CallbackToken")
    registry = deploy("Registry", compute.surge, 1, 200_000)
    market = deploy("Market", dollar, registry, 500, 1, GRACE, MAX_LEASE)
    registry.set_market(market)
    compute.surge.transfer(provider, 8)
    with prank(PROVIDER):
        compute.surge.approve(registry, 8)
        registry.stake(8)
        registry.publish(ASK.word, "ticket")
    dollar.give(address(RENTER), 10**9)
    return dollar, replace(compute, dollar=dollar, registry=registry, market=market)


def open_on(compute: Compute) -> Lease:
    with prank(RENTER):
        compute.market.open_lease(DEMAND.word, ESCROW, [])
    opened = events(compute.market, "LeaseOpened")[0]
    terms = (opened.renter, opened.provider, opened.slots, opened.price_gfuel, opened.price_gib,
             opened.escrow, opened.expiry)  # fmt: skip
    return Lease(opened.lease, Terms(*terms), opened.reservation, bytes(32))


def test_a_dollar_that_calls_back_finds_nothing_half_done(hostile: tuple[Any, Compute]) -> None:
    dollar, compute = hostile
    lease, other = open_on(compute), open_on(compute)
    market = compute.market
    fees = 2 * 1_800

    def arm(function: Any, *arguments: Any) -> None:
        dollar.arm(market, function.prepare_calldata(*arguments))

    def check(held: int) -> None:
        assert dollar.called()
        assert not dollar.succeeded()
        assert dollar.balanceOf(market) == held + market.unswept()

    said = voucher(lease, 1, 1_000_000)
    signature = compute.signature(said, RENTER)
    settle = (lease.id, astuple(lease.terms), 1, said.amount, ROOT, signature[64],
              int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big"))  # fmt: skip
    arm(market.settle, *settle)
    compute.settle(lease, said)  # the same voucher again, while the first is paid
    check(2 * ESCROW - 1_000_000 + 50_000)
    assert market.unswept() == fees
    fees += 50_000

    wait(900 + GRACE + 1)
    arm(market.reclaim, lease.id, astuple(lease.terms))
    market.reclaim(lease.id, astuple(lease.terms))  # twice, one inside the other
    check(ESCROW)
    assert market.unswept() == fees

    final = voucher(other, 1, 2_000_000)
    arm(market.reclaim, other.id, astuple(other.terms))
    close(compute, other, final, compute.signature(final, RENTER), agreed(compute, other, 1, 2_000_000))
    check(0)


def test_a_dollar_that_calls_back_finds_no_batch_half_done(hostile: tuple[Any, Compute]) -> None:
    """M1 to M4: within a batch's transfers the same batch has nothing left to do, and a single call fails."""
    dollar, compute = hostile
    market, first, second = compute.market, open_on(compute), open_on(compute)
    leases, before = (first, second), dollar.balanceOf(address(RENTER))
    fees = market.unswept()

    said = [voucher(lease, 1, 1_000_000) for lease in leases]
    settle = [
        redemption(lease, each, compute.signature(each, RENTER))
        for lease, each in zip(leases, said, strict=True)
    ]
    dollar.arm(market, market.settle_many.prepare_calldata(settle))
    market.settle_many(settle)
    assert dollar.called()
    assert dollar.succeeded()
    assert dollar.balanceOf(address(PROVIDER)) == 1_900_000

    final = [voucher(lease, 2, 2_000_000) for lease in leases]
    endings = [
        ending(lease, each, compute.signature(each, RENTER), agreed(compute, lease, 2, 2_000_000))
        for lease, each in zip(leases, final, strict=True)
    ]
    wait(900 + GRACE + 1)
    for inner, works in (
        (market.close_many.prepare_calldata(endings), True),
        (market.settle_many.prepare_calldata(settle), True),
        (market.reclaim.prepare_calldata(second.id, astuple(second.terms)), False),
    ):
        with boa.env.anchor():
            dollar.arm(market, inner)
            market.close_many(endings)
            assert dollar.succeeded() == works
            assert dollar.balanceOf(address(PROVIDER)) == 3_800_000
            assert dollar.balanceOf(address(RENTER)) == before + 2 * ESCROW - 4_000_000
            assert dollar.balanceOf(market) == market.unswept() == fees + 200_000
            assert ask_of(compute, address(PROVIDER)).load == 0


def test_a_dollar_that_says_no() -> None:
    with boa.env.anchor():
        surge, dollar = deploy("SurgeToken", 10**24), deploy_mock("RefusingToken")
        registry = deploy("Registry", surge, 1, 200_000)
        market = deploy("Market", dollar, registry, 0, 0, GRACE, MAX_LEASE)
        registry.set_market(market)
        surge.approve(registry, 8)
        registry.stake(8)
        registry.publish(ASK.word, "ticket")
        market.open_lease(DEMAND.word, ESCROW, [])
        opened = events(market, "LeaseOpened")[0]
        terms = (opened.renter, opened.provider, 2, ASK.price_gfuel, ASK.price_gib, ESCROW, opened.expiry)
        dollar.refuse()
        with boa.reverts("Market: not paid in"):
            market.open_lease(DEMAND.word, ESCROW, [])
        wait(10**6)
        with boa.reverts("Market: not paid out"):
            market.reclaim(1, terms)
        assert market.leases(1) != 0


# Deployment


@pytest.mark.parametrize(
    ("fee_bps", "reservation_price", "max_lease", "reason"),
    [
        (10_001, 1, MAX_LEASE, "Market: fee above all"),
        (500, 2**32, MAX_LEASE, "Market: reservation price too large"),
        (500, 1, 200_000 - GRACE, "Market: stake is free before a lease is over"),
    ],
)
def test_deployments_that_are_refused(
    compute: Compute, fee_bps: int, reservation_price: int, max_lease: int, reason: str
) -> None:
    with boa.reverts(reason):
        deploy("Market", compute.dollar, compute.registry, fee_bps, reservation_price, GRACE, max_lease)


def test_the_deployer_names_rewards_once(compute: Compute) -> None:
    market = deploy("Market", compute.dollar, compute.registry, 500, 1, GRACE, MAX_LEASE)
    with boa.reverts("Market: only the deployer"):
        market.set_rewards(compute.rewards, sender=address(CHEATER))
    with boa.reverts("Market: only the rewards"):
        market.sweep(sender=address(CHEATER))
    market.set_rewards(compute.rewards)
    with boa.reverts("Market: rewards is set"):
        market.set_rewards(NOBODY)
