"""Why a job is where it is: its trace gone through again, event by event, in a scheduler of its own.

The scheduler is deterministic, so its events alone say which task was where at any time.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from surge.model.errors import CorruptState
from surge.model.trace import (
    Began,
    Closed,
    LeaseGivenUp,
    Line,
    LinkBroke,
    LinkResumed,
    SpanBegan,
    SpanEnded,
    Stimulus,
    TaskFailed,
)
from surge.model.units import LeaseId
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
    Submitted,
    TaskKey,
    Withdrawn,
)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to tasks. at: unix seconds. stimulus: the event behind it, if any."""

    at: float
    stimulus: int | None
    said: str
    tasks: frozenset[TaskKey] = frozenset()
    wrong: bool = False


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
        """What did not go as planned."""
        return [step for step in self.steps if step.wrong]


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
        self._spans: dict[int, SpanBegan] = {}

    def read(self, trace: Iterable[Line], now: float) -> Explanation:
        took: defaultdict[str, float] = defaultdict(float)
        count: Counter[str] = Counter()
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
                    took[begun.name] += line.at - begun.at
                    count[begun.name] += 1
                case LinkBroke(lease=lease, reason=reason):
                    self._broken[LeaseId(lease)] = line.at, reason
                case LinkResumed(lease=lease):
                    self._broken.pop(LeaseId(lease), None)
                case LeaseGivenUp(lease=lease, reason=reason):
                    self._lost[LeaseId(lease)] = f"lease {lease}: {reason}"
                case TaskFailed(task=task, error=error):
                    self._fail(line.at, None, TaskKey(task), error)
                case Closed():
                    self._story.closed = True
        self._scheduler.validate()
        story = self._story
        story.done, story.failed = len(self._done - self._failed), len(self._failed)
        story.spent = {name: (count[name], took[name]) for name in took}
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
                step(f"{_counted(len(tasks))} submitted", (key for key, _ in tasks))
            case LeaseReady(lease, slots):
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
                left = set(self._sent.pop(chunk)[1].tasks) - set(done) if chunk in self._sent else ()
                self._done.update(done)  # a lease that was lost may still deliver at its end
                step(f"chunk {chunk} came back from lease {lease} with {_counted(len(done))}", done)
                if left:
                    step(f"{_counted(len(left))} of chunk {chunk} never ran; again", left, True)
            case ChunkFailed(lease, chunk, error):
                tasks_of = self._sent.pop(chunk)[1].tasks if chunk in self._sent else ()
                step(f"chunk {chunk} on lease {lease} yielded nothing ({error})", tasks_of, True)
            case Cancelled(tasks):
                self._story.cancelled += len(tasks)
                step(f"{_counted(len(tasks))} cancelled", tasks)
            case Withdrawn(_, chunk, tasks):
                step(f"{_counted(len(tasks))} of chunk {chunk} had ended before it left", tasks)
            case GroupFailed(_, error):
                step(f"an image can't be made ({error})", wrong=True)
        for instruction in self._scheduler.handle(event):
            self._told(at, number, instruction)

    def _told(self, at: float, number: int, instruction: Instruction) -> None:
        match instruction:
            case Send(lease, chunk, _, tasks):
                self._sent[chunk] = at, instruction
                said = f"chunk {chunk} with {_counted(len(tasks))} goes to lease {lease}"
                self._story.steps.append(Step(at, number, said, frozenset(tasks)))
            case Fail(task, error):
                self._fail(at, number, task, str(error))
            case NeedLease(count):
                self._story.steps.append(Step(at, number, f"leases needed: {count}"))
            case Release(lease):
                self._story.steps.append(Step(at, number, f"lease {lease} has nothing left to do"))

    def _fail(self, at: float, number: int | None, task: TaskKey, why: str) -> None:
        if task not in self._failed:
            self._failed.add(task)
            said = f"task {task} failed: {why}"
            self._story.steps.append(Step(at, number, said, frozenset({task}), wrong=True))

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
        for key, (at, send) in self._sent.items():
            numbers = ", ".join(str(task) for task in send.tasks[:5]) + (", …" if len(send.tasks) > 5 else "")
            waits.append(
                f"chunk {key} ({_counted(len(send.tasks))}: {numbers}) was given to lease {send.lease} with "
                f"{self._named(send.lease)} {now - at:.1f} s ago and is not back"
            )
        if waiting := self._scheduler.waiting:
            place = "a free slot" if self._scheduler.leases else "a lease"
            waits.append(f"{_counted(waiting)} waiting for {place}")
        if not waits:
            waits.append("nothing: every task has ended, and the program has not shut its executor down yet")
        return waits

    def _named(self, lease: LeaseId) -> str:
        return self._provider.get(lease, "its provider")


def _about(line: SpanBegan) -> str:
    facts = (("lease", line.lease), ("provider", line.provider), ("count", line.count))
    told = [f"{name} {value}" for name, value in facts if value is not None]
    return f" ({', '.join(told)})" if told else ""


def _counted(tasks: int) -> str:
    return f"{tasks} task" if tasks == 1 else f"{tasks} tasks"
