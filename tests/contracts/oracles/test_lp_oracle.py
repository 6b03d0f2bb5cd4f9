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


def test_a_donation_lifts_it_by_what_it_adds_and_the_bounds_end_loans(
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
    assert bounded.price() == bounded.borrow_price() == (oracle.price()[0], False)


def test_its_bounds_are_inclusive_and_end_no_liquidation(world: tuple[Venue, str, Any, Any]) -> None:
    venue, _provider, eth_oracle, oracle = world
    price = oracle.price()[0]
    for low, high, safe in (
        (price, TOP, True), (price + 1, TOP, False), (1, price, True), (1, price - 1, False),
    ):  # fmt: skip
        bounded = oracle_of(venue, eth_oracle, low, high)
        assert bounded.price() == bounded.borrow_price() == (price, safe)


@pytest.mark.parametrize("safe", [True, False])
def test_it_lends_by_what_its_tokens_are_lent_on(world: tuple[Venue, str, Any, Any], safe: bool) -> None:
    """A quarter of one token's price is half of the LP token's, and of both a quarter; liquidation stays."""
    venue, _provider, eth_oracle, oracle = world
    price = oracle.price()[0]
    assert oracle.borrow_price() == (price, True)
    eth_oracle.set_borrow_price(PRICE // 4)
    eth_oracle.set_safe(safe)
    assert oracle.price() == (price, safe)
    lent, lent_safe = oracle.borrow_price()
    assert (abs(lent - price // 2) <= price // 10**12, lent_safe) == (True, safe)
    usd_oracle = deploy_mock("SettableOracle", E36)
    usd_oracle.set_borrow_price(E36 // 4)
    both = deploy("LpOracle", venue.pair, venue.usd, *venue.ordered(eth_oracle, usd_oracle), 1, TOP)
    assert both.price() == (price, safe)
    assert abs(both.borrow_price()[0] - price // 4) <= price // 10**12
    usd_oracle.set_safe(False)
    assert not both.borrow_price()[1]


@pytest.mark.parametrize("safe", [True, False])
def test_it_is_safe_when_its_tokens_are(world: tuple[Venue, str, Any, Any], safe: bool) -> None:
    venue, _provider, eth_oracle, oracle = world
    eth_oracle.set_safe(safe)
    assert oracle.price()[1] is safe
    usd_oracle = deploy_mock("SettableOracle", E36)
    usd_oracle.set_safe(not safe)
    both = deploy("LpOracle", venue.pair, venue.usd, *venue.ordered(eth_oracle, usd_oracle), 1, TOP)
    assert both.price() == (oracle.price()[0], False)


@pytest.mark.parametrize("question", ["price", "borrow_price"])
def test_it_is_silent_inside_of_a_flash_swap(world: tuple[Venue, str, Any, Any], question: str) -> None:
    venue, provider, _eth, oracle = world
    receiver = deploy_mock("FlashReceiver")
    venue.usd.mint(receiver, 10_000 * USD)
    receiver.plan(venue.usd, 3_000 * USD)
    receiver.arm(oracle, getattr(oracle, question).prepare_calldata())
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
        with boa.reverts("LpOracle: the price is beyond numbers"):
            oracle.price()
    stub = deploy_mock("StubPair", venue.eth, venue.usd)
    empty = deploy("LpOracle", stub, venue.usd, eth_oracle, NOBODY, 1, TOP)
    eth_oracle.set_price(PRICE)
    with boa.reverts("LpOracle: the pair is empty"):
        empty.price()
    stub.say(0, 10**18, 0, 0, 1)
    with boa.reverts("LpOracle: the price is beyond numbers"):
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
    assert not oracle.price()[1]
    assert not oracle.borrow_price()[1]
    boa.env.time_travel(seconds=6 * 3_600)
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
