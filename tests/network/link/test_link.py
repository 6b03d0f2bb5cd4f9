"""What actors may rely on of a link and an endpoint."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import iroh
import pytest

from network.link.pair import connect, endpoints, linked
from surge.model.errors import BadInput, ProviderLost, Unavailable
from surge.net import blobs, link
from surge.net import endpoint as endpoint_module
from surge.net.endpoint import Endpoint
from surge.net.errors import LinkClosed, Malformed
from surge.net.messages import OPENING_LIMIT, PutBlob, Sorry, VoucherAccepted
from surge.net.ticket import is_loopback

PEER = Path(__file__).parent / "echo_peer.py"
SMALL = Sorry("busy", "later")
LARGE = PutBlob(b"d" * 32, 1 << 20, 0, bytes(range(256)) * 4096)


def run(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(story(), 60))


def test_both_ends_know_each_other_by_key() -> None:
    async def story() -> None:
        async with endpoints() as (renter, provider):
            near, far = await connect(renter, provider)
            assert near.remote == provider.id
            assert far.remote == renter.id
            assert (
                renter.id
                == iroh.SecretKey.from_bytes(renter._raw.secret_key().to_bytes()).public().to_bytes()
            )
            assert 0 <= near.rtt_ms() < 1000

    run(story)


def test_nothing_listens_beyond_this_machine() -> None:
    async def story() -> None:
        async with endpoints() as (_, provider):
            sockets = provider._raw.bound_sockets()
            assert sockets
            assert all(is_loopback(each) for each in sockets)
            assert all(is_loopback(each) for each in provider._raw.addr().direct_addresses())
            assert provider._raw.addr().relay_url() is None
            assert len(provider.ticket()) < 150

    run(story)


def test_without_a_relay_the_open_network_works_by_direct_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_module, "_RELAY_SECONDS", 0.05)
    monkeypatch.setattr(
        iroh, "preset_n0", endpoint_module._Loopback
    )  # so that the test stays on this machine

    async def story() -> None:
        renter = await Endpoint.bind(os.urandom(32), loopback=False)
        provider = await Endpoint.bind(os.urandom(32), loopback=False)
        near, far = await connect(renter, provider)
        await near.send(SMALL)
        assert await far.receive() == SMALL
        for each in (near, far, renter, provider):
            await each.close()

    run(story)


def test_messages_keep_their_order_in_both_directions_at_once() -> None:
    async def story() -> None:
        async with linked() as ends:

            async def push(end: link.Link) -> None:
                for number in range(300):
                    await end.send(VoucherAccepted(number) if number % 100 else LARGE)

            async def pull(end: link.Link) -> None:
                for number in range(300):
                    assert await end.receive() == (VoucherAccepted(number) if number % 100 else LARGE)

            await asyncio.gather(*(act(end) for act in (push, pull) for end in ends))

    run(story)


def test_many_senders_share_a_link() -> None:
    async def story() -> None:
        async with linked() as (near, far):
            sending = asyncio.gather(
                *(near.send(PutBlob(b"d" * 32, n, n, bytes(n * 900))) for n in range(100))
            )
            arrived = [await far.receive() for _ in range(100)]
            await sending
            assert sorted(message.total for message in arrived if isinstance(message, PutBlob)) == [
                *range(100)
            ]

    run(story)


def test_a_cancelled_receive_loses_nothing() -> None:
    async def story() -> None:
        async with linked() as (near, far):
            for number in range(30):
                receiving = asyncio.ensure_future(far.receive())
                await asyncio.sleep(0)
                sending = asyncio.ensure_future(near.send(VoucherAccepted(number)))
                receiving.cancel()
                await asyncio.gather(receiving, return_exceptions=True)
                await sending
                if receiving.cancelled():
                    assert await far.receive() == VoucherAccepted(number)

    run(story)


def test_a_cancelled_send_tears_no_message_and_a_slow_reader_holds_the_sender() -> None:
    async def story() -> None:
        async with linked() as (near, far):
            sent = 0

            async def flood() -> None:
                nonlocal sent
                while True:
                    await near.send(LARGE)
                    sent += 1

            with pytest.raises(TimeoutError):
                await asyncio.wait_for(flood(), 2)
            assert sent < 16, "megabytes went out that nobody read"
            following = asyncio.ensure_future(near.send(SMALL))
            received = [await far.receive() for _ in range(sent + 1)]
            assert received == [LARGE] * (sent + 1)
            assert await far.receive() == SMALL
            await following

    run(story)


def test_what_was_sent_arrives_before_the_hang_up() -> None:
    async def story() -> None:
        async with linked() as (near, far):
            await near.send(SMALL)
            await near.send(SMALL)
            await near.close()
            assert await far.receive() == SMALL
            assert await far.receive() == SMALL
            with pytest.raises(LinkClosed, match="dial again"):
                await far.receive()
            with pytest.raises(LinkClosed, match="closed here"):
                await near.send(SMALL)
            with pytest.raises(LinkClosed):
                await near.receive()
            await near.close()

    run(story)


def test_a_peer_that_does_not_read_holds_no_close_up() -> None:
    async def story() -> None:
        async with linked() as (near, _):
            sending = asyncio.ensure_future(near.send(PutBlob(b"d" * 32, 1 << 25, 0, bytes(1 << 25))))
            await asyncio.sleep(0)
            await asyncio.wait_for(near.close(), 5)
            with pytest.raises(LinkClosed):
                await sending

    run(story)


def test_closing_wakes_a_receiver_at_both_ends() -> None:
    async def story() -> None:
        async with linked() as (near, far):
            waiting = [asyncio.ensure_future(end.receive()) for end in (near, far)]
            await asyncio.sleep(0)
            await near.close()
            for result in await asyncio.gather(*waiting, return_exceptions=True):
                assert isinstance(result, LinkClosed)

    run(story)


def test_before_the_session_only_small_frames_pass() -> None:
    async def story() -> None:
        async with linked() as (near, far):
            far.limit = OPENING_LIMIT
            await near.send(SMALL)
            assert await far.receive() == SMALL
            await near.send(LARGE)
            with pytest.raises(Malformed, match="allowed are 1 to 4096"):
                await far.receive()
            far.abort("too long")
            with pytest.raises(LinkClosed):
                await near.receive()

    run(story)


def test_blobs_cross_and_are_checked() -> None:
    async def story() -> None:
        contents = [os.urandom(3 << 20), b"", b"def f(): ..."]
        async with linked() as (near, far):

            async def send_all() -> None:
                for content in contents:
                    for part in blobs.parts_of(content):
                        await near.send(part)

            sending = asyncio.ensure_future(send_all())
            assembly, whole = blobs.Assembly(), []
            while len(whole) < len(contents):
                message = await far.receive()
                assert isinstance(message, PutBlob)
                if (blob := assembly.add(message)) is not None:
                    whole.append(blob)
            await sending
            assert whole == contents

    run(story)


def test_an_impostor_at_the_address_is_not_taken_for_the_provider() -> None:
    async def story() -> None:
        async with endpoints() as (renter, impostor):
            other = iroh.SecretKey.from_bytes(os.urandom(32)).public()
            where = impostor._raw.addr().direct_addresses()
            ticket = str(iroh.EndpointTicket.from_addr(iroh.EndpointAddr(other, None, where)))
            accepting = asyncio.ensure_future(impostor.accept())
            with pytest.raises(ProviderLost, match=other.to_bytes().hex()[:10]):
                await renter.dial(ticket, timeout=1)
            assert not accepting.done()
            accepting.cancel()

    run(story)


def test_nobody_there_is_said_in_time() -> None:
    async def story() -> None:
        async with endpoints() as (renter, provider):
            ticket = provider.ticket()
            await provider.close()
            with pytest.raises(ProviderLost, match=r"did not answer within 0\.3 s; try again"):
                await renter.dial(ticket, timeout=0.3)

    run(story)


def test_a_closed_endpoint_wakes_its_acceptors_and_gives_no_more_links() -> None:
    async def story() -> None:
        endpoint = await Endpoint.bind(os.urandom(32))
        waiting = [asyncio.ensure_future(endpoint.accept()) for _ in range(3)]
        await asyncio.sleep(0)
        await endpoint.close()
        for result in await asyncio.gather(*waiting, return_exceptions=True):
            assert isinstance(result, LinkClosed)
        with pytest.raises(LinkClosed, match="bind a new one"):
            await endpoint.accept()
        await endpoint.close()
        never_accepted = await Endpoint.bind(os.urandom(32))
        await never_accepted.close()
        with pytest.raises(LinkClosed, match="bind a new one"):
            await never_accepted.accept()

    run(story)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_secret_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(BadInput, match="32 bytes"):
        asyncio.run(Endpoint.bind(bytes(size)))


def test_a_peer_that_falls_silent_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "SILENCE_SECONDS", 6.0)
    monkeypatch.setattr(link, "_PULSE", 0.5)

    async def story() -> None:
        endpoint = await Endpoint.bind(os.urandom(32))
        with subprocess.Popen(
            [sys.executable, PEER, os.urandom(32).hex()], stdout=subprocess.PIPE, text=True
        ) as peer:
            assert peer.stdout is not None
            talk = await endpoint.dial(peer.stdout.readline().strip())
            await talk.send(SMALL)
            assert await talk.receive() == SMALL
            peer.send_signal(signal.SIGSTOP)
            try:
                with pytest.raises(LinkClosed, match="fell silent"):
                    await talk.receive()
            finally:
                peer.kill()
        await talk.close()
        await endpoint.close()

    run(story)


def test_a_loop_in_a_background_thread_serves_several_rounds() -> None:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def story() -> None:
        async with linked() as (near, far):
            await near.send(SMALL)
            assert await far.receive() == SMALL

    try:
        for _ in range(3):
            asyncio.run_coroutine_threadsafe(story(), loop).result(timeout=30)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        loop.close()
    assert not thread.is_alive()


ABANDONED = """
import asyncio, os, threading
from surge.net.endpoint import Endpoint
async def main():
    a, b = await Endpoint.bind(os.urandom(32)), await Endpoint.bind(os.urandom(32))
    accepting = asyncio.ensure_future(a.accept())
    near = await b.dial(a.ticket())
    far = await accepting
    receiving = asyncio.ensure_future(far.receive())
    {end}
asyncio.run(main())
assert threading.enumerate() == [threading.main_thread()]
"""


@pytest.mark.parametrize(
    "end", ["await near.close(); await a.close(); await b.close()", "await a.close()", "pass"]
)
def test_the_process_ends_by_itself_whatever_was_left_open(end: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", ABANDONED.format(end=end)],
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.returncode == 0, done.stderr


def test_errors_have_their_place_in_the_tree() -> None:
    assert issubclass(LinkClosed, Unavailable)
    assert LinkClosed.exit_code == 3
    assert Malformed.exit_code == 4
