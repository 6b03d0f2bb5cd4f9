"""The scheduler's answers to single events."""

import pytest

from surge.model.errors import JobFailed, NoProvider, ProviderLost, Unavailable
from surge.renter.work.scheduler import CHUNKS_AHEAD, MAX_ATTEMPTS, MAX_CHUNK_BYTES, Scheduler
from surge.renter.work.steps import (
    Cancelled,
    ChunkDone,
    ChunkFailed,
    Fail,
    GroupFailed,
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

GONE = ProviderLost("gone")
NONE = NoProvider("none")


def tasks(*keys, size=10):
    return tuple((key, size) for key in keys)


def sends(instructions):
    return [one for one in instructions if isinstance(one, Send)]


def fails(instructions):
    return {one.task: one.error for one in instructions if isinstance(one, Fail)}


def needs(instructions):
    return sum(one.count for one in instructions if isinstance(one, NeedLease))


def running(count, wanted=1, slots=1):
    """A scheduler with one ready lease and `count` tasks; and what it sent."""
    scheduler = Scheduler(wanted)
    scheduler.handle(Submitted(0, tasks(*range(count)), 0.0))
    return scheduler, sends(scheduler.handle(LeaseReady(1, slots, 0.0)))


def test_it_asks_for_as_many_leases_as_there_is_work_for():
    assert needs(Scheduler(4).handle(Submitted(0, tasks(1, 2), 0.0))) == 2
    assert needs(Scheduler(4).handle(Submitted(0, tasks(*range(9)), 0.0))) == 4


def test_it_asks_once_for_the_same_lack():
    scheduler = Scheduler(2)
    assert needs(scheduler.handle(Submitted(0, tasks(1, 2, 3), 0.0))) == 2
    assert needs(scheduler.handle(Submitted(0, tasks(4, 5, 6), 0.0))) == 0


def test_chunks_grow_to_what_fits_the_target_time():
    scheduler, sent = running(10_000)
    assert [len(one.tasks) for one in sent] == [1] * CHUNKS_AHEAD
    now = 0.0
    sizes = []
    for _ in range(12):
        now += 0.001 * len(sent[0].tasks)
        sent = sent[1:] + sends(scheduler.handle(ChunkDone(1, sent[0].chunk, sent[0].tasks, now)))
        sizes.append(len(sent[-1].tasks))
    assert 300 <= max(sizes) <= 600  # half a second at a millisecond a task


def test_chunks_of_slow_tasks_stay_single():
    scheduler, sent = running(100)
    again = sends(scheduler.handle(ChunkDone(1, sent[0].chunk, sent[0].tasks, 60.0)))
    assert [len(one.tasks) for one in again] == [1]


def test_a_chunk_is_as_large_as_the_renter_asked_for():
    scheduler = Scheduler(1)
    scheduler.handle(Submitted(0, tasks(*range(100)), 0.0, at_least=25))
    assert [len(one.tasks) for one in sends(scheduler.handle(LeaseReady(1, 1, 0.0)))] == [25] * CHUNKS_AHEAD


def test_a_chunk_stays_below_the_byte_cap_unless_one_task_alone_is_larger():
    scheduler = Scheduler(1)
    half = MAX_CHUNK_BYTES // 2 + 1
    scheduler.handle(Submitted(0, ((1, 2 * MAX_CHUNK_BYTES), (2, half), (3, half), (4, 5)), 0.0, at_least=9))
    sent = sends(scheduler.handle(LeaseReady(1, 2, 0.0)))
    assert [one.tasks for one in sent] == [(1,), (2,), (3, 4)]


def test_what_never_ran_of_a_chunk_goes_out_again_first():
    scheduler = Scheduler(1)
    scheduler.handle(Submitted(0, tasks(*range(40)), 0.0, at_least=10))
    first, _ = sends(scheduler.handle(LeaseReady(1, 1, 0.0)))
    again = sends(scheduler.handle(ChunkDone(1, first.chunk, first.tasks[:3], 0.1)))
    assert again[0].tasks[:7] == first.tasks[3:]


def test_a_task_that_fails_travels_alone_and_gives_up_with_its_cause():
    scheduler = Scheduler(1)
    scheduler.handle(Submitted(0, tasks(0, 1), 0.0, at_least=2))
    (sent,) = sends(scheduler.handle(LeaseReady(1, 1, 0.0)))
    cause = Unavailable("wall time")
    failed, queue = {}, [sent]
    while queue:
        one = queue.pop(0)
        answer = scheduler.handle(ChunkFailed(1, one.chunk, cause, 1.0))
        failed |= fails(answer)
        queue += sends(answer)
        assert all(len(each.tasks) == 1 for each in queue)
    assert failed == {0: cause, 1: cause}


def test_a_refusal_without_blame_costs_no_attempt():
    scheduler, sent = running(1)
    for _ in range(3 * MAX_ATTEMPTS):
        (again,) = answer = scheduler.handle(ChunkFailed(1, sent[0].chunk, NONE, 1.0, blame=False))
        assert isinstance(again, Send)
        sent = answer


def test_a_lost_lease_gives_its_work_back_and_is_replaced():
    scheduler, sent = running(3)
    answer = scheduler.handle(LeaseLost(1, False, 1.0))
    assert needs(answer) == 1
    assert not sends(answer)
    assert sends(scheduler.handle(LeaseReady(2, 1, 2.0)))[0].tasks == sent[0].tasks


def test_a_provider_that_broke_the_rules_costs_an_attempt():
    scheduler, _ = running(1)
    for lease in range(1, MAX_ATTEMPTS):
        scheduler.handle(LeaseLost(lease, True, 1.0))
        scheduler.handle(LeaseReady(lease + 1, 1, 1.0))
    answer = scheduler.handle(LeaseLost(MAX_ATTEMPTS, True, 1.0))
    assert isinstance(fails(answer)[0], JobFailed)


def test_no_lease_fails_the_tasks_only_when_none_is_live_or_coming():
    scheduler = Scheduler(3)
    scheduler.handle(Submitted(0, tasks(*range(20)), 0.0))
    assert not fails(scheduler.handle(NoLease(NONE, 1)))  # two more are coming
    scheduler.handle(LeaseReady(1, 1, 0.0))
    assert not fails(scheduler.handle(NoLease(NONE, 1)))  # one is live
    answer = scheduler.handle(LeaseLost(1, False, 0.0))
    assert needs(answer)  # asked anew before giving up
    assert len(fails(scheduler.handle(NoLease(NONE, needs(answer))))) == 20


def test_a_later_submission_asks_again_after_a_refusal():
    scheduler = Scheduler(1)
    scheduler.handle(Submitted(0, tasks(1), 0.0))
    assert fails(scheduler.handle(NoLease(NONE, 1))) == {1: NONE}
    assert fails(scheduler.handle(Submitted(0, tasks(2), 0.0))) == {}


def test_an_ending_lease_gets_nothing_more_and_is_released_when_it_is_empty():
    scheduler, sent = running(9)
    answer = scheduler.handle(LeaseEnding(1, 1.0))
    assert not sends(answer)
    assert needs(answer) == 1
    assert Release(1) not in scheduler.handle(ChunkDone(1, sent[0].chunk, sent[0].tasks, 1.0))
    assert Release(1) in scheduler.handle(ChunkDone(1, sent[1].chunk, sent[1].tasks, 1.0))
    assert sends(scheduler.handle(LeaseReady(2, 1, 1.0)))


def test_an_idle_ending_lease_is_released_at_once():
    scheduler, sent = running(1)
    scheduler.handle(ChunkDone(1, sent[0].chunk, sent[0].tasks, 1.0))
    assert scheduler.handle(LeaseEnding(1, 2.0)) == [Release(1)]
    assert needs(scheduler.handle(Submitted(0, tasks(7), 3.0))) == 1


def test_cancelled_tasks_leave_the_queue():
    scheduler = Scheduler(1)
    scheduler.handle(Submitted(0, tasks(1, 2, 3), 0.0))
    scheduler.handle(Cancelled((1, 3)))
    assert [one.tasks for one in sends(scheduler.handle(LeaseReady(1, 1, 0.0)))] == [(2,)]


def test_withdrawn_tasks_free_their_place():
    scheduler, sent = running(4)
    answer = scheduler.handle(Withdrawn(1, sent[0].chunk, sent[0].tasks, 0.1))
    assert len(sends(answer)) == 1


def test_a_group_that_cannot_run_fails_and_others_go_on():
    scheduler = Scheduler(1)
    scheduler.handle(Submitted(0, tasks(1, 2), 0.0))
    scheduler.handle(Submitted(1, tasks(3), 0.0))
    assert fails(scheduler.handle(GroupFailed(0, NONE))) == {1: NONE, 2: NONE}
    assert [one.tasks for one in sends(scheduler.handle(LeaseReady(1, 1, 0.0)))] == [(3,)]


@pytest.mark.parametrize(
    "late",
    [
        ChunkDone(9, 1, (1,), 1.0),
        ChunkFailed(9, 1, NONE, 1.0),
        Withdrawn(9, 1, (1,), 1.0),
        LeaseEnding(9, 1.0),
        ChunkDone(1, 99, (1,), 1.0),
    ],
)
def test_news_of_what_it_does_not_know_change_nothing(late):
    scheduler, _ = running(5)
    before = scheduler.waiting, scheduler.in_flight
    assert scheduler.handle(late) == []
    assert (scheduler.waiting, scheduler.in_flight) == before


def test_a_silent_lease_is_not_waited_for_and_the_first_end_counts():
    """Nobody knows how long a first chunk takes: only its patience ends."""
    scheduler, (sent,) = running(1)
    assert scheduler.handle(Tick(100.0, True, 225.0)) == []
    assert scheduler.handle(Tick(226.0, False, 225.0)) == []  # nobody else could do it
    straggles, need = scheduler.handle(Tick(226.0, True, 225.0))
    assert (straggles, need) == (Straggles(1, 226.0), NeedLease(1))
    (again,) = sends(scheduler.handle(LeaseReady(2, 1, 230.0)))
    assert again.tasks == sent.tasks
    assert scheduler.handle(Tick(300.0, True, 225.0)) == []
    assert scheduler.handle(ChunkDone(2, again.chunk, again.tasks, 301.0)) == [Release(1)]
    assert scheduler.handle(ChunkDone(1, sent.chunk, sent.tasks, 302.0)) == []


def test_a_straggler_that_comes_back_first_counts():
    scheduler, (sent,) = running(1)
    scheduler.handle(Tick(226.0, True, 225.0))
    scheduler.handle(LeaseReady(2, 1, 230.0))
    assert scheduler.handle(ChunkDone(1, sent.chunk, sent.tasks, 231.0)) == [Release(1)]
    assert not scheduler.waiting
    assert not scheduler.in_flight


def test_a_straggler_is_the_last_hope_where_no_other_lease_can_be_had():
    scheduler, (sent,) = running(1)
    scheduler.handle(Tick(226.0, True, 225.0))
    assert scheduler.handle(NoLease(NONE, 1)) == []
    assert scheduler.handle(ChunkDone(1, sent.chunk, sent.tasks, 231.0)) == [Release(1)]


def test_a_slow_one_sets_no_bar_for_itself():
    """Its own chunks may take ever longer; the others' tell what a chunk takes."""
    scheduler = Scheduler(2)
    scheduler.handle(Submitted(0, tasks(0, 1), 0.0))
    (first, second) = sends(scheduler.handle(LeaseReady(1, 1, 0.0)))
    scheduler.handle(LeaseReady(2, 1, 0.0))
    scheduler.handle(ChunkDone(1, first.chunk, first.tasks, 29.0))
    (third,) = sends(scheduler.handle(Submitted(0, tasks(2), 29.0)))
    assert third.lease == 2
    scheduler.handle(ChunkDone(2, third.chunk, third.tasks, 30.0))
    assert scheduler.handle(Tick(58.0, True, 225.0)) == []
    assert scheduler.handle(Tick(60.0, True, 225.0))[0] == Straggles(1, 31.0)
    assert second.lease == 1


def test_what_else_a_lease_delivers_does_not_excuse_the_chunk_that_it_holds():
    scheduler = Scheduler(1)
    scheduler.handle(Submitted(0, tasks(*range(4)), 0.0))
    held, *others = sends(scheduler.handle(LeaseReady(1, 2, 0.0)))
    for number, sent in enumerate(others[:2]):
        scheduler.handle(ChunkDone(1, sent.chunk, sent.tasks, 100.0 * (number + 1)))
    assert Straggles(1, 226.0) in scheduler.handle(Tick(226.0, True, 225.0))
    assert held.lease == 1


def test_by_the_pace_of_its_like_a_chunk_is_overdue_sooner():
    scheduler, (first, second) = running(2)
    scheduler.handle(ChunkDone(1, first.chunk, first.tasks, 10.0))
    assert scheduler.handle(Tick(90.0, True, 225.0)) == []
    assert scheduler.handle(Tick(91.0, True, 225.0)) == [Straggles(1, 81.0), NeedLease(1)]
    (again,) = sends(scheduler.handle(LeaseReady(2, 1, 95.0)))
    assert again.tasks == second.tasks
