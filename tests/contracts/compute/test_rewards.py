"""Rewards, step by step: the sweep, the auction, the claims, and everything that is refused."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boa
import pytest

from contracts.worlds.pots import DAY, Pots, deploy_mock, deploy_pots, deploy_rewards, now, wait
from surge.model.units import Bps, Seconds
from surge.settle.reputation import credit_down
from surge.settle.rewards import SurgePrice, cost_up, share_down

FEE, RESERVATION = 6_000_000, 2_000_000
NO_LIMIT = 2**256 - 1


@pytest.fixture
def pots() -> Iterator[Pots]:
    with boa.env.anchor():
        yield deploy_pots()


@pytest.fixture
def provider() -> str:
    return str(boa.env.generate_address())


@pytest.fixture
def running(pots: Pots, provider: str) -> Pots:
    """An auction of a pot of eight dollars, six of them fees of one provider."""
    pots.collect(provider, FEE, RESERVATION)
    wait(DAY)
    pots.rewards.start_auction()
    return pots


def test_an_epoch_from_fees_to_rewards(pots: Pots, provider: str) -> None:
    bidder, payee = pots.bidder(), boa.env.generate_address()
    pots.registry.set_payee(payee, sender=provider)
    pots.collect(provider, FEE, RESERVATION)
    wait(DAY)

    epoch = pots.rewards.start_auction()
    wait(1_200)  # two steps: a quarter of the opening price
    price = pots.rules.start_price // 4
    cost = cost_up(SurgePrice(price), FEE + RESERVATION)
    assert (pots.rewards.price(), pots.rewards.cost()) == (price, cost)
    supply, held = pots.surge.totalSupply(), pots.surge.balanceOf(bidder)
    assert pots.rewards.bid(epoch, cost, sender=bidder) == cost
    assert pots.surge.totalSupply() == supply - cost
    assert pots.surge.balanceOf(bidder) == held - cost
    assert pots.dollar.balanceOf(bidder) == FEE + RESERVATION

    mintable = pots.rules.mintable_down(pots.rules.schedule(0), cost)
    amount = share_down(mintable, FEE, FEE + RESERVATION)
    assert amount == mintable * 3 // 4  # the reservation's quarter is never minted
    assert pots.rewards.claimable(provider, epoch) == amount
    assert pots.rewards.claim(provider, epoch) == amount
    assert (pots.surge.balanceOf(payee), pots.surge.balanceOf(provider)) == (amount, 0)
    assert pots.registry.credited(provider) == credit_down(cost, FEE, FEE + RESERVATION) == cost * 3 // 4
    assert pots.rewards.claimable(provider, epoch) == 0
    assert pots.rewards.sale(epoch) == (FEE + RESERVATION, cost, mintable, amount)


def test_events_carry_what_an_indexer_needs(pots: Pots, provider: str) -> None:
    bidder = pots.bidder()
    pots.collect(provider, FEE)
    wait(DAY)
    epoch = pots.rewards.start_auction()
    cap = pots.rules.schedule(0)
    assert own_event(pots) == ("AuctionStarted", (epoch, FEE, pots.rules.start_price, cap))
    cost = pots.rewards.cost()
    pots.rewards.bid(epoch, cost, sender=bidder)
    mintable = pots.rules.mintable_down(cap, cost)
    assert own_event(pots) == ("AuctionSettled", (epoch, bidder, FEE, cost, mintable))
    amount = pots.rewards.claim(provider, epoch)
    assert own_event(pots) == ("RewardClaimed", (provider, epoch, provider, FEE, amount))


def own_event(pots: Pots) -> tuple[str, tuple[Any, ...]]:
    """The only event that Rewards itself logged in the last call: its name and its members in order."""
    (event,) = [e for e in pots.rewards.get_logs() if type(e).__name__ in EVENTS]
    return type(event).__name__, tuple(getattr(event, name) for name in EVENTS[type(event).__name__])


EVENTS = {
    "AuctionStarted": ("epoch", "pot", "start_price", "mint_cap"),
    "AuctionSettled": ("epoch", "bidder", "pot", "burned", "mintable"),
    "RewardClaimed": ("provider", "epoch", "payee", "fees", "amount"),
}


def test_the_schedule_caps_what_a_high_bid_mints(provider: str) -> None:
    with boa.env.anchor():
        pots = deploy_pots(first_epoch_mint=10**18, halving_epochs=2)
        for period in range(5):
            pots.collect(provider, FEE)
            wait(DAY)
            epoch, _ = pots.sell(pots.bidder())
            assert pots.rewards.claim(provider, epoch) == 10**18 >> period // 2


def test_periods_without_an_auction_are_lost(pots: Pots, provider: str) -> None:
    pots.collect(provider, FEE)
    wait(730 * DAY)
    pots.rewards.start_auction()
    assert pots.rewards.auction().mint_cap == pots.rules.schedule(729) == pots.rewards.schedule(729)
    assert pots.rewards.schedule(730) == pots.rules.first_epoch_mint // 2
    assert pots.rewards.schedule(730 * 300) == 0


def test_the_next_auction_opens_at_a_multiple_of_the_last_price(pots: Pots, provider: str) -> None:
    bidder = pots.bidder()
    for after, opening, reserve in [
        (0, 80, 10),
        (300, 320, 40),
        (DAY, 960, 120),
        (0, 480, 60),
        (0, 1_920, 240),
    ]:
        pots.collect(provider, FEE)
        wait(DAY)
        epoch = pots.rewards.start_auction()
        assert pots.rewards.auction().start_price == opening * 10**18
        assert pots.rewards.reserve() == reserve * 10**18
        wait(after)
        pots.rewards.bid(epoch, NO_LIMIT, sender=bidder)


def test_the_price_waits_at_the_reserve_and_then_halves_in_each_hold(running: Pots) -> None:
    """R1: of a start of 80 the last price counts as 20, so the reserve is 10: three steps away."""
    unit, passed = 10**18, 0
    for after, price in (
        (0, 80), (600, 40), (1_799, 10), (1_800, 10), (1_800 + DAY - 1, 10), (1_800 + DAY, 10),
        (1_800 + DAY * 3 // 2, 7.5), (1_800 + 2 * DAY, 5), (1_800 + 3 * DAY, 2.5),
    ):  # fmt: skip
        wait(after - passed)
        passed = after
        assert running.rewards.price() == pytest.approx(price * unit, rel=2e-3)
        assert running.rewards.reserve() == 10 * unit


def test_the_price_rests_on_the_floor_and_a_bid_still_burns(running: Pots) -> None:
    wait(40 * DAY)
    assert running.rewards.price() == running.rules.floor_price
    assert running.rewards.bid(0, NO_LIMIT, sender=running.bidder()) == 8 * 10**9


def test_the_smallest_pot_at_the_lowest_price_burns_something(provider: str) -> None:
    with boa.env.anchor():
        pots = deploy_pots(min_pot=1, floor_price=1)
        pots.collect(provider, 1)
        wait(DAY)
        epoch, burned = pots.sell(pots.bidder(), after=10**9)
        assert (epoch, burned) == (0, 1)
        assert pots.rewards.claim(provider, epoch) == 0
        assert pots.registry.credited(provider) == 1


def test_an_empty_epoch_blocks_nothing(pots: Pots, provider: str) -> None:
    wait(3 * DAY)
    with boa.reverts("Rewards: the pot is too small"):
        pots.rewards.start_auction()
    pots.collect(provider, pots.rules.min_pot - 1)
    with boa.reverts("Rewards: the pot is too small"):
        pots.rewards.start_auction()
    assert pots.market.epoch() == 0
    pots.collect(provider, 1)
    assert pots.sell(pots.bidder())[0] == 0
    assert pots.rewards.claim(provider, 0) > 0


def test_reservations_alone_are_sold_and_mint_nothing(pots: Pots, provider: str) -> None:
    pots.collect(provider, 0, RESERVATION)
    wait(DAY)
    epoch, burned = pots.sell(pots.bidder())
    assert burned > 0
    with boa.reverts("Rewards: no fees in this epoch"):
        pots.rewards.claim(provider, epoch)
    pots.collect(provider, FEE)
    wait(DAY)
    assert pots.sell(pots.bidder())[0] == 1


def test_one_auction_a_period_and_one_at_a_time(running: Pots, provider: str) -> None:
    running.collect(provider, FEE)
    with boa.reverts("Rewards: the epoch is not over"):
        running.rewards.start_auction()
    wait(DAY)
    with boa.reverts("Rewards: an auction is running"):
        running.rewards.start_auction()
    running.rewards.bid(0, NO_LIMIT, sender=running.bidder())
    assert running.rewards.start_auction() == 1


def test_no_auction_before_the_first_period_ends(pots: Pots, provider: str) -> None:
    pots.collect(provider, FEE)
    wait(DAY - 1)
    with boa.reverts("Rewards: the epoch is not over"):
        pots.rewards.start_auction()


def test_refused_bids(running: Pots) -> None:
    bidder, pot = running.bidder(), FEE + RESERVATION
    cost = running.rewards.cost()
    with boa.reverts("Rewards: the price is above max_surge"):
        running.rewards.bid(0, cost - 1, sender=bidder)
    with boa.reverts("Rewards: no auction for this epoch"):
        running.rewards.bid(1, cost, sender=bidder)
    with boa.reverts("erc20: insufficient allowance"):
        running.rewards.bid(0, cost, sender=boa.env.generate_address())
    pauper = boa.env.generate_address()
    running.surge.approve(running.rewards, NO_LIMIT, sender=pauper)
    with boa.reverts("erc20: burn amount exceeds balance"):
        running.rewards.bid(0, cost, sender=pauper)
    assert running.dollar.balanceOf(running.rewards) == pot  # the pot only ever leaves with a burn
    running.rewards.bid(0, cost, sender=bidder)
    with boa.reverts("Rewards: no auction for this epoch"):
        running.rewards.bid(0, cost, sender=bidder)


def test_views_of_no_auction(pots: Pots, provider: str) -> None:
    for view in (pots.rewards.price, pots.rewards.cost):
        with boa.reverts("Rewards: no auction is running"):
            view()
    assert pots.rewards.claimable(provider, 0) == 0
    with boa.reverts("Rewards: no auction for this epoch"):
        pots.rewards.bid(0, NO_LIMIT)


def test_refused_claims(running: Pots, provider: str) -> None:
    with boa.reverts("Rewards: the epoch is not sold"):
        running.rewards.claim(provider, 0)
    running.rewards.bid(0, NO_LIMIT, sender=running.bidder())
    with boa.reverts("Rewards: no fees in this epoch"):
        running.rewards.claim(boa.env.generate_address(), 0)
    assert running.rewards.claim(provider, 0) > 0
    with boa.reverts("Rewards: claimed already"):
        running.rewards.claim(provider, 0)
    with boa.reverts("Rewards: the epoch is not sold"):
        running.rewards.claim(provider, 1)


def test_claims_end_at_mintable_even_if_fees_are_exaggerated(running: Pots, provider: str) -> None:
    cheater = boa.env.generate_address()
    running.market.exaggerate(0, cheater, 10 * FEE)
    running.rewards.bid(0, NO_LIMIT, sender=running.bidder())
    _, _, mintable, _ = running.rewards.sale(0)
    assert running.rewards.claim(cheater, 0) == mintable
    assert running.rewards.claim(provider, 0) == 0


def test_anyone_claims_but_only_the_payee_receives(running: Pots, provider: str) -> None:
    running.rewards.bid(0, NO_LIMIT, sender=running.bidder())
    cheater = boa.env.generate_address()
    amount = running.rewards.claim(provider, 0, sender=cheater)
    assert (running.surge.balanceOf(provider), running.surge.balanceOf(cheater)) == (amount, 0)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"kappa_bps": Bps(10_000)}, "Rewards: kappa must be below one"),
        ({"genesis": Seconds(2**40)}, "Rewards: genesis lies ahead"),
        ({"epoch_seconds": 0}, "Rewards: a period is zero"),
        ({"halving_epochs": 0}, "Rewards: a period is zero"),
        ({"step_seconds": 0}, "Rewards: a period is zero"),
        ({"hold_seconds": 0}, "Rewards: a period is zero"),
        ({"floor_price": 0}, "Rewards: the floor must lie between zero and the start"),
        ({"start_price": 1}, "Rewards: the floor must lie between zero and the start"),
        ({"start_multiple": 1}, "Rewards: the start multiple must be above one"),
        ({"min_pot": 0}, "Rewards: the least pot is zero"),
    ],
)
def test_rules_that_would_break_it_are_not_deployed(pots: Pots, change: dict[str, Any], reason: str) -> None:
    rules = replace(pots.rules, **change)
    with boa.reverts(reason):
        deploy_rewards(pots.dollar, pots.market, pots.registry, pots.surge, rules)


@pytest.fixture
def hostile() -> Iterator[tuple[Pots, Any]]:
    """Pots in a dollar that calls back; five of them are in the pot."""
    with boa.env.anchor():
        dollar = deploy_mock("CallbackToken")
        pots = deploy_pots(dollar=dollar)
        renter = boa.env.generate_address()
        dollar.give(renter, 5_000_000)
        pots.market.collect(renter, 5_000_000, 0, sender=renter)
        wait(DAY)
        yield pots, dollar


def test_no_way_back_in_from_the_pots_token(hostile: tuple[Pots, Any]) -> None:
    pots, dollar = hostile
    rewards, bidder = pots.rewards, pots.bidder()
    calls = [
        rewards.start_auction.prepare_calldata(),
        rewards.bid.prepare_calldata(0, NO_LIMIT),
        rewards.claim.prepare_calldata(bidder, 0),
        rewards.price.prepare_calldata(),
        rewards.cost.prepare_calldata(),
        rewards.claimable.prepare_calldata(bidder, 0),
        rewards.schedule.prepare_calldata(0),
        rewards.reserve.prepare_calldata(),
        rewards.auction.prepare_calldata(),
    ]
    for call in calls:
        with boa.env.anchor():
            dollar.arm(rewards, call)
            rewards.start_auction()
            assert dollar.called()
            assert not dollar.succeeded(), "called back during the sweep"
        with boa.env.anchor():
            rewards.start_auction()
            dollar.arm(rewards, call)
            rewards.bid(0, NO_LIMIT, sender=bidder)
            assert dollar.called()
            assert not dollar.succeeded(), "called back while the pot was handed over"


def test_a_pot_that_is_not_paid_burns_nothing(hostile: tuple[Pots, Any]) -> None:
    pots, dollar = hostile
    bidder = pots.bidder()
    pots.rewards.start_auction()
    dollar.refuse()
    held = pots.surge.balanceOf(bidder)
    with boa.reverts("Rewards: pot not paid"):
        pots.rewards.bid(0, NO_LIMIT, sender=bidder)
    assert pots.surge.balanceOf(bidder) == held
    assert pots.rewards.auction().started == now()
