"""A job: it joins the scheduler to the leases, in a thread of its own.

So the executor's caller never waits for I/O that it did not ask for. Money moves in lease/funding.py only.
"""

import asyncio
import os
import secrets
import threading
import time
from collections import deque
from dataclasses import replace

import psutil
from coincurve import PrivateKey

from surge.chain.client import Chain
from surge.model.digest import Blob, digest
from surge.model.errors import Unavailable
from surge.model.signature import address_of
from surge.model.task import MAX_SEED
from surge.model.trace import Began, Closed, TaskFailed
from surge.model.units import divide_up
from surge.net.messages import MAX_NAMED
from surge.renter.lease.funding import Funding, Settings
from surge.renter.lease.held import HeldLeases
from surge.renter.work.board import Board, Entry, Group, Tally
from surge.renter.work.replay import record
from surge.renter.work.scheduler import MAX_CHUNK_BYTES, Scheduler
from surge.renter.work.steps import (
    Cancelled,
    Event,
    Fail,
    GroupKey,
    NeedLease,
    Release,
    Send,
    Straggles,
    Submitted,
    TaskKey,
)
from surge.store.renter import JobRow, RenterStore
from surge.store.trace import Trace


class Job:
    """Submit from any thread. `shutdown` waits for the tasks, closes the leases and ends the thread."""

    def __init__(self, settings: Settings, chain: Chain, key: PrivateKey, store: RenterStore) -> None:
        self.settings = settings
        self.chain = chain
        self.store = store
        self.warnings: list[str] = []
        created = time.time_ns()
        self.id = digest("job-id", os.urandom(16), str(created).encode()).hex()[:12]
        self.row = JobRow(
            self.id,
            settings.name,
            created // 10**9,
            chain.book.chain_id,
            chain.book.address("Market"),
            address_of(key),
            settings.budget,
            "open",
            secrets.randbelow(MAX_SEED + 1) if settings.seed is None else settings.seed,
        )
        store.put_job(self.row)
        self._trace = Trace(store.trace(self.id), self.warnings.append)
        born = psutil.Process().create_time()
        self._trace.write(Began(id=self.id, wanted=settings.wanted, program=os.getpid(), program_began=born))
        self._stimuli = 0
        self._board = Board(lambda task, error: self._trace.write(TaskFailed(task=task, error=error)))
        self._groups: dict[GroupKey, Group] = {}
        self._scheduler = Scheduler(settings.wanted)
        self._leases = HeldLeases(
            job=self.id,
            funding=Funding(settings, chain, store, self.row, self._board.tally, self._trace),
            store=store,
            key=key,
            domain=chain.book.domain,
            board=self._board,
            groups=self._groups,
            feed=self._feed,
            warn=self.warnings.append,
            trace=self._trace,
        )
        self._inbox: deque[Entry] = deque()
        self._awake = False
        self._numbers = 0
        self._kept: set[bytes] = set()
        self._over = False
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=f"surge-job-{self.id}", daemon=True)
        self._thread.start()

    @property
    def tally(self) -> Tally:
        return self._board.tally

    # Called from any thread

    def group(self, group: Group) -> GroupKey:
        with self._lock:
            key = GroupKey(len(self._groups))
            self._groups[key] = group
        for name, content in group.blobs.items():
            self.store.put_blob(name, content)
        return key

    def next_number(self) -> int:
        """Tasks are numbered from 0 in the order of submission; number and job seed a task's randomness."""
        with self._lock:
            number, self._numbers = self._numbers, self._numbers + 1
        return number

    def submit(self, entry: Entry) -> None:
        self._board.announce()
        with self._lock:
            self._inbox.append(entry)
            wake, self._awake = not self._awake, True
        if wake:
            self._loop.call_soon_threadsafe(self._drain)

    def cancel_waiting(self) -> None:
        """Cancel every task that has not been sent."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._cancel(), self._loop).result()

    def shutdown(self, wait: bool = True) -> None:
        """Close the leases together with their providers and end. Idempotent.

        Without `wait`, tasks that have no result yet fail, and their providers stop them.
        """
        with self._lock:
            first, self._over = not self._over, True
        if not first:
            self._thread.join()
            return
        if wait:
            self._board.wait()
        try:
            asyncio.run_coroutine_threadsafe(self._finish(hurry=not wait), self._loop).result()
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    # The job's own thread

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _drain(self) -> None:
        with self._lock:
            batch, self._inbox = self._inbox, deque()
            self._awake = False
        groups: dict[GroupKey, list[tuple[TaskKey, int]]] = {}
        for entry in batch:
            self._board.put(entry)
            size = len(entry.task.input) + sum(self._keep_blob(blob) for blob in entry.blobs)
            groups.setdefault(entry.group, []).append((TaskKey(entry.number), size))
        for group, tasks in groups.items():
            self._feed(Submitted(group, tuple(tasks), time.monotonic(), self._groups[group].chunksize))

    def _keep_blob(self, blob: Blob) -> int:
        """Bytes that it adds to what is sent: all of it the first time; and its share of a chunk, so that
        none names too many."""
        share = divide_up(MAX_CHUNK_BYTES, MAX_NAMED)
        if blob.name in self._kept:
            return share
        self._kept.add(blob.name)
        self.store.put_blob(blob.name, blob.content)
        return max(blob.size, share)

    async def _cancel(self) -> None:
        self._drain()
        self._feed(Cancelled(tuple(self._board.cancel_waiting())))

    def _feed(self, event: Event) -> None:
        self._stimuli += 1
        self._trace.write(record(event, self._stimuli))
        for instruction in self._scheduler.handle(event):
            match instruction:
                case Send():
                    self._leases.send(instruction)
                case Fail(key, error):
                    self._board.fail(key, error)
                case NeedLease(count):
                    self._leases.need(count)
                case Release(lease):
                    self._leases.release(lease)
                case Straggles(lease, seconds):
                    self._leases.straggle(lease, seconds)

    async def _finish(self, hurry: bool = False) -> None:
        for key in self._board.open_tasks():
            self._board.fail(key, Unavailable("the executor was shut down before this task was done"))
        await self._leases.end(hurry)
        self.row = replace(self.row, state="closed")
        self.store.put_job(self.row)
        self._trace.write(Closed())
        self._trace.close()
