"""When an ask is published, withdrawn, or left alone; and that a resting provider asks the chain little."""

import asyncio
import itertools
import time
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import pytest

from deal import Deal, chunk_of, play
from surge.model.ask import Ask
from surge.model.errors import NoNetwork, Reverted
from surge.net.endpoint import Endpoint
from surge.provider.config import ProviderConfig
from surge.provider.drain import Drain
from surge.provider.duty import clock, offer, room, unmet
from surge.provider.duty.offer import OFTEN_SECONDS, SETTLED_SECONDS, Moved, Offer, Step, next_step
from surge.provider.duty.outage import Outage
from surge.provider.duty.room import Room

MIB = 1 << 20


@pytest.mark.parametrize(
    ("offered", "wanted", "moved", "step"),
    [
        (True, True, False, Step.REST),
        (True, True, True, Step.PUBLISH),
        (False, True, False, Step.PUBLISH),
        (False, True, True, Step.PUBLISH),
        (True, False, False, Step.WITHDRAW),
        (True, False, True, Step.WITHDRAW),
        (False, False, False, Step.REST),
        (False, False, True, Step.REST),
    ],
)
def test_the_step(offered, wanted, moved, step):
    assert next_step(offered, wanted, moved) is step


@pytest.fixture(scope="module")
def tickets():
    """Of one endpoint, bound twice: the same key at two addresses."""

    async def bind():
        first = await Endpoint.bind(bytes(31) + b"\1")
        ticket = first.ticket()
        second = await Endpoint.bind(bytes(31) + b"\1")
        try:
            return ticket, second.ticket()
        finally:
            await first.close()
            await second.close()

    return asyncio.run(bind())


def test_new_addresses_count_once_they_have_settled(tickets):
    here, there = tickets
    moved = Moved(here, -OFTEN_SECONDS)
    assert not moved.look(here, 0.0)
    assert not moved.look(there, 1.0)
    assert not moved.look(there, SETTLED_SECONDS)
    assert moved.look(there, 1.0 + SETTLED_SECONDS)
    assert not moved.look(here, 100.0)
    assert not moved.look(there, 101.0)  # settling begins anew


def test_addresses_are_not_published_all_the_time(tickets):
    here, there = tickets
    moved = Moved(here, 0.0)
    assert not moved.look(there, 1.0)
    assert not moved.look(there, OFTEN_SECONDS - 1)
    assert moved.look(there, OFTEN_SECONDS)


class Registry:
    """`chain.asks` of one provider, and what was done to it."""

    def __init__(self):
        self.done = []
        self.ask = Ask(0, 0, 0)
        self.fails = False

    def _look(self):
        if self.fails:
            raise NoNetwork("the chain is away")

    def of(self, _):
        self._look()
        return self.ask

    def publish(self, ask, ticket):
        self._look()
        self.done.append(("publish", ticket))
        self.ask = replace(ask, active=1, index=7)

    def withdraw(self):
        self._look()
        self.done.append("withdraw")
        self.ask = Ask(0, 0, 0)

    def stake_of(self, _):
        return 10**30

    def payee_of(self, provider):
        return provider


class Owner:
    """An offer whose time a test moves."""

    def __init__(self, ticket):
        self.registry, self.hindered, self.ticket = Registry(), "", ticket
        chain = SimpleNamespace(
            asks=self.registry, address="0xme",
            book=SimpleNamespace(parameters=SimpleNamespace(stake_per_slot=1)),
        )  # fmt: skip
        config = ProviderConfig(slots=1, memory_mib=1024)
        self.offer = Offer(
            chain, config, 7, lambda: self.ticket, lambda: self.hindered, Outage(), local=False
        )
        self.now = time.monotonic() + 10**6

    def begin(self):
        return asyncio.run(self.offer.begin())

    def glance(self, seconds=2.0):
        self.now += seconds
        before = len(self.registry.done)
        asyncio.run(self.offer._glance(self.now))
        return self.registry.done[before:]


@pytest.fixture
def owner(tickets):
    return Owner(tickets[0])


def test_an_ask_that_stands_is_left_alone(owner):
    assert owner.begin()
    owner.glance()
    assert [owner.glance(seconds) for seconds in (2, 60, 600)] == [[], [], []]


def test_an_ask_that_is_gone_is_published_again(owner, tickets):
    owner.begin()
    owner.glance()
    owner.registry.ask = Ask(0, 0, 0)
    assert owner.glance(2) == []  # not looked at yet
    assert owner.glance(60) == [("publish", tickets[0])]


def test_an_ask_of_other_words_is_published_again(owner):
    owner.begin()
    owner.registry.ask = Ask(1, 1, 9, active=1)
    assert len(owner.glance(60)) == 1


def test_a_new_address_is_published(owner, tickets):
    owner.begin()
    owner.glance()
    owner.ticket = tickets[1]
    assert [owner.glance(1), owner.glance(SETTLED_SECONDS)] == [[], [("publish", tickets[1])]]
    assert owner.glance(60) == []


def test_a_hindrance_withdraws_and_its_end_publishes(owner, tickets):
    owner.begin()
    owner.glance()
    owner.hindered = "the disk is full"
    assert owner.glance() == ["withdraw"]
    assert [owner.glance(), owner.glance(600)] == [[], []]
    owner.hindered = ""
    assert owner.glance() == [("publish", tickets[0])]


def test_what_was_withdrawn_for_a_drain_stays_so(owner):
    owner.hindered = "a drain"
    assert not owner.begin()
    assert [owner.glance(), owner.glance(600)] == [[], []]
    assert not owner.offer.standing


def test_what_the_chain_did_not_take_is_tried_again(owner):
    owner.begin()
    owner.glance()
    owner.hindered, owner.registry.fails = "the disk is full", True
    with pytest.raises(NoNetwork):
        owner.glance()
    owner.registry.fails = False
    assert owner.glance() == ["withdraw"]


def test_a_drain_is_a_file_in_the_folder(tmp_path):
    wish = Drain(tmp_path)
    assert not wish.wanted
    wish.want()
    assert Drain(tmp_path).wanted
    wish.forget()
    wish.forget()
    assert not wish.wanted


def test_a_full_disk_is_named_until_there_is_room_to_spare(tmp_path, monkeypatch):
    free = iter([513, 511, 600, 640, 513])
    monkeypatch.setattr(room.shutil, "disk_usage", lambda _: SimpleNamespace(free=next(free) * MIB))
    disks = Room([tmp_path])
    said = [disks.lack() for _ in range(5)]
    assert [bool(one) for one in said] == [False, True, True, False, False]
    assert said[1] == f"the disk of {tmp_path} has 511 MiB left, and 512 are kept free; make room there"


# Rest


def test_an_outage_is_told_once_and_so_is_its_end(capsys):
    outage = Outage()
    for _ in range(3):
        outage.failed("watching", NoNetwork("no answer"))
    outage.failed("claiming", Reverted("Rewards: nothing"))
    outage.answered()
    outage.answered()
    told = capsys.readouterr()
    text = told.out + told.err
    assert [text.count(said) for said in ("can't be asked", "claiming failed", "is back")] == [1, 1, 1]


def test_a_provider_without_leases_asks_for_no_time_and_reads_no_events(tmp_path, monkeypatch):
    monkeypatch.setattr(clock, "TICK_SECONDS", 0.01)
    monkeypatch.setattr(clock, "CALM_SECONDS", 0.01)
    monkeypatch.setattr(unmet, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(offer, "GLANCE_SECONDS", 0.01)
    looks = itertools.count()

    def nothing_booked(*_):
        next(looks)
        return 0

    async def story(made: Deal):
        asked = Counter()
        seen = type(made.agent._unmet._chain)
        for name in ("now", "open_of"):
            monkeypatch.setattr(seen, name, counting(asked, name, getattr(seen, name)))
        monkeypatch.setattr(seen, "_load", nothing_booked)
        made.market.leases.clear()
        asked.clear()
        start = next(looks)
        await made.until(lambda: next(looks) > start + 20)
        assert asked == {}

    play(tmp_path, story)


def counting(asked, name, real):
    def call(self, *given):
        asked[name] += 1
        return real(self, *given)

    return call


def test_a_lease_wakes_the_clock(tmp_path, monkeypatch):
    monkeypatch.setattr(clock, "TICK_SECONDS", 0.01)
    monkeypatch.setattr(clock, "CALM_SECONDS", 600.0)
    monkeypatch.setattr(clock, "STIR_SECONDS", 0.0)

    async def story(made: Deal):
        made.market.now_at = 5_000
        await made.prepare()
        await made.run(chunk_of(1))
        await made.until(lambda: made.served._now == 5_000)

    play(tmp_path, story)
