"""A job's trace: a file, written line by line as things happen, for another process to read meanwhile."""

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from io import FileIO
from pathlib import Path

import msgspec

from surge.model.errors import CorruptState, printable
from surge.model.trace import Line, SpanBegan, SpanEnded
from surge.store.files import make_private

log = logging.getLogger("surge.trace")

_PART_OF: ContextVar[int | None] = ContextVar("span", default=None)


class Trace:
    """Written from one thread. A disk that is full costs the trace and not the job: `warn` hears of it once.

    Each line also goes to the logger `surge.trace`, level debug.
    """

    def __init__(self, path: Path, warn: Callable[[str], None]) -> None:
        self._path = path
        self._warn = warn
        self._spans = 0
        self._file: FileIO | None = None
        try:
            make_private(path.parent)
            self._file = FileIO(path, "a", opener=lambda name, flags: os.open(name, flags, 0o600))
        except OSError as error:
            self._give_up(error)

    def write(self, line: Line) -> None:
        """Add a line, as of now."""
        line = msgspec.structs.replace(line, at=round(time.time(), 3))
        encoded = msgspec.json.encode(line)
        log.debug("%s", printable(encoded.decode(), keep=""))
        if self._file is None:
            return
        before = self._file.tell()
        try:
            if self._file.write(encoded + b"\n") < len(encoded) + 1:
                raise OSError(0, "the disk is full")
        except OSError as error:
            with suppress(OSError):  # what is half written would spoil the rest for a reader
                self._file.truncate(before)
            self._give_up(error)

    @contextmanager
    def span(
        self, name: str, *, lease: int | None = None, provider: str | None = None, count: int | None = None
    ) -> Iterator[None]:
        """A piece of work, part of the one around it; its end tells the error that ended it."""
        self._spans += 1
        number = self._spans
        self.write(
            SpanBegan(
                span=number, name=name, part_of=_PART_OF.get(), lease=lease, provider=provider, count=count
            )
        )
        token = _PART_OF.set(number)
        try:
            yield
        except BaseException as error:
            self.write(SpanEnded(span=number, error=f"{type(error).__name__}: {error}"))
            raise
        else:
            self.write(SpanEnded(span=number))
        finally:
            with suppress(ValueError):  # a coroutine that is thrown away ends in another context
                _PART_OF.reset(token)

    def close(self) -> None:
        """End the file; idempotent."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _give_up(self, error: OSError) -> None:
        self.close()
        self._warn(f"{self._path} can't be written ({error.strerror}); this job leaves no trace for --why")


def read_trace(path: Path) -> list[Line]:
    """Its lines so far, oldest first; one that is being written is left out. Raises CorruptState, OSError."""
    whole, _, _ = path.read_bytes().rpartition(b"\n")
    decoder = msgspec.json.Decoder(Line)
    lines = []
    for number, line in enumerate(whole.split(b"\n") if whole else [], 1):
        try:
            lines.append(decoder.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise CorruptState(
                f"{path}, line {number} is no line of a trace ({error}); "
                "cut the file off there to have the part before"
            ) from error
    return lines
