"""B1: the bill can be checked, and one flipped byte anywhere in the renter's books is found and named."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import surge
from surge.chain.client import Chain
from surge.model.command import CommandInput, CommandOutput
from surge.model.errors import BadInput, NotDeterministic
from surge.model.receipt import Receipt, SignedReceipt, setup_chunk, setup_outcome, task_leaf
from surge.model.task import PYTHON, ChunkResult
from surge.model.units import Bytes, Fuel, MicroUsd, MilliJoules
from surge.renter.access import Access
from surge.renter.again import run_again
from surge.renter.lease.images import make_here
from surge.renter.verify import Check, verify
from surge.run import kernels
from surge.run.sandbox.suite import wasm_spec
from surge.run.slots.pool import Job, Pool
from surge.settle.merkle import root_of
from surge.store.renter import RenterStore
from surge.store.tables.renter import METADATA

COLUMNS = [(table.name, column.name) for table in METADATA.sorted_tables for column in table.columns]


def square(number: int) -> int:
    return number * number


class Books:
    """A finished job of Python and wasm tasks, and the means to damage its rows."""

    def __init__(self, job: str, store: RenterStore, chain: Chain) -> None:
        self.job, self.store, self.chain = job, store, chain

    def check(self) -> list[Check]:
        return verify(self.job, self.store, self.chain)

    def failed(self) -> list[Check]:
        return [check for check in self.check() if not check.ok]

    def rows(self, table: str, column: str) -> list[tuple[int, object]]:
        with closing(sqlite3.connect(self.store.path)) as connection:
            return connection.execute(f'SELECT rowid, "{column}" FROM "{table}"').fetchall()

    def write(self, table: str, column: str, row: int, value: object) -> None:
        self.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE rowid = ?', value, row)

    def execute(self, statement: str, *values: object) -> None:
        with closing(sqlite3.connect(self.store.path)) as connection, connection:
            connection.execute(statement, values)

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Whatever happens inside, afterwards the database is as it was."""
        with (
            closing(sqlite3.connect(self.store.path)) as connection,
            closing(sqlite3.connect(":memory:")) as kept,
        ):
            connection.backup(kept)
            try:
                yield
            finally:
                kept.backup(connection)


@pytest.fixture(scope="module")
def books() -> Iterator[Books]:
    with surge.LocalNetwork(providers=2) as network:
        module = (Path(kernels.__file__).parent / "nbody.wasm").read_bytes()
        with network.executor(max_workers=2, budget="1.00", progress=False) as executor:
            assert list(executor.map(square, range(12))) == [n * n for n in range(12)]
            given = CommandInput(("100",)).encode()
            answer = executor.enter(
                wasm_spec(module), module, given, lambda o: CommandOutput.decode(o.output)
            )
            assert answer.result().exit_code == 0
            assert executor.submit(len, surge.put(bytes(range(200)))).result() == 200
        access = Access(network.home, "local")
        store, chain = access.store(), access.chain()
        yield Books(executor.job or "", store, chain)
        store.close()
        chain.disconnect()


def flipped(value: object) -> object:
    """The same value with one bit changed."""
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:] if value else b"\1"
    if isinstance(value, str):
        return chr(ord(value[0]) ^ 1) + value[1:] if value else "x"
    return value ^ 1 if isinstance(value, int) else 1


def test_an_untouched_bill_passes_line_by_line(books: Books) -> None:
    checks = books.check()
    assert all(check.ok for check in checks), [c for c in checks if not c.ok]
    places = " ".join(check.place for check in checks)
    for noun in ("job", "image", "lease", "receipt", "voucher", "settlement", "transaction"):
        assert noun in places


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=[".".join(pair) for pair in COLUMNS])
def test_one_flipped_bit_is_found(books: Books, table: str, column: str) -> None:
    """In the first and in the last row of every column of every table."""
    rows = books.rows(table, column)
    assert rows, f"the job wrote nothing to {table}"
    for row, value in {rows[0], rows[-1]}:
        with books.restored():
            try:
                books.write(table, column, row, flipped(value))
            except sqlite3.IntegrityError:
                continue  # the database itself refuses a second row of that key
            if (table, column) == ("jobs", "id"):
                with pytest.raises(BadInput, match="there is no job"):
                    books.failed()
                continue
            failed = books.failed()
            assert failed, f"nobody noticed {table}.{column}"
            assert all(check.place and check.said for check in failed)
    assert not books.failed()


def test_a_missing_receipt_is_found(books: Books) -> None:
    with books.restored():
        books.execute("DELETE FROM receipts WHERE rowid = (SELECT max(rowid) FROM receipts)")
        assert any("receipt" in check.place or "voucher" in check.place for check in books.failed())
    assert not books.failed()


def test_a_job_that_never_was(books: Books) -> None:
    with pytest.raises(BadInput, match="there is no job"):
        verify("nothing", books.store, books.chain)


# Run again


def again(books: Books, count: int = 100) -> list[Check]:
    job = next(row for row, _ in books.store.jobs() if row.id == books.job)

    async def all_of_it() -> list[Check]:
        return [check async for check in run_again(job, books.store, count, lambda _: None)]

    return asyncio.run(all_of_it())


def test_what_was_signed_is_what_is_computed_here(books: Books) -> None:
    """Of every chunk: Python, wasm and one with a blob."""
    *checks, summary = again(books)
    assert len(checks) >= 3
    assert all(check.ok and "the same" in check.said for check in checks), checks
    assert summary.ok
    assert f"{len(checks)} ran again here, 0 too long, 0 not drawn" in summary.said
    assert len(again(books, 1)) == 2
    assert f"{len(checks) - 1} not drawn" in again(books, 1)[-1].said
    assert again(books, 0) == []


def test_no_bill_is_too_high_to_be_drawn(books: Books) -> None:
    """What a provider signs for keeps nothing from being run again."""
    row, _ = books.rows("tasks", "fuel")[0]
    with books.restored():
        before = len(again(books))
        books.write("tasks", "fuel", row, 101 * 10**9)
        books.execute("UPDATE receipts SET fuel = 101000000000")
        *checks, _ = again(books)
        assert len(checks) + 1 == before
        assert not any(check.ok for check in checks)


@pytest.mark.parametrize("most", [0, 1, 3])
def test_what_runs_too_long_is_compared_as_far_as_it_came(
    books: Books, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`most`: tasks of a chunk that end here in time."""
    run, tried = Pool.run, []

    async def slow(pool: Pool, job: Job) -> ChunkResult:
        tried.append(len(job.tasks))
        if len(job.tasks) > most:
            raise NotDeterministic("it took too long")
        return await run(pool, job)

    monkeypatch.setattr(Pool, "run", slow)
    *checks, summary = again(books)
    assert not [check for check in checks if not check.ok]
    long = [check for check in checks if "not compared, too long" in check.said]
    assert f"{len(long)} too long" in summary.said
    assert all("Gfuel" in check.said for check in long)
    assert bool(long) == (most == 0)
    if most == 1:
        assert any("the first 1 task of" in check.said for check in checks)
        row, value = books.rows("tasks", "output")[0]
        with books.restored():
            books.write("tasks", "output", row, flipped(value))
            assert any("its provider signed" in check.said for check in again(books) if not check.ok)


def bill_setups(books: Books, more: int = 0) -> None:
    """As if each provider had made the Python image, and billed `more` fuel than that takes."""
    job = next(row for row, _ in books.store.jobs() if row.id == books.job)
    spec = next(spec for _, spec, _ in books.store.images(job.id) if spec.runtime == PYTHON)
    made = asyncio.run(make_here(spec, None))
    for lease in books.store.leases(job):
        receipts = books.store.receipts(job.id, lease.id)
        outcomes = root_of([task_leaf(setup_outcome(spec, made.digest, Fuel(made.fuel + more)))])
        receipt = Receipt(
            lease.id, len(receipts), setup_chunk(spec), outcomes, Fuel(made.fuel + more), Bytes(0),
            MilliJoules(0), False, MicroUsd(0),
        )  # fmt: skip
        books.store.put_receipt(
            job.id, SignedReceipt(receipt, b""), [], books.store.voucher(job.id, lease.id)
        )


@pytest.mark.parametrize("more", [0, 10**9])
def test_fuel_for_an_image_that_was_never_burned_is_found(books: Books, more: int) -> None:
    with books.restored():
        bill_setups(books, more)
        checks = [check for check in again(books) if "image" in check.said]
        assert checks
        if more:
            wrong = [
                check for check in checks if not check.ok
            ]  # beside a true one, if this job made its image
            assert len(wrong) == len({check.place.split(",")[0] for check in checks})
            assert all("making its image burns" in check.said for check in wrong)
        else:
            assert all(check.ok and "the same image" in check.said for check in checks)
        assert f"{len(checks)} setup" in again(books)[-1].said


def test_fuel_for_loading_that_was_never_burned_is_found(books: Books) -> None:
    statement = "SELECT r.rowid, r.fuel FROM receipts r JOIN tasks t USING (job, lease, position) LIMIT 1"
    with closing(sqlite3.connect(books.store.path)) as connection:
        row, fuel = connection.execute(statement).fetchone()
    with books.restored():
        books.write("receipts", "fuel", row, fuel + 10**9)
        (wrong,) = [check for check in again(books) if not check.ok]
        assert "are billed" in wrong.said


def test_an_image_that_is_another_one_here_is_found(books: Books) -> None:
    row, value = books.rows("images", "digest")[0]
    with books.restored():
        books.write("images", "digest", row, flipped(value))
        assert any("another one here" in check.said for check in again(books) if not check.ok)
