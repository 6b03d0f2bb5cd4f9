"""The scheduler under any order of events: each task ends exactly once, and nothing goes to a lost lease."""

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from surge.model.errors import NoProvider, Unavailable
from surge.model.trace import Stimulus
from surge.renter.work.replay import event_of, record
from surge.renter.work.scheduler import CHUNKS_AHEAD, Scheduler
from surge.renter.work.steps import (
    Cancelled,
    ChunkDone,
    ChunkFailed,
    Fail,
    LeaseEnding,
    LeaseLost,
    LeaseReady,
    NeedLease,
    NoLease,
    Release,
    Send,
    Straggles,
    Submitted,
    Tick,
    Withdrawn,
)

REFUSED = NoProvider("none")
BROKEN = Unavailable("broken")


def told(instruction):
    """An instruction by value: two errors are equal when they are of one kind and say the same."""
    if isinstance(instruction, Fail):
        return instruction.task, type(instruction.error), str(instruction.error)
    return instruction


class SchedulerMachine(RuleBasedStateMachine):
    """Plays job actor and providers; keeps its own books of where every task is."""

    @initialize(wanted=st.integers(1, 4))
    def begin(self, wanted):
        self.wanted = wanted
        self.scheduler = Scheduler(wanted)
        self.replayed = Scheduler(wanted)
        self.now = 0.0
        self.submitted, self.ended = set(), {}
        self.live, self.ending, self.flights = {}, {}, {}
        self.strays, self.late = {}, []
        self.needed = self.leases = 0

    # What the actor does with instructions

    def feed(self, event):
        instructions = self.scheduler.handle(event)
        self.scheduler.validate()
        line = msgspec.json.decode(msgspec.json.encode(record(event, 1)), type=Stimulus)
        again = self.replayed.handle(event_of(line.event, line.fields))
        assert list(map(told, again)) == list(map(told, instructions)), "a replay does something else"
        for one in instructions:
            match one:
                case Send(lease, chunk, _, tasks):
                    assert lease in self.live, "sent to a lease that takes no work"
                    assert tasks
                    assert len(set(tasks)) == len(tasks)
                    assert not set(tasks) & (self.ended.keys() | self.airborne())
                    assert chunk not in self.flights
                    self.flights[chunk] = (lease, tasks)
                case Fail(task, _):
                    assert task not in self.airborne()
                    self.end(task, "failed")
                case NeedLease(count):
                    self.needed += count
                case Release(lease):
                    assert lease in self.ending, "released a lease that still had work to do"
                    assert not any(at == lease for at, _ in self.flights.values())
                    awaited = {task for at, tasks in self.strays.values() if at == lease for task in tasks}
                    assert awaited <= self.ended.keys(), "given up though nobody else has done its work"
                    self.drop_strays(lease)
                    del self.ending[lease]
                case Straggles(lease, _):
                    self.ending[lease] = self.live.pop(lease)
                    for chunk in [chunk for chunk, (at, _) in self.flights.items() if at == lease]:
                        self.strays[chunk] = self.flights.pop(chunk)

    def airborne(self):
        return {task for _, tasks in self.flights.values() for task in tasks}

    def end(self, task, how):
        assert task in self.submitted
        assert task not in self.ended, f"task {task} ended twice"
        self.ended[task] = how

    def drop_strays(self, lease):
        self.strays = {chunk: stray for chunk, stray in self.strays.items() if stray[0] != lease}

    def tick(self, seconds):
        self.now += seconds
        return self.now

    def holders(self):
        return self.live | self.ending

    # Events

    @rule(
        group=st.integers(0, 2),
        sizes=st.lists(st.integers(0, 20 << 20), min_size=1, max_size=12),
        least=st.integers(1, 5),
    )
    def submit(self, group, sizes, least):
        first = len(self.submitted)
        keys = range(first, first + len(sizes))
        self.submitted.update(keys)
        self.feed(Submitted(group, tuple(zip(keys, sizes, strict=True)), self.now, least))

    @precondition(lambda self: self.needed)
    @rule(slots=st.integers(1, 3), seconds=st.floats(0, 5))
    def lease_comes(self, slots, seconds):
        self.needed -= 1
        self.leases += 1
        self.live[self.leases] = slots
        self.feed(LeaseReady(self.leases, slots, self.tick(seconds)))

    @precondition(lambda self: self.needed)
    @rule(share=st.floats(0.1, 1))
    def no_lease(self, share):
        count = max(1, int(self.needed * share))
        self.needed -= count
        self.feed(NoLease(REFUSED, count))

    @precondition(lambda self: self.needed)
    @rule()
    def greeting_fails(self):
        self.needed -= 1
        self.leases += 1
        self.feed(LeaseLost(self.leases, False, self.now))

    @precondition(lambda self: self.holders())
    @rule(choice=st.randoms(use_true_random=False), blame=st.booleans())
    def lease_is_lost(self, choice, blame):
        lease = choice.choice(sorted(self.holders()))
        self.live.pop(lease, None)
        self.ending.pop(lease, None)
        self.flights = {chunk: flight for chunk, flight in self.flights.items() if flight[0] != lease}
        self.drop_strays(lease)
        self.feed(LeaseLost(lease, blame, self.now))

    @precondition(lambda self: self.live)
    @rule(choice=st.randoms(use_true_random=False))
    def lease_ends(self, choice):
        lease = choice.choice(sorted(self.live))
        self.ending[lease] = self.live.pop(lease)
        self.feed(LeaseEnding(lease, self.now))

    @precondition(lambda self: self.flights)
    @rule(choice=st.randoms(use_true_random=False), seconds=st.floats(0, 60), missing=st.integers(0, 3))
    def chunk_comes_back(self, choice, seconds, missing):
        chunk = choice.choice(sorted(self.flights))
        lease, tasks = self.flights.pop(chunk)
        done = tasks[: max(1, len(tasks) - missing)]
        for task in done:
            self.end(task, "done")
        self.feed(ChunkDone(lease, chunk, done, self.tick(seconds)))

    @precondition(lambda self: self.flights)
    @rule(choice=st.randoms(use_true_random=False), blame=st.booleans())
    def chunk_fails(self, choice, blame):
        chunk = choice.choice(sorted(self.flights))
        lease, _ = self.flights.pop(chunk)
        self.feed(ChunkFailed(lease, chunk, BROKEN, self.now, blame))

    @precondition(lambda self: self.flights)
    @rule(choice=st.randoms(use_true_random=False))
    def chunk_fails_for_good(self, choice):
        """Its tasks fail at once, and run nowhere else."""
        chunk = choice.choice(sorted(self.flights))
        lease, tasks = self.flights.pop(chunk)
        self.feed(ChunkFailed(lease, chunk, BROKEN, self.now, final=True))
        assert all(self.ended[task] == "failed" for task in tasks)

    @precondition(lambda self: self.flights)
    @rule(choice=st.randoms(use_true_random=False), count=st.integers(1, 5))
    def tasks_are_withdrawn(self, choice, count):
        chunk = choice.choice(sorted(self.flights))
        lease, tasks = self.flights[chunk]
        gone, left = tasks[:count], tasks[count:]
        for task in gone:
            self.end(task, "cancelled")
        if left:
            self.flights[chunk] = (lease, left)
        else:
            del self.flights[chunk]
        self.feed(Withdrawn(lease, chunk, gone, self.now))

    @rule(seconds=st.floats(0, 300), others=st.booleans())
    def time_passes(self, seconds, others):
        self.feed(Tick(self.tick(seconds), others, 60.0))

    @precondition(lambda self: self.strays)
    @rule(choice=st.randoms(use_true_random=False), missing=st.integers(0, 3))
    def stray_comes_back(self, choice, missing):
        """The first of two ends counts; the other may still arrive, and changes nothing."""
        chunk = choice.choice(sorted(self.strays))
        lease, tasks = self.strays.pop(chunk)
        done = tasks[: max(1, len(tasks) - missing)]
        for task in set(done) - self.ended.keys():
            self.end(task, "done")
        for key, (at, given) in list(self.flights.items()):
            left = tuple(task for task in given if task not in done)
            if not left:
                del self.flights[key]
                self.late.append((at, key, given))
            else:
                self.flights[key] = (at, left)
        self.feed(ChunkDone(lease, chunk, done, self.now))

    @precondition(lambda self: self.strays)
    @rule(choice=st.randoms(use_true_random=False), blame=st.booleans(), final=st.booleans())
    def stray_fails(self, choice, blame, final):
        chunk = choice.choice(sorted(self.strays))
        lease, _ = self.strays.pop(chunk)
        self.feed(ChunkFailed(lease, chunk, BROKEN, self.now, blame, final))

    @precondition(lambda self: self.late)
    @rule()
    def second_end_arrives(self):
        lease, chunk, tasks = self.late.pop()
        self.feed(ChunkDone(lease, chunk, tasks, self.now))

    @rule(choice=st.randoms(use_true_random=False), count=st.integers(0, 5))
    def waiting_tasks_are_cancelled(self, choice, count):
        waiting = sorted(self.submitted - self.ended.keys() - self.airborne())
        gone = choice.sample(waiting, min(count, len(waiting)))
        for task in gone:
            self.end(task, "cancelled")
        self.feed(Cancelled(tuple(gone)))

    @rule(lease=st.integers(900, 902), chunk=st.integers(900, 902))
    def news_of_strangers(self, lease, chunk):
        self.feed(ChunkDone(lease, chunk, (0,), self.now))
        self.feed(ChunkFailed(lease, chunk, BROKEN, self.now))

    # What always holds

    @invariant()
    def every_task_is_somewhere_once(self):
        waiting = len(self.submitted) - len(self.ended) - len(self.airborne())
        assert self.scheduler.waiting == waiting
        assert self.scheduler.in_flight == len(self.airborne())

    @invariant()
    def no_slot_is_flooded(self):
        for lease, slots in self.holders().items():
            assert sum(at == lease for at, _ in self.flights.values()) <= slots * CHUNKS_AHEAD

    @invariant()
    def no_more_leases_than_wanted(self):
        assert len(self.live) + self.needed <= self.wanted

    @invariant()
    def work_never_waits_for_nothing(self):
        """Whoever waits, waits for a busy lease, one that ends, or one that is being opened."""
        if self.scheduler.waiting:
            assert self.needed or self.holders()
        for lease, slots in self.live.items():
            if self.scheduler.waiting:
                assert sum(at == lease for at, _ in self.flights.values()) == slots * CHUNKS_AHEAD

    def teardown(self):
        """However it stands: once leases come and work, every task ends."""
        if not hasattr(self, "scheduler"):
            return
        for _ in range(10_000):
            if len(self.ended) == len(self.submitted):
                break
            if self.flights:
                chunk = min(self.flights)
                lease, tasks = self.flights.pop(chunk)
                for task in tasks:
                    self.end(task, "done")
                self.feed(ChunkDone(lease, chunk, tasks, self.tick(0.1)))
            elif self.needed:
                self.needed -= 1
                self.leases += 1
                self.live[self.leases] = 1
                self.feed(LeaseReady(self.leases, 1, self.now))
            elif self.strays:  # no other lease was to be had: what is left waits for these, to their end
                lease, _ = self.strays[min(self.strays)]
                self.drop_strays(lease)
                self.ending.pop(lease, None)
                self.feed(LeaseLost(lease, False, self.now))
        assert self.ended.keys() == self.submitted
        assert not self.scheduler.waiting
        assert not self.scheduler.in_flight


TestSchedulerMachine = SchedulerMachine.TestCase
TestSchedulerMachine.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
