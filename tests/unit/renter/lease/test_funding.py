"""A job's money where providers are dead: little is risked on them, what is lost is told and taken back."""

import asyncio
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from coincurve import PrivateKey

from surge.match.score import choose
from surge.model.ask import Ask, Offer
from surge.model.demand import Demand
from surge.model.errors import Reverted, Underfunded
from surge.model.lease import Lease, Terms
from surge.model.signature import address_of
from surge.model.units import parse_usd
from surge.renter.lease.funding import Funding, Settings
from surge.renter.work.board import Tally

RENTER, GRACE, EXPIRY = address_of(PrivateKey(b"\1" * 32)), 600, 10_000
BUDGET = parse_usd("1.00")


def address(number):
    return address_of(PrivateKey((number + 1).to_bytes(32, "big")))


class Chain:
    """Opens what it is asked to, with the providers that `draws` names, else with the first candidate."""

    def __init__(self, offers):
        self.book = SimpleNamespace(parameters=SimpleNamespace(grace_seconds=GRACE))
        self.asks = SimpleNamespace(offers=lambda: list(offers))
        self.money = SimpleNamespace(usd=lambda _: 10 * BUDGET)
        self.leases = self
        self.draws, self.opened, self.closings, self.reclaimed = [], [], {}, []
        self.refuses, self.demands = False, []

    def reservation(self, demand):
        return 900

    def open_many(self, demand, escrow, candidates, count):
        leases = []
        self.demands.append(demand)
        for _ in range(count):
            provider = self.draws.pop(0) if self.draws else candidates[0]
            terms = Terms(RENTER, provider, 1, 2, 10_000, escrow, EXPIRY)
            leases.append(Lease(len(self.opened) + len(leases) + 1, terms, 900, bytes(32)))
        self.opened += leases
        return leases, SimpleNamespace(hash=bytes(32), gas=1)

    def top_up(self, lease, amount):
        terms = Terms(RENTER, lease.terms.provider, 1, 2, 10_000, lease.terms.escrow + amount, EXPIRY)
        return Lease(lease.id, terms, 900, bytes(32)), SimpleNamespace(hash=bytes(32), gas=1)

    def closing(self, lease):
        return self.closings.get(lease)

    def reclaim(self, lease):
        if self.refuses:
            raise Reverted("somebody was faster")
        self.reclaimed.append(lease.id)
        self.closings[lease.id] = SimpleNamespace(refund=lease.terms.escrow)
        return SimpleNamespace(hash=bytes(32), gas=1)


class Store:
    def __init__(self):
        self.purposes = []

    def put_lease(self, *_):
        pass

    def put_transaction(self, _job, _hash, purpose, _gas):
        self.purposes.append(purpose)

    def proven(self):
        return set()


@pytest.fixture
def world():
    offers = [Offer(address(n), Ask(2, 10_000, 8, runtime=1, active=1), "") for n in range(1, 4)]
    chain, store = Chain(offers), Store()
    demand = Demand(cap_gfuel=1_000, cap_gib=1_000_000, runtime=1)
    funding = Funding(
        Settings("job", 1, BUDGET, demand), chain, store, SimpleNamespace(id="job", renter=RENTER), Tally(),
        SimpleNamespace(span=lambda *_, **__: nullcontext()),
    )  # fmt: skip

    async def answers(offer):
        return True

    funding.choosing._answers = answers
    return SimpleNamespace(chain=chain, store=store, funding=funding)


def opened(world, count=1):
    leases, _ = asyncio.run(world.funding.open(count))
    return leases


def test_after_one_dead_draw_nobody_is_drawn(world):
    """To the chain all that fit are alike then, and it takes the first candidate."""
    (first,) = opened(world)
    assert world.chain.demands[-1].w_price > 0
    world.funding.silent(first)
    opened(world)
    demand = world.chain.demands[-1]
    rival = Ask(1, 0, 8, runtime=1, active=1, reputation=255)
    assert choose(demand, [world.chain.asks.offers()[0].ask], [rival, rival]) == 0


def test_what_lies_with_the_dead_is_the_reason_that_is_told(world):
    def open_on_the_dead():
        for _ in range(100):
            (lease,) = opened(world)
            world.funding.silent(lease)

    with pytest.raises(Underfunded, match=r"0\.\d+ of it lie in \d+ leases with providers who never"):
        open_on_the_dead()
    assert world.funding.budget.committed <= BUDGET


def test_after_expiry_and_grace_it_is_taken_back(world):
    (lease,) = opened(world)
    world.funding.silent(lease)
    ended = world.funding.ended
    assert not asyncio.run(ended(lease, EXPIRY + GRACE))
    assert not asyncio.run(ended(lease))
    assert asyncio.run(ended(lease, EXPIRY + GRACE + 1))
    assert world.chain.reclaimed == [lease.id]
    assert world.store.purposes == ["open leases", "reclaim"]
    assert world.funding.budget.committed == 900
    (again,) = opened(world)
    assert again.terms.escrow > 0


def test_somebody_else_may_be_faster(world):
    (lease,) = opened(world)
    world.chain.refuses = True
    assert not asyncio.run(world.funding.ended(lease, EXPIRY + GRACE + 1))
    world.chain.closings[lease.id] = SimpleNamespace(refund=lease.terms.escrow)
    assert asyncio.run(world.funding.ended(lease, EXPIRY + GRACE + 1))
