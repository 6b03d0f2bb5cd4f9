"""Caps near the best: price counts, no stranger moves them, and they never rise above what is allowed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surge.match.caps import NEAR, near_best
from surge.match.score import cost, explain
from surge.model.ask import Ask
from surge.model.demand import Demand

DEMAND = Demand(cap_gfuel=1_000, cap_gib=1_000_000, runtime=1)
ASK = Ask(price_gfuel=2, price_gib=10_000, slots=4, runtime=1, active=1)


def asks(*prices, slots=4):
    return [replace(ASK, price_gfuel=price, slots=slots) for price in prices]


def test_a_dear_ask_is_passed_over_while_there_are_others():
    offered = asks(2, 2, 3, 240)
    near = near_best(offered, DEMAND, 2, stretch=False)
    assert near.cap_gfuel == NEAR * 2
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


def test_cheap_by_one_price_and_dear_by_the_other_is_not_nothing():
    offered = [replace(ASK, price_gfuel=1, price_gib=900_000), replace(ASK, price_gfuel=900, price_gib=1)]
    assert near_best(offered, DEMAND, 1, stretch=False) == DEMAND


def test_nobody_offers_anything():
    assert near_best([], DEMAND, 1, stretch=False) == DEMAND


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
