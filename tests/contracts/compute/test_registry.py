"""Registry: stake, asks and their classes, payees, reputation, slashes, and everything that is refused."""

from collections.abc import Callable
from dataclasses import replace

import boa
import pytest
from coincurve import PrivateKey

from contracts.worlds.actors import (
    ASK,
    CHEATER,
    NOBODY,
    PROVIDER,
    RIVAL,
    Booked,
    address,
    ask_of,
    events,
    publish,
)
from contracts.worlds.paid_lease import STAKE_PER_SLOT, Compute, asks_in
from contracts.worlds.permits import permit
from contracts.worlds.pots import deploy, deploy_mock, now, wait
from surge.match.draw import size_of
from surge.model.ask import Ask
from surge.model.demand import Demand
from surge.model.units import Wei
from surge.settle.reputation import reputation, unit_of

DEMAND = Demand(cap_gfuel=1_000, cap_gib=50_000)
WAITING = 200_000
STAKE = ASK.slots * STAKE_PER_SLOT
UNIT = unit_of(STAKE_PER_SLOT)


@pytest.fixture
def provider(compute: Compute) -> str:
    return publish(compute, PROVIDER)


@pytest.fixture
def arbiter(compute: Compute) -> str:
    arbiter = str(boa.env.generate_address())
    compute.registry.set_arbiter(arbiter)
    return arbiter


def book(compute: Compute, slots: int = 1, *candidates: str) -> Booked:
    """As the Market would."""
    demand = replace(DEMAND, slots=slots)
    (word,) = compute.registry.book(demand.word, bytes(32), candidates, 1, sender=compute.market.address)
    return Booked.of(word)


# Who may do what


@pytest.mark.parametrize("role", ["market", "rewards", "arbiter"])
def test_the_deployer_names_each_contract_once(role: str) -> None:
    with boa.env.anchor():
        registry = deploy("Registry", NOBODY, STAKE_PER_SLOT, WAITING)
        named, other = boa.env.generate_address(), boa.env.generate_address()
        setter = getattr(registry, f"set_{role}")
        with boa.reverts("Registry: only the deployer"):
            setter(named, sender=other)
        setter(named)
        assert getattr(registry, role)() == named
        reason = {
            "market": "Registry: market is set",
            "rewards": "Registry: rewards is set",
            "arbiter": "Registry: arbiter is set",
        }[role]
        with boa.reverts(reason):
            setter(other)


def test_only_the_contracts_that_were_named(compute: Compute, provider: str, arbiter: str) -> None:
    registry = compute.registry
    with boa.reverts("Registry: only the market"):
        registry.book(DEMAND.word, bytes(32), [provider], 1, sender=provider)
    with boa.reverts("Registry: only the market"):
        registry.release(provider, 1, sender=provider)
    with boa.reverts("Registry: only the rewards"):
        registry.credit_reputation(provider, 10**6, sender=provider)
    with boa.reverts("Registry: only the arbiter"):
        registry.slash(provider, 1, provider, 0, sender=provider)


# Stake


def test_stake_goes_in_and_out(compute: Compute) -> None:
    provider = address(PROVIDER)
    compute.surge.transfer(provider, STAKE)
    compute.surge.approve(compute.registry, STAKE, sender=provider)
    compute.registry.stake(STAKE, sender=provider)
    assert events(compute.registry, "Staked")[0].amount == STAKE == compute.registry.stake_of(provider)
    assert compute.surge.balanceOf(compute.registry) == STAKE

    compute.registry.unbond(STAKE, sender=provider)
    told = events(compute.registry, "Unbonding")[0]
    assert (told.provider, told.amount, told.release) == (provider, STAKE, now() + WAITING)
    assert compute.registry.stake_of(provider) == 0
    wait(WAITING - 1)
    with boa.reverts("Registry: still unbonding"):
        compute.registry.claim_unbonded(sender=provider)
    wait(1)
    compute.registry.claim_unbonded(sender=provider)
    assert events(compute.registry, "Unbonded")[0].amount == STAKE == compute.surge.balanceOf(provider)
    with boa.reverts("Registry: nothing is unbonding"):
        compute.registry.claim_unbonded(sender=provider)


def test_a_second_unbonding_starts_the_time_again(compute: Compute, provider: str) -> None:
    compute.registry.withdraw_ask(sender=provider)
    compute.registry.unbond(1, sender=provider)
    wait(WAITING)
    compute.registry.unbond(2, sender=provider)
    with boa.reverts("Registry: still unbonding"):
        compute.registry.claim_unbonded(sender=provider)
    wait(WAITING)
    before = compute.surge.balanceOf(provider)
    compute.registry.claim_unbonded(sender=provider)
    assert compute.surge.balanceOf(provider) == before + 3


def test_stake_with_a_permit(compute: Compute) -> None:
    provider = address(PROVIDER)
    compute.surge.transfer(provider, 2 * STAKE)
    later = now() + 600
    signed = permit(compute.surge, PROVIDER, str(compute.registry.address), STAKE, later)
    compute.registry.stake_with_permit(STAKE, *signed[3:], sender=provider)
    assert compute.registry.stake_of(provider) == STAKE

    signed = permit(compute.surge, PROVIDER, str(compute.registry.address), STAKE, later)
    compute.surge.permit(*signed, sender=address(CHEATER))  # somebody who saw it was faster
    compute.registry.stake_with_permit(STAKE, *signed[3:], sender=provider)
    assert compute.registry.stake_of(provider) == 2 * STAKE
    with boa.reverts("Registry: permit refused"):
        compute.registry.stake_with_permit(STAKE, *signed[3:], sender=provider)


def test_stake_that_is_refused(compute: Compute, provider: str) -> None:
    registry = compute.registry
    for amount, reason in ((0, "Registry: nothing to stake"), (2**96 - STAKE, "Registry: stake too large")):
        with boa.reverts(reason):
            registry.stake(amount, sender=provider)
    for amount, reason in (
        (0, "Registry: nothing to unbond"),
        (STAKE + 1, "Registry: not that much stake"),
        (1, "Registry: the slots need this stake"),
    ):
        with boa.reverts(reason):
            registry.unbond(amount, sender=provider)


def test_slots_in_leases_hold_their_stake(compute: Compute, provider: str) -> None:
    """S2: a withdrawn ask frees what no lease needs."""
    book(compute, 3, provider)
    compute.registry.withdraw_ask(sender=provider)
    with boa.reverts("Registry: the slots need this stake"):
        compute.registry.unbond(5 * STAKE_PER_SLOT + 1, sender=provider)
    compute.registry.unbond(5 * STAKE_PER_SLOT, sender=provider)
    with boa.reverts("Registry: stake too small"):
        compute.registry.publish(ASK.word, "ticket", sender=provider)
    compute.registry.release(provider, 3, sender=compute.market.address)
    compute.registry.unbond(3 * STAKE_PER_SLOT, sender=provider)


def test_a_token_that_says_no() -> None:
    with boa.env.anchor():
        token = deploy_mock("RefusingToken")
        registry = deploy("Registry", token, 1, WAITING)
        provider, arbiter = (str(boa.env.generate_address()) for _ in range(2))
        registry.set_arbiter(arbiter)
        registry.stake(100, sender=provider)
        registry.unbond(50, sender=provider)
        wait(WAITING)
        token.refuse()
        with boa.reverts("Registry: stake not paid"):
            registry.stake(1, sender=provider)
        with boa.reverts("Registry: stake not returned"):
            registry.claim_unbonded(sender=provider)
        with boa.reverts("Registry: finder not paid"):
            registry.slash(provider, 10, provider, 5, sender=arbiter)
        assert registry.stake_of(provider) == 50


# Asks


def test_a_provider_writes_only_what_it_offers(compute: Compute) -> None:
    claimed = Ask(7, 8, 4, -9, 10, 11, 12, 13, 14, 15, 16, load=3, reputation=255, active=9, index=77)
    provider = publish(compute, PROVIDER, claimed)
    kept = replace(claimed, load=0, reputation=0, active=1, index=0)
    told = events(compute.registry, "AskPublished")[0]
    assert ask_of(compute, provider) == kept
    assert (told.provider, told.ask, told.ticket) == (provider, kept.word, "ticket")
    assert asks_in(compute, claimed.sampling_class) == 1
    assert compute.registry.member(claimed.sampling_class, size_of(claimed.slots), 0) == provider


def test_replacing_an_ask_keeps_load_reputation_and_place(compute: Compute, provider: str) -> None:
    rival = publish(compute, RIVAL)
    book(compute, 2, rival)
    compute.registry.credit_reputation(rival, 600 * UNIT, sender=compute.rewards.address)
    compute.registry.publish(replace(ASK, price_gfuel=5).word, "elsewhere", sender=rival)
    expected = replace(ASK, price_gfuel=5, load=2, reputation=160, active=1, index=1)
    assert ask_of(compute, rival) == expected
    assert (compute.registry.providers_count(), asks_in(compute)) == (2, 2)
    with boa.reverts("Registry: fewer slots than are leased"):
        compute.registry.publish(replace(ASK, slots=1).word, "ticket", sender=rival)


@pytest.mark.parametrize(
    ("ask", "ticket", "reason"),
    [
        (replace(ASK, slots=0), "ticket", "Registry: no slots offered"),
        (replace(ASK, price_gfuel=0), "ticket", "Registry: no price asked"),
        (replace(ASK, slots=9), "ticket", "Registry: stake too small"),
        (ASK, "", "Registry: no ticket"),
    ],
)
def test_asks_that_are_refused(compute: Compute, provider: str, ask: Ask, ticket: str, reason: str) -> None:
    with boa.reverts(reason):
        compute.registry.publish(ask.word, ticket, sender=provider)


def test_asks_by_the_page(compute: Compute) -> None:
    members = [publish(compute, PrivateKey(bytes([n]) * 32)) for n in range(40, 44)]
    compute.registry.withdraw_ask(sender=members[2])
    owners, words = compute.registry.asks(0, 100)
    assert owners == members
    assert words == [compute.registry.ask_of(member) for member in members]
    assert compute.registry.asks(1, 2)[0] == members[1:3]
    assert compute.registry.asks(3, 1_000)[0] == members[3:]
    assert compute.registry.asks(4, 1) == ([], [])


def test_the_payee(compute: Compute, provider: str) -> None:
    payee = boa.env.generate_address()
    assert compute.registry.payee_of(provider) == provider
    compute.registry.set_payee(payee, sender=provider)
    assert events(compute.registry, "PayeeSet")[0].payee == payee == compute.registry.payee_of(provider)
    with boa.reverts("Registry: no payee"):
        compute.registry.set_payee(NOBODY, sender=provider)


# Reputation and slashes


def test_reputation_grows_with_what_was_burned(compute: Compute, provider: str) -> None:
    burned = 0
    for total, expected in (
        (0, 0), (UNIT - 1, 0), (UNIT, 16), (8 * UNIT - 1, 48), (8 * UNIT, 64), (128 * UNIT, 128),
        (2_048 * UNIT, 192), (32_768 * UNIT - 1, 240), (32_768 * UNIT, 255), (2**100, 255),
    ):  # fmt: skip
        compute.registry.credit_reputation(provider, total - burned, sender=compute.rewards.address)
        assert events(compute.registry, "ReputationSet")[0].reputation == expected
        burned = total
        assert ask_of(compute, provider).reputation == expected == reputation(Wei(burned), UNIT)
        assert compute.registry.burned_for(provider) == burned
    assert replace(ask_of(compute, provider), reputation=0) == replace(ASK, active=1)


def test_a_slash_burns_and_rewards_the_finder(compute: Compute, provider: str, arbiter: str) -> None:
    """S1."""
    finder, supply = boa.env.generate_address(), compute.surge.totalSupply()
    compute.registry.credit_reputation(provider, 2**100, sender=compute.rewards.address)
    with boa.reverts("Registry: the finder gets at most half"):
        compute.registry.slash(provider, 1_001, finder, 501, sender=arbiter)
    compute.registry.slash(provider, 1_001, finder, 500, sender=arbiter)
    told = events(compute.registry, "Slashed")[0]
    assert (told.provider, told.amount, told.to_finder) == (provider, 1_001, 500)
    assert compute.surge.balanceOf(finder) == 500
    assert compute.surge.totalSupply() == supply - 501
    assert compute.registry.stake_of(provider) == STAKE - 1_001
    left = ask_of(compute, provider)
    assert (left.active, left.reputation) == (0, 128)  # what is left doesn't cover the slots
    assert asks_in(compute) == 0


def test_a_slash_that_leaves_enough_leaves_the_ask(compute: Compute, arbiter: str) -> None:
    provider = publish(compute, PROVIDER)
    compute.registry.publish(replace(ASK, slots=4).word, "ticket", sender=provider)
    compute.registry.slash(provider, 4 * STAKE_PER_SLOT, provider, 0, sender=arbiter)
    assert ask_of(compute, provider) == replace(ASK, slots=4, active=1)


def test_unbonding_does_not_outrun_a_slash(compute: Compute, provider: str, arbiter: str) -> None:
    """S1: all stake can be taken, bonded or not, and no more than that."""
    book(compute, 2, provider)
    compute.registry.withdraw_ask(sender=provider)
    compute.registry.unbond(6 * STAKE_PER_SLOT, sender=provider)
    wait(WAITING)  # waited long enough, but not claimed
    with boa.reverts("Registry: more than the stake"):
        compute.registry.slash(provider, STAKE + 1, provider, 0, sender=arbiter)
    compute.registry.slash(provider, STAKE, provider, 0, sender=arbiter)
    assert compute.registry.stakes(provider)[:2] == (0, 0)
    with boa.reverts("Registry: nothing is unbonding"):
        compute.registry.claim_unbonded(sender=provider)
    compute.registry.release(provider, 2, sender=compute.market.address)
    assert ask_of(compute, provider) == ASK


def test_others_stake_is_out_of_reach(compute: Compute, provider: str, arbiter: str) -> None:
    publish(compute, RIVAL)
    with boa.reverts("Registry: more than the stake"):
        compute.registry.slash(provider, STAKE + 1, provider, 0, sender=arbiter)
    assert compute.surge.balanceOf(compute.registry) == 2 * STAKE


# Booking (which one is chosen: tests/differential/test_score_twin.py)


@pytest.fixture
def two(compute: Compute) -> Callable[[Ask, Ask], tuple[str, str]]:
    return lambda first, second: (publish(compute, PROVIDER, first), publish(compute, RIVAL, second))


def test_booking_raises_the_load_and_releasing_lowers_it(compute: Compute, provider: str) -> None:
    """M4."""
    assert book(compute, 3, provider) == (provider, ASK.price_gfuel, ASK.price_gib, False)
    assert ask_of(compute, provider) == replace(ASK, load=3, active=1)
    book(compute, 5, provider)
    with boa.reverts("Market: no eligible provider"):
        book(compute, 1, provider)
    compute.registry.release(provider, 3, sender=compute.market.address)
    assert ask_of(compute, provider) == replace(ASK, load=5, active=1)


def test_what_does_not_fit_is_passed_over(compute: Compute, two: Callable[..., tuple[str, str]]) -> None:
    provider, rival = two(ASK, replace(ASK, price_gfuel=999, memory_tier=9))
    compute.registry.withdraw_ask(sender=provider)
    stranger = str(boa.env.generate_address())
    with boa.reverts("Market: no eligible provider"):
        book(compute, 1, stranger, provider, rival, NOBODY)
    compute.registry.publish(ASK.word, "ticket", sender=provider)
    assert book(compute, 1, stranger, rival, provider, provider)[0] == provider


def test_the_chain_draws_without_candidates(compute: Compute, provider: str) -> None:
    assert book(compute, 1)[::3] == (provider, True)


def test_a_candidate_named_twice_counts_once_more_to_nobody(
    compute: Compute, two: Callable[..., tuple[str, str]]
) -> None:
    provider, rival = two(ASK, replace(ASK, price_gfuel=500))
    assert book(compute, 1, provider, provider, rival, provider)[0] == rival
    assert ask_of(compute, rival).load == 1
