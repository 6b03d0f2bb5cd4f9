"""Whom a job leases from, when most of what is offered is dead, dear or a cheat."""

import asyncio
from dataclasses import replace

import pytest
from coincurve import PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from surge.model.ask import Ask, Offer
from surge.model.demand import Demand
from surge.model.errors import NoProvider, ProviderLost
from surge.model.lease import Lease, Terms
from surge.model.signature import address_of
from surge.renter.lease.choosing import MAX_OBJECTIONS, Choosing, without_draws
from surge.renter.lease.ranking import WAVE, rank, waves

DEMAND = Demand(cap_gfuel=1_000, cap_gib=1_000_000, runtime=1)


def address(number):
    return address_of(PrivateKey(number.to_bytes(32, "big")))


def an_offer(number, price=2, slots=4, **more):
    return Offer(address(number), Ask(price, 10_000, slots, runtime=1, active=1, **more), f"ticket {number}")


def a_lease(provider, price=2):
    terms = Terms(address(1), provider, 1, price, 10_000, 1_000_000, 2**33)
    return Lease(7, terms, 900, bytes(32))


class World:
    """Providers of which only some answer; `dialled` in order."""

    def __init__(self, offers, dead=(), priced=False):
        self.offers, self.dead, self.dialled = offers, set(dead), []
        self.choosing = Choosing(DEMAND, priced, self.answers)

    async def answers(self, offer):
        self.dialled.append(offer.provider)
        return offer.provider not in self.dead

    def choose(self, count=1, proven=()):
        return asyncio.run(self.choosing.choose(self.offers, set(proven), count))


def test_no_number_of_dead_asks_stops_the_market():
    """A thousand that nobody answers, each a little cheaper than all others."""
    dead = [an_offer(number, price=1, slots=1) for number in range(100, 1_100)]
    alive = [an_offer(number, price=2, slots=8) for number in range(1, 4)]
    world = World([*dead, *alive], dead=[offer.provider for offer in dead])
    choice = world.choose(count=2)
    assert {offer.provider for offer in choice.ranked} <= {offer.provider for offer in alive}
    assert len(choice.ranked) >= 2
    assert choice.demand.cap_gfuel == 6  # of those that answer
    assert choice.demand == without_draws(choice.demand)

    world.dialled.clear()
    world.choose(count=2)
    assert len(world.dialled) < 1_000  # who was silent before is asked last


def test_who_has_worked_for_the_renter_is_asked_in_the_first_wave():
    dead = [an_offer(number, price=1) for number in range(100, 200)]
    known = [an_offer(number, price=5) for number in range(1, 3)]
    world = World([*dead, *known], dead=[offer.provider for offer in dead])
    choice = world.choose(count=2, proven=[offer.provider for offer in known])
    assert len(world.dialled) == WAVE
    assert {offer.provider for offer in choice.ranked} == {offer.provider for offer in known}


def test_when_most_answer_one_wave_is_enough():
    world = World([an_offer(number) for number in range(1, 101)])
    choice = world.choose(count=4)
    assert len(world.dialled) == WAVE
    assert choice.demand.w_price > 0  # the chain may draw somebody better


def test_lost_providers_are_asked_when_there_is_nobody_else():
    lost, other = an_offer(1), an_offer(2)
    world = World([lost, other])
    world.choosing.lost.add(lost.provider)
    assert [offer.provider for offer in world.choose().ranked] == [other.provider]
    assert world.choosing.others
    world.dead.add(other.provider)
    assert [offer.provider for offer in world.choose().ranked] == [lost.provider]
    assert world.choosing.lost == {other.provider}
    world.dead.add(lost.provider)
    with pytest.raises(NoProvider, match="none of their providers answers"):
        world.choose()
    assert not world.choosing.others


def test_a_distrusted_provider_is_never_chosen_and_its_lease_is_not_used():
    bad, good = an_offer(1, price=1), an_offer(2)
    world = World([bad, good])
    world.choosing.distrusted.add(bad.provider)
    assert [offer.provider for offer in world.choose().ranked] == [good.provider]
    assert isinstance(world.choosing.objection(a_lease(bad.provider, 1)), ProviderLost)
    assert world.choosing.objection(a_lease(good.provider)) is None


def test_a_price_that_was_raised_meanwhile_is_not_paid():
    one = an_offer(1)
    world = World([one])
    world.choose()
    assert world.choosing.objection(a_lease(one.provider, 2)) is None
    assert "raised its price" in str(world.choosing.objection(a_lease(one.provider, 3)))
    assert world.choosing.lost == {one.provider}
    for _ in range(MAX_OBJECTIONS - 1):
        world.choosing.objection(a_lease(one.provider, 3))
    with pytest.raises(NoProvider, match="raised its price"):
        world.choosing.objection(a_lease(one.provider, 3))


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 64)), min_size=1, max_size=200),
    st.sets(st.integers(0, 199)),
    st.randoms(use_true_random=False),
)
def test_waves_ask_everybody_once_and_each_is_twice_as_long(asked, proven, random):
    ranked = rank([an_offer(n + 1, price, slots) for n, (price, slots) in enumerate(asked)], DEMAND)
    known = {address(n + 1) for n in proven}
    found = list(waves(ranked, known, random.randrange))
    assert sorted(offer.provider for wave in found for offer in wave) == sorted(o.provider for o in ranked)
    assert [len(wave) for wave in found[:-1]] == [WAVE << n for n in range(len(found) - 1)]
    first = [offer.provider for offer in ranked if offer.provider in known][: WAVE // 2]
    assert [offer.provider for offer in found[0]][: len(first)] == first


def test_slots_are_the_lots_of_a_wave():
    """Of a thousand asks of one slot and one of a thousand slots, the one is drawn into the first wave about
    as surely as a coin that is thrown four times shows its head once."""
    import random

    drawn = 0
    many = [an_offer(number, price=1, slots=1) for number in range(1, 301)]
    one = an_offer(999, price=9, slots=300)
    for seed in range(100):
        ranked = rank([*many, one], DEMAND)
        drawn += one in next(waves(ranked, (), random.Random(seed).randrange))
    assert drawn > 80
    assert one not in rank([*many, one], DEMAND)[:WAVE]
    assert replace(one.ask, slots=1) != one.ask
