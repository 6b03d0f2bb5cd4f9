"""N1: whatever strangers send to a real agent is dropped and counted; a good renter is served on."""

import asyncio
import os
import random

import pytest
from coincurve import PrivateKey

from deal import CODE, DOMAIN, PROVIDER, RENTER, SPEC, Bench, Market, address_of, chunk_of, hours, lease_of
from surge.model.signature import sign
from surge.model.voucher import Session
from surge.net.blobs import blob_digest
from surge.net.endpoint import Endpoint
from surge.net.errors import LinkClosed
from surge.net.frames import framed
from surge.net.messages import (
    SESSION_LIMIT,
    Hello,
    PayVoucher,
    PrepareImage,
    PutBlob,
    RequestClose,
    RunChunk,
    SeekBlobs,
    TermsMessage,
    Welcome,
    encode,
)
from surge.provider import agent as agent_module
from surge.provider.agent import Agent
from surge.provider.config import ProviderConfig
from surge.provider.pending import MAX_OF_ONE_PEER, MAX_STRANGERS, PendingLinks
from surge.renter.talk.notices import Delivered
from surge.renter.talk.session import RenterSession
from surge.store.provider import ProviderStore

CHEATER = PrivateKey(b"\5" * 32)
PATIENCE = 15.0


class Scene:
    """An agent behind a real endpoint, a good renter with a lease, and a stranger."""

    async def start(self, folder):
        self.market, self.bench = Market(), Bench()
        self.lease = self.market.open(lease_of(slots=1))
        self.store = ProviderStore(folder / "provider.db")
        self.door = await Endpoint.bind(os.urandom(32))
        self.renter_end, self.stranger = (
            await Endpoint.bind(os.urandom(32)),
            await Endpoint.bind(os.urandom(32)),
        )
        config = ProviderConfig(slots=1, memory_mib=1024)
        self.agent = Agent(
            config=config, key=PROVIDER, chain=self.market.seen_by(address_of(PROVIDER)), store=self.store,
            pool=self.bench, endpoint=self.door,
        )  # fmt: skip
        self.serving = asyncio.create_task(self.agent.serve())
        self.delivered, self.heard = set(), asyncio.Event()
        self.session = RenterSession(
            lease=self.lease, ticket=self.door.ticket(), find_ticket=self._ticket, endpoint=self.renter_end,
            key=RENTER, domain=DOMAIN, keep=lambda *_: None, notify=self._hear,
        )  # fmt: skip
        self.session.bill.stopwatch = hours()
        await self.session.open()
        await self.session.image(SPEC, {blob_digest(CODE): CODE})
        self.count = 0

    async def _ticket(self):
        return self.door.ticket()

    def _hear(self, session, notice):
        assert isinstance(notice, Delivered), notice
        self.delivered.add(notice.chunk)
        self.heard.set()

    async def serve_one(self):
        """The good renter gets a chunk done."""
        self.count += 1
        chunk = chunk_of(self.count)
        await self.session.run(chunk)
        async with asyncio.timeout(PATIENCE):
            while chunk.id not in self.delivered:
                self.heard.clear()
                await self.heard.wait()

    async def level(self):
        """Until the provider has kept the latest voucher."""
        async with asyncio.timeout(PATIENCE):
            while (kept := self.store.voucher(1)) is None or kept.voucher != self.session.bill.signed:
                await asyncio.sleep(0.01)

    @property
    def dropped(self):
        return sum(self.agent.dropped.values()) + sum(self.door.dropped.values())

    def hello(self, lease=None, key=RENTER, endpoint=None):
        """As the good renter would say it, or nearly."""
        lease = lease or self.lease
        session = Session(lease.id, endpoint or self.stranger.id, self.door.id)
        proof = sign(DOMAIN.digest(session.struct_hash), key)
        return Hello(lease.id, TermsMessage.of(lease.terms), proof)

    async def stop(self):
        await self.session.hang_up()
        self.agent.stop()
        await self.serving
        for endpoint in (self.renter_end, self.stranger, self.door):
            await endpoint.close()
        self.store.close()


def play(folder, story):
    async def go():
        scene = Scene()
        await scene.start(folder)
        try:
            await story(scene)
        finally:
            await scene.stop()

    asyncio.run(go())


async def hung_up(link):
    """Read until the provider ends the link."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                await link.receive()
            except LinkClosed:
                break
    await link.close()


def random_bytes(scene, rng):
    return rng.randbytes(rng.randrange(1, 5000))


def flipped(message):
    def attack(scene, rng):
        frame = bytearray(framed(encode(message(scene)), SESSION_LIMIT))
        for _ in range(rng.randrange(1, 4)):
            frame[rng.randrange(len(frame))] ^= 1 << rng.randrange(8)
        return bytes(frame)

    return attack


def whole(message):
    return lambda scene, rng: framed(encode(message(scene)), SESSION_LIMIT)


def a_run(scene):
    asked = chunk_of(1)
    return RunChunk(asked.id, asked.image, asked.tasks[0].code, [1], [b"x"], 1, 1, 1, False, [])


def other_lease(scene):
    return lease_of(number=99)


def other_hello(scene):
    return scene.hello(other_lease(scene), endpoint=scene.renter_end.id)


BEFORE_HELLO = {
    "random bytes": random_bytes,
    "a flipped bit in a hello": flipped(lambda scene: scene.hello()),
    "a huge frame announced": lambda scene, rng: (2**32 - 1).to_bytes(4, "little") + bytes(100),
    "an empty frame": lambda scene, rng: bytes(4),
    "a frame over the opening's limit": lambda scene, rng: (5_000).to_bytes(4, "little") + bytes(5_000),
    "work before hello": whole(a_run),
    "a voucher before hello": whole(lambda scene: PayVoucher(1, 1, bytes(32), bytes(65))),
    "a hello signed by somebody else": whole(lambda scene: scene.hello(key=CHEATER)),
    "a hello replayed from the renter's own link": whole(
        lambda scene: scene.hello(endpoint=scene.renter_end.id)
    ),
    "a hello for a lease that is none": whole(lambda scene: scene.hello(other_lease(scene))),
    "a hello with zeros as signature": whole(
        lambda scene: Hello(1, TermsMessage.of(scene.lease.terms), bytes(65))
    ),
}


@pytest.mark.parametrize("kind", BEFORE_HELLO)
def test_strangers_are_dropped_and_counted(tmp_path, kind):
    async def story(scene):
        for seed in range(4):
            print("seed", seed)  # noqa: T201
            before = scene.dropped
            link = await scene.stranger.dial(scene.door.ticket())
            await link._outgoing.write_all(BEFORE_HELLO[kind](scene, random.Random(seed)))
            await link._outgoing.finish()
            await hung_up(link)
            await scene.serve_one()
            assert scene.dropped > before or kind in {"random bytes", "a flipped bit in a hello"}
        assert scene.agent._served.keys() == {1}

    play(tmp_path, story)


def test_a_silent_stranger_is_hung_up_on(tmp_path, monkeypatch):
    monkeypatch.setattr(agent_module, "HELLO_SECONDS", 0.2)

    async def story(scene):
        link = await scene.stranger.dial(scene.door.ticket())
        await hung_up(link)
        assert scene.agent.dropped["TimeoutError"] == 1
        await scene.serve_one()

    play(tmp_path, story)


AFTER_HELLO = {
    "random bytes": random_bytes,
    "a message of the other side": whole(lambda scene: Welcome(0, 0, 0, 1, 1)),
    "a blob that has another name": whole(lambda scene: PutBlob(bytes(32), 3, 0, b"abc")),
    "a part of a blob without its start": whole(lambda scene: PutBlob(bytes(32), 9, 3, b"abc")),
    "a flipped bit in a voucher": flipped(lambda scene: PayVoucher(1, 1, bytes(32), bytes(65))),
    "a hello for another lease": whole(
        lambda scene: scene.hello(other_lease(scene), endpoint=scene.renter_end.id)
    ),
    "a voucher that nobody signed": whole(
        lambda scene: PayVoucher(2**24 - 1, 2**40 - 1, bytes(32), bytes(65))
    ),
    "a chunk under a false name": whole(a_run),
    "a close that does not add up": whole(lambda scene: RequestClose(9, 9)),
    "an image of no runtime": whole(lambda scene: PrepareImage("native", bytes(32), [], bytes(32))),
    "a question for nothing": whole(lambda scene: SeekBlobs([])),
}


@pytest.mark.parametrize("kind", AFTER_HELLO)
def test_a_renter_that_sends_junk_ends_its_own_link_at_most(tmp_path, kind):
    """And the same renter, on its next link, finds its books as they were."""

    async def story(scene):
        await scene.serve_one()
        await scene.level()
        books = scene.store.receipts(1), scene.store.voucher(1)
        voucher = scene.session.bill.signed
        await scene.session.hang_up()
        for seed in range(4):
            print("seed", seed)  # noqa: T201
            link = await scene.renter_end.dial(scene.door.ticket())
            link.limit = SESSION_LIMIT
            await link.send(scene.hello(endpoint=scene.renter_end.id))
            welcome = await link.receive()
            assert (welcome.last_sequence, welcome.receipts) == (voucher.sequence, 2)
            await link._outgoing.write_all(AFTER_HELLO[kind](scene, random.Random(seed)))
            await link._outgoing.finish()
            await hung_up(link)
            assert (scene.store.receipts(1), scene.store.voucher(1)) == books
        await scene.session.open()
        await scene.serve_one()

    play(tmp_path, story)


class Guest:
    """As much of a link as the visitors look at."""

    def __init__(self, peer):
        self.remote, self.aborted = peer, False

    def abort(self, reason):
        self.aborted = True


def test_strangers_are_few_and_the_oldest_goes_first():
    agent_counts = agent_module.Counter()
    visitors = PendingLinks(agent_counts)
    guests = [Guest(n) for n in range(MAX_STRANGERS + 3)]
    assert all(visitors.enter(guest) for guest in guests)
    assert [guest.aborted for guest in guests] == [True] * 3 + [False] * MAX_STRANGERS
    assert len(visitors) == MAX_STRANGERS
    assert agent_counts["crowded"] == 3


def test_one_peer_has_few_links():
    visitors = PendingLinks(agent_module.Counter())
    guests = [Guest("peer") for _ in range(MAX_OF_ONE_PEER + 1)]
    assert [visitors.enter(guest) for guest in guests] == [True] * MAX_OF_ONE_PEER + [False]
    visitors.leave(guests[0])
    assert visitors.enter(Guest("peer"))
