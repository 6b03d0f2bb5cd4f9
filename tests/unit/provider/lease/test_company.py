"""Nobody works for a renter that is gone, and its slots are free again soon (P3, P6)."""

import pytest

from deal import DOMAIN, EXPIRY, PROVIDER, RENTER, SPEC, chunk_of, hello, lease_of
from surge.model.signature import sign
from surge.model.task import ChunkResult, Outcome
from surge.model.voucher import Voucher
from surge.net.messages import CloseGranted, PayVoucher, RequestClose, Sorry, Welcome
from surge.provider.lease.policy import ALONE_SECONDS, OWING_SECONDS, Policy
from surge.provider.lease.session import LeaseSession
from surge.provider.lease.steps import (
    Answer,
    ChunkRan,
    Deliver,
    DeliverImage,
    EndLease,
    Execute,
    ImageMade,
    LinkLost,
    MakeImage,
    Redeliver,
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
    assert session.handle(Tick(START + OWING_SECONDS, 0)) == [EndLease()]
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
    root = Frontier.of([receipt.struct_hash]).root
    signature = sign(DOMAIN.digest(Voucher(1, 1, receipt.amount, root).struct_hash), RENTER)
    made.handle(PayVoucher(1, receipt.amount, root, signature))
    made.handle(prepare_message(SPEC))
    (granted,) = made.handle(RequestClose(1, receipt.amount))
    assert isinstance(granted.message, CloseGranted)
