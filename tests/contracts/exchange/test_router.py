"""The router: amounts along a path, bounds, deadlines, liquidity, tokens that keep a part of a transfer."""

from collections.abc import Iterator
from typing import Any

import boa
import pytest
from coincurve import PrivateKey

from contracts.worlds.permits import permit
from contracts.worlds.pots import deploy, deploy_mock, now
from contracts.worlds.venue import ETHER, FIRST, LATER, MAX, NOBODY, USD, Venue, deploy_traded, pair_at
from surge.credit import exchange as twin
from surge.credit.exchange import Reserves
from surge.model.signature import address_of

HOLDER = PrivateKey(bytes([9]) * 32)
SAYS_FALSE = 2
"""A mode of HostileToken."""
TOO_BIG = 2**112


@pytest.fixture(scope="module", params=[False, True], ids=["computing", "asking"])
def deployed(request: pytest.FixtureRequest) -> Iterator[tuple[Venue, str]]:
    """Both ways of the router to its pairs."""
    with boa.env.anchor():
        yield deploy_traded(asking=request.param)


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
def third(venue: Venue, provider: str) -> Any:
    """A token of 8 decimals in a pair with the dollar: 60,000 each."""
    token = deploy_mock("PlainToken", 8)
    token.mint(provider, 10 * 10**8)
    token.approve(venue.router, MAX, sender=provider)
    venue.router.addLiquidity(
        venue.usd, token, 600_000 * USD, 10 * 10**8, 0, 0, provider, LATER, sender=provider
    )
    return token


def path_of(venue: Venue, third: Any) -> list[Reserves]:
    """The pairs from ether over dollars to the third token."""
    last = pair_at(venue.exchange.getPair(venue.usd, third))
    seen = Reserves(*last.getReserves()[:2])
    return [venue.reserves(), seen if last.token0() == venue.usd.address else seen.reversed]


def test_it_finds_pairs(venue: Venue) -> None:
    assert venue.router.factory() == venue.exchange.address
    for one, other in ((venue.eth, venue.usd), (venue.usd, venue.eth)):
        assert venue.router.pair_of(one, other) == venue.pair.address
    with boa.reverts("Router: a pair needs two tokens"):
        venue.router.pair_of(venue.eth, venue.eth)
    with boa.reverts("Router: there is no such pair"):
        venue.router.pair_of(venue.eth, boa.env.generate_address())
    with boa.reverts("Router: the exchange has no code"):
        deploy("Router", NOBODY, bytes(32))


def test_exact_in_along_a_path(venue: Venue, trader: str, third: Any) -> None:
    route = [venue.eth, venue.usd, third]
    expected = twin.amounts_out(ETHER, path_of(venue, third))
    assert venue.router.getAmountsOut(ETHER, route) == expected
    held = venue.eth.balanceOf(trader)
    with boa.reverts("Router: less comes out than asked"):
        venue.sell(trader, ETHER, *route, least=expected[-1] + 1)
    assert venue.sell(trader, ETHER, *route, least=expected[-1]) == expected
    assert third.balanceOf(trader) == expected[-1]
    assert venue.eth.balanceOf(trader) == held - ETHER
    for token in route:
        assert token.balanceOf(venue.router) == 0


def test_exact_out_along_a_path(venue: Venue, trader: str, third: Any) -> None:
    route, wanted = [venue.eth, venue.usd, third], 10**6
    expected = twin.amounts_in(wanted, path_of(venue, third))
    assert venue.router.getAmountsIn(wanted, route) == expected
    held = venue.eth.balanceOf(trader)

    def buy(most: int) -> list[int]:
        return venue.router.swapTokensForExactTokens(wanted, most, route, trader, LATER, sender=trader)  # type: ignore[no-any-return]

    with boa.reverts("Router: more goes in than allowed"):
        buy(expected[0] - 1)
    assert buy(expected[0]) == expected
    assert third.balanceOf(trader) == wanted
    assert venue.eth.balanceOf(trader) == held - expected[0]


def test_both_directions_of_a_pair(venue: Venue, trader: str) -> None:
    for token, other, amount in ((venue.eth, venue.usd, ETHER), (venue.usd, venue.eth, 2_000 * USD)):
        before, held = venue.reserves(token), other.balanceOf(trader)
        got = venue.sell(trader, amount, token, other)[1]
        assert got == twin.amount_out(amount, before.into, before.out)
        assert other.balanceOf(trader) == held + got
        assert venue.reserves(token) == before.after(amount)


def test_a_path_needs_two_tokens_and_ends_at_six(venue: Venue, trader: str) -> None:
    for route in ([], [venue.eth]):
        with boa.reverts("Router: a path needs two tokens"):
            venue.router.getAmountsOut(1, route)
        with boa.reverts("Router: a path needs two tokens"):
            venue.router.getAmountsIn(1, route)
    route, reserves = [venue.eth, venue.usd], [venue.reserves()]
    while len(route) < 6:
        route.append(deploy_mock("PlainToken", 18))
        for token in route[-2:]:
            token.mint(trader, 10**12 * ETHER)
            token.approve(venue.router, MAX, sender=trader)
        size = 10**10 * len(route)
        venue.router.addLiquidity(*route[-2:], size, 2 * size, 0, 0, trader, LATER, sender=trader)
        reserves.append(Reserves(size, 2 * size))
    assert venue.sell(trader, ETHER // 100, *route) == twin.amounts_out(ETHER // 100, reserves)
    with boa.reverts():
        venue.sell(trader, ETHER, *route, deploy_mock("PlainToken", 18))


def test_deadlines(venue: Venue, trader: str) -> None:
    route, router = [venue.eth, venue.usd], venue.router
    exact_in = (10**9, 1, route, trader)
    for sent in (
        lambda when: router.swapExactTokensForTokens(*exact_in, when, sender=trader),
        lambda when: router.swapTokensForExactTokens(1, ETHER, route, trader, when, sender=trader),
        lambda when: router.swapExactTokensForTokensSupportingFeeOnTransferTokens(
            *exact_in, when, sender=trader
        ),
        lambda when: router.addLiquidity(*route, ETHER, 10**4 * USD, 0, 0, trader, when, sender=trader),
        lambda when: router.removeLiquidity(*route, 10**9, 0, 0, trader, when, sender=trader),
    ):
        with boa.reverts("Router: the deadline has passed"):
            sent(now() - 1)
        sent(now())


def test_amounts_that_can_not_be(venue: Venue, trader: str) -> None:
    router, sizes = venue.router, FIRST
    for amount in (0, TOO_BIG, MAX):
        with boa.reverts("Router: the amount is zero or above 112 bits"):
            router.getAmountOut(amount, *sizes)
        with boa.reverts("Router: the amount is zero or above 112 bits"):
            router.quote(amount, *sizes)
    with boa.reverts("Router: the amount is zero or above 112 bits"):
        router.getAmountIn(0, *sizes)
    for amount in (sizes[1], sizes[1] + 1, MAX):
        with boa.reverts("Router: more is asked than the pair has"):
            router.getAmountIn(amount, *sizes)
    for empty in ((0, 1), (1, 0), (0, 0)):
        for view in (router.getAmountOut, router.getAmountIn, router.quote):
            with boa.reverts("Router: the pair is empty"):
                view(1, *empty)
    assert router.quote(ETHER, *sizes) == 2_000 * USD
    with boa.reverts("Router: there is no such pair"):
        venue.sell(trader, ETHER, venue.eth, deploy_mock("PlainToken", 18))


def test_the_greatest_amount_is_all_that_the_caller_has(venue: Venue, trader: str, third: Any) -> None:
    """Sold or given back: whatever was handed to a contract in the same transaction."""
    route, held = [venue.eth, venue.usd, third], 3 * ETHER + 7
    venue.eth.transfer(boa.env.generate_address(), venue.eth.balanceOf(trader) - held, sender=trader)
    expected = twin.amounts_out(held, path_of(venue, third))
    with boa.env.anchor():
        with boa.reverts("Router: less comes out than asked"):
            venue.sell(trader, MAX, *route, least=expected[-1] + 1)
        assert venue.sell(trader, MAX, *route, least=expected[-1]) == expected
        assert venue.eth.balanceOf(trader) == 0
        with boa.reverts("Router: the amount is zero or above 112 bits"):
            venue.sell(trader, MAX, *route)
    counting = venue.router.swapExactTokensForTokensSupportingFeeOnTransferTokens
    counting(MAX, expected[-1], route, trader, LATER, sender=trader)
    assert (venue.eth.balanceOf(trader), third.balanceOf(trader)) == (0, expected[-1])


def test_all_liquidity_is_given_back(venue: Venue, provider: str) -> None:
    pair, sides = venue.pair, (venue.eth, venue.usd)
    expected = twin.liquidity_burned(pair.balanceOf(provider), *FIRST, pair.totalSupply())
    got = venue.router.removeLiquidity(*sides, MAX, *expected, provider, LATER, sender=provider)
    assert (got, pair.balanceOf(provider)) == (expected, 0)


def test_liquidity_is_added_at_the_pairs_ratio(venue: Venue, trader: str) -> None:
    """Whichever of the two is too much is not taken."""
    for of_eth, of_usd, taken in (
        (ETHER, 9_000 * USD, (ETHER, 2_000 * USD)),
        (9 * ETHER, 2_000 * USD, (ETHER, 2_000 * USD)),
    ):
        supply, before = venue.pair.totalSupply(), venue.reserves()
        amounts = venue.add(trader, of_eth, of_usd)
        assert amounts[:2] == taken
        assert amounts[2] == twin.liquidity_minted(*taken, before.into, before.out, supply)
    with boa.reverts("Router: too little of the first token"):
        venue.add(trader, 9 * ETHER, 2_000 * USD, (ETHER + 1, 0))
    with boa.reverts("Router: too little of the second token"):
        venue.add(trader, ETHER, 9_000 * USD, (0, 2_000 * USD + 1))
    for token in (venue.eth, venue.usd):
        assert token.balanceOf(venue.router) == 0


def test_liquidity_is_removed_by_share(venue: Venue, provider: str) -> None:
    pair, router = venue.pair, venue.router
    part = pair.balanceOf(provider) // 4
    expected = twin.liquidity_burned(part, *FIRST, pair.totalSupply())

    def remove(*least: int) -> Any:
        return router.removeLiquidity(venue.eth, venue.usd, part, *least, provider, LATER, sender=provider)

    with boa.reverts("Router: too little of the first token"):
        remove(expected[0] + 1, 0)
    with boa.reverts("Router: too little of the second token"):
        remove(0, expected[1] + 1)
    assert tuple(remove(*expected)) == expected
    other_way = router.removeLiquidity(venue.usd, venue.eth, part, 0, 0, provider, LATER, sender=provider)
    assert other_way[0] < other_way[1]


@pytest.mark.parametrize("approve_max", [False, True])
def test_liquidity_is_removed_with_a_permit(venue: Venue, provider: str, approve_max: bool) -> None:
    pair, router, holder = venue.pair, venue.router, address_of(HOLDER)
    pair.transfer(holder, 10**12, sender=provider)
    value = MAX if approve_max else 10**12
    *_, v, r, s = permit(pair, HOLDER, router.address, value, LATER)
    got = router.removeLiquidityWithPermit(
        venue.eth, venue.usd, 10**12, 0, 0, holder, LATER, approve_max, v, r, s, sender=holder
    )
    assert (venue.eth.balanceOf(holder), venue.usd.balanceOf(holder)) == tuple(got)
    assert pair.allowance(holder, router) == (MAX if approve_max else 0)


@pytest.mark.parametrize("approve_max", [False, True])
def test_a_permit_that_somebody_sent_first_hinders_nobody(
    venue: Venue, provider: str, approve_max: bool
) -> None:
    """It left its allowance. With less than that, or a signature that is none, nothing is removed."""
    pair, router, holder = venue.pair, venue.router, address_of(HOLDER)
    pair.transfer(holder, 2 * 10**12, sender=provider)
    value = MAX if approve_max else 10**12
    signed = permit(pair, HOLDER, router.address, value, LATER)
    *_, v, r, s = signed
    pair.permit(*signed, sender=boa.env.generate_address("stranger"))

    def remove(amount: int) -> Any:
        args = (venue.eth, venue.usd, amount, 0, 0, holder, LATER, approve_max, v, r, s)
        return router.removeLiquidityWithPermit(*args, sender=holder)

    if not approve_max:
        with boa.reverts("Router: permit refused"):
            remove(10**12 + 1)
    got = remove(10**12)
    assert (venue.eth.balanceOf(holder), venue.usd.balanceOf(holder)) == tuple(got)
    pair.approve(router, 10**12 - 1, sender=holder)
    with boa.reverts("Router: permit refused"):
        remove(10**12)
    pair.approve(router, 10**12, sender=holder)
    remove(10**12)
    assert pair.balanceOf(holder) == 0


def test_a_permit_of_somebody_else_takes_nothing(venue: Venue, provider: str) -> None:
    """The holder has allowed the router all; who sends the holder's permit removes their own liquidity."""
    pair, router, holder = venue.pair, venue.router, address_of(HOLDER)
    pair.transfer(holder, 10**12, sender=provider)
    pair.approve(router, MAX, sender=holder)
    *_, v, r, s = permit(pair, HOLDER, router.address, 10**12, LATER)
    thief = boa.env.generate_address("thief")
    args = (venue.eth, venue.usd, 10**12, 0, 0, holder, LATER, False, v, r, s)
    with boa.reverts("Router: permit refused"):
        router.removeLiquidityWithPermit(*args, sender=thief)
    assert pair.balanceOf(holder) == 10**12


def test_a_new_pair_is_created_with_its_first_liquidity(venue: Venue, trader: str) -> None:
    token = deploy_mock("PlainToken", 18)
    token.mint(trader, ETHER)
    token.approve(venue.router, MAX, sender=trader)
    made = venue.router.addLiquidity(token, venue.eth, ETHER, ETHER, 0, 0, trader, LATER, sender=trader)
    assert tuple(made) == (ETHER, ETHER, ETHER - 1_000)
    assert pair_at(venue.exchange.getPair(token, venue.eth)).balanceOf(trader) == ETHER - 1_000
    with boa.reverts("Router: a pair needs two tokens"):
        venue.router.addLiquidity(token, token, 1, 1, 0, 0, trader, LATER, sender=trader)


def test_a_donation_before_the_first_liquidity_does_not_stop_it(venue: Venue, trader: str) -> None:
    token = deploy_mock("PlainToken", 18)
    pair = pair_at(venue.exchange.createPair(token, venue.eth))
    venue.eth.transfer(pair, 5, sender=trader)
    pair.sync()
    token.mint(trader, ETHER)
    token.approve(venue.router, MAX, sender=trader)
    made = venue.router.addLiquidity(token, venue.eth, ETHER, ETHER, 0, 0, trader, LATER, sender=trader)
    assert made[2] == ETHER - 1_000


def test_a_wrong_code_hash_creates_no_liquidity(venue: Venue, trader: str) -> None:
    router = deploy("Router", venue.exchange, bytes([1]) * 32)
    with boa.reverts("Router: there is no such pair"):
        router.getAmountsOut(1, [venue.eth, venue.usd])
    token = deploy_mock("PlainToken", 18)
    with boa.reverts("Router: the code hash is not of this exchange's pairs"):
        router.addLiquidity(token, venue.eth, 1, 1, 0, 0, trader, LATER, sender=trader)


def test_tokens_that_keep_a_part_need_the_entry_point_that_counts_what_arrives(
    venue: Venue, trader: str
) -> None:
    venue.eth.set_fee_bps(100)
    before = venue.reserves()
    with boa.reverts("Pair: too little was paid in for k"):
        venue.sell(trader, ETHER)
    expected = twin.amount_out(ETHER * 99 // 100, before.into, before.out)
    route, held = [venue.eth, venue.usd], venue.usd.balanceOf(trader)

    def sell(least: int) -> None:
        venue.router.swapExactTokensForTokensSupportingFeeOnTransferTokens(
            ETHER, least, route, trader, LATER, sender=trader
        )

    with boa.reverts("Router: less comes out than asked"):
        sell(expected + 1)
    sell(expected)
    assert venue.usd.balanceOf(trader) == held + expected
    # Bought back, it is what arrives that must be enough.
    before, held = venue.reserves(venue.usd), venue.eth.balanceOf(trader)
    sent = twin.amount_out(2_000 * USD, before.into, before.out)
    venue.router.swapExactTokensForTokensSupportingFeeOnTransferTokens(
        2_000 * USD, sent - sent // 100 - 1, route[::-1], trader, LATER, sender=trader
    )
    assert venue.eth.balanceOf(trader) - held == sent - sent // 100


def test_counting_what_arrives_along_a_path(venue: Venue, trader: str, third: Any) -> None:
    venue.usd.set_fee_bps(50)
    first, last = path_of(venue, third)
    sent = twin.amount_out(ETHER, first.into, first.out)
    expected = twin.amount_out(sent - sent * 50 // 10_000, last.into, last.out)
    venue.router.swapExactTokensForTokensSupportingFeeOnTransferTokens(
        ETHER, expected, [venue.eth, venue.usd, third], trader, LATER, sender=trader
    )
    assert third.balanceOf(trader) == expected


def test_a_token_that_refuses_or_shrinks_is_not_believed() -> None:
    with boa.env.anchor():
        token = deploy_mock("HostileToken")
        venue, provider = deploy_traded(eth=token)
        token.transfer(provider, 2 * ETHER, sender=venue.pair.address)
        with boa.reverts("Router: the pair holds less than its reserve"):
            venue.router.swapExactTokensForTokensSupportingFeeOnTransferTokens(
                ETHER, 0, [token, venue.usd], provider, LATER, sender=provider
            )
        token.behave(SAYS_FALSE)
        with boa.reverts("Router: a token refused the transfer"):
            venue.sell(provider, ETHER)


def test_it_moves_only_its_callers_tokens(venue: Venue, trader: str) -> None:
    """Allowances of others are of no use to a cheater: there is no argument that names a payer."""
    cheater = str(boa.env.generate_address("cheater"))
    with boa.reverts("PlainToken: no allowance"):
        venue.sell(cheater, ETHER)
    assert venue.eth.balanceOf(trader) == 10**6 * ETHER
