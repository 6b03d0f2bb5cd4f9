"""Nobody works for a renter that is gone, and its slots are free again soon (P3, P6)."""

import pytest

from deal import DOMAIN, EXPIRY, PROVIDER, RENTER, SPEC, chunk_of, hello, lease_of
from surge.model.signature import sign
from surge.model.task import ChunkResult, Outcome
from surge.model.voucher import Voucher
from surge.net.messages import CloseGranted, GiveUp, PayVoucher, RequestClose, Sorry, Welcome
from surge.provider.lease.ending import (
    ALONE_SECONDS,
    CLOSE_SECONDS,
    IDLE_SECONDS,
    OWED_COUNTS,
    OWING_SECONDS,
)
from surge.provider.lease.policy import MAX_REMADE, Policy
from surge.provider.lease.session import LeaseSession
from surge.provider.lease.steps import (
    Answer,
    BlobArrived,
    ChunkRan,
    Deliver,
    DeliverImage,
    EndLease,
    Execute,
    ImageMade,
    KeepClosing,
    LinkLost,
    MakeImage,
    NoteGivenUp,
    Redeliver,
    Stop,
    Tick,
)
from surge.renter.talk.requests import prepare_message, run_message
from surge.settle.merkle import Frontier

START = 100


@pytest.fixture
def session():
    """With a renter on a link, an image, and one slot that works on chunk 1; chunk 2 waits."""
    made = LeaseSession(lease_of(), DOMAIN, lambda message: sign(message, PROVIDER), Policy())
    made.handle(Tick(START, 0))
    made.handle(hello(lease_of()))
    made.handle(prepare_message(SPEC))
    made.handle(ImageMade(SPEC, chunk_of(1).image, 0, 0, False))
    assert kinds(made.handle(run_message(chunk_of(1)))) == [Execute]
    assert made.handle(run_message(chunk_of(2))) == []
    return made


def kinds(instructions):
    return [type(one) for one in instructions]


def ran(asked):
    outcomes = tuple(Outcome(name, "returned", b"", 10**9) for name in asked.task_ids)
    return ChunkRan(ChunkResult(asked.id, outcomes, 10**9, 1, 5, False))


def sign_for(session, *instructions):
    """The renter pays what these delivered."""
    receipts = [one.receipt for one in instructions if isinstance(one, Deliver)]
    amount, root = sum(one.amount for one in receipts), Frontier.of(one.struct_hash for one in receipts).root
    signature = sign(DOMAIN.digest(Voucher(1, 1, amount, root).struct_hash), RENTER)
    session.handle(PayVoucher(1, amount, root, signature))


def test_what_runs_goes_on_and_nothing_new_begins(session):
    session.handle(LinkLost())
    assert kinds(session.handle(ran(chunk_of(1)))) == [Deliver]
    assert session.handle(prepare_message(SPEC)) == []


def test_a_renter_that_comes_back_finds_its_answers_and_work_goes_on(session):
    session.handle(LinkLost())
    session.handle(ran(chunk_of(1)))
    welcome, again, execute = session.handle(hello(lease_of()))
    assert isinstance(welcome, Answer)
    assert isinstance(welcome.message, Welcome)
    assert again == Redeliver(0)
    assert isinstance(execute, Execute)
    assert execute.chunk == chunk_of(2).id


def test_an_image_waits_for_its_renter_too(session):
    session.handle(LinkLost())
    session.handle(prepare_message(SPEC))
    assert MakeImage in kinds(session.handle(hello(lease_of())))


def test_a_lease_of_a_renter_that_left_and_owes_nothing_ends(session):
    sign_for(session, *session.handle(ran(chunk_of(1))), *session.handle(ran(chunk_of(2))))
    session.handle(LinkLost())
    assert session.handle(Tick(START + 10, 0)) == []
    assert session.handle(Tick(START + 10 + ALONE_SECONDS - 1, 0)) == []
    assert session.handle(Tick(START + 10 + ALONE_SECONDS, 0)) == [EndLease()]
    session.handle(hello(lease_of()))
    assert session.handle(Tick(START + 10 + ALONE_SECONDS, 0)) == []


def test_one_that_owes_has_longer(session):
    session.handle(ran(chunk_of(1)))
    session.handle(ran(chunk_of(2)))
    session.handle(LinkLost())
    session.handle(Tick(START, 0))
    assert session.handle(Tick(START + OWING_SECONDS - 1, 0)) == []
    shun = NoteGivenUp(session.lease.terms.renter, OWED_COUNTS, START + OWING_SECONDS)
    assert session.handle(Tick(START + OWING_SECONDS, 0)) == [shun, EndLease()]
    assert session.handle(Tick(START + OWING_SECONDS + 1, 0)) == [EndLease()]
    assert START + OWING_SECONDS < EXPIRY


def test_a_lease_does_not_end_under_running_work(session):
    session.handle(LinkLost())
    session.handle(Tick(START, 0))
    assert session.handle(Tick(START + OWING_SECONDS, 0)) == []


def test_an_image_that_was_billed_and_is_asked_for_again_holds_up_no_close():
    """As a renter does on each new link; made again it takes nothing, and no word about it would follow."""
    made = LeaseSession(lease_of(), DOMAIN, lambda message: sign(message, PROVIDER), Policy())
    made.handle(Tick(START, 0))
    made.handle(hello(lease_of()))
    made.handle(prepare_message(SPEC))
    refused = made.handle(RequestClose(0, 0))
    assert isinstance(refused[0].message, Sorry)
    first = made.handle(ImageMade(SPEC, chunk_of(1).image, 5 * 10**9, 0, False))
    (receipt,) = [one.receipt for one in first if isinstance(one, DeliverImage)]
    pay_one(made, receipt)
    made.handle(prepare_message(SPEC))
    kept, granted = made.handle(RequestClose(1, receipt.amount))
    assert kept == KeepClosing()
    assert isinstance(granted.message, CloseGranted)


def pay_one(session, receipt):
    """The only one of a lease."""
    root = Frontier.of([receipt.struct_hash]).root
    signature = sign(DOMAIN.digest(Voucher(1, 1, receipt.amount, root).struct_hash), RENTER)
    session.handle(PayVoucher(1, receipt.amount, root, signature))


def a_session(receipts=(), closing=False):
    made = LeaseSession(
        lease_of(), DOMAIN, lambda message: sign(message, PROVIDER), Policy(), receipts, None, closing
    )
    made.handle(Tick(START, 0))
    made.handle(hello(lease_of()))
    return made


@pytest.mark.parametrize("restarted", [False, True])
def test_an_image_that_this_machine_has_lost_is_made_again_and_billed_once(restarted):
    """The receipts tell what was billed: a second bill of one image is refused by every renter."""
    made = a_session()
    made.handle(prepare_message(SPEC))
    (first,) = made.handle(ImageMade(SPEC, chunk_of(1).image, 5 * 10**9, 0, False))
    if restarted:
        made = a_session([first.receipt])
    made.handle(prepare_message(SPEC))
    (again,) = made.handle(ImageMade(SPEC, chunk_of(1).image, 5 * 10**9, 0, False))
    assert again.message.receipt is None
    assert (again.message.spec, again.message.image) == (SPEC.id, chunk_of(1).image)


def test_images_are_made_again_for_nothing_so_often_and_no_more():
    made = a_session()
    for number in range(MAX_REMADE + 2):
        made.handle(prepare_message(SPEC))
        answers = kinds(made.handle(ImageMade(SPEC, chunk_of(1).image, 5 * 10**9, 0, False)))
        assert (KeepClosing in answers) == (number == MAX_REMADE + 1)


def test_after_its_word_to_close_a_lease_takes_no_work_and_is_closed_by_its_provider_too():
    made = a_session()
    made.handle(RequestClose(0, 0))
    assert made.handle(prepare_message(SPEC))[0].message.code == "over"
    assert made.handle(Tick(START + 1, 0)) == []  # its renter's turn
    assert made.handle(Tick(START + CLOSE_SECONDS, 0)) == [EndLease()]


def test_after_a_restart_the_word_still_counts_and_its_renter_has_had_its_time():
    made = a_session(closing=True)
    assert made.handle(prepare_message(SPEC))[0].message.code == "over"
    assert made.handle(Tick(START + 1, 0)) == [EndLease()]


def test_a_renter_that_is_there_and_gives_no_work_does_not_keep_the_slots(session):
    results = session.handle(ran(chunk_of(1))), session.handle(ran(chunk_of(2)))
    sign_for(session, *results[0], *results[1])
    assert session.handle(Tick(START + 1, 0)) == []
    assert session.handle(Tick(START + IDLE_SECONDS, 0)) == []
    assert session.handle(Tick(START + 1 + IDLE_SECONDS, 0)) == [KeepClosing(), EndLease()]
    assert session.handle(run_message(chunk_of(3)))[0].message.code == "over"


def test_nor_does_one_that_never_signs(session):
    session.handle(ran(chunk_of(1)))
    session.handle(ran(chunk_of(2)))
    session.handle(Tick(START, 0))
    assert session.handle(Tick(START + OWING_SECONDS - 1, 0)) == []
    assert EndLease() in session.handle(Tick(START + OWING_SECONDS, 0))


def test_giving_up_work_that_runs_is_told_with_the_seconds_that_it_took(session):
    session.handle(Tick(START + 50, 0))
    given_up = NoteGivenUp(session.lease.terms.renter, 50, START + 50)
    assert session.handle(GiveUp()) == [KeepClosing(), Stop(chunk_of(1).id), given_up]
    assert a_session().handle(GiveUp()) == []  # nothing ran: nothing was taken


def test_running_work_and_blobs_that_arrive_are_no_idleness(session):
    assert session.handle(Tick(START + 2 * IDLE_SECONDS, 0)) == []
    empty = a_session()
    empty.handle(BlobArrived(bytes(32), 10))
    assert empty.handle(Tick(START + IDLE_SECONDS, 0)) == []
    assert empty.handle(Tick(START + 2 * IDLE_SECONDS, 0)) == [KeepClosing(), EndLease()]
