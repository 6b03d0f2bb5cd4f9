"""What a lease may ask of its provider at most."""

import pytest
from msgspec.structs import replace

from deal import CODE, DOMAIN, PROVIDER, SETUP_FUEL, SPEC, TASK_FUEL, chunk_of, hello, lease_of
from surge.model.signature import sign
from surge.model.task import ChunkResult, Outcome, moved_of
from surge.net.messages import PrepareImage, Refusal, Sorry
from surge.provider.lease import session as session_module
from surge.provider.lease.asked import spec_of
from surge.provider.lease.bill import MAX_SENT_AGAIN
from surge.provider.lease.ending import LAST_CALL
from surge.provider.lease.policy import BILLED_FOR_ONE, MAX_UNBILLED, Policy
from surge.provider.lease.session import (
    MAX_MAKING,
    MAX_QUEUE,
    LeaseSession,
)
from surge.provider.lease.steps import (
    Answer,
    ChunkBroke,
    ChunkRan,
    Deliver,
    EndLease,
    Execute,
    ImageBroke,
    ImageMade,
    MakeImage,
    Redeliver,
    Shun,
    Tick,
    ToppedUp,
)
from surge.renter.talk.requests import prepare_message, run_message


def codes(instructions):
    return [
        one.message.code for one in instructions if isinstance(one, Answer) and isinstance(one.message, Sorry)
    ]


def a_session(escrow=10**7, slots=1, ready=True):
    session = LeaseSession(
        lease_of(escrow=escrow, slots=slots), DOMAIN, lambda message: sign(message, PROVIDER), Policy()
    )
    session.handle(Tick(100, 0))
    session.handle(hello(lease_of()))
    if ready:
        session.handle(prepare_message(SPEC))
        session.handle(ImageMade(SPEC, chunk_of(1).image, 0, 0, False))
    return session


def ran(asked):
    outcomes = tuple(Outcome(name, "returned", b"", TASK_FUEL) for name in asked.task_ids)
    moved = moved_of(len(CODE), [task.input for task in asked.tasks], outcomes)
    return ChunkRan(ChunkResult(asked.id, outcomes, TASK_FUEL * len(outcomes), moved, 1, False))


def test_chunks_beyond_the_queue_are_sent_away():
    session = a_session()
    for number in range(MAX_QUEUE + 1):
        assert not codes(session.handle(run_message(chunk_of(number))))
    assert codes(session.handle(run_message(chunk_of(999)))) == ["busy"]


@pytest.mark.parametrize("ready", [True, False])
def test_inputs_beyond_the_cap_are_sent_away(monkeypatch, ready):
    """Before their image is made, too."""
    monkeypatch.setattr(session_module, "MAX_QUEUED_BYTES", 20)
    session = a_session(ready=ready)
    if not ready:
        session.handle(prepare_message(SPEC))
    refused = [code for number in range(9) for code in codes(session.handle(run_message(chunk_of(number))))]
    assert len(refused) >= 4


def test_images_beyond_the_cap_are_sent_away():
    session = a_session()
    asks = [PrepareImage("python", bytes(32), [f"module{n}"], b"") for n in range(MAX_MAKING + 1)]
    answers = [session.handle(ask) for ask in asks]
    assert [len(answer) for answer in answers] == [1] * len(asks)
    assert all(isinstance(answer[0], MakeImage) for answer in answers[:-1])
    assert codes(answers[-1]) == ["busy"]
    assert session.handle(asks[0]) == []  # under way already


def test_chunks_wait_for_the_image_that_is_being_made():
    session = a_session(ready=False)
    session.handle(prepare_message(SPEC))
    assert session.handle(run_message(chunk_of(1))) == []
    made = session.handle(ImageMade(SPEC, chunk_of(1).image, SETUP_FUEL, 1, False))
    assert [one.chunk for one in made if isinstance(one, Execute)] == [chunk_of(1).id]


def test_nobody_works_for_nothing_twice():
    """A chunk that the escrow can't pay ends all work until it is topped up."""
    session = a_session(escrow=100)
    session.handle(run_message(chunk_of(1)))
    session.handle(run_message(chunk_of(2)))
    assert codes(session.handle(ran(chunk_of(1)))) == ["escrow-spent", "escrow-spent"]
    assert codes(session.handle(run_message(chunk_of(3)))) == ["escrow-spent"]
    session.handle(ToppedUp(lease_of(escrow=10**6)))
    assert [type(one) for one in session.handle(run_message(chunk_of(1)))] == [Execute]
    assert any(isinstance(one, Deliver) for one in session.handle(ran(chunk_of(1))))


def test_a_chunk_under_another_name_is_refused():
    session = a_session()
    forged = replace(run_message(chunk_of(1)), fuel=5)
    assert codes(session.handle(forged)) == ["wrong-chunk"]


def broke(asked, code=Refusal.FAILED):
    return ChunkBroke(asked.id, code, "it ran past its wall time")


def unbilled(session, number, code=Refusal.FAILED):
    """One chunk that ends without a bill."""
    asked = chunk_of(number)
    session.handle(run_message(asked))
    return session.handle(broke(asked, code))


def test_a_disk_that_fails_is_not_held_against_the_renter():
    session = a_session()
    for number in range(3 * MAX_UNBILLED):
        asked = chunk_of(number)
        session.handle(run_message(asked))
        failed = ChunkBroke(asked.id, Refusal.FAILED, "the disk failed", blame=False)
        assert codes(session.handle(failed)) == ["failed"]
    assert [type(one) for one in session.handle(run_message(chunk_of(99)))] == [Execute]


def test_work_that_ends_without_a_bill_again_and_again_ends_the_lease():
    session = a_session()
    for number in range(MAX_UNBILLED):
        assert codes(unbilled(session, number)) == ["failed"]
    session.handle(run_message(chunk_of(100)))
    session.handle(run_message(chunk_of(101)))  # waits
    ended = session.handle(broke(chunk_of(100)))
    assert codes(ended) == ["failed", "over"]
    assert codes(session.handle(run_message(chunk_of(102)))) == ["over"]
    assert codes(session.handle(prepare_message(SPEC))) == ["over"]
    assert session.handle(Tick(101, 0)) == [Shun(session.lease.terms.renter, 101), EndLease()]
    assert session.handle(Tick(102, 0)) == [EndLease()]


def test_images_that_can_not_be_made_count_too():
    session = a_session(ready=False)
    for number in range(MAX_UNBILLED + 1):
        ask = PrepareImage("python", bytes(32), [f"module{number}"], b"")
        session.handle(ask)
        session.handle(ImageBroke(spec_of(ask).id, "it can't be imported"))
    assert any(isinstance(one, Shun) for one in session.handle(Tick(101, 0)))


def test_want_of_room_is_not_the_renters_fault():
    session = a_session(ready=False)
    for number in range(3 * MAX_UNBILLED):
        ask = PrepareImage("python", bytes(32), [f"module{number}"], b"")
        session.handle(ask)
        assert codes(session.handle(ImageBroke(spec_of(ask).id, "the disk is full", blame=False))) == [
            "no-room"
        ]
    assert session.handle(Tick(101, 0)) == []


def test_what_is_lost_here_is_nobodys_fault_and_an_honest_lease_may_fail_now_and_then():
    session = a_session()
    for number in range(3 * MAX_UNBILLED):
        unbilled(session, number, Refusal.NO_BLOB)
    for number in range(100, 100 + 2 * BILLED_FOR_ONE):
        asked = chunk_of(number)
        session.handle(run_message(asked))
        session.handle(ran(asked))
    for number in range(200, 200 + MAX_UNBILLED + 2):
        assert codes(unbilled(session, number)) == ["failed"]
    assert "over" in codes(unbilled(session, 300)) + codes(session.handle(run_message(chunk_of(301))))


def test_what_is_owed_is_waited_for_before_the_lease_ends():
    session = a_session()
    asked = chunk_of(50)
    session.handle(run_message(asked))
    session.handle(ran(asked))
    for number in range(MAX_UNBILLED + 1):
        unbilled(session, number)
    assert session.handle(Tick(101, 0)) == [Shun(session.lease.terms.renter, 101)]
    assert session.handle(Tick(102, 0)) == []
    assert session.handle(Tick(101 + LAST_CALL, 0)) == [EndLease()]


def test_more_memory_than_is_offered_is_refused():
    session = a_session()
    asked = chunk_of(1, memory=(1 << 30) + 1)
    assert codes(session.handle(run_message(asked))) == ["too-much"]
    assert not codes(session.handle(run_message(chunk_of(1, memory=1 << 30))))


def test_answers_are_sent_again_so_often_and_no_more():
    session = a_session()
    asked = chunk_of(1)
    session.handle(run_message(asked))
    session.handle(ran(asked))
    for _ in range(MAX_SENT_AGAIN):
        assert session.handle(run_message(asked)) == [Redeliver(0)]
    assert codes(session.handle(run_message(asked))) == ["unpaid"]


def test_a_lease_that_is_over_refuses_before_it_computes_ids(monkeypatch):
    session = a_session()
    session.handle(Tick(10**6, 0))
    monkeypatch.setattr(session_module, "tasks_of", None)
    assert codes(session.handle(run_message(chunk_of(*range(50))))) == ["over"]
