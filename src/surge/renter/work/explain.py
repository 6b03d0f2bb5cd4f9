"""Why a job is where it is: its trace gone through again, event by event, in a scheduler of its own.

The scheduler is deterministic, so its events alone say which task was where at any time.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from surge.model.errors import CorruptState
from surge.model.trace import (
    Began,
    Closed,
    LeaseGivenUp,
    LeaseLeftOpen,
    Line,
    LinkBroke,
    LinkResumed,
    SpanBegan,
    SpanEnded,
    Stimulus,
    TaskFailed,
)
from surge.model.units import LeaseId, counted
from surge.renter.work.replay import event_of
from surge.renter.work.scheduler import Scheduler
from surge.renter.work.steps import (
    Cancelled,
    ChunkDone,
    ChunkFailed,
    ChunkKey,
    Fail,
    GroupFailed,
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
    Withdrawn,
)

_CHUNKS = "chunks with their provider"


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to tasks. at: unix seconds. stimulus: the event behind it, if any."""

    at: float
    stimulus: int | None
    said: str
    tasks: frozenset[TaskKey] = frozenset()
    wrong: bool = False
    failed: str | None = None
    """Why the tasks failed, if they did."""


@dataclass(slots=True)
class Explanation:
    """Of one job, as far as its trace goes. Times are unix seconds, or seconds where they say so."""

    began: float
    program: int
    program_began: float
    closed: bool = False
    submitted: int = 0
    done: int = 0
    failed: int = 0
    cancelled: int = 0
    waiting: int = 0
    in_flight: int = 0
    waits_for: list[str] = field(default_factory=list)
    """Sentences, most telling first; empty when the job is over."""
    steps: list[Step] = field(default_factory=list)
    spent: dict[str, tuple[int, float]] = field(default_factory=dict)
    """Spans by name: how many, and the seconds that they took together (several may run at once)."""

    def of_task(self, task: int) -> list[Step]:
        return [step for step in self.steps if task in step.tasks]

    @property
    def wrong(self) -> list[Step]:
        """What did not go as planned; tasks that failed alike, one after the other, are one step."""
        told: list[Step] = []
        for step in self.steps:
            if step.wrong and step.failed is not None and told and told[-1].failed == step.failed:
                tasks = told[-1].tasks | step.tasks
                told[-1] = replace(told[-1], tasks=tasks, said=_failed(tasks, step.failed))
            elif step.wrong:
                told.append(step)
        return told


def explain(trace: Sequence[Line], now: float) -> Explanation:
    """`now` in unix seconds. Raises CorruptState when the trace is not of a job or contradicts itself."""
    if not trace or not isinstance(trace[0], Began):
        raise CorruptState("the trace has no beginning; its job can't be explained")
    try:
        return _Reader(trace[0]).read(trace[1:], now)
    except (LookupError, AssertionError) as error:
        raise CorruptState(f"the trace contradicts itself ({error!r}); its job can't be explained") from error


class _Reader:
    """Goes through a trace once."""

    def __init__(self, head: Began) -> None:
        self._story = Explanation(head.at, head.program, head.program_began)
        self._scheduler = Scheduler(head.wanted)
        self._sent: dict[ChunkKey, tuple[float, Send]] = {}
        self._provider: dict[LeaseId, str] = {}
        self._lost: dict[LeaseId, str] = {}
        self._done: set[TaskKey] = set()
        self._broken: dict[LeaseId, tuple[float, str]] = {}
        self._failed: set[TaskKey] = set()
        self._slots: dict[LeaseId, int] = {}
        self._spans: dict[int, SpanBegan] = {}
        self._took: defaultdict[str, float] = defaultdict(float)
        self._count: Counter[str] = Counter()

    def read(self, trace: Iterable[Line], now: float) -> Explanation:
        for line in trace:
            match line:
                case Stimulus():
                    self._happened(line)
                case SpanBegan(span=span, lease=lease, provider=provider):
                    self._spans[span] = line
                    if lease is not None and provider is not None:
                        self._provider[LeaseId(lease)] = provider
                case SpanEnded(span=span):
                    begun = self._spans.pop(span)
                    self._took[begun.name] += line.at - begun.at
                    self._count[begun.name] += 1
                case LinkBroke(lease=lease, reason=reason):
                    self._broken[LeaseId(lease)] = line.at, reason
                case LinkResumed(lease=lease):
                    self._broken.pop(LeaseId(lease), None)
                case LeaseGivenUp(lease=lease, reason=reason):
                    self._lost[LeaseId(lease)] = f"lease {lease}: {reason}"
                case LeaseLeftOpen(lease=lease, reason=reason):
                    said = f"lease {lease} stays open until its time is over ({reason})"
                    self._story.steps.append(Step(line.at, None, said, wrong=True))
                case TaskFailed(task=task, error=error):
                    self._fail(line.at, None, TaskKey(task), error)
                case Closed():
                    self._story.closed = True
        self._scheduler.validate()
        story = self._story
        story.done, story.failed = len(self._done - self._failed), len(self._failed)
        story.spent = {name: (self._count[name], seconds) for name, seconds in self._took.items()}
        if not story.closed:
            story.waiting, story.in_flight = self._scheduler.waiting, self._scheduler.in_flight
            story.waits_for = self._waits(now)
        return story

    # Events

    def _happened(self, line: Stimulus) -> None:
        event, at, number = event_of(line.event, line.fields), line.at, line.number

        def step(said: str, tasks: Iterable[TaskKey] = (), wrong: bool = False) -> None:
            self._story.steps.append(Step(at, number, said, frozenset(tasks), wrong))

        match event:
            case Submitted(_, tasks):
                self._story.submitted += len(tasks)
                step(f"{counted(len(tasks), 'task')} submitted", (key for key, _ in tasks))
            case LeaseReady(lease, slots):
                self._slots[lease] = slots
                step(f"lease {lease} with {self._named(lease)} is ready, slots: {slots}")
            case LeaseLost(lease):
                self._broken.pop(lease, None)
                lost = [key for _, send in self._sent.values() if send.lease == lease for key in send.tasks]
                step(self._lost.get(lease, f"lease {lease} was lost; its work goes elsewhere"), lost, True)
                self._sent = {key: one for key, one in self._sent.items() if one[1].lease != lease}
            case LeaseEnding(lease):
                step(f"lease {lease} takes no more work")
            case NoLease(error, count):
                step(f"leases that can't be had: {count} ({error})", wrong=True)
            case ChunkDone(lease, chunk, done):
                left = set(self._take(chunk, at)) - set(done)
                self._done.update(done)  # a lease that was lost may still deliver at its end
                step(f"chunk {chunk} came back from lease {lease} with {counted(len(done), 'task')}", done)
                if left:
                    step(f"{counted(len(left), 'task')} of chunk {chunk} never ran; again", left, True)
            case ChunkFailed(lease, chunk, error):
                tasks_of = self._take(chunk, at)
                step(f"chunk {chunk} on lease {lease} yielded nothing ({error})", tasks_of, True)
            case Cancelled(tasks):
                self._story.cancelled += len(tasks)
                step(f"{counted(len(tasks), 'task')} cancelled", tasks)
            case Withdrawn(_, chunk, tasks):
                step(f"{counted(len(tasks), 'task')} of chunk {chunk} had ended before it left", tasks)
            case GroupFailed(_, error):
                step(f"an image can't be made ({error})", wrong=True)
        for instruction in self._scheduler.handle(event):
            self._told(at, number, instruction)

    def _take(self, chunk: ChunkKey, at: float) -> tuple[TaskKey, ...]:
        """A chunk is back; its tasks."""
        if chunk not in self._sent:
            return ()
        since, send = self._sent.pop(chunk)
        self._count[_CHUNKS] += 1
        self._took[_CHUNKS] += at - since
        return send.tasks

    def _told(self, at: float, number: int, instruction: Instruction) -> None:
        match instruction:
            case Send(lease, chunk, _, tasks):
                self._sent[chunk] = at, instruction
                said = f"chunk {chunk} with {counted(len(tasks), 'task')} goes to lease {lease}"
                self._story.steps.append(Step(at, number, said, frozenset(tasks)))
            case Fail(task, error):
                self._fail(at, number, task, str(error))
            case NeedLease(count):
                self._story.steps.append(Step(at, number, f"leases needed: {count}"))
            case Release(lease):
                self._story.steps.append(Step(at, number, f"lease {lease} has nothing left to do"))
            case Straggles(lease, seconds):
                sent = [send.tasks for _, send in self._sent.values() if send.lease == lease]
                said = f"lease {lease} delivers nothing for {seconds:.0f} s; its work is done elsewhere, too"
                held = frozenset(key for tasks in sent for key in tasks)
                self._story.steps.append(Step(at, number, said, held, wrong=True))

    def _fail(self, at: float, number: int | None, task: TaskKey, why: str) -> None:
        if task not in self._failed:
            self._failed.add(task)
            tasks = frozenset({task})
            self._story.steps.append(Step(at, number, _failed(tasks, why), tasks, wrong=True, failed=why))

    # What is open

    def _waits(self, now: float) -> list[str]:
        waits = [
            f"the link of lease {lease} broke {now - at:.1f} s ago ({why}); "
            f"{self._named(lease)} is dialled again"
            for lease, (at, why) in self._broken.items()
        ]
        around = {line.part_of for line in self._spans.values()}
        for number, line in self._spans.items():
            if number not in around:
                waits.append(f"under way for {now - line.at:.1f} s: {line.name}{_about(line)}")
        running: Counter[LeaseId] = Counter()
        for key, (at, send) in self._sent.items():
            what = f"chunk {key} ({counted(len(send.tasks), 'task')}: {_numbers(send.tasks)})"
            where = f"lease {send.lease} with {self._named(send.lease)}"
            running[send.lease] += 1
            if running[send.lease] <= self._slots[send.lease]:
                waits.append(f"{what} was given to {where} {now - at:.1f} s ago and is not back")
            else:
                waits.append(f"{what} waits behind it at lease {send.lease}, for {now - at:.1f} s")
        if waiting := self._scheduler.waiting:
            place = "a free slot" if self._scheduler.leases else "a lease"
            waits.append(f"{counted(waiting, 'task')} waiting for {place}")
        if not waits:
            waits.append("nothing: every task has ended; the program has yet to shut its executor down")
        return waits

    def _named(self, lease: LeaseId) -> str:
        return self._provider.get(lease, "its provider")


def _failed(tasks: frozenset[TaskKey], why: str) -> str:
    named = (
        f"task {next(iter(tasks))}" if len(tasks) == 1 else f"{len(tasks)} tasks ({_numbers(sorted(tasks))})"
    )
    return f"{named} failed: {why}"


def _numbers(tasks: Sequence[TaskKey]) -> str:
    return ", ".join(str(task) for task in tasks[:5]) + (", …" if len(tasks) > 5 else "")


def _about(line: SpanBegan) -> str:
    facts = (("lease", line.lease), ("provider", line.provider), ("count", line.count))
    told = [f"{name} {value}" for name, value in facts if value is not None]
    return f" ({', '.join(told)})" if told else ""
