"""A trace: what happened in one job, line by line as it happens, for another process to read meanwhile.

Each line is a JSON object with `at` (unix seconds) and `what`. A *span* is a piece of work with a `begin` and
an `end` line, and the span that it is part of; one that has begun and not ended is what is being waited for.
Nothing secret goes in: no key, no input, no output.
"""

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from io import FileIO
from pathlib import Path
from typing import Any

from surge.model.errors import CorruptState

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
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab", buffering=0)
        except OSError as error:
            self._give_up(error)

    def write(self, what: str, **fields: Any) -> None:
        """Add a line; `fields` are plain JSON values."""
        log.debug("%s %s", what, " ".join(f"{name}={value}" for name, value in fields.items()))
        if self._file is None:
            return
        line = json.dumps({"at": round(time.time(), 3), "what": what, **fields}, separators=(",", ":"))
        try:
            self._file.write(f"{line}\n".encode())  # at once: what is written short is a disk that is full
        except OSError as error:
            self._give_up(error)

    @contextmanager
    def span(self, name: str, **fields: Any) -> Iterator[None]:
        """A piece of work, part of the one around it; its end tells the error that ended it."""
        self._spans += 1
        number, around = self._spans, _PART_OF.get()
        self.write("begin", span=number, part_of=around, name=name, **fields)
        token = _PART_OF.set(number)
        try:
            yield
        except BaseException as error:
            self.write("end", span=number, error=f"{type(error).__name__}: {error}")
            raise
        else:
            self.write("end", span=number)
        finally:
            _PART_OF.reset(token)

    def close(self) -> None:
        """End the file; idempotent."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _give_up(self, error: OSError) -> None:
        self.close()
        self._warn(f"{self._path} can't be written ({error.strerror}); this job leaves no trace for --why")


def read_trace(path: Path) -> list[Mapping[str, Any]]:
    """Its lines so far, oldest first; one that is being written is left out. Raises CorruptState, OSError."""
    whole, _, _ = path.read_text(encoding="utf-8").rpartition("\n")
    lines = []
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            lines.append({"at": 0.0, "what": ""} | json.loads(line))
        except (ValueError, TypeError) as error:
            raise CorruptState(f"{path}, line {number} is no line of a trace; move the file away") from error
    return lines
