"""Caps near the best: price counts, no stranger moves them, and they never rise above what is allowed."""

from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surge.match.caps import NEAR, USUAL_GFUEL, USUAL_GIB, near_best
from surge.match.score import cost, explain
from surge.model.ask import Ask
from surge.model.demand import Demand
from surge.model.units import parse_usd
from surge.provider.config import ProviderConfig

DEMAND = Demand(cap_gfuel=1_000, cap_gib=1_000_000, runtime=1)
ASK = Ask(price_gfuel=2, price_gib=10_000, slots=4, runtime=1, active=1)


def asks(*prices, slots=4):
    return [replace(ASK, price_gfuel=price, slots=slots) for price in prices]


def test_a_dear_ask_is_passed_over_while_there_are_others():
    offered = asks(4, 4, 5, 240)
    near = near_best(offered, DEMAND, 2, stretch=False)
    assert near.cap_gfuel == NEAR * 4
    assert [bool(explain(ask, near)) for ask in offered] == [False, False, False, True]


def test_price_counts_within_the_caps():
    """At the widest cap that is allowed a price 120 times higher was lost in rounding beside a reputation."""
    cheap, dear = replace(ASK, reputation=0), replace(ASK, price_gfuel=6, reputation=80)
    assert cost(dear, DEMAND) < cost(cheap, DEMAND)
    near = near_best([cheap, dear], DEMAND, 1, stretch=False)
    assert cost(cheap, near) < cost(dear, near)


@pytest.mark.parametrize("stretch", [False, True])
def test_who_names_a_price_gets_the_slots_that_it_buys(stretch):
    offered = asks(2, 2, 100, 100)
    near = near_best(offered, DEMAND, 12, stretch)
    assert near.cap_gfuel == (100 if stretch else NEAR * 2)


def test_no_number_of_cheap_asks_moves_a_median_without_their_stake():
    honest = asks(5, 5, 6, slots=32)
    bait = asks(*[1] * 60, slots=1)
    near = near_best([*honest, *bait], DEMAND, 2, stretch=False)
    assert not any(explain(ask, near) for ask in honest)


def test_bait_for_next_to_nothing_does_not_make_the_usual_dear():
    """Most of the slots, at the least price that there is: who asks what new providers ask still fits."""
    usual = Ask(**{**asdict(ASK), **dict(zip(("price_gfuel", "price_gib"), usual_prices(), strict=True))})
    bait = [replace(ASK, price_gfuel=1, price_gib=0, slots=100) for _ in range(3)]
    assert not explain(usual, near_best([usual, *bait], DEMAND, 1, stretch=False))


def usual_prices():
    config = ProviderConfig(slots=1, memory_mib=1024)
    return parse_usd(config.price_per_gfuel), parse_usd(config.price_per_gib)


def test_the_usual_is_what_a_new_provider_asks():
    assert usual_prices() == (USUAL_GFUEL, USUAL_GIB)


def test_cheap_by_one_price_and_dear_by_the_other_is_not_nothing():
    offered = [replace(ASK, price_gfuel=1, price_gib=900_000), replace(ASK, price_gfuel=900, price_gib=1)]
    assert near_best(offered, DEMAND, 1, stretch=False) == DEMAND


def test_nobody_offers_anything():
    assert near_best([], DEMAND, 1, stretch=False) == DEMAND
    assert near_best(asks(2, slots=0), DEMAND, 1, stretch=True) == DEMAND


@given(
    st.lists(st.tuples(st.integers(1, 1_000), st.integers(0, 10**6), st.integers(1, 64)), min_size=1),
    st.integers(1, 100),
    st.booleans(),
)
def test_caps_never_rise_and_leave_somebody(prices, wanted, stretch):
    offered = [Ask(fuel, gib, slots, runtime=1, active=1) for fuel, gib, slots in prices]
    near = near_best(offered, DEMAND, wanted, stretch)
    assert near.cap_gfuel <= DEMAND.cap_gfuel
    assert near.cap_gib <= DEMAND.cap_gib
    assert any(not explain(ask, near) for ask in offered)
    assert replace(near, cap_gfuel=DEMAND.cap_gfuel, cap_gib=DEMAND.cap_gib) == DEMAND
