"""Pairs among tokens that lie, refuse, shrink and call back; flash swaps; the lock, across entry points."""

from collections.abc import Iterator
from typing import Any

import boa
import pytest

from contracts.worlds.pots import deploy_mock
from contracts.worlds.venue import (
    ETHER,
    FIRST,
    USD,
    Venue,
    deploy_traded,
    deploy_venue,
)
from surge.credit import exchange as twin

FAIR, SAYS_FALSE, CALLS_BEFORE, CALLS_AFTER = 0, 2, 5, 6
"""Modes of HostileToken."""


@pytest.fixture(scope="module")
def deployed() -> Iterator[tuple[Venue, str]]:
    with boa.env.anchor():
        yield deploy_traded()


@pytest.fixture
def venue(deployed: tuple[Venue, str]) -> Iterator[Venue]:
    with boa.env.anchor():
        yield deployed[0]


@pytest.fixture
def provider(deployed: tuple[Venue, str]) -> str:
    return deployed[1]


@pytest.fixture
def trader(venue: Venue) -> str:
    return venue.actor("trader")


@pytest.fixture
def hostile() -> Iterator[tuple[Venue, Any, str]]:
    """A pair of an ordinary dollar and a token that calls back; who provided its liquidity."""
    with boa.env.anchor():
        token = deploy_mock("HostileToken")
        venue, provider = deploy_traded(eth=token)
        yield venue, token, provider


def test_a_balance_that_shrank_stops_nothing_but_what_would_wrap(hostile: tuple[Venue, Any, str]) -> None:
    """A token that takes balances away: the other token is never lost to it."""
    venue, token, provider = hostile
    pair = venue.pair
    token.behave(FAIR)
    token.transfer(provider, ETHER, sender=pair.address)
    venue.pay(provider, venue.usd, USD)
    for call in (pair.mint, pair.skim):
        with boa.reverts("Pair: it holds less than its reserves"):
            call(provider)
    pair.sync()
    assert venue.reserves().into == FIRST[0] - ETHER
    token.transfer(provider, FIRST[0] - ETHER, sender=pair.address)
    pair.sync()
    venue.pay(provider, venue.usd, USD)
    token.transfer(pair, ETHER, sender=provider)
    with boa.reverts("Pair: a reserve is empty"):
        pair.mint(provider)
    pair.sync()
    pair.transfer(pair, pair.balanceOf(provider), sender=provider)
    pair.burn(provider)
    assert venue.usd.balanceOf(pair) < USD


def test_a_token_that_refuses_is_not_believed(hostile: tuple[Venue, Any, str]) -> None:
    venue, token, provider = hostile
    venue.pay(provider, venue.usd, 2_000 * USD)
    token.behave(SAYS_FALSE)
    with boa.reverts("Pair: a token refused the transfer"):
        venue.swap(provider, ETHER // 2, 0)


def test_tokens_that_return_nothing_work() -> None:
    with boa.env.anchor():
        silent = deploy_mock("SilentToken")
        venue = deploy_venue(usd=silent)
        provider = str(boa.env.generate_address("provider"))
        for token, amount in ((venue.eth, 10 * ETHER), (silent, 10 * ETHER)):
            token.mint(provider, 2 * amount)
            token.transfer(venue.pair, amount, sender=provider)
        venue.pair.mint(provider)
        venue.pay(provider, venue.eth, ETHER)
        venue.swap(provider, 0, ETHER // 2)
        assert silent.balanceOf(provider) == 10 * ETHER + ETHER // 2


def test_a_flash_swap_is_paid_in_its_callback(venue: Venue, trader: str) -> None:
    receiver = deploy_mock("FlashReceiver")
    venue.usd.mint(receiver, 10_000 * USD)
    cost = twin.amount_in(ETHER, venue.reserves().out, venue.reserves().into)
    receiver.plan(venue.usd, cost - 1)
    with boa.reverts("Pair: too little was paid in for k"):
        venue.swap(trader, ETHER, 0, to=receiver, payload=b"why")
    receiver.plan(venue.usd, cost)
    venue.swap(trader, ETHER, 0, to=receiver, payload=b"why")
    assert receiver.caller() == trader
    assert (receiver.amount0(), receiver.amount1()) == venue.ordered(ETHER, 0)
    assert receiver.payload() == b"why"
    assert venue.eth.balanceOf(receiver) == ETHER


def test_what_is_lent_by_a_flash_swap_can_be_given_back_for_the_fee(venue: Venue, trader: str) -> None:
    receiver = deploy_mock("FlashReceiver")
    venue.eth.mint(receiver, ETHER)
    receiver.plan(venue.eth, ETHER)
    with boa.reverts("Pair: too little was paid in for k"):
        venue.swap(trader, ETHER, 0, to=receiver, payload=b"x")
    receiver.plan(venue.eth, ETHER * 1_000 // 997 + 1)
    venue.swap(trader, ETHER, 0, to=receiver, payload=b"x")


def entry_points(venue: Venue, account: str) -> dict[str, bytes]:
    """A call of each that is locked."""
    pair = venue.pair
    return {
        "swap": pair.swap.prepare_calldata(1, 0, account, b""),
        "mint": pair.mint.prepare_calldata(account),
        "burn": pair.burn.prepare_calldata(account),
        "skim": pair.skim.prepare_calldata(account),
        "sync": pair.sync.prepare_calldata(),
    }


@pytest.mark.parametrize("inner", ["swap", "mint", "burn", "skim", "sync"])
def test_no_entry_point_is_entered_from_a_flash_swap(venue: Venue, trader: str, inner: str) -> None:
    receiver = deploy_mock("FlashReceiver")
    venue.usd.mint(receiver, 10_000 * USD)
    receiver.plan(venue.usd, 3_000 * USD)
    receiver.arm(venue.pair, entry_points(venue, trader)[inner])
    venue.swap(trader, ETHER, 0, to=receiver, payload=b"x")
    assert not receiver.succeeded()
    assert b"Pair: locked" in receiver.answer()


@pytest.mark.parametrize("inner", ["swap", "mint", "burn", "skim", "sync"])
@pytest.mark.parametrize("outer", ["swap", "burn", "skim"])
@pytest.mark.parametrize("mode", [CALLS_BEFORE, CALLS_AFTER])
def test_no_entry_point_is_entered_from_a_token(
    hostile: tuple[Venue, Any, str], outer: str, inner: str, mode: int
) -> None:
    venue, token, provider = hostile
    pair = venue.pair
    venue.pay(provider, venue.usd, 3_000 * USD)
    token.transfer(pair, 5, sender=provider)
    pair.transfer(pair, 10**12, sender=provider)
    token.arm(mode, pair, entry_points(venue, provider)[inner])
    before = token.calls()
    if outer == "swap":
        venue.swap(provider, ETHER, 0)
    else:
        getattr(pair, outer)(provider)
    assert token.calls() == before + 1
    assert not token.succeeded()
    # The lock is gone with the call.
    token.behave(FAIR)
    pair.sync()


def test_reserves_can_be_read_inside_of_a_flash_swap(venue: Venue, trader: str) -> None:
    """As receivers elsewhere expect; they are those of the last complete operation."""
    receiver = deploy_mock("FlashReceiver")
    venue.usd.mint(receiver, 10_000 * USD)
    receiver.plan(venue.usd, 3_000 * USD)
    receiver.arm(venue.pair, venue.pair.getReserves.prepare_calldata())
    before = venue.pair.getReserves()
    venue.swap(trader, ETHER, 0, to=receiver, payload=b"x")
    assert receiver.succeeded()
    assert int.from_bytes(receiver.answer()[:32], "big") == before[0]
