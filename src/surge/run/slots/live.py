"""What a chunk's tasks write, told while they run. The outcome holds all of it; this is for who watches."""

import threading
from collections.abc import Callable
from types import TracebackType

from surge.run.slots.pipe import Printed
from surge.run.wasi.world import StreamName

PIECE = 64 << 10
PAUSE = 0.1
MOST = 4 << 20
"""Bytes of a piece, seconds between pieces, and bytes of one chunk after which nothing more is told."""


class Live:
    """`tell` is called from one thread at a time. Use it as a context around the run."""

    def __init__(self, tell: Callable[[Printed], None]) -> None:
        self._tell = tell
        self._waiting: dict[tuple[int, StreamName], bytearray] = {}
        self._told: dict[tuple[int, StreamName], int] = {}
        self._size = self._heard = 0
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="live")

    def hear(self, number: int, stream: StreamName, content: bytes) -> None:
        """Task `number` of the chunk wrote this."""
        with self._lock:
            content = content[: MOST - self._heard]
            self._heard += len(content)
            self._size += len(content)
            self._waiting.setdefault((number, stream), bytearray()).extend(content)
            if self._size >= PIECE:
                self._flush()

    def _beat(self) -> None:
        while not self._over.wait(PAUSE):
            with self._lock:
                self._flush()

    def _flush(self) -> None:
        for (number, stream), content in self._waiting.items():
            offset = self._told.get((number, stream), 0)
            for at in range(0, len(content), PIECE):
                piece = bytes(content[at : at + PIECE])
                self._tell(Printed(number, stream, offset + at, piece))
            self._told[number, stream] = offset + len(content)
        self._waiting.clear()
        self._size = 0

    def __enter__(self) -> "Live":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._flush()
