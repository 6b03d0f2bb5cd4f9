"""Pairs: created once, by anybody; liquidity and swaps; what a pair refuses; accumulators."""

from collections.abc import Iterator
from typing import Any

import boa
import pytest
from coincurve import PrivateKey
from eth.exceptions import InvalidInstruction

from contracts.worlds.actors import told
from contracts.worlds.permits import domain_separator, permit
from contracts.worlds.pots import deploy, deploy_mock, now, wait
from contracts.worlds.venue import (
    ETHER,
    FIRST,
    LATER,
    MAX,
    NOBODY,
    USD,
    Venue,
    deploy_blueprint,
    deploy_traded,
    deploy_venue,
    pair_at,
)
from surge.chain.deploy.blueprint import pair_code_hash
from surge.chain.network.artifacts import artifact
from surge.credit import exchange as twin
from surge.model.digest import keccak
from surge.model.signature import address_of

HOLDER = PrivateKey(bytes([9]) * 32)
DEAD = "0x000000000000000000000000000000000000dEaD"
RESERVE = 2**112 - 1


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


def test_a_pair_is_created_once_by_anybody(venue: Venue) -> None:
    exchange, other = venue.exchange, deploy_mock("PlainToken", 8)
    assert exchange.allPairsLength() == 1
    made = exchange.createPair(other, venue.usd, sender=boa.env.generate_address())
    token0, token1 = sorted((str(other.address), str(venue.usd.address)), key=lambda each: int(each, 16))
    assert told(exchange, "PairCreated") == (token0, token1, made, 2)
    pair = pair_at(made)
    assert (pair.token0(), pair.token1(), pair.factory()) == (token0, token1, exchange.address)
    assert exchange.getPair(other, venue.usd) == exchange.getPair(venue.usd, other) == made
    assert [exchange.allPairs(n) for n in range(3)] == [venue.pair.address, made, NOBODY]
    assert exchange.feeTo() == NOBODY
    with boa.reverts("Exchange: the pair exists"):
        exchange.createPair(venue.usd, other)


def test_a_pair_needs_two_tokens(venue: Venue) -> None:
    with boa.reverts("Exchange: a pair needs two tokens"):
        venue.exchange.createPair(venue.usd, venue.usd)
    with boa.reverts("Exchange: a token has no code"):
        venue.exchange.createPair(venue.usd, boa.env.generate_address())
    with boa.reverts("Exchange: the blueprint has no code"):
        deploy("Exchange", NOBODY)


def test_a_pairs_address_follows_from_its_tokens(venue: Venue) -> None:
    token0, token1 = venue.pair.token0(), venue.pair.token1()
    salt = keccak(bytes.fromhex(token0[2:]), bytes.fromhex(token1[2:]))
    code_hash = pair_code_hash(artifact("Pair").bytecode)
    digest = keccak(b"\xff", bytes.fromhex(str(venue.exchange.address)[2:]), salt, code_hash)
    assert digest[12:].hex() == str(venue.pair.address)[2:].lower()


def test_a_blueprint_can_not_be_called() -> None:
    with boa.env.anchor():
        blueprint = deploy_blueprint()
        assert boa.env.get_code(blueprint)[:3] == bytes.fromhex("fe7100")
        with pytest.raises(InvalidInstruction):
            boa.env.raw_call(blueprint, gas=100_000)


def test_the_interface_is_complete() -> None:
    """Names and argument types of Uniswap V2's pair and factory, but for what a protocol fee needs."""
    pair = {f"{f.name}({','.join(f.inputs)})" for f in artifact("Pair").functions.values()}
    assert pair >= {
        "MINIMUM_LIQUIDITY()", "factory()", "token0()", "token1()", "getReserves()", "kLast()",
        "mint(address)", "price0CumulativeLast()", "price1CumulativeLast()", "burn(address)", "skim(address)",
        "sync()", "swap(uint256,uint256,address,bytes)", "name()", "symbol()", "decimals()", "totalSupply()",
        "balanceOf(address)", "allowance(address,address)", "approve(address,uint256)", "nonces(address)",
        "transfer(address,uint256)", "transferFrom(address,address,uint256)", "DOMAIN_SEPARATOR()",
        "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
    }  # fmt: skip
    factory = {f"{f.name}({','.join(f.inputs)})" for f in artifact("Exchange").functions.values()}
    assert factory >= {
        "createPair(address,address)", "getPair(address,address)", "allPairs(uint256)", "allPairsLength()",
        "feeTo()",
    }  # fmt: skip
    topics = {kind.topic[:10] for kind in artifact("Pair").events.values()}
    # Mint, Burn, Swap, Sync and PairCreated, as indexers of the interface look for them.
    assert topics >= {"0x4c209b5f", "0xdccd412f", "0xd78ad95f", "0x1c411e9a"}
    assert artifact("Exchange").event("PairCreated").topic.startswith("0x0d3648bd")


def test_the_first_liquidity_locks_a_little_for_ever(venue: Venue, provider: str) -> None:
    pair = venue.pair
    minted = twin.liquidity_minted(*FIRST, 0, 0, 0)
    assert pair.balanceOf(provider) == minted
    assert pair.balanceOf(DEAD) == pair.MINIMUM_LIQUIDITY() == twin.MINIMUM_LIQUIDITY == 1_000
    assert pair.totalSupply() == minted + 1_000
    assert (venue.reserves().into, venue.reserves().out) == FIRST
    assert pair.getReserves()[2] == now() % 2**32
    assert (pair.name(), pair.symbol(), pair.decimals(), pair.kLast()) == ("Surge LP", "SLP", 18, 0)


def test_a_tiny_first_liquidity_is_refused() -> None:
    with boa.env.anchor():
        venue = deploy_venue()
        provider = venue.actor("provider")
        venue.pay(provider, venue.eth, 1_000)
        venue.pay(provider, venue.usd, 1_000)
        with boa.reverts("Pair: the first liquidity is too small"):
            venue.pair.mint(provider)
        venue.pay(provider, venue.usd, 3)
        assert venue.pair.mint(provider) == 1


def test_a_first_depositor_gains_nothing_from_a_donation() -> None:
    """Make a unit of LP dear by a donation, so that the next provider loses by rounding: the locked units
    keep nearly all of the donation, far more than anybody loses."""
    with boa.env.anchor():
        venue = deploy_venue()
        cheater, lender = venue.actor("cheater"), venue.actor("lender")
        for token in (venue.eth, venue.usd):
            venue.pay(cheater, token, 1_001)
        assert venue.pair.mint(cheater) == 1
        venue.pay(cheater, venue.eth, 10 * ETHER)
        venue.pay(cheater, venue.usd, 20_000 * USD)
        venue.pair.sync()
        start = venue.eth.balanceOf(lender)
        _paid, _, liquidity = venue.add(lender, 5 * ETHER, 10_000 * USD)
        assert liquidity == 500
        for account in (lender, cheater):
            held = venue.pair.balanceOf(account)
            venue.pair.transfer(venue.pair, held, sender=account)
            venue.pair.burn(account)
        lost_by_lender = start - venue.eth.balanceOf(lender)
        lost_by_cheater = 10**6 * ETHER - venue.eth.balanceOf(cheater)
        assert lost_by_lender < 10 * ETHER // 1_000
        assert lost_by_cheater > 9 * ETHER


def test_liquidity_comes_and_goes_by_share(venue: Venue, provider: str, trader: str) -> None:
    pair, supply = venue.pair, venue.pair.totalSupply()
    before = venue.reserves()
    venue.pay(trader, venue.eth, ETHER)
    venue.pay(trader, venue.usd, 3_000 * USD)
    expected = twin.liquidity_minted(ETHER, 3_000 * USD, before.into, before.out, supply)
    assert pair.mint(trader, sender=trader) == expected
    assert told(pair, "Mint") == (trader, *venue.ordered(ETHER, 3_000 * USD))
    assert pair.balanceOf(trader) == expected
    pair.transfer(pair, expected, sender=trader)
    full = venue.reserves()
    amounts = twin.liquidity_burned(expected, full.into, full.out, supply + expected)
    held = venue.eth.balanceOf(trader), venue.usd.balanceOf(trader)
    ordered = venue.ordered(*amounts)
    assert pair.burn(trader, sender=trader) == ordered
    assert told(pair, "Burn") == (trader, *ordered, trader)
    assert venue.eth.balanceOf(trader) == held[0] + amounts[0]
    assert venue.usd.balanceOf(trader) == held[1] + amounts[1]
    # What was paid above the ratio stayed with all providers.
    assert amounts[1] < 3_000 * USD
    assert pair.balanceOf(provider) == supply - 1_000


def test_liquidity_that_comes_to_nothing_is_refused(venue: Venue, provider: str, trader: str) -> None:
    with boa.reverts("Pair: too little was paid in"):
        venue.pair.mint(trader)
    with boa.reverts("Pair: no LP tokens were sent"):
        venue.pair.burn(trader)
    venue.pair.transfer(venue.pair, 1, sender=provider)
    with boa.reverts("Pair: the LP tokens are worth nothing"):
        venue.pair.burn(trader)
    with boa.reverts("erc20: mint to the zero address"):
        venue.pay(trader, venue.eth, ETHER)
        venue.pay(trader, venue.usd, 2_000 * USD)
        venue.pair.mint(NOBODY)


def test_a_swap_gives_what_the_twin_says_and_not_a_unit_more(venue: Venue, trader: str) -> None:
    pair, before = venue.pair, venue.reserves()
    expected = twin.amount_out(ETHER, before.into, before.out)
    venue.pay(trader, venue.eth, ETHER)
    with boa.reverts("Pair: too little was paid in for k"):
        venue.swap(trader, 0, expected + 1)
    held = venue.usd.balanceOf(trader)
    paid, got = venue.ordered(ETHER, 0), venue.ordered(0, expected)
    venue.swap(trader, 0, expected)
    assert told(pair, "Swap") == (trader, *paid, *got, trader)
    second = venue.sell(trader, ETHER)[1]
    assert venue.usd.balanceOf(trader) == held + expected + second
    assert venue.reserves() == before.after(ETHER).after(ETHER)


def test_a_swap_both_ways_at_once_pays_for_both(venue: Venue, trader: str) -> None:
    """Both tokens out and both in: the fee is on all that comes in."""
    before = venue.reserves()
    venue.pay(trader, venue.eth, ETHER)
    venue.pay(trader, venue.usd, 2_000 * USD)
    with boa.reverts("Pair: too little was paid in for k"):
        venue.swap(trader, ETHER, 2_000 * USD)
    venue.swap(trader, ETHER * 996 // 1_000, 2_000 * USD * 996 // 1_000)
    assert venue.reserves().into * venue.reserves().out > before.into * before.out


def test_swaps_that_can_not_be(venue: Venue, trader: str) -> None:
    with boa.reverts("Pair: nothing is asked"):
        venue.swap(trader, 0, 0)
    for asked in ((FIRST[0], 0), (0, FIRST[1]), (MAX, 0), (0, MAX)):
        with boa.reverts("Pair: more is asked than there is"):
            venue.swap(trader, *asked)
    for token in (venue.eth, venue.usd):
        with boa.reverts("Pair: a token can't receive"):
            venue.swap(trader, 1, 1, to=token.address)
    with boa.reverts("Pair: nothing was paid in"):
        venue.swap(trader, 0, 1)


def test_balances_end_at_112_bits(venue: Venue, trader: str) -> None:
    venue.eth.mint(venue.pair, RESERVE)
    for call in (venue.pair.sync, lambda: venue.pair.mint(trader), lambda: venue.swap(trader, 0, 1)):
        with boa.reverts("Pair: a balance is above 112 bits"):
            call()
    # What is too much can be taken away, by anybody, and all works again.
    venue.pair.skim(trader)
    venue.sell(trader, ETHER)


def test_a_donation_is_skimmed_by_anybody_or_kept_by_all(venue: Venue, provider: str, trader: str) -> None:
    pair, before = venue.pair, venue.reserves()
    venue.pay(provider, venue.eth, 7)
    venue.pay(provider, venue.usd, 8)
    held = venue.eth.balanceOf(trader), venue.usd.balanceOf(trader)
    pair.skim(trader)
    assert venue.eth.balanceOf(trader) - held[0] == 7
    assert venue.usd.balanceOf(trader) - held[1] == 8
    assert venue.reserves() == before
    venue.pay(provider, venue.usd, 9)
    pair.sync()
    assert told(pair, "Sync") == venue.ordered(before.into, before.out + 9)
    assert pair.totalSupply() == pair.balanceOf(provider) + 1_000


def test_accumulators_integrate_the_price_before_each_write(venue: Venue, trader: str) -> None:
    pair = venue.pair
    started, sums = now(), [0, 0]
    assert (pair.price0CumulativeLast(), pair.price1CumulativeLast()) == (0, 0)
    for seconds, amount in ((0, ETHER), (7, ETHER), (0, 2 * ETHER), (1_000, 5 * ETHER)):
        reserve0, reserve1, clock = pair.getReserves()
        wait(seconds)
        elapsed = now() % 2**32 - clock
        sums[0] += (reserve1 << 112) // reserve0 * elapsed
        sums[1] += (reserve0 << 112) // reserve1 * elapsed
        venue.sell(trader, amount)
        assert [pair.price0CumulativeLast(), pair.price1CumulativeLast()] == sums
    assert sums[0] > 0
    assert now() - started == 1_007


def test_accumulators_and_the_clock_wrap(venue: Venue, trader: str) -> None:
    pair = venue.pair
    wait(2**32 - now() % 2**32 - 10)
    pair.sync()
    near = MAX - 5
    boa.env.set_storage(pair.address, _slot(pair, "price0CumulativeLast"), near)
    reserve0, reserve1, clock = pair.getReserves()
    assert clock == 2**32 - 10
    wait(30)
    venue.sell(trader, ETHER)
    assert pair.getReserves()[2] == 20
    grown = (reserve1 << 112) // reserve0 * 30
    assert pair.price0CumulativeLast() == (near + grown) % 2**256 < near


def _slot(pair: Any, name: str) -> int:
    return int(pair.compiler_data.storage_layout["storage_layout"][name]["slot"])


def test_lp_tokens_move_by_permit(venue: Venue, provider: str) -> None:
    pair, spender = venue.pair, str(boa.env.generate_address())
    holder = address_of(HOLDER)
    pair.transfer(holder, 10, sender=provider)
    with boa.reverts("erc20: invalid signature"):
        pair.permit(*permit(pair, HOLDER, spender, 9, LATER, separator=domain_separator(pair, 1234)))
    pair.permit(*permit(pair, HOLDER, spender, 9, LATER))
    pair.transferFrom(holder, spender, 9, sender=spender)
    assert (pair.balanceOf(holder), pair.balanceOf(spender)) == (1, 9)
    names = {entry["name"] for entry in pair.abi if entry["type"] == "function"}
    assert not names & {"set_minter", "transfer_ownership", "burn_from"}
