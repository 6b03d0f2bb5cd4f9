"""An endpoint under strangers who break every rule goes on serving the one who keeps them."""

import asyncio
import os
import random
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress

import iroh
import pytest

from network.link.pair import endpoints
from surge.net import accept
from surge.net.accept import PREAMBLE
from surge.net.endpoint import ALPN, Endpoint
from surge.net.errors import LinkClosed, Malformed
from surge.net.frames import framed
from surge.net.link import Link
from surge.net.messages import OPENING_LIMIT, Sorry, encode

GOOD = Sorry("busy", "later")
SEED = 20_260_101


class Provider:
    """Echoes messages; counts and hangs up on what is none."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.counts: Counter[str] = Counter()
        self._serving = asyncio.ensure_future(self._accept())
        self._talks: set[asyncio.Task[None]] = set()

    async def _accept(self) -> None:
        while True:
            talk = asyncio.ensure_future(self._talk(await self.endpoint.accept()))
            self._talks.add(talk)
            talk.add_done_callback(self._talks.discard)

    async def _talk(self, link: Link) -> None:
        try:
            while True:
                await link.send(await link.receive())
                self.counts["served"] += 1
        except Malformed:
            self.counts["malformed"] += 1
            link.abort("malformed")
        except LinkClosed:
            self.counts["closed"] += 1
        await link.close()

    async def stop(self) -> None:
        self._serving.cancel()
        await asyncio.gather(self._serving, return_exceptions=True)
        await self.endpoint.close()
        await asyncio.gather(*self._talks)


async def raw_stream(cheater: Endpoint, provider: Endpoint) -> tuple[iroh.Connection, iroh.BiStream]:
    connection = await cheater._raw.connect(provider._raw.addr(), ALPN)
    return connection, await connection.open_bi()


async def hung_up(connection: iroh.Connection) -> None:
    await asyncio.wait_for(connection.closed(), 30)


async def served(link: Link) -> None:
    await link.send(GOOD)
    assert await asyncio.wait_for(link.receive(), 30) == GOOD


Attack = Callable[[Endpoint, Endpoint], Awaitable[None]]


async def wrong_preamble(cheater: Endpoint, provider: Endpoint) -> None:
    connection, stream = await raw_stream(cheater, provider)
    await stream.send().write_all(b"GET / HTTP/1.1\r\n\r\n")
    await hung_up(connection)


async def no_stream_at_all(cheater: Endpoint, provider: Endpoint) -> None:
    await hung_up(await cheater._raw.connect(provider._raw.addr(), ALPN))


async def half_a_preamble(cheater: Endpoint, provider: Endpoint) -> None:
    connection, stream = await raw_stream(cheater, provider)
    await stream.send().write_all(PREAMBLE[:2])
    await hung_up(connection)


async def stream_ends_in_the_preamble(cheater: Endpoint, provider: Endpoint) -> None:
    connection, stream = await raw_stream(cheater, provider)
    await stream.send().write_all(PREAMBLE[:2])
    await stream.send().finish()
    await hung_up(connection)


async def random_frames(cheater: Endpoint, provider: Endpoint) -> None:
    connection, stream = await raw_stream(cheater, provider)
    junk = random.Random(SEED).randbytes(300)
    await stream.send().write_all(PREAMBLE + framed(junk, OPENING_LIMIT))
    await hung_up(connection)


async def mutated_message(cheater: Endpoint, provider: Endpoint) -> None:
    connection, stream = await raw_stream(cheater, provider)
    frame = bytearray(framed(encode(GOOD), OPENING_LIMIT))
    frame[4] ^= 0xFF
    await stream.send().write_all(PREAMBLE + bytes(frame))
    await hung_up(connection)


async def oversized_length(cheater: Endpoint, provider: Endpoint) -> None:
    connection, stream = await raw_stream(cheater, provider)
    await stream.send().write_all(PREAMBLE + b"\xff\xff\xff\xff")
    await hung_up(connection)


async def second_stream(cheater: Endpoint, provider: Endpoint) -> None:
    connection, stream = await raw_stream(cheater, provider)
    await stream.send().write_all(PREAMBLE)
    another = await connection.open_bi()
    await another.send().write_all(bytes(1000))
    await hung_up(connection)


async def one_way_stream(cheater: Endpoint, provider: Endpoint) -> None:
    connection, stream = await raw_stream(cheater, provider)
    await stream.send().write_all(PREAMBLE)
    await (await connection.open_uni()).write_all(bytes(1000))
    await hung_up(connection)


async def abrupt_close_in_a_frame(cheater: Endpoint, provider: Endpoint) -> None:
    connection, stream = await raw_stream(cheater, provider)
    await stream.send().write_all(PREAMBLE + (1000).to_bytes(4, "little") + b"half")
    connection.close(9, b"gone")


async def reset_in_a_frame(cheater: Endpoint, provider: Endpoint) -> None:
    connection, stream = await raw_stream(cheater, provider)
    await stream.send().write_all(PREAMBLE + (1000).to_bytes(4, "little") + b"half")
    await stream.send().reset(5)
    await hung_up(connection)


async def wrong_protocol(cheater: Endpoint, provider: Endpoint) -> None:
    with pytest.raises(iroh.IrohError):
        await cheater._raw.connect(provider._raw.addr(), b"other/1")


async def junk_datagrams(cheater: Endpoint, provider: Endpoint) -> None:
    host, _, port = provider._raw.bound_sockets()[0].rpartition(":")
    source = random.Random(SEED)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(200):
            sender.sendto(source.randbytes(source.randrange(1, 1300)), (host, int(port)))


ATTACKS: list[Attack] = [
    wrong_preamble,
    no_stream_at_all,
    half_a_preamble,
    stream_ends_in_the_preamble,
    random_frames,
    mutated_message,
    oversized_length,
    second_stream,
    one_way_stream,
    abrupt_close_in_a_frame,
    reset_in_a_frame,
    wrong_protocol,
    junk_datagrams,
]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_the_attacker_is_hung_up_on_and_the_renter_served(
    attack: Attack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accept, "HANDSHAKE_SECONDS", 1.0)

    async def story() -> None:
        async with endpoints() as (renter, endpoint):
            provider, cheater = Provider(endpoint), await Endpoint.bind(os.urandom(32))
            link = await renter.dial(endpoint.ticket())
            await served(link)
            await attack(cheater, endpoint)
            await served(link)
            late = await renter.dial(endpoint.ticket())
            await served(late)
            await late.close()
            await link.close()
            await cheater.close()
            await provider.stop()
            assert provider.counts["served"] == 3

    asyncio.run(asyncio.wait_for(story(), 60))


@pytest.mark.parametrize(
    ("attack", "reason"),
    [
        (wrong_preamble, "malformed"),
        (no_stream_at_all, "silent"),
        (half_a_preamble, "silent"),
        (stream_ends_in_the_preamble, "handshake"),
    ],
)
def test_what_is_turned_away_at_the_door_is_counted(
    attack: Attack, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accept, "HANDSHAKE_SECONDS", 0.5)

    async def story() -> None:
        async with endpoints() as (cheater, endpoint):
            provider = Provider(endpoint)
            for _ in range(2):
                await attack(cheater, endpoint)
            await provider.stop()
            assert endpoint.dropped == Counter({reason: 2})
            assert provider.counts == Counter()

    asyncio.run(asyncio.wait_for(story(), 30))


def junk_streams(count: int) -> Iterator[bytes]:
    """Random bytes, random frames, and mutated and truncated messages, in turn."""
    source = random.Random(SEED)
    good = framed(encode(GOOD), OPENING_LIMIT)
    for number in range(count):
        junk = source.randbytes(source.randrange(1, 400))
        changed = bytearray(good)
        changed[source.randrange(len(good))] = source.randrange(256)
        kinds = (junk, framed(junk, OPENING_LIMIT), bytes(changed), good[: source.randrange(len(good))])
        yield kinds[number % len(kinds)]


def test_streams_of_junk_are_counted_and_never_stop_the_provider() -> None:
    async def story() -> None:
        async with endpoints() as (renter, endpoint):
            provider, cheater = Provider(endpoint), await Endpoint.bind(os.urandom(32))
            link = await renter.dial(endpoint.ticket())
            for number, junk in enumerate(junk_streams(160)):
                connection, stream = await raw_stream(cheater, endpoint)
                await stream.send().write_all(PREAMBLE + junk)
                with suppress(iroh.IrohError):  # hung up on already
                    await stream.send().finish()
                await hung_up(connection)
                if number % 20 == 0:
                    await served(link)
            await link.close()
            await cheater.close()
            await provider.stop()
            assert provider.counts["malformed"] >= 80
            assert provider.counts["malformed"] + provider.counts["closed"] == 161
            assert provider.counts["served"] >= 8

    asyncio.run(asyncio.wait_for(story(), 90))


def test_slow_headers_are_held_cheaply_while_others_are_served() -> None:
    async def story() -> None:
        async with endpoints() as (renter, endpoint):
            provider, cheater = Provider(endpoint), await Endpoint.bind(os.urandom(32))
            slow = [await raw_stream(cheater, endpoint) for _ in range(20)]
            for _, stream in slow:
                await stream.send().write_all(PREAMBLE)
            link = await renter.dial(endpoint.ticket())
            for byte in (1000).to_bytes(4, "little"):
                for _, stream in slow:
                    await stream.send().write_all(bytes([byte]))
                await served(link)
            await link.close()
            await cheater.close()
            await provider.stop()
            assert provider.counts["served"] == 4
            assert provider.counts["malformed"] == 0

    asyncio.run(asyncio.wait_for(story(), 60))


def test_two_hundred_rapid_connects_leave_nothing_behind() -> None:
    async def story() -> None:
        async with endpoints() as (renter, endpoint):
            provider, cheater = Provider(endpoint), await Endpoint.bind(os.urandom(32))
            link = await renter.dial(endpoint.ticket())

            async def connect_and_vanish(number: int) -> None:
                connection, stream = await raw_stream(cheater, endpoint)
                if number % 2:
                    await stream.send().write_all(PREAMBLE)
                connection.close(0, b"")

            for start in range(0, 200, 50):
                await asyncio.gather(*(connect_and_vanish(start + n) for n in range(50)))
                await served(link)
            await link.close()
            await cheater.close()
            await provider.stop()
            assert provider.counts["served"] == 4

    asyncio.run(asyncio.wait_for(story(), 90))


def test_a_crowd_of_stalled_handshakes_makes_room_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accept, "MAX_HANDSHAKES", 5)

    async def story() -> None:
        async with endpoints() as (renter, endpoint):
            provider, cheater = Provider(endpoint), await Endpoint.bind(os.urandom(32))
            stalled = [await cheater._raw.connect(endpoint._raw.addr(), ALPN) for _ in range(8)]
            link = await renter.dial(endpoint.ticket())
            await served(link)
            await hung_up(stalled[0])
            await link.close()
            await cheater.close()
            await provider.stop()
            assert endpoint.dropped["crowded"] == 4

    asyncio.run(asyncio.wait_for(story(), 60))
