"""Which task goes to which lease, in chunks of what size. A state machine without I/O.

`Scheduler.handle(event) -> list[instruction]`; the renter's job actor performs the instructions and feeds
back events, and a simulator can do the same. Time comes in with the events, in seconds.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass, field

from surge.model.errors import JobFailed, SurgeError
from surge.model.units import LeaseId, divide_up
from surge.renter.work.steps import (
    Cancelled,
    ChunkDone,
    ChunkFailed,
    ChunkKey,
    Event,
    Fail,
    GroupFailed,
    GroupKey,
    Instruction,
    LeaseEnding,
    LeaseLost,
    LeaseReady,
    NeedLease,
    NoLease,
    Release,
    Send,
    Straggles,
    Submitted,
    TaskKey,
    Tick,
    Withdrawn,
)

TARGET_SECONDS = 0.5
"""A chunk should take about this long: long enough to hide its cost, short enough to stay responsive."""
MAX_TASKS = 4096
MAX_CHUNK_BYTES = 16 << 20
CHUNKS_AHEAD = 2
"""In flight per slot: one runs, one waits, so that a sandbox never idles for a round trip."""
MAX_ATTEMPTS = 3
STRAGGLES = 8
"""Times as long as a chunk should take by the pace of its like, and it is done elsewhere, too."""
LEAST_STRAGGLING = 30.0


@dataclass(slots=True)
class _Waiting:
    key: TaskKey
    size: int
    attempts: int = 0
    error: SurgeError | None = None


@dataclass(slots=True)
class _InFlight:
    group: GroupKey
    tasks: list[_Waiting]
    since: float | None = None
    """When it could begin: a slot was free for it."""


@dataclass(slots=True)
class _Lease:
    slots: int
    chunks: OrderedDict[ChunkKey, _InFlight] = field(default_factory=OrderedDict)
    ending: bool = False
    strays: dict[ChunkKey, set[TaskKey]] = field(default_factory=dict)
    """Chunks that are done elsewhere, too: their tasks that have not ended."""


@dataclass(slots=True)
class _Group:
    at_least: int
    waiting: deque[_Waiting] = field(default_factory=deque)
    pace: dict[LeaseId, float] = field(default_factory=dict)


class Scheduler:
    """Adaptive chunks over leases that come and go.

    wanted: how many leases the renter wants at most at once.
    """

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._groups: OrderedDict[GroupKey, _Group] = OrderedDict()
        self._leases: dict[LeaseId, _Lease] = {}
        self._opening = 0
        self._chunks = 0
        self._now = 0.0
        self._refused: SurgeError | None = None

    @property
    def waiting(self) -> int:
        return sum(len(g.waiting) for g in self._groups.values())

    @property
    def in_flight(self) -> int:
        return sum(len(c.tasks) for lease in self._leases.values() for c in lease.chunks.values())

    @property
    def leases(self) -> int:
        return len(self._leases)

    def validate(self) -> None:
        """AssertionError if a task is in two places, or a lease holds what it should not."""
        waiting = [task.key for group in self._groups.values() for task in group.waiting]
        chunks = [chunk for lease in self._leases.values() for chunk in lease.chunks.values()]
        placed = waiting + [task.key for chunk in chunks for task in chunk.tasks]
        if len(set(placed)) < len(placed):
            raise AssertionError("a task is in two places")
        if not all(chunk.tasks for chunk in chunks):
            raise AssertionError("a chunk without tasks is in flight")
        if any(len(one.chunks) > one.slots * CHUNKS_AHEAD for one in self._leases.values()):
            raise AssertionError("a lease holds more chunks than it was meant to")
        if any(one.ending and not one.chunks and not one.strays for one in self._leases.values()):
            raise AssertionError("a lease with nothing to do was not released")
        if self._opening < 0 or (waiting and not self._leases and not self._opening):
            raise AssertionError("tasks wait, and no lease is on its way")

    def handle(self, event: Event) -> list[Instruction]:
        """What to do now that `event` happened."""
        done: list[Instruction] = []
        match event:
            case Submitted(group, tasks, now, at_least):
                self._now = now
                if not self._leases:
                    self._refused = None  # what was refused before may be had now
                entry = self._groups.setdefault(group, _Group(at_least))
                entry.at_least = at_least
                entry.waiting.extend(_Waiting(key, size) for key, size in tasks)
            case LeaseReady(lease, slots, now):
                self._opening = max(0, self._opening - 1)
                self._now = now
                self._leases[lease] = _Lease(slots)
            case LeaseLost(lease, blame, _):
                lost = self._leases.pop(lease, None)
                if lost is None:
                    self._opening = max(0, self._opening - 1)
                else:
                    self._refused = None  # a place is free again: ask anew before giving up
                    for chunk in reversed(lost.chunks.values()):
                        done += self._requeue(chunk.group, chunk.tasks, 1 if blame else 0, None)
            case LeaseEnding(lease, _):
                if lease in self._leases:
                    self._leases[lease].ending = True
            case Tick(now, others, patience):
                self._now = now
                done += self._find_stragglers(now, patience) if others else []
            case NoLease(error, count):
                self._opening, self._refused = max(0, self._opening - count), error
            case Cancelled(tasks):
                self._cancel(set(tasks))
                self._ended(set(tasks))
            case Withdrawn(lease, chunk, tasks, now):
                self._withdraw(lease, chunk, set(tasks), now)
            case ChunkDone(lease, chunk, finished, now):
                done += self._finish(lease, chunk, set(finished), now)
            case ChunkFailed(lease, chunk, error, now, blame, final):
                self._forget_stray(lease, chunk)
                flight = self._take(lease, chunk, now)
                if flight is not None and final:
                    done += [Fail(task.key, error) for task in flight.tasks]
                elif flight is not None:
                    done += self._requeue(flight.group, flight.tasks, 1 if blame else 0, error)
            case GroupFailed(group, error):
                done += [Fail(task.key, error) for task in self._drain(self._groups[group])]
        self._ended({one.task for one in done if isinstance(one, Fail)})
        return done + self._release() + self._dispatch() + self._ask_for_leases()

    def _find_stragglers(self, now: float, patience: float) -> list[Instruction]:
        """A lease whose oldest chunk is overdue ends, and its chunks go elsewhere, each once."""
        found: list[Instruction] = []
        for key, lease in self._leases.items():
            waits = {
                now - flight.since: self._due(key, flight, patience)
                for flight in lease.chunks.values()
                if flight.since is not None
            }
            waited = max((wait for wait, due in waits.items() if wait > due), default=None)
            if waited is None or lease.ending:
                continue
            lease.ending = True
            for chunk in reversed(lease.chunks):
                flight = lease.chunks[chunk]
                lease.strays[chunk] = {task.key for task in flight.tasks}
                self._requeue(flight.group, flight.tasks, 0, None)
            lease.chunks.clear()
            self._refused = None  # what was refused before may be had now
            found.append(Straggles(key, waited))
        return found

    def _due(self, lease: LeaseId, flight: _InFlight, patience: float) -> float:
        """By the pace of others, the median: who is slow sets no bar for itself."""
        paces = self._groups[flight.group].pace
        others = sorted(pace for other, pace in paces.items() if other != lease)
        if others:
            return max(LEAST_STRAGGLING, STRAGGLES * others[len(others) // 2] * len(flight.tasks))
        own = paces.get(lease)
        if own is None:
            return patience
        return min(patience, max(LEAST_STRAGGLING, STRAGGLES * own * len(flight.tasks)))

    def _forget_stray(self, lease: LeaseId, chunk: ChunkKey) -> None:
        if lease in self._leases:
            self._leases[lease].strays.pop(chunk, None)

    def _ended(self, tasks: set[TaskKey]) -> None:
        """They have ended somewhere: no stray is waited for because of them."""
        for lease in self._leases.values() if tasks else ():
            left = {chunk: open_tasks - tasks for chunk, open_tasks in lease.strays.items()}
            lease.strays = {chunk: open_tasks for chunk, open_tasks in left.items() if open_tasks}

    def _take_stray(self, lease: LeaseId, chunk: ChunkKey, finished: set[TaskKey]) -> None:
        """A straggler came back after all: its tasks need no other end."""
        if lease not in self._leases or chunk not in self._leases[lease].strays:
            return
        self._forget_stray(lease, chunk)
        self._cancel(finished)
        for other in self._leases.values():
            for key, flight in list(other.chunks.items()):
                flight.tasks = [task for task in flight.tasks if task.key not in finished]
                if not flight.tasks:
                    # It still runs there; it is waited for no longer than the lease is needed.
                    del other.chunks[key]
        self._ended(finished)

    def _cancel(self, gone: set[TaskKey]) -> None:
        """They wait no more."""
        for group in self._groups.values():
            group.waiting = deque(task for task in group.waiting if task.key not in gone)

    def _release(self) -> list[Instruction]:
        leases = self._leases.items()
        drained = [key for key, lease in leases if lease.ending and not lease.chunks and not lease.strays]
        for key in drained:
            del self._leases[key]
            self._refused = None  # its money comes back
        return [Release(key) for key in drained]

    def _take(self, lease: LeaseId, chunk: ChunkKey, now: float) -> _InFlight | None:
        self._now = now
        holder = self._leases.get(lease)
        return holder.chunks.pop(chunk, None) if holder else None

    def _withdraw(self, lease: LeaseId, chunk: ChunkKey, gone: set[TaskKey], now: float) -> None:
        holder = self._leases.get(lease)
        flight = holder.chunks.get(chunk) if holder else None
        if flight is not None:
            flight.tasks = [t for t in flight.tasks if t.key not in gone]
            self._ended(gone)
            if not flight.tasks:
                self._take(lease, chunk, now)

    def _finish(
        self, lease: LeaseId, chunk: ChunkKey, finished: set[TaskKey], now: float
    ) -> list[Instruction]:
        self._take_stray(lease, chunk, finished)
        flight = self._take(lease, chunk, now)
        if flight is None:
            return []
        if finished:
            began = now if flight.since is None else flight.since
            pace = max(1e-6, (now - began) / len(finished))
            known = self._groups[flight.group].pace
            known[lease] = (known.get(lease, pace) + pace) / 2
        self._ended(finished)
        left = [t for t in flight.tasks if t.key not in finished]
        return self._requeue(flight.group, left, 0 if finished else 1, None)

    def _requeue(
        self, group: GroupKey, tasks: list[_Waiting], attempts: int, error: SurgeError | None
    ) -> list[Instruction]:
        failed: list[Instruction] = []
        for task in reversed(tasks):
            task.attempts += attempts
            task.error = error or task.error
            if task.attempts < MAX_ATTEMPTS:
                self._groups[group].waiting.appendleft(task)
            else:
                why = task.error or JobFailed(
                    f"task {task.key} was lost with its provider {task.attempts} times; run it again, "
                    "or split it into smaller ones"
                )
                failed.append(Fail(task.key, why))
        return failed

    def _dispatch(self) -> list[Instruction]:
        sent: list[Instruction] = []
        for depth in range(1, CHUNKS_AHEAD + 1):
            for lease_id, lease in self._live():
                while len(lease.chunks) < lease.slots * depth and (found := self._next_chunk(lease_id)):
                    group, tasks = found
                    self._chunks += 1
                    key = ChunkKey(self._chunks)
                    lease.chunks[key] = _InFlight(group, tasks)
                    sent.append(Send(lease_id, key, group, tuple(t.key for t in tasks)))
        for lease in self._leases.values():
            for flight in list(lease.chunks.values())[: lease.slots]:
                flight.since = self._now if flight.since is None else flight.since
        return sent

    def _live(self) -> list[tuple[LeaseId, _Lease]]:
        return [(key, lease) for key, lease in self._leases.items() if not lease.ending]

    def _next_chunk(self, lease: LeaseId) -> tuple[GroupKey, list[_Waiting]] | None:
        for key, group in self._groups.items():
            if group.waiting:
                return key, self._cut(group, self._size(group, lease))
        return None

    def _size(self, group: _Group, lease: LeaseId) -> int:
        pace = group.pace.get(lease) or min(group.pace.values(), default=None)
        fitting = 1 if pace is None else int(TARGET_SECONDS / pace)
        slots = sum(other.slots for _, other in self._live())
        fair = divide_up(len(group.waiting), CHUNKS_AHEAD * slots)
        return max(1, group.at_least, min(fitting, fair, MAX_TASKS))

    def _cut(self, group: _Group, size: int) -> list[_Waiting]:
        tasks = [group.waiting.popleft()]
        room = MAX_CHUNK_BYTES - tasks[0].size
        # A task that has failed before travels alone, so that it can't take others down with it.
        while (
            not tasks[0].attempts
            and len(tasks) < size
            and group.waiting
            and not group.waiting[0].attempts
            and group.waiting[0].size <= room
        ):
            tasks.append(group.waiting.popleft())
            room -= tasks[-1].size
        return tasks

    def _ask_for_leases(self) -> list[Instruction]:
        waiting = self.waiting
        if not waiting:
            return []
        if self._refused is not None:
            if self._leases or self._opening:
                return []
            error = self._refused
            return [Fail(t.key, error) for g in self._groups.values() for t in self._drain(g)]
        # Work that the live leases will take up at once is no reason to open more.
        missing = min(self._wanted, waiting + self.in_flight) - len(self._live()) - self._opening
        if missing <= 0:
            return []
        self._opening += missing
        return [NeedLease(missing)]

    @staticmethod
    def _drain(group: _Group) -> list[_Waiting]:
        drained = list(group.waiting)
        group.waiting.clear()
        return drained
