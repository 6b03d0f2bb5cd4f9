"""The renter's database: leases of two networks may have the same number."""

import sqlite3
from dataclasses import replace
from pathlib import Path

from surge.model.digest import digest
from surge.model.lease import Lease, Terms
from surge.model.receipt import Receipt, SignedReceipt
from surge.model.task import MAX_SEED
from surge.model.units import Address, Bytes, Fuel, LeaseId, MicroUsd, MilliJoules, Seconds
from surge.model.voucher import SignedVoucher, Voucher
from surge.store.renter import JobRow, RenterStore

ONE, OTHER = Address("0x" + "1" * 40), Address("0x" + "2" * 40)
LEASE = LeaseId(1)


def paid(store: RenterStore, job: str, chain_id: int, amount: int) -> None:
    """A job on a chain of its own, with lease 1, one receipt and its voucher."""
    store.put_job(JobRow(job, "test", 1, chain_id, ONE, OTHER, MicroUsd(10), "open"))
    terms = Terms(OTHER, ONE, 1, 1, 1, MicroUsd(10), Seconds(100))
    store.put_lease(job, Lease(LEASE, terms, MicroUsd(1), bytes(32)))
    numbers = (Fuel(1), Bytes(1), MilliJoules(1), False, MicroUsd(amount))
    receipt = Receipt(LEASE, 0, bytes(32), bytes(32), *numbers)
    voucher = Voucher(LEASE, 1, MicroUsd(amount), bytes(32))
    store.put_receipt(job, SignedReceipt(receipt, b"r"), [], SignedVoucher(voucher, b"v"))


def test_two_networks_have_a_lease_one_each(tmp_path: Path) -> None:
    store = RenterStore(tmp_path / "renter.db")
    try:
        paid(store, "first", 1, 2)
        paid(store, "second", 2, 3)
        for job, amount in (("first", 2), ("second", 3)):
            (kept,) = store.receipts(job, LEASE)
            latest = store.voucher(job, LEASE)
            assert kept.receipt.amount == amount
            assert latest is not None
            assert latest.voucher.amount == amount
        assert [row.id for row, _ in store.jobs()] == ["second", "first"]
        assert not store.orphans()
    finally:
        store.close()


def test_programs_of_the_first_version_read_and_write_on(tmp_path: Path) -> None:
    """They may run while a newer one looks: a column is never renamed in the file."""
    store = RenterStore(tmp_path / "renter.db")
    paid(store, "first", 1, 2)
    store.close()
    with sqlite3.connect(tmp_path / "renter.db") as old:
        assert old.execute("SELECT moved FROM receipts").fetchall() == [(1,)]
        kept = "job, lease, {}, outcomes, fuel, {}, millijoules, measured, amount, signature"
        into, values = kept.format("position, chunk", "moved"), kept.format("1, x'01'", "7")
        old.execute(f"INSERT INTO receipts ({into}) SELECT {values} FROM receipts")
    store = RenterStore(tmp_path / "renter.db")
    assert [one.receipt.moved_bytes for one in store.receipts("first", LEASE)] == [1, 7]
    store.close()


def test_a_job_of_the_first_version_keeps_its_seal_and_its_seeds() -> None:
    """Without a seed nothing of a row changed; with one, that is sealed too."""
    old = JobRow("first", "test", 1, 1, ONE, OTHER, MicroUsd(10), "open")
    assert old.seal == digest(
        "job", b"first", b"test", b"1", b"1", ONE.encode(), OTHER.encode(), b"10", b"open"
    )
    assert old.task_seed(5) == 5
    new = replace(old, seed=7)
    assert new.seal != old.seal != replace(old, seed=8).seal
    assert 0 <= new.task_seed(5) <= MAX_SEED
    assert new.task_seed(5) != new.task_seed(6) != replace(old, seed=8).task_seed(6)


def test_old_closed_jobs_are_forgotten_with_all_that_is_theirs(tmp_path: Path) -> None:
    store = RenterStore(tmp_path / "renter.db")
    try:
        for job, state, created in (("old", "closed", 10), ("new", "closed", 1_000), ("open", "open", 10)):
            paid(store, job, 1, 2)
            store.put_job(JobRow(job, "test", created, 1, ONE, OTHER, MicroUsd(10), state))
            store.trace(job).parent.mkdir(exist_ok=True)
            store.trace(job).write_text("{}\n")
            store.put_blob(digest("blob", job.encode()), bytes(1 << 20))
        assert store.forget(500) == ["old"]
        assert {row.id for row, _ in store.jobs()} == {"new", "open"}
        assert not store.receipts("old", LEASE)
        assert store.receipts("new", LEASE)
        assert not store.orphans()
        assert not store.trace("old").exists()
        assert store.trace("open").exists()
        assert store.blob(digest("blob", b"open")) is not None  # a job under way: no row names its blobs yet
        store.put_job(JobRow("open", "test", 10, 1, ONE, OTHER, MicroUsd(10), "closed"))
        before = (tmp_path / "renter.db").stat().st_size
        assert store.forget(500) == ["open"]
        assert store.blob(digest("blob", b"old")) is None
        assert (tmp_path / "renter.db").stat().st_size < before
        assert store.forget(500) == []
    finally:
        store.close()
