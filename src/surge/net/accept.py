"""An endpoint's acceptor: strangers' handshakes, side by side, under a deadline, counted."""

import asyncio
from collections import Counter

from iroh import BiStream, Connection, Incoming, InternalError, IrohError
from iroh import Endpoint as RawEndpoint

from surge.net.errors import LinkClosed, Malformed
from surge.net.link import Link

PREAMBLE = b"SRG1"
"""The dialling side's first bytes: they make its stream known to the other side."""

HANDSHAKE_SECONDS = 10.0
MAX_HANDSHAKES = 256
MAX_WAITING = 64


class Acceptor:
    """Turns incoming connections into links.

    At most MAX_HANDSHAKES are under way; one more drops the oldest, which has stalled (an honest one
    takes a few round trips). At most MAX_WAITING links wait for `next`; more stay unfinished.
    `dropped` counts what was turned away, by reason.
    """

    def __init__(self, endpoint: RawEndpoint) -> None:
        self.dropped: Counter[str] = Counter()
        self._endpoint = endpoint
        self._ready: asyncio.Queue[Link | None] = asyncio.Queue(MAX_WAITING)
        self._handshakes: dict[asyncio.Task[None], None] = {}
        self._listening = asyncio.get_running_loop().create_task(self._listen())

    async def next(self) -> Link:
        """The next incoming link. Raises LinkClosed once the endpoint is closed."""
        link = await self._ready.get()
        if link is None:
            self._end()
            failure = None if self._listening.cancelled() else self._listening.exception()
            raise LinkClosed("this endpoint is closed: no more links; bind a new one") from failure
        return link

    async def close(self) -> None:
        self._listening.cancel()
        tasks = [self._listening, *self._handshakes]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        waiting = [self._ready.get_nowait() for _ in range(self._ready.qsize())]
        self._end()
        await asyncio.gather(*(link.close() for link in waiting if link is not None))

    def _end(self) -> None:
        """Wake whoever waits for a link, one after the other."""
        if self._ready.full():
            self._ready.get_nowait()  # its endpoint is closed: so is the link
        self._ready.put_nowait(None)

    async def _listen(self) -> None:
        try:
            while (incoming := await self._endpoint.accept_next()) is not None:
                if len(self._handshakes) >= MAX_HANDSHAKES:
                    oldest = next(iter(self._handshakes))
                    self._handshakes.pop(oldest)
                    oldest.cancel()
                    self.dropped["crowded"] += 1
                task = asyncio.get_running_loop().create_task(self._admit(incoming))
                self._handshakes[task] = None
                task.add_done_callback(lambda done: self._handshakes.pop(done, None))
        finally:
            self._end()

    async def _admit(self, incoming: Incoming) -> None:
        connection: Connection | None = None
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                connection = await (await incoming.accept()).connect()
                stream = await self._greet(connection)
            await self._ready.put(Link(connection, stream))
            connection = None
        except TimeoutError:
            self.dropped["silent"] += 1
        except Malformed:
            self.dropped["malformed"] += 1
        except (IrohError, InternalError):  # the second: a panic inside the binding
            self.dropped["handshake"] += 1
        finally:
            if connection is not None:
                _refuse(connection)

    @staticmethod
    async def _greet(connection: Connection) -> BiStream:
        stream = await connection.accept_bi()
        if await stream.recv().read_exact(len(PREAMBLE)) != PREAMBLE:
            raise Malformed("the peer opened its stream with other bytes than ours; hang up")
        return stream


def _refuse(connection: Connection) -> None:
    if connection.close_reason() is None:
        connection.close(1, b"no session")
