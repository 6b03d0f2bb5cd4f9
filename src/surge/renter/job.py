"""A job: the actor that joins the scheduler to the chain, the providers and the store.

It runs an asyncio loop in a thread of its own, so that the executor's caller never waits for I/O that it
did not ask for. Money moves in leasing.py only.
"""

import asyncio
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any

from coincurve import PrivateKey

from surge.chain.client import Chain
from surge.model.digest import digest
from surge.model.errors import Distrusted, NoProvider, SurgeError, Unavailable
from surge.model.lease import Lease
from surge.model.signature import address_of
from surge.model.task import ImageSpec, Outcome, Task
from surge.model.units import Address, LeaseId
from surge.renter.bill import AskedChunk
from surge.renter.leasing import MIN_ESCROW, Leasing, Settings
from surge.renter.lessee import Declined, Delivered, Ended, Lessee, Notice, Preparing
from surge.renter.scheduler import (
    ChunkDone,
    ChunkFailed,
    ChunkKey,
    Event,
    Fail,
    GroupKey,
    LeaseLost,
    LeaseReady,
    NeedLease,
    NoLease,
    Scheduler,
    Send,
    Submitted,
    TaskKey,
    Withdrawn,
)
from surge.store.renter import JobRow, RenterStore, SignedReceipt, SignedVoucher, TaskRow


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


@dataclass(slots=True)
class _Held:
    lessee: Lessee
    outbox: "asyncio.Queue[Send]"
    sender: "asyncio.Task[None] | None" = None
    gone: SurgeError | None = None
    topping: asyncio.Lock = field(default_factory=asyncio.Lock)
    chunks: dict[bytes, tuple[ChunkKey, tuple[TaskKey, ...]]] = field(default_factory=dict)


class Job:
    """Submit from any thread. `shutdown` waits for the tasks, closes the leases and ends the thread."""

    def __init__(self, settings: Settings, chain: Chain, key: PrivateKey, store: RenterStore) -> None:
        self.settings = settings
        self.chain = chain
        self.store = store
        self.tally = Tally()
        self.warnings: list[str] = []
        self._key = key
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
        )
        store.put_job(self.row)
        self._domain = chain.book.domain
        self._leasing = Leasing(settings, chain, store, self.row, self._stage)
        self._scheduler = Scheduler(settings.wanted)
        self._groups: dict[GroupKey, Group] = {}
        self._entries: dict[TaskKey, Entry] = {}
        self._held: dict[LeaseId, _Held] = {}
        self._shunned: set[Address] = set()
        self._inbox: deque[tuple[TaskKey, Entry]] = deque()
        self._awake = False
        self._lock = threading.Lock()
        self._numbers = 0
        self._idle = threading.Condition()
        self._unfinished = 0
        self._background: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=f"surge-job-{self.id}", daemon=True)
        self._thread.start()

    def _stage(self, stage: str) -> None:
        self.tally.stage = stage

    # Called from any thread

    def group(self, group: Group) -> GroupKey:
        with self._lock:
            key = GroupKey(len(self._groups))
            self._groups[key] = group
        for name, content in group.blobs.items():
            self.store.put_blob(name, content)
        return key

    def next_number(self) -> int:
        """Tasks are numbered from 0 in the order of submission; the number seeds a task's randomness."""
        with self._lock:
            number, self._numbers = self._numbers, self._numbers + 1
        return number

    def submit(self, entry: Entry) -> None:
        with self._idle:
            self._unfinished += 1
        with self._lock:
            self._inbox.append((TaskKey(entry.number), entry))
            wake, self._awake = not self._awake, True
        if wake:
            self._loop.call_soon_threadsafe(self._drain)

    def cancel_waiting(self) -> None:
        """Cancel every task that has not been sent."""
        with self._lock:
            queued = [entry for _, entry in self._inbox]
        for entry in [*queued, *list(self._entries.values())]:
            entry.future.cancel()

    def wait(self) -> None:
        """Until no task is waiting or running."""
        with self._idle:
            self._idle.wait_for(lambda: self._unfinished == 0)

    def shutdown(self, wait: bool = True) -> None:
        """Close the leases together with their providers and end. Idempotent."""
        if not self._thread.is_alive():
            return
        if wait:
            self.wait()
        asyncio.run_coroutine_threadsafe(self._finish(), self._loop).result()
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
        for key, entry in batch:
            self._entries[key] = entry
            groups.setdefault(entry.group, []).append((key, len(entry.task.input)))
        self.tally.submitted += len(batch)
        for group, tasks in groups.items():
            self._feed(Submitted(group, tuple(tasks), time.monotonic(), self._groups[group].chunksize))

    def _feed(self, event: Event) -> None:
        for instruction in self._scheduler.handle(event):
            match instruction:
                case Send(lease):
                    self._held[lease].outbox.put_nowait(instruction)
                case Fail(key, error):
                    self._resolve(key, error=error)
                case NeedLease(count):
                    self._spawn(self._open(count))

    def _spawn(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _resolve(
        self, key: TaskKey, outcome: Outcome | None = None, error: BaseException | None = None
    ) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        if entry.started or entry.future.set_running_or_notify_cancel():
            try:
                value = entry.decode(outcome) if outcome is not None else None
            except BaseException as raised:  # noqa: BLE001 - whatever the task raised is the future's
                error = raised
            if error is None:
                entry.future.set_result(value)
            else:
                self.tally.failed += 1
                entry.future.set_exception(error)
        self.tally.finished += 1
        with self._idle:
            self._unfinished -= 1
            self._idle.notify_all()

    # Leases

    async def _open(self, count: int) -> None:
        try:
            leases, tickets = await self._leasing.open(count, self._shunned)
        except SurgeError as error:
            self._feed(NoLease(error))
            return
        await asyncio.gather(*(self._greet(lease, tickets) for lease in leases))
        if len(leases) < count:
            self._feed(NoLease(NoProvider(f"only {len(leases)} of {count} slots were free; ask again later")))

    async def _greet(self, lease: Lease, tickets: Mapping[Address, str]) -> None:
        lessee = Lessee(
            lease=lease,
            ticket=tickets.get(lease.terms.provider, ""),
            endpoint=await self._leasing.own_endpoint(),
            key=self._key,
            domain=self._domain,
            keep=self._keep,
            notify=self._hear,
        )
        held = _Held(lessee, asyncio.Queue())
        self._held[lease.id] = held
        try:
            await lessee.open()
        except SurgeError as error:
            held.gone = error
            self._lose(lease.id, error)
            return
        held.sender = self._loop.create_task(self._send_all(lease.id, held))
        self.tally.leases += 1
        self._feed(LeaseReady(lease.id, lease.terms.slots, time.monotonic()))

    def _lose(self, lease: LeaseId, error: SurgeError) -> None:
        held = self._held[lease]
        self._shunned.add(held.lessee.lease.terms.provider)
        self.warnings.append(str(error))
        if held.sender is not None:
            held.sender.cancel()
            held.sender = None
            self.tally.leases -= 1
        held.chunks.clear()
        self._feed(LeaseLost(lease, isinstance(error, Distrusted), time.monotonic()))

    # Work

    async def _send_all(self, lease: LeaseId, held: _Held) -> None:
        while True:
            send = await held.outbox.get()
            try:
                await self._send(lease, held, send)
            except SurgeError as error:
                self._feed(ChunkFailed(lease, send.chunk, error, time.monotonic()))

    async def _send(self, lease: LeaseId, held: _Held, send: Send) -> None:
        kept, gone = [], []
        for key in send.tasks:
            entry = self._entries[key]
            if not entry.started and not entry.future.set_running_or_notify_cancel():
                gone.append(key)
                self._entries.pop(key)
                with self._idle:
                    self._unfinished -= 1
                    self._idle.notify_all()
                continue
            entry.started = True
            kept.append(key)
        if gone:
            self._feed(Withdrawn(lease, send.chunk, tuple(gone), time.monotonic()))
        if not kept:
            return
        group = self._groups[send.group]
        image = await held.lessee.image(group.spec, group.blobs)
        self.store.put_image(self.id, group.spec, image)
        self.tally.stage = "running"
        asked = AskedChunk.of(group.spec, image, [self._entries[k].task for k in kept], group.code_size)
        held.chunks[asked.id] = (send.chunk, tuple(kept))
        await held.lessee.run(asked)

    def _keep(
        self,
        signed: SignedReceipt,
        paid: SignedVoucher,
        asked: AskedChunk | None,
        outcomes: tuple[Outcome, ...],
    ) -> None:
        """Store a paid receipt with its tasks before the voucher leaves (P3)."""
        rows: list[TaskRow] = []
        if asked is not None:
            receipt = signed.receipt
            _, keys = self._held[receipt.lease].chunks[asked.id]
            for ordinal, (task, task_id, key) in enumerate(
                zip(asked.tasks, asked.task_ids, keys, strict=True)
            ):
                outcome = outcomes[ordinal] if ordinal < len(outcomes) else None
                rows.append(TaskRow.of(receipt, ordinal, self.id, key, task_id, asked.spec.id, task, outcome))
        self.store.put_receipt(signed, rows, paid)
        self.tally.signed += signed.receipt.amount

    def _hear(self, lessee: Lessee, notice: Notice) -> None:
        lease = lessee.lease.id
        held = self._held[lease]
        now = time.monotonic()
        match notice:
            case Preparing():
                self.tally.stage = "preparing the image"
            case Delivered(chunk, outcomes):
                key, tasks = held.chunks.pop(chunk)
                done = tasks[: len(outcomes)]
                for task, outcome in zip(done, outcomes, strict=True):
                    self._resolve(task, outcome)
                self._feed(ChunkDone(lease, key, done, now))
            case Declined(chunk, "escrow-spent", reason):
                self._spawn(self._top_up(lease, chunk, reason))
            case Declined(chunk, code, reason):
                key, _ = held.chunks.pop(chunk)
                error = Unavailable(f"provider {lessee.lease.terms.provider} ({code}): {reason}")
                self._feed(ChunkFailed(lease, key, error, now, blame=code == "failed"))
            case Ended(error):
                held.gone = error
                self._lose(lease, error)

    async def _top_up(self, lease: LeaseId, chunk: bytes, reason: str) -> None:
        """More escrow for a lease that has spent its own, from what the budget has left."""
        held = self._held[lease]
        async with held.topping:
            if chunk not in held.chunks:
                return
            if held.lessee.bill.left < MIN_ESCROW:
                try:
                    await held.lessee.refresh(await self._leasing.top_up(held.lessee.lease, reason))
                except SurgeError as error:
                    await self._give_up(lease, error)
            if chunk in held.chunks:
                key, _ = held.chunks.pop(chunk)
                self._feed(ChunkFailed(lease, key, Unavailable(reason), time.monotonic(), blame=False))

    async def _give_up(self, lease: LeaseId, error: SurgeError) -> None:
        self._feed(NoLease(error))
        self._lose(lease, error)

    # The end

    async def _finish(self) -> None:
        for key in list(self._entries):
            self._resolve(key, error=Unavailable("the executor was shut down before this task ran"))
        await asyncio.gather(
            *(self._leasing.close(held.lessee, held.gone, self.warnings) for held in self._held.values())
        )
        for held in self._held.values():
            if held.sender is not None:
                held.sender.cancel()
            await held.lessee.hang_up()
        await self._leasing.end()
        for task in list(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        self.row = replace(self.row, state="closed")
        self.store.put_job(self.row)
