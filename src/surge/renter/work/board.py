"""A job's tasks on their way: with the futures that their outcomes resolve. Each ends exactly once."""

import asyncio
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from surge.model.digest import Blob
from surge.model.errors import SurgeError, printable
from surge.model.lease import Lease
from surge.model.task import ImageSpec, Outcome, Task
from surge.renter.work.steps import (
    GroupKey,
    TaskKey,
)

AT_ONCE = 1 << 12
"""Bytes of an outcome that is decoded in the loop: going to a thread and back would take longer."""
LONGEST_REASON = 200
"""Characters of an error that a trace keeps."""


@dataclass(frozen=True, slots=True)
class Group:
    """Tasks that can share a chunk: same image, same code, same limits."""

    spec: ImageSpec
    blobs: Mapping[bytes, bytes]
    code_size: int
    chunksize: int = 1


@dataclass(slots=True)
class Entry:
    """One task on its way, with the future that its outcome resolves."""

    number: int
    group: GroupKey
    task: Task
    future: "Future[Any]"
    decode: Callable[[Outcome], Any]
    hear: Callable[[str, int, bytes], None] | None = None
    """Told what the task writes while it runs: the stream, the offset in it, and the bytes."""
    blobs: tuple[Blob, ...] = ()
    started: bool = False


@dataclass(slots=True)
class Tally:
    """What a progress display shows; written by the job's thread only."""

    submitted: int = 0
    finished: int = 0
    failed: int = 0
    leases: int = 0
    signed: int = 0
    stage: str = ""


class Board:
    """`announce` and `wait` from any thread; the rest from the job's own.

    tell_failed: hears of every task that ends with an error, and of that one's type.
    """

    def __init__(self, tell_failed: Callable[[TaskKey, str], None] = lambda task, error: None) -> None:
        self._tell_failed = tell_failed
        self.tally = Tally()
        self._entries: dict[TaskKey, Entry] = {}
        self._idle = threading.Condition()
        self._unfinished = 0

    def announce(self) -> None:
        """One more task is on its way to `put`."""
        with self._idle:
            self._unfinished += 1

    def wait(self) -> None:
        """Until no task is waiting or running."""
        with self._idle:
            self._idle.wait_for(lambda: self._unfinished == 0)

    def put(self, entry: Entry) -> None:
        self._entries[TaskKey(entry.number)] = entry
        self.tally.submitted += 1

    def open_tasks(self) -> list[TaskKey]:
        """Tasks that have not ended."""
        return list(self._entries)

    def task(self, key: TaskKey) -> Task | None:
        """A task by its key; None once it has ended."""
        entry = self._entries.get(key)
        return entry.task if entry else None

    def blobs(self, key: TaskKey) -> tuple[Blob, ...]:
        """Those that the task names; none once it has ended."""
        entry = self._entries.get(key)
        return entry.blobs if entry else ()

    def is_watched(self, key: TaskKey) -> bool:
        entry = self._entries.get(key)
        return entry is not None and entry.hear is not None

    def hear(self, key: TaskKey, stream: str, offset: int, content: bytes) -> None:
        """A task under way wrote this."""
        entry = self._entries.get(key)
        if entry is not None and entry.hear is not None:
            entry.hear(stream, offset, content)

    def start(self, key: TaskKey) -> bool:
        """Whether the task is to run; from then on it can't be cancelled."""
        entry = self._entries.get(key)
        if entry is None:
            return False  # it ended meanwhile, on a lease that had been given up
        if not (entry.started or entry.future.set_running_or_notify_cancel()):
            self.end(key)
            return False
        entry.started = True
        return True

    def cancel_waiting(self) -> list[TaskKey]:
        """Cancel what has not started; which ones that were."""
        cancelled = [key for key, e in self._entries.items() if not e.started and e.future.cancel()]
        for key in cancelled:
            self._entries[key].future.set_running_or_notify_cancel()
            self.end(key)
        return cancelled

    async def resolve(self, key: TaskKey, outcome: Outcome, lease: Lease) -> None:
        """End a task with its outcome, decoded; an error of ours is told where it was. A long one is decoded
        beside the loop, which other leases need meanwhile."""
        entry = self._entries.get(key)
        if entry is None:
            return
        if len(outcome.output) <= AT_ONCE:
            value, raised = _decoded(entry, outcome)
        else:
            value, raised = await asyncio.to_thread(_decoded, entry, outcome)
        if isinstance(raised, SurgeError):
            raised.about(lease.id, lease.terms.provider)
        if raised is not None:
            self.fail(key, raised)
        elif key in self._entries:  # else the job ended meanwhile
            entry.future.set_result(value)
            self.end(key)

    async def resolve_all(self, keys: Iterable[TaskKey], outcomes: Iterable[Outcome], lease: Lease) -> None:
        """Those of one chunk."""
        for key, outcome in zip(keys, outcomes, strict=True):
            await self.resolve(key, outcome, lease)

    def fail(self, key: TaskKey, error: BaseException) -> None:
        """End a task with an error, unless it was cancelled."""
        entry = self._entries.get(key)
        if entry is None:
            return
        if entry.started or entry.future.set_running_or_notify_cancel():
            self.tally.failed += 1
            self._tell_failed(key, _in_a_line(error))
            entry.future.set_exception(error)
        self.end(key)

    def end(self, key: TaskKey) -> None:
        del self._entries[key]
        self.tally.finished += 1
        with self._idle:
            self._unfinished -= 1
            self._idle.notify_all()


def _decoded(entry: Entry, outcome: Outcome) -> tuple[Any, BaseException | None]:
    """The value, or what the decoder raised: StopIteration can't leave a thread by itself."""
    try:
        return entry.decode(outcome), None
    except BaseException as raised:  # noqa: BLE001 - whatever the task raised is the future's
        return None, raised


def _in_a_line(error: BaseException) -> str:
    first = str(error).strip().partition("\n")[0]
    return printable(f"{type(error).__name__}: {first}"[:LONGEST_REASON], keep="")
