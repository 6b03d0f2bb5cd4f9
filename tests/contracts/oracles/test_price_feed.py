"""Prices that a person sets, and tokens of no value: what local networks stand on."""

from collections.abc import Iterator
from typing import Any

import boa
import pytest
from coincurve import PrivateKey

from contracts.worlds.actors import told
from contracts.worlds.permits import permit
from contracts.worlds.pots import deploy, now, wait
from surge.model.signature import address_of

HOLDER = PrivateKey(bytes([9]) * 32)
DOLLAR = 10**8


@pytest.fixture
def feed() -> Iterator[Any]:
    with boa.env.anchor():
        yield deploy("PriceFeed", "ETH / USD", 8, 2_000 * DOLLAR)


def test_it_speaks_as_an_aggregator(feed: Any) -> None:
    assert (feed.description(), feed.decimals(), feed.version()) == ("ETH / USD", 8, 1)
    assert feed.latestRoundData() == (1, 2_000 * DOLLAR, now(), now(), 1)
    assert feed.latestAnswer() == 2_000 * DOLLAR


def test_anybody_sets_it_and_it_is_always_fresh(feed: Any) -> None:
    first = now()
    wait(1_000)
    feed.set_answer(1_500 * DOLLAR, sender=boa.env.generate_address())
    assert told(feed, "AnswerUpdated") == (1_500 * DOLLAR, 2, now())
    second = now()
    wait(10**6)
    assert feed.latestRoundData() == (2, 1_500 * DOLLAR, second, now(), 2)
    assert feed.getRoundData(1) == (1, 2_000 * DOLLAR, first, first, 1)
    with boa.reverts("PriceFeed: no such round"):
        feed.getRoundData(3)


def test_a_frozen_feed_grows_old(feed: Any) -> None:
    with boa.reverts("PriceFeed: it is not frozen"):
        feed.thaw()
    feed.freeze()
    frozen = now()
    wait(50)
    feed.set_answer(DOLLAR)
    assert feed.latestRoundData() == (2, DOLLAR, now(), frozen, 2)
    with boa.reverts("PriceFeed: it is frozen already"):
        feed.freeze()
    feed.thaw()
    assert feed.latestRoundData()[3] == now()


@pytest.mark.parametrize("answer", [0, -1, -(2**255)])
def test_a_price_is_positive(feed: Any, answer: int) -> None:
    with boa.reverts("PriceFeed: the answer must be positive"):
        feed.set_answer(answer)


@pytest.mark.parametrize("decimals", [0, 8, 18, 36])
def test_a_token_of_any_decimals_with_a_capped_faucet(decimals: int) -> None:
    with boa.env.anchor():
        token, caller = deploy("TestToken", "Test Bitcoin", "BTC", decimals), boa.env.generate_address()
        assert (token.name(), token.symbol(), token.decimals()) == ("Test Bitcoin", "BTC", decimals)
        cap = token.FAUCET_CAP()
        assert cap == 10 ** (6 + decimals)
        token.faucet(cap, sender=caller)
        assert token.balanceOf(caller) == token.totalSupply() == cap
        with boa.reverts("TestToken: the faucet gives at most FAUCET_CAP a call"):
            token.faucet(cap + 1, sender=caller)


def test_a_token_has_its_own_permits() -> None:
    with boa.env.anchor():
        token, spender = deploy("TestToken", "Test Ether", "ETH", 18), boa.env.generate_address()
        token.permit(*permit(token, HOLDER, str(spender), 9, 2**40))
        assert token.allowance(address_of(HOLDER), spender) == 9
        with boa.reverts("TestToken: at most 36 decimals"):
            deploy("TestToken", "Test Ether", "ETH", 37)
