"""A renter's bill: what adds up is paid once; each way to cheat is refused before anything is signed (M2)."""

from dataclasses import replace

import pytest
from coincurve import PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from surge.model.digest import Blob, digest
from surge.model.errors import Distrusted
from surge.model.lease import Lease, Terms
from surge.model.receipt import Receipt, setup_chunk, setup_outcome, task_leaf
from surge.model.signature import address_of, sign
from surge.model.task import PYTHON, ImageSpec, Limits, Outcome, Task, amount_of, moved_of
from surge.model.typed import Domain
from surge.renter.talk.bill import MAX_SETUP_FUEL, ChunkRequest, LeaseBill
from surge.run.sandbox.python import IMAGE_LIMITS
from surge.settle.merkle import Frontier, root_of
from surge.settle.voucher import check_voucher

RENTER, PROVIDER = PrivateKey(b"\1" * 32), PrivateKey(b"\2" * 32)
DOMAIN = Domain(31337, address_of(PrivateKey(b"\3" * 32)))
SPEC = ImageSpec(PYTHON, digest("test", b"suite"), ("numpy",))
IMAGE = digest("test", b"image")
LIMITS = Limits(fuel=10**9, output=1_000)
LEASE = Lease(
    7, Terms(address_of(RENTER), address_of(PROVIDER), 1, 1_000, 10_000, 1_000_000, 2**33), 900, bytes(32)
)


def a_bill(lease=LEASE):
    return LeaseBill(lease, DOMAIN, lambda message: sign(message, RENTER))


def a_chunk(count=3, first=0):
    tasks = [Task(bytes(32), b"input %d" % n, n, LIMITS) for n in range(first, first + count)]
    return ChunkRequest.of(SPEC, IMAGE, tasks, 100)


def outcomes_of(asked, fuel=10**8):
    return tuple(Outcome(name, "returned", b"output", fuel) for name in asked.task_ids)


def receipt_of(asked, results, position=0, setup=10**6, **changes):
    moved = moved_of(asked.code_size, [task.input for task in asked.tasks], results)
    fuel = changes.get("fuel", sum(one.fuel for one in results) + setup)
    receipt = Receipt(
        LEASE.id, position, asked.id, root_of(map(task_leaf, results)), fuel, moved, 5, False,
        amount_of(fuel, changes.get("moved_bytes", moved), LEASE.terms.price_gfuel, LEASE.terms.price_gib),
    )  # fmt: skip
    return replace(receipt, **changes)


def signed(receipt, key=PROVIDER):
    return receipt, sign(DOMAIN.digest(receipt.struct_hash), key)


def take(bill, asked, receipt, signature, outcomes):
    return bill.take_chunk(asked, receipt, signature, outcomes)


def test_each_receipt_is_paid_by_the_next_voucher():
    bill, tree, owed = a_bill(), Frontier(), 0
    for position in range(5):
        asked = a_chunk(first=10 * position)
        outcomes = outcomes_of(asked)
        receipt, signature = signed(receipt_of(asked, outcomes, position))
        before = bill.latest.voucher if bill.latest else None
        _, paid = bill.take_chunk(asked, receipt, signature, outcomes)
        tree.append(receipt.struct_hash)
        owed += receipt.amount
        assert (paid.voucher.sequence, paid.voucher.amount, paid.voucher.root) == (
            position + 1,
            owed,
            tree.root,
        )
        check_voucher(paid.voucher, paid.signature, before, LEASE, DOMAIN)
    assert bill.left == LEASE.terms.escrow - owed


def test_part_of_a_chunk_is_paid_as_part():
    bill, asked = a_bill(), a_chunk(5)
    whole = outcomes_of(asked)[:2]
    with pytest.raises(Distrusted, match="was cut short after 2 of 5 tasks"):
        take(bill, asked, *signed(receipt_of(asked, whole)), whole)
    for status in ("trapped", "out-of-fuel"):
        bill, outcomes = a_bill(), (whole[0], replace(whole[1], status=status))
        receipt, signature = signed(receipt_of(asked, outcomes))
        take(bill, asked, receipt, signature, outcomes)
        assert bill.signed.amount == receipt.amount


OTHER = Outcome(bytes(32), "returned", b"output", 10**8)
FORGED_OUTCOMES = {
    "none": lambda good: (),
    "one too many": lambda good: (*good, OTHER),
    "another task's": lambda good: (OTHER, *good[1:]),
    "in another order": lambda good: good[::-1],
    "not the first ones": lambda good: good[1:],
    "twice the same": lambda good: (good[0], *good[:-1]),
    "an unknown status": lambda good: (replace(good[0], status="setup"), *good[1:]),
    "too much output": lambda good: (replace(good[0], output=bytes(LIMITS.output + 1)), *good[1:]),
    "more fuel than the limit": lambda good: (replace(good[0], fuel=LIMITS.fuel + 1), *good[1:]),
}


@pytest.mark.parametrize("how", FORGED_OUTCOMES)
def test_outcomes_that_were_not_asked_for_are_refused(how):
    """Even where the provider signs just these."""
    bill, asked = a_bill(), a_chunk()
    outcomes = FORGED_OUTCOMES[how](outcomes_of(asked))
    receipt, signature = signed(receipt_of(asked, outcomes))
    with pytest.raises(Distrusted):
        take(bill, asked, receipt, signature, outcomes)
    assert bill.latest is None
    assert bill.receipts == 0


@pytest.mark.parametrize("change", [{"output": b"another"}, {"status": "raised"}, {"fuel": 5}])
def test_outcomes_other_than_the_signed_ones_are_refused(change):
    bill, asked = a_bill(), a_chunk()
    good = outcomes_of(asked)
    receipt, signature = signed(receipt_of(asked, good))
    with pytest.raises(Distrusted):
        take(bill, asked, receipt, signature, (replace(good[0], **change), *good[1:]))
    assert bill.latest is None


FORGED_RECEIPTS = {
    "another lease": {"lease": 8},
    "a later position": {"position": 1},
    "another chunk": {"chunk": bytes(32)},
    "other outcomes": {"outcomes": bytes(32)},
    "less fuel than its tasks": {"fuel": 10**8},
    "more fuel than the limits allow": {"fuel": 3 * 10**8 + LIMITS.fuel + 1},
    "more bytes": {"moved_bytes": 10**6},
    "fewer bytes": {"moved_bytes": 0},
    "a higher amount": {"amount": 10**5},
    "a lower amount": {"amount": 1},
    "nothing": {"amount": 0},
    "a field that nobody can sign": {"millijoules": -1},
}


@pytest.mark.parametrize("how", FORGED_RECEIPTS)
def test_a_receipt_that_does_not_add_up_is_refused(how):
    """Though the provider signed it."""
    bill, asked = a_bill(), a_chunk()
    outcomes = outcomes_of(asked)
    receipt = receipt_of(asked, outcomes, **FORGED_RECEIPTS[how])
    try:
        _, signature = signed(receipt)
    except OverflowError:
        signature = bytes(64) + b"\x1b"
    with pytest.raises(Distrusted):
        take(bill, asked, receipt, signature, outcomes)
    assert bill.latest is None
    assert bill.receipts == 0


def test_only_the_provider_of_the_lease_signs_receipts():
    bill, asked = a_bill(), a_chunk()
    outcomes = outcomes_of(asked)
    receipt, signature = signed(receipt_of(asked, outcomes), key=RENTER)
    with pytest.raises(Distrusted, match="not by the provider"):
        take(bill, asked, receipt, signature, outcomes)


def test_the_same_receipt_is_paid_once():
    bill, asked = a_bill(), a_chunk()
    outcomes = outcomes_of(asked)
    receipt, signature = signed(receipt_of(asked, outcomes))
    take(bill, asked, receipt, signature, outcomes)
    paid = bill.signed
    with pytest.raises(Distrusted, match="position"):
        take(bill, asked, receipt, signature, outcomes)
    assert bill.signed == paid


def test_nothing_beyond_the_escrow_is_signed():
    small = replace(LEASE, terms=replace(LEASE.terms, escrow=100))
    bill, asked = a_bill(small), a_chunk()
    outcomes = outcomes_of(asked)
    receipt, signature = signed(receipt_of(asked, outcomes))
    assert receipt.amount > 100
    with pytest.raises(Distrusted, match="more than lease 7 has left"):
        take(bill, asked, receipt, signature, outcomes)
    assert bill.latest is None


def a_setup(fuel=10**9, image=IMAGE, **changes):
    receipt = Receipt(
        LEASE.id, 0, setup_chunk(SPEC), root_of([task_leaf(setup_outcome(SPEC, image, fuel))]),
        fuel, 0, 5, False, amount_of(fuel, 0, LEASE.terms.price_gfuel, LEASE.terms.price_gib),
    )  # fmt: skip
    return signed(replace(receipt, **changes))


def test_a_setup_is_paid():
    bill = a_bill()
    bill.take_setup(SPEC, IMAGE, *a_setup())
    assert bill.signed.amount == 1_000
    with pytest.raises(Distrusted, match="billed twice"):  # however often it was asked for (B2)
        bill.take_setup(SPEC, IMAGE, *a_setup(position=1))
    assert bill.signed.amount == 1_000


@pytest.mark.parametrize(
    "forged",
    [
        {"image": bytes(32)},
        {"chunk": bytes(32)},
        {"moved_bytes": 5},
        {"amount": 1},
        {"fuel": MAX_SETUP_FUEL + 1},
        {"position": 1},
    ],
)
def test_a_setup_that_does_not_add_up_is_refused(forged):
    bill = a_bill(replace(LEASE, terms=replace(LEASE.terms, escrow=2**39)))
    with pytest.raises(Distrusted):
        bill.take_setup(SPEC, IMAGE, *a_setup(**forged))
    assert bill.latest is None


def test_the_cap_of_a_setup_is_the_sandbox_s():
    assert IMAGE_LIMITS.fuel == MAX_SETUP_FUEL


@given(place=st.integers(0, 64), bit=st.integers(0, 7))
def test_a_flipped_bit_of_the_signature_is_refused(place, bit):
    bill, asked = a_bill(), a_chunk()
    outcomes = outcomes_of(asked)
    receipt, signature = signed(receipt_of(asked, outcomes))
    spoiled = bytearray(signature)
    spoiled[place] ^= 1 << bit
    with pytest.raises(Distrusted):
        take(bill, asked, receipt, bytes(spoiled), outcomes)
    assert bill.latest is None


@pytest.mark.parametrize(("receipts", "sequence"), [(0, 1), (0, 0), (1, 2)])
def test_a_provider_with_other_books_is_not_believed(receipts, sequence):
    """It lost what it had signed for, or has a voucher that nobody signed."""
    bill, asked = a_bill(), a_chunk()
    outcomes = outcomes_of(asked)
    take(bill, asked, *signed(receipt_of(asked, outcomes)), outcomes)
    with pytest.raises(Distrusted, match="other books"):
        bill.check_books(receipts, sequence)


@pytest.mark.parametrize(("receipts", "sequence"), [(1, 0), (1, 1), (9, 1)])
def test_a_provider_that_is_ahead_or_lacks_a_voucher_goes_on(receipts, sequence):
    bill, asked = a_bill(), a_chunk()
    outcomes = outcomes_of(asked)
    take(bill, asked, *signed(receipt_of(asked, outcomes)), outcomes)
    bill.check_books(receipts, sequence)


def with_blob(first=0):
    tasks = [Task(bytes(32), b"input", first, LIMITS, (BLOB.name,))]
    return ChunkRequest.of(SPEC, IMAGE, tasks, 100, blobs={BLOB.name: BLOB})


BLOB = Blob.of(b"large" * 1_000)


def test_a_blob_is_paid_for_once_and_only_if_this_lease_sent_it():
    bill = a_bill()

    def takes(asked, position, extra):
        outcomes = outcomes_of(asked)
        moved = moved_of(asked.code_size, [task.input for task in asked.tasks], outcomes)
        receipt, signature = signed(receipt_of(asked, outcomes, position, moved_bytes=moved + extra))
        return bill.take_chunk(asked, receipt, signature, outcomes)

    with pytest.raises(Distrusted, match="bytes where"):
        takes(with_blob(), 0, BLOB.size)  # it was never sent
    bill.sent(BLOB.name, BLOB.size)
    with pytest.raises(Distrusted, match="bytes where"):
        takes(a_chunk(), 0, BLOB.size)  # this chunk doesn't name it
    with pytest.raises(Distrusted, match="bytes where"):
        takes(with_blob(), 0, BLOB.size + 1)
    takes(a_chunk(), 0, 0)
    takes(with_blob(1), 1, BLOB.size)
    bill.sent(BLOB.name, BLOB.size)  # again: the provider had lost it
    with pytest.raises(Distrusted, match="bytes where"):
        takes(with_blob(2), 2, BLOB.size)  # it was paid
    takes(with_blob(3), 2, 0)
