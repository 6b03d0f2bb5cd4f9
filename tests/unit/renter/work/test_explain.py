"""A trace is explained: what a job waits for, what went wrong, and what happened to one task."""

import pytest

from surge.model.errors import CorruptState, NoProvider, ProviderLost, Unavailable
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
        self.lines = [
            {"at": 100.0, "what": "job", "id": "j", "wanted": wanted, "program": 7, "program_began": 1.0}
        ]
        self.events = 0

    def note(self, what, **fields):
        self.lines.append({"at": 100.0 + len(self.lines), "what": what, **fields})
        return self

    def event(self, event):
        self.events += 1
        return self.note("event", stimulus=self.events, **record(event))

    def ready(self, lease=5, slots=1):
        self.note("begin", span=lease, part_of=None, name="dial", lease=lease, provider=PROVIDER)
        return self.note("end", span=lease).event(LeaseReady(lease, slots, 1.0))

    def explained(self):
        return explain(self.lines, self.lines[-1]["at"] + 10)


def submitted(count):
    return Submitted(0, tuple((key, 10) for key in range(count)), 0.0)


def test_it_waits_for_a_lease():
    told = (
        Written().event(submitted(2)).note("begin", span=1, part_of=None, name="choose", count=1).explained()
    )
    assert told.waits_for == ["under way for 10.0 s: choose (count 1)", "2 tasks waiting for a lease"]
    assert told.wrong == []


def test_it_waits_for_a_chunk_that_is_not_back():
    told = Written().event(submitted(1)).ready().explained()
    assert told.waits_for == [
        f"chunk 1 (1 task: 0) was given to lease 5 with {PROVIDER} 10.0 s ago and is not back"
    ]


def test_the_innermost_span_is_told():
    trace = Written().note("begin", span=1, part_of=None, name="outer")
    trace.note("begin", span=2, part_of=1, name="inner")
    assert "inner" in trace.explained().waits_for[0]
    assert not any("outer" in said for said in trace.explained().waits_for)


def test_a_broken_link_is_told_until_it_is_resumed_or_the_lease_is_lost():
    trace = Written().event(submitted(1)).ready().note("interrupted", lease=5, reason="silent")
    assert "the link of lease 5 broke 10.0 s ago (silent)" in trace.explained().waits_for[0]
    assert "broke" not in str(trace.note("resumed", lease=5).explained().waits_for)
    trace.note("interrupted", lease=5, reason="silent").note("lost", lease=5, reason="it is gone")
    told = trace.event(LeaseLost(5, False, 3.0)).explained()
    assert told.waits_for == ["1 task waiting for a lease"]
    assert [step.said for step in told.wrong] == ["lease 5: it is gone"]


def test_what_went_wrong_with_a_task_and_how_it_ended():
    trace = Written().event(submitted(1)).ready()
    trace.event(ChunkFailed(5, 1, Unavailable("wall time"), 2.0)).event(ChunkDone(5, 2, (0,), 3.0)).note(
        "closed"
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
    assert told.spent == {"dial": (1, 1.0)}


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
        [{"at": 1.0, "what": "event"}],
        [*Written().lines, {"at": 2.0, "what": "end", "span": 9}],
        [*Written().lines, {"at": 2.0, "what": "event", "stimulus": 1, "event": "Nothing", "fields": {}}],
        [
            *Written().lines,
            {"at": 2.0, "what": "event", "stimulus": 1, "event": "NoLease", "fields": {"count": "x"}},
        ],
    ],
)
def test_a_trace_that_makes_no_sense_is_refused(lines):
    with pytest.raises(CorruptState):
        explain(lines, 2.0)


def test_an_error_keeps_its_kind_and_its_sentence():
    back = event_of(record(ChunkFailed(5, 1, ProviderLost("gone"), 2.0)))
    assert type(back.error) is ProviderLost
    assert str(back.error) == "gone"


@pytest.mark.parametrize("kind", ["ClassVar", "no such thing", "Any"])
def test_an_error_of_no_kind_of_ours_is_a_plain_one(kind):
    recorded = record(ChunkFailed(5, 1, ProviderLost("gone"), 2.0))
    recorded["fields"]["error"]["kind"] = kind
    assert str(event_of(recorded).error) == "gone"
