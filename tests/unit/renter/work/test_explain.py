"""A trace is explained: what a job waits for, what went wrong, and what happened to one task."""

import msgspec
import pytest

from surge.model.errors import CorruptState, NoProvider, ProviderLost, Unavailable
from surge.model.trace import (
    Began,
    Closed,
    LeaseGivenUp,
    LeaseLeftOpen,
    LinkBroke,
    LinkResumed,
    SpanBegan,
    SpanEnded,
    Stimulus,
    TaskFailed,
)
from surge.renter.work.explain import explain
from surge.renter.work.replay import event_of, record
from surge.renter.work.steps import (
    ChunkDone,
    ChunkFailed,
    LeaseLost,
    LeaseReady,
    NoLease,
    Submitted,
)

PROVIDER = "0x" + "ab" * 20


class Written:
    """A trace as a job writes it, one line a second."""

    def __init__(self, wanted=1):
        self.lines = [Began(at=100.0, id="j", wanted=wanted, program=7, program_began=1.0)]
        self.events = 0

    def note(self, line):
        self.lines.append(msgspec.structs.replace(line, at=100.0 + len(self.lines)))
        return self

    def event(self, event):
        self.events += 1
        return self.note(record(event, self.events))

    def ready(self, lease=5, slots=1):
        self.note(SpanBegan(span=lease, name="dial", lease=lease, provider=PROVIDER))
        return self.note(SpanEnded(span=lease)).event(LeaseReady(lease, slots, 1.0))

    def explained(self):
        return explain(self.lines, self.lines[-1].at + 10)


def submitted(count):
    return Submitted(0, tuple((key, 10) for key in range(count)), 0.0)


def test_it_waits_for_a_lease():
    told = Written().event(submitted(2)).note(SpanBegan(span=1, name="choose", count=1)).explained()
    assert told.waits_for == ["under way for 10.0 s: choose (count 1)", "2 tasks waiting for a lease"]
    assert told.wrong == []


def test_it_waits_for_a_chunk_that_is_not_back():
    told = Written().event(submitted(1)).ready().explained()
    assert told.waits_for == [
        f"chunk 1 (1 task: 0) was given to lease 5 with {PROVIDER} 10.0 s ago and is not back"
    ]


def test_the_innermost_span_is_told():
    trace = Written().note(SpanBegan(span=1, name="outer"))
    trace.note(SpanBegan(span=2, part_of=1, name="inner"))
    assert "inner" in trace.explained().waits_for[0]
    assert not any("outer" in said for said in trace.explained().waits_for)


def test_a_broken_link_is_told_until_it_is_resumed_or_the_lease_is_lost():
    trace = Written().event(submitted(1)).ready().note(LinkBroke(lease=5, reason="silent"))
    assert "the link of lease 5 broke 10.0 s ago (silent)" in trace.explained().waits_for[0]
    assert "broke" not in str(trace.note(LinkResumed(lease=5)).explained().waits_for)
    trace.note(LinkBroke(lease=5, reason="silent")).note(LeaseGivenUp(lease=5, reason="it is gone"))
    told = trace.event(LeaseLost(5, False, 3.0)).explained()
    assert told.waits_for == ["1 task waiting for a lease"]
    assert [step.said for step in told.wrong] == ["lease 5: it is gone"]


def test_what_went_wrong_with_a_task_and_how_it_ended():
    trace = Written().event(submitted(1)).ready()
    trace.event(ChunkFailed(5, 1, Unavailable("wall time"), 2.0)).event(ChunkDone(5, 2, (0,), 3.0)).note(
        Closed()
    )
    told = trace.explained()
    assert told.closed
    assert told.waits_for == []
    assert (told.submitted, told.done, told.failed, told.waiting, told.in_flight) == (1, 1, 0, 0, 0)
    assert [(step.stimulus, step.said) for step in told.of_task(0)] == [
        (1, "1 task submitted"),
        (2, "chunk 1 with 1 task goes to lease 5"),
        (3, "chunk 1 on lease 5 yielded nothing (wall time)"),
        (3, "chunk 2 with 1 task goes to lease 5"),
        (4, "chunk 2 came back from lease 5 with 1 task"),
    ]
    assert told.spent == {"dial": (1, 1.0), "chunks with their provider": (2, 2.0)}


def test_a_task_that_failed_for_want_of_a_lease():
    told = Written().event(submitted(1)).event(NoLease(NoProvider("nobody fits"), 1)).explained()
    assert told.failed == 1
    assert [step.said for step in told.wrong][-1] == "task 0 failed: nobody fits"
    assert "shut its executor down" in told.waits_for[0]


def test_a_result_that_comes_twice_counts_once():
    trace = Written(2).event(submitted(2)).ready(5).ready(6)
    told = trace.event(ChunkDone(5, 1, (0,), 2.0)).event(ChunkDone(5, 1, (0,), 2.5)).explained()
    assert told.done == 1


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [Stimulus(number=1, event="NoLease", fields={})],
        [*Written().lines, SpanEnded(span=9)],
        [*Written().lines, Stimulus(number=1, event="Nothing", fields={})],
        [*Written().lines, Stimulus(number=1, event="NoLease", fields={"count": "x"})],
        [*Written().lines, Stimulus(number=1, event="NoLease", fields={"error": [1], "count": 1})],
    ],
)
def test_a_trace_that_makes_no_sense_is_refused(lines):
    with pytest.raises(CorruptState):
        explain(lines, 2.0)


def test_an_error_keeps_its_kind_and_its_sentence():
    recorded = record(ChunkFailed(5, 1, ProviderLost("gone").about(5, PROVIDER, "over"), 2.0), 1)
    back = event_of(recorded.event, recorded.fields)
    assert type(back.error) is ProviderLost
    assert str(back.error) == "gone"
    assert back.error.fields == {"lease": 5, "provider": PROVIDER, "refusal": "over"}


@pytest.mark.parametrize("kind", ["ClassVar", "no such thing", "Any"])
def test_an_error_of_no_kind_of_ours_is_a_plain_one(kind):
    recorded = record(ChunkFailed(5, 1, ProviderLost("gone"), 2.0), 1)
    recorded.fields["error"]["kind"] = kind
    assert str(event_of(recorded.event, recorded.fields).error) == "gone"


def test_tasks_that_raised_are_failures_and_not_done():
    trace = Written().event(submitted(2)).ready()
    trace.event(ChunkDone(5, 1, (0,), 2.0)).note(TaskFailed(task=0, error="ValueError"))
    trace.event(ChunkDone(5, 2, (1,), 3.0)).note(Closed())
    told = trace.explained()
    assert (told.done, told.failed) == (1, 1)
    assert [step.said for step in told.wrong] == ["task 0 failed: ValueError"]
    assert told.of_task(0)[-1].said == "task 0 failed: ValueError"


def test_a_failure_is_told_once():
    trace = Written().event(submitted(1)).event(NoLease(NoProvider("nobody fits"), 1))
    told = trace.note(TaskFailed(task=0, error="NoProvider")).note(Closed()).explained()
    assert told.failed == 1
    assert [step.said for step in told.wrong][-1] == "task 0 failed: nobody fits"


def test_a_job_that_was_shut_down_early_has_nothing_waiting():
    told = (
        Written().event(submitted(2)).note(TaskFailed(task=0, error="Unavailable")).note(Closed()).explained()
    )
    assert (told.waiting, told.in_flight, told.failed) == (0, 0, 1)


def test_tasks_that_failed_alike_are_one_line():
    trace = Written(2).event(submitted(7))
    for task in range(6):
        trace.note(TaskFailed(task=task, error="KeyError: 'x'"))
    trace.note(TaskFailed(task=6, error="ValueError: y"))
    assert [step.said for step in trace.explained().wrong] == [
        "6 tasks (0, 1, 2, 3, 4, …) failed: KeyError: 'x'",
        "task 6 failed: ValueError: y",
    ]
    assert [step.said for step in trace.explained().of_task(3)][-1] == "task 3 failed: KeyError: 'x'"


def test_a_chunk_behind_another_one_waits():
    told = Written().event(submitted(4)).ready().explained()
    assert "is not back" in told.waits_for[0]
    assert told.waits_for[1].startswith("chunk 2 (")
    assert "waits behind it at lease 5" in told.waits_for[1]


def test_a_lease_that_stays_open_is_told():
    told = Written().note(LeaseLeftOpen(lease=5, reason="gone")).note(Closed()).explained()
    assert [step.said for step in told.wrong] == ["lease 5 stays open until its time is over (gone)"]
