"""LP tokens priced by reserves: fair, deaf to trades, silent in mid-operation, bounded."""

from collections.abc import Iterator
from fractions import Fraction
from math import isqrt
from typing import Any

import boa
import pytest

from contracts.worlds.pots import deploy, deploy_mock
from contracts.worlds.venue import ETHER, LATER, NOBODY, USD, Venue, deploy_traded
from surge.credit import exchange as twin

E36 = 10**36
PRICE = 2_000 * USD * E36 // ETHER
TOP = 2**200
CALLS_BEFORE, CALLS_AFTER = 5, 6
"""Modes of HostileToken."""


def oracle_of(venue: Venue, eth_oracle: Any, low: int = 1, high: int = TOP) -> Any:
    """In dollars: only ether has an oracle."""
    return deploy("LpOracle", venue.pair, venue.usd, *venue.ordered(eth_oracle, NOBODY), low, high)


@pytest.fixture(scope="module")
def deployed() -> Iterator[tuple[Venue, str, Any, Any]]:
    with boa.env.anchor():
        venue, provider = deploy_traded()
        eth_oracle = deploy_mock("SettableOracle", PRICE)
        yield venue, provider, eth_oracle, oracle_of(venue, eth_oracle)


@pytest.fixture
def world(deployed: tuple[Venue, str, Any, Any]) -> Iterator[tuple[Venue, str, Any, Any]]:
    with boa.env.anchor():
        yield deployed


def worth(venue: Venue, oracle: Any, liquidity: int) -> int:
    return liquidity * oracle.price()[0] // E36  # type: ignore[no-any-return]


def test_all_lp_tokens_are_worth_both_reserves(world: tuple[Venue, str, Any, Any]) -> None:
    venue, _provider, _eth, oracle = world
    price, safe = oracle.price()
    assert safe
    value = 2 * isqrt(200_000 * USD * 200_000 * USD)
    assert price == value * E36 // venue.pair.totalSupply()
    assert abs(worth(venue, oracle, venue.pair.totalSupply()) - 400_000 * USD) <= 1


@pytest.mark.parametrize("sold", [ETHER // 1_000, 10 * ETHER, 10_000 * ETHER])
def test_no_trade_moves_it_by_more_than_its_fee(world: tuple[Venue, str, Any, Any], sold: int) -> None:
    """A whale moves the spot by orders of magnitude; the price of LP tokens grows by half the fee at most."""
    venue, _provider, _eth, oracle = world
    trader = venue.actor("cheater")
    before = oracle.price()[0]
    fee = Fraction(sold * 3, 1_000)
    grown = 1 + fee / (100 * ETHER + sold)
    venue.sell(trader, sold)
    assert before <= oracle.price()[0] <= before * grown


def test_it_is_what_the_tokens_are_worth_after_arbitrage(world: tuple[Venue, str, Any, Any]) -> None:
    """The ether's price moves; when arbitrage has followed, the pair is worth what the oracle said before."""
    venue, provider, eth_oracle, oracle = world
    eth_oracle.set_price(PRICE * 4)
    said = worth(venue, oracle, venue.pair.balanceOf(provider))
    before = venue.reserves(venue.usd)
    trader = venue.actor("trader")
    venue.sell(trader, twin.amount_to_price(before, 8_000 * USD * E36 // ETHER), venue.usd, venue.eth)
    of_eth, of_usd = venue.router.removeLiquidity(
        venue.eth, venue.usd, venue.pair.balanceOf(provider), 0, 0, provider, LATER, sender=provider
    )
    assert abs(of_eth * 8_000 * USD // ETHER + of_usd - said) < said // 100


def test_a_donation_lifts_it_by_what_it_adds_and_the_bounds_end_it(
    world: tuple[Venue, str, Any, Any],
) -> None:
    venue, provider, eth_oracle, oracle = world
    before = oracle.price()[0]
    bounded = oracle_of(venue, eth_oracle, 1, before * 11 // 10)
    venue.pay(provider, venue.usd, 200_000 * USD)
    assert oracle.price()[0] == before
    venue.pair.sync()
    # k doubled: a donation of half the pair's worth adds 41%.
    assert before * 141 // 100 < oracle.price()[0] < before * 142 // 100
    with boa.reverts("LpOracle: the price is out of bounds"):
        bounded.price()


@pytest.mark.parametrize("safe", [True, False])
def test_it_is_safe_when_its_tokens_are(world: tuple[Venue, str, Any, Any], safe: bool) -> None:
    venue, _provider, eth_oracle, oracle = world
    eth_oracle.set_safe(safe)
    assert oracle.price()[1] is safe
    usd_oracle = deploy_mock("SettableOracle", E36)
    usd_oracle.set_safe(not safe)
    both = deploy("LpOracle", venue.pair, venue.usd, *venue.ordered(eth_oracle, usd_oracle), 1, TOP)
    assert both.price() == (oracle.price()[0], False)


def test_it_is_silent_inside_of_a_flash_swap(world: tuple[Venue, str, Any, Any]) -> None:
    venue, provider, _eth, oracle = world
    receiver = deploy_mock("FlashReceiver")
    venue.usd.mint(receiver, 10_000 * USD)
    receiver.plan(venue.usd, 3_000 * USD)
    receiver.arm(oracle, oracle.price.prepare_calldata())
    venue.swap(provider, ETHER, 0, to=receiver, payload=b"x")
    assert not receiver.succeeded()
    assert b"LpOracle: the pair is in mid-operation" in receiver.answer()
    assert oracle.price()[1]


@pytest.mark.parametrize("mode", [CALLS_BEFORE, CALLS_AFTER])
def test_it_is_silent_while_liquidity_is_removed(mode: int) -> None:
    """In the middle of `burn` the supply is down and the reserves are not: the price would be too high."""
    with boa.env.anchor():
        token = deploy_mock("HostileToken")
        venue, provider = deploy_traded(eth=token)
        oracle = oracle_of(venue, deploy_mock("SettableOracle", PRICE))
        venue.pair.transfer(venue.pair, venue.pair.balanceOf(provider) // 2, sender=provider)
        token.arm(mode, oracle, oracle.price.prepare_calldata())
        venue.pair.burn(provider)
        assert token.calls() == 1
        assert not token.succeeded()
        # The same question before and after is answered.
        venue.pair.transfer(venue.pair, 10**10, sender=provider)
        venue.pair.burn(provider)
        assert token.calls() == 1
        assert oracle.price()[1]


def test_prices_and_reserves_that_can_not_be(world: tuple[Venue, str, Any, Any]) -> None:
    venue, _provider, eth_oracle, oracle = world
    for absurd in (0, 2**255, 2**256 - 1, 2**200, 2**188):
        eth_oracle.set_price(absurd)
        with boa.reverts("LpOracle: the price is out of bounds"):
            oracle.price()
    stub = deploy_mock("StubPair", venue.eth, venue.usd)
    empty = deploy("LpOracle", stub, venue.usd, eth_oracle, NOBODY, 1, TOP)
    eth_oracle.set_price(PRICE)
    with boa.reverts("LpOracle: the pair is empty"):
        empty.price()
    stub.say(0, 10**18, 0, 0, 1)
    with boa.reverts("LpOracle: the price is out of bounds"):
        empty.price()
    stub.say(2**112 - 1, 2**112 - 1, 0, 0, 2**111)
    assert empty.price()[1]


def test_a_failing_oracle_of_a_token_fails_it(world: tuple[Venue, str, Any, Any]) -> None:
    venue, _provider, _eth, _oracle = world
    feed = deploy("PriceFeed", "ETH / USD", 8, 2_000 * 10**8)
    config = (venue.eth, venue.usd, feed, 3_600, NOBODY, 0, 1, 10**55, NOBODY, 0, NOBODY, 0, 0, 0)
    oracle = oracle_of(venue, deploy("OracleGuard", config))
    assert oracle.price()[1]
    feed.freeze()
    boa.env.time_travel(seconds=3_601)
    with boa.reverts("OracleGuard: the answer is too old"):
        oracle.price()


def test_what_can_not_be_deployed(world: tuple[Venue, str, Any, Any]) -> None:
    venue, _provider, eth_oracle, _oracle = world
    for low, high in ((0, TOP), (5, 5), (6, 5)):
        with boa.reverts("LpOracle: the bounds need 0 < min < max"):
            oracle_of(venue, eth_oracle, low, high)
    with boa.reverts("LpOracle: a token has no oracle"):
        deploy("LpOracle", venue.pair, venue.usd, NOBODY, NOBODY, 1, TOP)
    with boa.reverts("LpOracle: a token has no oracle"):
        deploy("LpOracle", venue.pair, venue.eth, *venue.ordered(eth_oracle, NOBODY), 1, TOP)
    with boa.reverts("LpOracle: an oracle has no code"):
        oracle_of(venue, boa.env.generate_address())
