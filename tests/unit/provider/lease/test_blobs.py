"""Blobs in a lease's bill: each once, by the first chunk that names it, and only if this lease brought it."""

from msgspec.structs import replace

from deal import CODE, DOMAIN, LIMITS, PROVIDER, SPEC, TASK_FUEL, chunk_of, hello, lease_of
from surge.model.digest import Blob, blob_digest
from surge.model.signature import sign
from surge.model.task import ChunkResult, Outcome, Task, moved_of
from surge.provider.lease.policy import Policy
from surge.provider.lease.session import LeaseSession
from surge.provider.lease.steps import BlobArrived, ChunkRan, Deliver, Execute, ImageMade, Tick, ToppedUp
from surge.renter.talk.bill import ChunkRequest
from surge.renter.talk.requests import prepare_message, run_message

BLOB, OTHER = Blob.of(b"large" * 20_000), Blob.of(b"other" * 30_000)


def session(receipts=(), escrow=10**7, slots=1):
    made = LeaseSession(
        lease_of(escrow=escrow, slots=slots), DOMAIN, lambda message: sign(message, PROVIDER), Policy(),
        receipts,
    )  # fmt: skip
    made.handle(Tick(100, 0))
    made.handle(hello(lease_of()))
    made.handle(prepare_message(SPEC))
    made.handle(ImageMade(SPEC, chunk_of(1).image, 0, 0, False))
    return made


def naming(number, *blobs):
    names = tuple(sorted(blob.name for blob in blobs))
    task = Task(blob_digest(CODE), b"input %d" % number, number, LIMITS, names)
    return ChunkRequest.of(SPEC, chunk_of(1).image, [task], len(CODE), blobs={b.name: b for b in blobs})


def bytes_of(asked):
    return moved_of(len(CODE), [task.input for task in asked.tasks], outcomes(asked))


def outcomes(asked):
    return tuple(Outcome(name, "returned", b"", TASK_FUEL) for name in asked.task_ids)


def ran(made, asked):
    """The receipt, or None where the escrow can't pay."""
    result = ChunkResult(asked.id, outcomes(asked), TASK_FUEL, bytes_of(asked), 1, False)
    found = [one for one in made.handle(ChunkRan(result)) if isinstance(one, Deliver)]
    return found[0].receipt if found else None


def sent(made, asked):
    return [one for one in made.handle(run_message(asked)) if isinstance(one, Execute)]


def test_a_blob_is_billed_once_and_only_to_a_chunk_that_names_it():
    made = session()
    made.handle(BlobArrived(BLOB.name, BLOB.size))
    made.handle(BlobArrived(OTHER.name, OTHER.size))
    extra = []
    for asked in (naming(1), naming(2, BLOB), naming(3, BLOB), naming(4, BLOB, OTHER)):
        assert sent(made, asked)
        extra.append(ran(made, asked).moved_bytes - bytes_of(asked))
    assert extra == [0, BLOB.size, 0, OTHER.size]


def test_a_blob_that_comes_twice_is_billed_once():
    made = session()
    for number, extra in ((1, BLOB.size), (2, 0)):
        made.handle(BlobArrived(BLOB.name, BLOB.size))
        assert sent(made, naming(number, BLOB))
        assert ran(made, naming(number, BLOB)).moved_bytes - bytes_of(naming(number, BLOB)) == extra


def test_a_blob_of_an_earlier_lease_costs_nothing():
    made = session()
    assert sent(made, naming(1, BLOB))
    assert ran(made, naming(1, BLOB)).moved_bytes == bytes_of(naming(1, BLOB))


def test_what_no_receipt_has_billed_before_a_crash_is_the_providers_loss():
    """Never twice: after a crash nobody knows what was billed, so nothing is."""
    made = session()
    made.handle(BlobArrived(BLOB.name, BLOB.size))
    sent(made, naming(1, BLOB))
    first = ran(made, naming(1, BLOB))
    again = session([first])
    again.handle(BlobArrived(BLOB.name, BLOB.size))  # the disk had lost it
    assert sent(again, naming(2, BLOB))
    assert ran(again, naming(2, BLOB)).moved_bytes == bytes_of(naming(2, BLOB))


def test_a_chunk_that_the_escrow_could_not_pay_bills_the_blob_when_it_can():
    made = session(escrow=10)
    made.handle(BlobArrived(BLOB.name, BLOB.size))
    sent(made, naming(1, BLOB))
    assert ran(made, naming(1, BLOB)) is None
    made.handle(ToppedUp(lease_of()))
    sent(made, naming(1, BLOB))
    assert ran(made, naming(1, BLOB)).moved_bytes == bytes_of(naming(1, BLOB)) + BLOB.size


def test_of_two_chunks_under_way_the_first_to_end_bills_it():
    made = session(slots=2)
    made.handle(BlobArrived(BLOB.name, BLOB.size))
    one, two = naming(1, BLOB), naming(2, BLOB)
    assert sent(made, one)
    assert sent(made, two)
    assert [ran(made, two).moved_bytes - bytes_of(two), ran(made, one).moved_bytes - bytes_of(one)] == [
        BLOB.size, 0,
    ]  # fmt: skip


def test_the_names_of_blobs_are_in_the_tasks_id():
    made = session()
    message = run_message(naming(1, BLOB))
    assert not sent_message(made, replace(message, blobs=[[OTHER.name]]))
    assert not sent_message(made, replace(message, blobs=[]))
    assert sent_message(made, message)


def sent_message(made, message):
    return [one for one in made.handle(message) if isinstance(one, Execute)]
