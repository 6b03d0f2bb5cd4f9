"""A trader that pays itself, by a public network's rules: alone at the auction, and beside a rival (R1)."""

from dataclasses import dataclass, fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surge.chain.network.book import DAY, PUBLIC
from surge.model.units import BPS, WAD, MicroUsd, Seconds, Wei
from surge.settle.reputation import cost_of, credit_down, reputation, unit_of
from surge.settle.rewards import RewardRules, SurgePrice, cost_up, share_down

RULES = RewardRules(**{each.name: getattr(PUBLIC, each.name) for each in fields(RewardRules)})
UNIT = unit_of(PUBLIC.stake_per_slot)
OWN, HONEST = MicroUsd(100_000_000), MicroUsd(300_000_000)
"""Fees in an epoch: of the trader's leases with itself, and of all others."""
RIVAL = SurgePrice(10 * WAD)
"""Wei of SURGE that a dollar is worth to the other bidder."""

NONE = SurgePrice(0)


@dataclass
class Trader:
    """What it paid and got. burned: for its own fees only; dollars: less what it got back as the pot."""

    clearing: SurgePrice = NONE
    burned: int = 0
    minted: int = 0
    honest: int = 0
    dollars: int = 0

    def sell(self, epoch: int, price: SurgePrice, alone: bool) -> None:
        """One epoch's pot at this price; the trader is the buyer if it is alone."""
        pot = MicroUsd(OWN + HONEST)
        burned = cost_up(price, pot)
        mintable = RULES.mintable_down(RULES.schedule(epoch), burned)
        own, minted = credit_down(burned, OWN, pot), share_down(mintable, OWN, pot)
        assert minted * BPS <= own * RULES.kappa_bps  # R1, of its own part of the burn
        assert minted <= RULES.schedule(epoch)  # R2
        self.burned += own
        self.minted += minted
        self.honest += share_down(mintable, HONEST, pot)
        self.dollars += 0 if alone else OWN
        self.clearing = price

    @property
    def reputation(self) -> int:
        return reputation(Wei(self.burned), UNIT)


def reserve_price(trader: Trader) -> SurgePrice:
    """The least that a bidder alone pays in an epoch: it waits for the reserve, and buys within the hold."""
    opening, reserve = RULES.opening_price(trader.clearing), RULES.reserve(trader.clearing)
    wait = RULES.falling_seconds(opening, reserve)
    assert wait <= 26 * RULES.step_seconds
    price = RULES.price(opening, reserve, wait)
    assert price == RULES.price(opening, reserve, Seconds(wait + RULES.hold_seconds)) == reserve
    return price


@pytest.mark.parametrize("epochs", [1, 10, 30])
def test_alone_it_halves_the_price_and_burns_more_than_it_gets(epochs: int) -> None:
    """R1. In the tenth epoch a pot of 400 dollars costs it four SURGE, and brings it less than one."""
    trader = Trader()
    for epoch in range(epochs):
        expected = RULES.start_price // RULES.start_multiple >> epoch + 1
        price = reserve_price(trader)
        assert price == max(expected, RULES.floor_price)
        trader.sell(epoch, price, alone=True)
        # In SURGE alone it is behind; and its reputation was burned, less kappa of it.
        assert trader.minted * BPS <= trader.burned * RULES.kappa_bps
    # However long it goes on, it burns less than twice the first epoch's: a small price makes no reputation.
    first = cost_up(SurgePrice(RULES.start_price // RULES.start_multiple // 2), OWN)
    assert trader.burned <= 2 * first + epochs * cost_up(RULES.floor_price, OWN)
    assert first == 500 * WAD
    assert trader.reputation <= 112
    if epochs == 10:
        assert (trader.burned // WAD, trader.minted // WAD, trader.reputation) == (999, 799, 112)
        assert trader.burned - trader.minted > 199 * WAD
    # The honest lose nothing to it beyond the price: what they get is kappa of their own part.
    assert trader.honest * OWN == pytest.approx(trader.minted * HONEST)


@pytest.mark.parametrize("alone_before", [0, 10, 30])
def test_beside_a_rival_it_pays_its_fees_for_less(alone_before: int) -> None:
    """The auction opens above the rival's price again at once, whatever a lone bidder did before."""
    before, trader = Trader(), Trader()
    for epoch in range(alone_before):
        before.sell(epoch, reserve_price(before), alone=True)
    trader.clearing = before.clearing
    for epoch in range(alone_before, alone_before + 20):
        assert RULES.opening_price(trader.clearing) >= RIVAL > RULES.reserve(trader.clearing)
        trader.sell(epoch, RIVAL, alone=False)
    worth = trader.minted * 10**6 // RIVAL  # at the price that the rival burns at
    assert trader.dollars == 20 * OWN
    assert worth * BPS <= trader.dollars * RULES.kappa_bps
    assert (trader.dollars - worth, trader.minted // WAD) == (400_000_000, 16_000)
    assert trader.burned == 20_000 * WAD
    assert trader.reputation == 176


@pytest.mark.parametrize(
    ("wanted", "surge", "dollars"),
    [(64, 80, 4), (128, 1_280, 64), (192, 20_480, 1_024), (255, 327_680, 16_384)],
)
def test_what_a_reputation_costs_at_the_start_price(wanted: int, surge: int, dollars: int) -> None:
    assert cost_of(wanted, UNIT) == surge * WAD
    assert cost_of(wanted, UNIT) == dollars * RULES.start_price
    # Even a bidder that gets back all that can be minted is left with this loss, in SURGE.
    assert cost_of(wanted, UNIT) * (BPS - RULES.kappa_bps) // BPS == surge * WAD // 5


@given(
    clearing=st.integers(0, 10**24),
    waits=st.lists(st.integers(0, 20 * DAY), min_size=1, max_size=12),
)
def test_no_way_of_waiting_halves_more_than_once_an_epoch(clearing: int, waits: list[int]) -> None:
    """R1: over any auctions and waits, the price is at least the first, halved for each auction and hold."""
    price, halvings = SurgePrice(clearing), 0
    first = clearing or RULES.start_price // RULES.start_multiple
    for wait in waits:
        opening, reserve = RULES.opening_price(price), RULES.reserve(price)
        price = RULES.price(opening, reserve, Seconds(wait))
        halvings += 1 + max(
            0, -(-(wait - RULES.falling_seconds(opening, reserve) - RULES.hold_seconds) // RULES.hold_seconds)
        )
        assert price >= max(RULES.floor_price, (first >> halvings) - len(waits))
        assert price <= opening


@given(clearing=st.integers(0, 10**24), moments=st.lists(st.integers(0, 100 * DAY), min_size=2, max_size=2))
def test_the_price_never_rises_and_ends_at_the_floor(clearing: int, moments: list[int]) -> None:
    opening, reserve = RULES.opening_price(SurgePrice(clearing)), RULES.reserve(SurgePrice(clearing))
    early, late = (RULES.price(opening, reserve, Seconds(moment)) for moment in sorted(moments))
    assert early >= late
    assert RULES.price(opening, reserve, Seconds(10_000 * DAY)) == RULES.floor_price
