"""credit/exchange.py against the bytecode of Router and Pair: amounts, liquidity, and no unit more."""

from collections.abc import Iterator

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.worlds.pots import UNSHRUNK
from contracts.worlds.venue import Venue, deploy_venue
from surge.credit import exchange as twin
from surge.credit.exchange import Reserves

TOP = 2**112 - 1
RESERVE = st.one_of(st.integers(1, TOP), st.integers(1, 10**6), st.integers(10**15, 10**27))
POOLED = st.one_of(st.integers(10**4, 10**9), st.integers(10**18, 10**27))
"""Reserves of pairs that have liquidity."""
WEALTH = 10**33


@pytest.fixture(scope="module")
def venue() -> Iterator[Venue]:
    """Two tokens with a pair that is empty, and a trader who has plenty of both."""
    with boa.env.anchor():
        made = deploy_venue()
        for token in (made.eth, made.usd):
            token.mint(boa.env.eoa, WEALTH)
        yield made


def fill(venue: Venue, of_eth: int, of_usd: int) -> None:
    """The first liquidity, all the trader's."""
    venue.pay(boa.env.eoa, venue.eth, of_eth)
    venue.pay(boa.env.eoa, venue.usd, of_usd)
    venue.pair.mint(boa.env.eoa)


@settings(phases=UNSHRUNK, max_examples=60)
@given(amount=st.integers(1, TOP), reserve_in=RESERVE, reserve_out=RESERVE)
def test_amounts(venue: Venue, amount: int, reserve_in: int, reserve_out: int) -> None:
    router = venue.router
    out = twin.amount_out(amount, reserve_in, reserve_out)
    assert router.getAmountOut(amount, reserve_in, reserve_out) == out < reserve_out
    assert router.quote(amount, reserve_in, reserve_out) == twin.quote(amount, reserve_in, reserve_out)
    wanted = amount % reserve_out
    if wanted:
        cost = twin.amount_in(wanted, reserve_in, reserve_out)
        assert router.getAmountIn(wanted, reserve_in, reserve_out) == cost
        # What is bought for its cost is never less than wanted, and the cost is at most a unit too much.
        assert twin.amount_out(cost, reserve_in, reserve_out) >= wanted
        assert cost < 3 or twin.amount_out(cost - 2, reserve_in, reserve_out) < wanted


@settings(phases=UNSHRUNK, max_examples=20)
@given(of_eth=POOLED, of_usd=POOLED, part=st.integers(1, 10**9), scale=st.sampled_from([10**6, 10**9]))
def test_the_pair_gives_exactly_that(venue: Venue, of_eth: int, of_usd: int, part: int, scale: int) -> None:
    with boa.env.anchor():
        fill(venue, of_eth, of_usd)
        paid = max(1, of_eth * part // scale)
        out = twin.amount_out(paid, of_eth, of_usd)
        venue.pay(boa.env.eoa, venue.eth, paid)
        if out + 1 < of_usd:
            with boa.reverts("Pair: too little was paid in for k"):
                venue.swap(boa.env.eoa, 0, out + 1)
        if out:
            venue.swap(boa.env.eoa, 0, out)
            assert venue.reserves() == Reserves(of_eth, of_usd).after(paid)


@settings(phases=UNSHRUNK, max_examples=20)
@given(of_eth=POOLED, of_usd=POOLED, eth=st.integers(1, 10**24), usd=st.integers(1, 10**24), part=POOLED)
def test_liquidity(venue: Venue, of_eth: int, of_usd: int, eth: int, usd: int, part: int) -> None:
    with boa.env.anchor():
        fill(venue, of_eth, of_usd)
        pair, supply = venue.pair, venue.pair.totalSupply()
        assert supply == twin.liquidity_minted(of_eth, of_usd, 0, 0, 0) + twin.MINIMUM_LIQUIDITY
        venue.pay(boa.env.eoa, venue.eth, eth)
        venue.pay(boa.env.eoa, venue.usd, usd)
        minted = twin.liquidity_minted(eth, usd, of_eth, of_usd, supply)
        if minted == 0:
            with boa.reverts("Pair: too little was paid in"):
                pair.mint(boa.env.eoa)
            return
        assert pair.mint(boa.env.eoa) == minted
        burned = min(part, minted)
        amounts = twin.liquidity_burned(burned, of_eth + eth, of_usd + usd, supply + minted)
        pair.transfer(pair, burned)
        if 0 in amounts:
            with boa.reverts("Pair: the LP tokens are worth nothing"):
                pair.burn(boa.env.eoa)
        else:
            ordered = venue.ordered(*amounts)
            assert pair.burn(boa.env.eoa) == ordered
