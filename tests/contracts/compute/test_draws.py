"""What the chain adds to a renter's candidates: its draws, their seeds, and how near they may count."""

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from typing import Any

import boa
import pytest
from coincurve import PrivateKey

from contracts.worlds.actors import ASK, CHEATER, RENTER, Booked, address, events, publish
from contracts.worlds.paid_lease import Compute
from contracts.worlds.pots import wait
from surge.match.draw import drawn, places_of, size_of
from surge.match.score import FAR
from surge.model.ask import Ask
from surge.model.demand import Demand

# Of price and place alone: a millionth per Gfuel costs as much as a millisecond.
DEMAND = Demand(750, 50_000, w_price=1, w_proximity=1, w_load=0, w_reputation=0, w_energy=0)
OTHER_CLASS = 11
"""More memory than is asked for: such an ask fits as a candidate, and is never drawn."""


def keys(count: int) -> list[PrivateKey]:
    return [PrivateKey(bytes([60 + number]) * 32) for number in range(count)]


def book(compute: Compute, *candidates: str, demand: Demand = DEMAND, seed: int = 0) -> tuple[str, bool]:
    """Who is booked, and whether it was drawn; nothing of it stays."""
    with boa.env.anchor():
        arguments = (demand.word, seed.to_bytes(32, "big"), candidates, 1)
        (word,) = compute.registry.book(*arguments, sender=compute.market.address)
        return Booked.of(word)[::3]


def offer(price: int, place: int, **rest: int) -> Ask:
    return Ask(price, 50_000, 1, height=place, **rest)


def reprice(compute: Compute, provider: str, ask: Ask) -> None:
    compute.registry.publish(ask.word, "ticket", sender=provider)


@pytest.mark.parametrize(
    "places",
    [(40,), (40, 90), (90, 40), (70, 10, 50), (10, 20, 90, 60), (5, 5, 5), (80, 70, 60, 50, 40, 30, 20, 10),
     (0, 0, 90, 90), (FAR + 5_000, 0)],
)  # fmt: skip
def test_a_drawn_ask_is_as_near_as_the_median(compute: Compute, places: tuple[int, ...]) -> None:
    """To win, it must make up in price for the median's distance, however near it claims to be."""
    named = [
        publish(compute, key, offer(750, place, memory_tier=OTHER_CLASS))
        for key, place in zip(keys(len(places)), places, strict=True)
    ]
    nearest, median = min(places), min(sorted(places)[len(places) // 2], FAR)
    even = 750 - (median - nearest) // 10  # 10 of cost each millionth below the cap
    liar = publish(compute, CHEATER, offer(max(even, 1), 0))
    assert book(compute, *named) == (named[places.index(nearest)], False)  # a tie goes to the candidate
    if even > 1:
        reprice(compute, liar, offer(even - 1, 0))
        assert book(compute, *named) == (liar, True)


def test_what_is_truly_farther_counts_as_far_as_it_is(compute: Compute) -> None:
    (key,) = keys(1)
    named = publish(compute, key, offer(750, 40, memory_tier=OTHER_CLASS))
    drawn = publish(compute, CHEATER, offer(740, 140))
    assert book(compute, named) == (named, False)
    reprice(compute, drawn, offer(739, 140))
    assert book(compute, named) == (drawn, True)


def test_candidates_that_do_not_fit_are_no_measure(compute: Compute) -> None:
    named, near, nearer = (
        publish(compute, key, offer(750, place, memory_tier=tier))
        for key, place, tier in zip(keys(3), (50, 0, 0), (OTHER_CLASS, 9, 9), strict=True)
    )
    liar = publish(compute, CHEATER, offer(750, 0))
    assert book(compute, named, near, nearer) == (named, False)  # all at 50: the liar, too
    reprice(compute, liar, offer(749, 0))
    assert book(compute, near, named, nearer) == (liar, True)


def test_a_candidate_that_fills_up_on_the_way_is_no_measure_any_more(compute: Compute) -> None:
    """Of places 40, 50 and 140 the median is 50; when the first is full, it is 140."""
    first, second, third = (
        publish(compute, key, replace(offer(750, place, memory_tier=OTHER_CLASS), slots=slots))
        for key, place, slots in zip(keys(3), (40, 50, 140), (1, 9, 9), strict=True)
    )
    publish(compute, CHEATER, replace(offer(749, 0), slots=9))
    arguments = (DEMAND.word, bytes(32), [first, second, third], 3)
    booked = compute.registry.book(*arguments, sender=compute.market.address)
    assert [Booked.of(word)[::3] for word in booked] == [(first, False), (second, False), (second, False)]


def test_without_candidates_all_draws_are_equally_far(compute: Compute) -> None:
    one, other = keys(2)
    near, cheap = publish(compute, one, offer(750, 0)), publish(compute, other, offer(749, 9_000))
    found = {book(compute, seed=seed) for seed in every_pair(2)}
    assert found == {(near, True), (cheap, True)}
    both = book(compute, seed=seed_of(0, 1))
    assert both == book(compute, seed=seed_of(1, 0)) == (cheap, True)


def seed_of(first: int, second: int) -> int:
    """A seed that draws these places of a class: one from each half."""
    return second << 128 | first


def every_pair(size: int) -> list[int]:
    return [seed_of(first, second) for first in range(size) for second in range(size)]


def test_each_half_of_the_seed_draws_once(compute: Compute) -> None:
    """The better of the two wherever they stand; of equals, the first."""
    members = [publish(compute, key, offer(750 - number, 0)) for number, key in enumerate(keys(4))]
    for first in range(4):
        for second in range(4):
            for lap in (0, 4 * 10**30):  # a place is a remainder
                booked, drawn = book(compute, seed=seed_of(first + lap, second + lap))
                assert (booked, drawn) == (members[max(first, second)], True)
    for member in members:
        reprice(compute, member, offer(750, 0))
    for first in range(4):
        assert book(compute, seed=seed_of(first, 3 - first)) == (members[first], True)


def test_an_ask_is_drawn_by_its_slots(compute: Compute) -> None:
    """Each place of a class once: an ask of 2ⁿ slots has 2ⁿ; else those of the power below, at most 128."""
    slots = (1, 300, 2, 3, 64, 16, 4, 128)
    shares = {
        publish(compute, key, Ask(750, 50_000, each)): places_of(each)
        for key, each in zip(keys(len(slots)), slots, strict=True)
    }
    weight = sum(shares.values())
    assert weight == 1 + 128 + 2 + 2 + 64 + 16 + 4 + 128
    drawn = Counter(book(compute, seed=seed_of(place, place))[0] for place in range(weight))
    assert drawn == shares
    assert book(compute, seed=seed_of(weight, weight)) == book(compute, seed=0)


@pytest.mark.parametrize(
    ("slots", "gain"),
    [(1, 1), (4, 1), (16, 1), (64, 1), (128, 1), (3, 1.5), (7, 1.75), (100, 1.5625), (200, 1.5625), (512, 4)],
)
def test_splitting_slots_over_asks_gains_little(slots: int, gain: float) -> None:
    """How often `slots` asks of one slot are drawn against one ask of `slots`, beside a class of 50 asks.

    Were each ask drawn alike, it would be `slots` times. A number that is split into powers gains no more.
    """
    others = [5, 5, 10, 10, 10, 5, 5, 0]
    split, whole = list(others), list(others)
    split[0] += slots
    whole[size_of(slots)] += 1

    def share(counts: list[int], size: int, first: int) -> Fraction:
        weight = sum(count << each for each, count in enumerate(counts))
        found = [drawn(counts, number) for number in range(weight)]
        mine = sum(place is not None and place[0] == size and place[1] >= first for place in found)
        return Fraction(mine, weight - mine)  # against all others

    found = share(split, 0, others[0]) / share(whole, size_of(slots), others[size_of(slots)])
    assert found == Fraction(gain)


def test_what_does_not_fit_is_drawn_in_vain(compute: Compute) -> None:
    full, dear = (
        publish(compute, key, ask) for key, ask in zip(keys(2), (offer(1, 0), offer(751, 0)), strict=True)
    )
    compute.registry.book(DEMAND.word, bytes(32), [full], 1, sender=compute.market.address)
    for seed in every_pair(2):
        with boa.reverts("Market: no eligible provider"):
            book(compute, full, dear, seed=seed)


def test_a_candidate_that_is_drawn_too_stays_a_candidate(compute: Compute) -> None:
    provider = publish(compute, CHEATER, offer(750, 7))
    assert book(compute, provider) == (provider, False)


def drawn_by(compute: Compute, renter: PrivateKey, count: int = 1) -> list[str]:
    """The providers of leases that are opened together and without candidates; nothing of it stays."""
    with boa.env.anchor():
        demand = replace(DEMAND, cap_gfuel=ASK.price_gfuel, w_price=0, w_proximity=0)
        compute.market.open_leases(demand.word, 1_000, [], count, sender=address(renter))
        return [str(event.provider) for event in events(compute.market, "LeaseOpened")]


@pytest.fixture
def crowd(compute: Compute) -> list[str]:
    """Twelve equal providers, and two renters with money."""
    for renter in (RENTER, CHEATER):
        compute.dollar.faucet(10**12, sender=address(renter))
        compute.dollar.approve(compute.market, 2**256 - 1, sender=address(renter))
    return [publish(compute, key, replace(ASK, slots=32)) for key in keys(12)]


def test_each_lease_each_renter_and_each_block_draw_anew(compute: Compute, crowd: list[str]) -> None:
    together = drawn_by(compute, RENTER, 16)
    assert len(set(together)) > 4
    assert together == drawn_by(compute, RENTER, 16)  # the same state draws the same
    assert together != drawn_by(compute, CHEATER, 16)
    with boa.env.anchor():
        next_block(b"another")
        assert together != drawn_by(compute, RENTER, 16)


def next_block(name: bytes) -> None:
    patch: Any = boa.env.evm.patch
    hashes = list(patch.prev_hashes)
    patch.prev_hashes = [name.rjust(32, b"\0"), *hashes[:255]]
    patch.block_number += 1
    wait(12)


def test_thirty_two_leases_at_once_and_no_more(compute: Compute, crowd: list[str]) -> None:
    assert len(drawn_by(compute, RENTER, 32)) == 32
    with boa.reverts("Market: 1 to 32 leases at once"):
        drawn_by(compute, RENTER, 33)
