"""A link: one authenticated conversation with a peer, over one QUIC stream."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from iroh import BiStream, Connection, IrohError

from surge.net.errors import LinkClosed
from surge.net.frames import Frames, framed
from surge.net.messages import OPENING_LIMIT, SESSION_LIMIT, Message, decode, encode

_READ = 64 << 10
_LARGE_READ = 1 << 20
_WRITE = 1 << 20
_LINGER = 2.0
SILENCE_SECONDS = 12.0
"""A peer that was not heard for so long is gone. An idle one is heard every 5 s (QUIC's keep-alive,
answered by iroh's own threads however busy Python is); QUIC itself would give up after 30 s."""
_PULSE = 3.0


class Link:
    """Use it from the event loop that made it.

    `remote` is the peer's ed25519 endpoint id (32 bytes), proven by the handshake. `limit` caps an
    incoming frame; it starts at OPENING_LIMIT, and the actor raises it (to SESSION_LIMIT) once the
    session is authenticated. Sending waits while the peer doesn't read: back-pressure reaches the
    caller. A peer that falls silent for SILENCE_SECONDS is hung up on. `send` and `receive` may be
    cancelled at any point without tearing a message.
    """

    def __init__(self, connection: Connection, stream: BiStream) -> None:
        self.remote: bytes = connection.remote_id().to_bytes()
        self._connection = connection
        self._outgoing = stream.send()
        self._incoming = stream.recv()
        self._frames = Frames(OPENING_LIMIT)
        self._sending = asyncio.Lock()
        self._receiving = asyncio.Lock()
        self._writing: asyncio.Future[None] | None = None
        self._reading: asyncio.Future[bytes] | None = None
        self._closed = False
        self._aborted = ""
        self._guard = asyncio.ensure_future(self._watch())

    @property
    def limit(self) -> int:
        """The longest frame that is taken, in bytes."""
        return self._frames.limit

    @limit.setter
    def limit(self, limit: int) -> None:
        self._frames.limit = limit

    async def send(self, message: Message) -> None:
        """Returns when the message is in the transport's hands. Raises LinkClosed, or BadInput for a
        message that no peer would take."""
        frame = framed(encode(message), SESSION_LIMIT)
        async with self._sending:
            self._check_open()
            if self._writing is not None:
                await asyncio.wait([self._writing])  # left behind by a cancelled send
            self._writing = asyncio.ensure_future(self._write(frame))
            await asyncio.shield(self._writing)

    async def receive(self) -> Message:
        """The next message. Raises Malformed (hang up then) or LinkClosed."""
        async with self._receiving:
            while (frame := self._frames.take()) is None:
                self._check_open()
                self._frames.feed(await self._read())
        return decode(frame, self.limit)

    def rtt_ms(self) -> int:
        """Round trip of the path in use, in whole milliseconds. Raises LinkClosed without a path."""
        if (rtt := self._connection.rtt()) is None:
            raise self._lost("there is no path to measure")
        return int(rtt)

    async def close(self) -> None:
        """Let what was sent arrive (at most 2 s), then hang up. Never raises; may be called again."""
        if self._closed:
            return
        self._closed = True
        with suppress(IrohError, TimeoutError):  # the peer may be gone already: the same end
            async with asyncio.timeout(_LINGER):
                if self._writing is not None:
                    await asyncio.wait([self._writing])
                await self._outgoing.finish()
                await self._outgoing.stopped()
        self._hang_up(0, b"done")
        await self._settle()

    def abort(self, reason: str) -> None:
        """Hang up at once; what was sent may not arrive. For a peer that broke the rules; `close` after."""
        self._aborted = self._aborted or reason
        self._hang_up(1, reason.encode()[:256])

    def _hang_up(self, code: int, reason: bytes) -> None:
        with suppress(IrohError):  # closed by the peer first
            self._connection.close(code, reason)

    async def _settle(self) -> None:
        """Wait for our own tasks: the closed connection has woken them all."""
        tasks = [task for task in (self._guard, self._reading, self._writing) if task is not None]
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _write(self, frame: bytes) -> None:
        try:
            for start in range(0, len(frame), _WRITE):
                await self._outgoing.write_all(frame[start : start + _WRITE])
        except IrohError as error:
            raise self._lost(error.message()) from error

    async def _read(self) -> bytes:
        """Some bytes. A read that was cancelled goes on, and the next call takes its bytes."""
        if self._reading is None:
            size = min(max(self._frames.missing, _READ), _LARGE_READ)
            self._reading = _task(self._incoming.read(size))
        reading = self._reading
        try:
            received: bytes = await asyncio.shield(reading)
        except IrohError as error:
            raise self._lost(error.message()) from error
        finally:
            if reading.done():
                self._reading = None
        if not received:
            raise self._lost("it hung up in mid-message" if self._frames.partial else "it hung up")
        return received

    async def _watch(self) -> None:
        """Hang up on a second stream (it would hold memory that nobody reads) and on a silent peer."""
        more = [_task(self._connection.accept_bi()), _task(self._connection.accept_uni())]
        heard, silence = 0, 0.0
        try:
            while not any(task.done() for task in more) and silence < SILENCE_SECONDS:
                await asyncio.wait(more, timeout=_PULSE, return_when=asyncio.FIRST_COMPLETED)
                now = self._connection.stats().udp_rx_datagrams
                heard, silence = now, silence + _PULSE if now == heard else 0.0
            if self._connection.close_reason() is None:
                self.abort("the peer fell silent" if silence else "the peer opened a second stream")
        finally:
            for task in more:
                task.cancel()
            await asyncio.gather(*more, return_exceptions=True)

    def _check_open(self) -> None:
        if self._closed:
            raise self._lost("it was closed here")

    def _lost(self, why: str) -> LinkClosed:
        return LinkClosed(
            f"the link to {self.remote.hex()[:10]} is closed ({self._aborted or why}); dial again"
        )


def _task(call: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    return asyncio.get_running_loop().create_task(call)
