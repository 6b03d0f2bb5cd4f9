"""What a renter keeps: jobs, their leases, tasks and images, every receipt and the latest voucher.

Each column of `receipts`, `tasks`, `vouchers` and `leases` is checked by `surge verify`, against a
signature, a digest or the chain; `jobs` carries a seal over its own fields.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert as upsert

from surge.model.digest import digest
from surge.model.lease import Lease, Terms
from surge.model.receipt import Receipt, SignedReceipt
from surge.model.task import ImageSpec, Limits, Outcome, Task, task_seed
from surge.model.units import Address, Bytes, Fuel, LeaseId, MicroUsd, MilliJoules, Seconds
from surge.model.voucher import SignedVoucher, Voucher
from surge.store.database import give_back_space, open_database, reading
from surge.store.tables.renter import (
    BLOBS,
    IMAGES,
    JOBS,
    LEASES,
    METADATA,
    RECEIPTS,
    TASKS,
    TRANSACTIONS,
    VOUCHERS,
)


@dataclass(frozen=True, slots=True)
class JobRow:
    """`created` in unix seconds; `budget` in millionths of a dollar; `state` open or closed.

    seed: of its tasks' randomness (None: a job of an early version; each task was seeded by its number).
    """

    id: str
    name: str
    created: int
    chain_id: int
    market: Address
    renter: Address
    budget: MicroUsd
    state: str
    seed: int | None = None

    @property
    def seal(self) -> bytes:
        fields = [self.name, self.created, self.chain_id, self.market, self.renter, self.budget, self.state]
        fields += [] if self.seed is None else [self.seed]
        return digest("job", self.id.encode(), *(str(value).encode() for value in fields))

    def task_seed(self, number: int) -> int:
        """What feeds the randomness of the task with this number."""
        return number if self.seed is None else task_seed(self.seed, number)


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One task of a receipted chunk (or asked for, while status is None)."""

    lease: LeaseId
    position: int
    ordinal: int
    job: str
    number: int
    id: bytes
    spec: bytes
    code: bytes
    seed: int
    limits: Limits
    input: bytes
    status: str | None
    output: bytes | None
    fuel: Fuel | None
    blobs: tuple[bytes, ...] = ()

    @classmethod
    def of(
        cls,
        receipt: Receipt,
        ordinal: int,
        job: str,
        number: int,
        task_id: bytes,
        spec: bytes,
        task: Task,
        outcome: Outcome | None,
    ) -> "TaskRow":
        """The task at place `ordinal` of the chunk that `receipt` bills; `outcome` None if it never ran."""
        return cls(
            receipt.lease,
            receipt.position,
            ordinal,
            job,
            number,
            task_id,
            spec,
            task.code,
            task.seed,
            task.limits,
            task.input,
            outcome.status if outcome else None,
            outcome.output if outcome else None,
            outcome.fuel if outcome else None,
            task.blobs,
        )


def unseen_mark(receipt: Receipt) -> bytes:
    """Beside a receipt that was paid after a crash: what it bills never arrived."""
    return digest("unseen", receipt.struct_hash)


class RenterStore:
    """The renter's database. Every write is one transaction; what is committed survives a crash."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine = open_database(path, METADATA, "renter")

    def close(self) -> None:
        self._engine.dispose()

    def trace(self, job: str) -> Path:
        """The file of what happened in a job; nothing is created by asking for it."""
        return self.path.parent / "traces" / f"{job}.jsonl"

    def put_job(self, job: JobRow) -> None:
        """Insert, or replace the one with the same id."""
        values = {name: getattr(job, name) for name in JobRow.__dataclass_fields__} | {"seal": job.seal}
        statement = upsert(JOBS).values(values)
        with self._engine.begin() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))

    def jobs(self) -> list[tuple[JobRow, bytes]]:
        """Newest first, each with its stored seal."""
        columns = [JOBS.c[name] for name in JobRow.__dataclass_fields__]
        statement = sa.select(*columns, JOBS.c.seal).order_by(JOBS.c.created.desc(), sa.text("rowid DESC"))
        with reading(self._engine) as connection:
            return [(JobRow(*row[:-1]), row[-1]) for row in connection.execute(statement)]

    def forget(self, before: int) -> list[str]:
        """Drop closed jobs that were made before that unix second, with all that is kept of them, and blobs
        that no other job needs; their ids."""
        with self._engine.begin() as connection:
            old = sa.select(JOBS.c.id).where(JOBS.c.state == "closed", JOBS.c.created < before)
            ids = [str(row[0]) for row in connection.execute(old)]
            for table in (TASKS, RECEIPTS, VOUCHERS, LEASES, IMAGES, TRANSACTIONS):
                connection.execute(sa.delete(table).where(table.c.job.in_(ids)))
            connection.execute(sa.delete(JOBS).where(JOBS.c.id.in_(ids)))
            running = connection.execute(sa.select(JOBS.c.id).where(JOBS.c.state != "closed")).first()
            if ids and running is None:  # a job under way has blobs that no row names yet
                named = connection.execute(sa.select(TASKS.c.blobs).distinct()).scalars()
                blobs = {name for joined in named for name in _digests(joined)}
                needed = sa.union(sa.select(TASKS.c.code), sa.select(IMAGES.c.module)).subquery()
                held = connection.execute(
                    sa.select(BLOBS.c.digest).where(BLOBS.c.digest.not_in(sa.select(needed)))
                ).scalars()
                for name in set(held) - blobs:
                    connection.execute(sa.delete(BLOBS).where(BLOBS.c.digest == name))
        for job in ids:
            self.trace(job).unlink(missing_ok=True)
        if ids:
            give_back_space(self._engine)
        return ids

    def put_lease(self, job: str, lease: Lease) -> None:
        terms = lease.terms
        values = {
            "lease": lease.id,
            "job": job,
            "provider": terms.provider,
            "slots": terms.slots,
            "price_gfuel": terms.price_gfuel,
            "price_gib": terms.price_gib,
            "escrow": terms.escrow,
            "expiry": terms.expiry,
            "reservation": lease.reservation,
            "transaction": lease.transaction,
        }
        statement = upsert(LEASES).values(values)
        with self._engine.begin() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["job", "lease"], set_=values))

    def leases(self, job: JobRow) -> list[Lease]:
        statement = sa.select(LEASES).where(LEASES.c.job == job.id).order_by(LEASES.c.lease)
        with reading(self._engine) as connection:
            return [
                Lease(
                    LeaseId(row.lease),
                    Terms(
                        job.renter,
                        Address(row.provider),
                        row.slots,
                        row.price_gfuel,
                        row.price_gib,
                        MicroUsd(row.escrow),
                        Seconds(row.expiry),
                    ),
                    MicroUsd(row.reservation),
                    row.transaction,
                )
                for row in connection.execute(statement)
            ]

    def put_image(self, job: str, spec: ImageSpec, image_digest: bytes) -> None:
        values = {
            "job": job,
            "spec": spec.id,
            "runtime": spec.runtime,
            "runtime_digest": spec.runtime_digest,
            "modules": "\n".join(spec.modules),
            "module": spec.module,
            "digest": image_digest,
        }
        with self._engine.begin() as connection:
            connection.execute(upsert(IMAGES).values(values).on_conflict_do_nothing())

    def images(self, job: str) -> list[tuple[bytes, ImageSpec, bytes]]:
        """A job's images: (stored spec id, spec, image digest)."""
        with reading(self._engine) as connection:
            rows = connection.execute(sa.select(IMAGES).where(IMAGES.c.job == job)).all()
        return [
            (
                row.spec,
                ImageSpec(
                    row.runtime, row.runtime_digest, tuple(filter(None, row.modules.split("\n"))), row.module
                ),
                row.digest,
            )
            for row in rows
        ]

    def put_blob(self, blob_digest: bytes, content: bytes) -> None:
        values = {"digest": blob_digest, "content": content}
        with self._engine.begin() as connection:
            connection.execute(upsert(BLOBS).values(values).on_conflict_do_nothing())

    def blob(self, blob_digest: bytes) -> bytes | None:
        with reading(self._engine) as connection:
            found = connection.execute(
                sa.select(BLOBS.c.content).where(BLOBS.c.digest == blob_digest)
            ).scalar()
        return None if found is None else bytes(found)

    def put_receipt(
        self,
        job: str,
        signed: SignedReceipt,
        tasks: Iterable[TaskRow],
        paid: SignedVoucher,
        unseen: bool = False,
    ) -> None:
        """A receipt, the tasks that it covers and the voucher that pays it: all or nothing (P3).

        unseen: what it bills never arrived, and nobody knows what was asked."""
        receipt, voucher = signed.receipt, paid.voucher
        rows = [
            {
                **{name: getattr(task, name) for name in TaskRow.__dataclass_fields__ if name != "limits"},
                "blobs": b"".join(task.blobs) or None,
                "limit_fuel": task.limits.fuel,
                "limit_memory": task.limits.memory,
                "limit_output": task.limits.output,
            }
            for task in tasks
        ]
        money = {
            "job": job,
            "lease": voucher.lease,
            "sequence": voucher.sequence,
            "amount": voucher.amount,
            "root": voucher.root,
            "signature": paid.signature,
        }
        with self._engine.begin() as connection:
            connection.execute(
                sa.insert(RECEIPTS).values(
                    {name: getattr(receipt, name) for name in Receipt.__dataclass_fields__}
                    | {"job": job, "signature": signed.signature}
                    | {"unseen": unseen_mark(receipt) if unseen else None}
                )
            )
            if rows:
                connection.execute(sa.insert(TASKS), rows)
            statement = upsert(VOUCHERS).values(money)
            connection.execute(statement.on_conflict_do_update(index_elements=["job", "lease"], set_=money))

    def receipts(self, job: str, lease: LeaseId) -> list[SignedReceipt]:
        statement = (
            sa.select(RECEIPTS)
            .where(RECEIPTS.c.job == job, RECEIPTS.c.lease == lease)
            .order_by(RECEIPTS.c.position)
        )
        with reading(self._engine) as connection:
            return [
                SignedReceipt(
                    Receipt(
                        LeaseId(row.lease),
                        row.position,
                        row.chunk,
                        row.outcomes,
                        Fuel(row.fuel),
                        Bytes(row.moved_bytes),
                        MilliJoules(row.millijoules),
                        row.measured,
                        MicroUsd(row.amount),
                    ),
                    row.signature,
                )
                for row in connection.execute(statement)
            ]

    def unseen(self, job: str, lease: LeaseId) -> dict[int, bytes]:
        """The marks of receipts that were paid unseen, by position."""
        columns = (RECEIPTS.c.position, RECEIPTS.c.unseen)
        marked = sa.select(*columns).where(
            RECEIPTS.c.job == job, RECEIPTS.c.lease == lease, RECEIPTS.c.unseen.is_not(None)
        )
        with reading(self._engine) as connection:
            return {row.position: row.unseen for row in connection.execute(marked)}

    def tasks(self, job: str, lease: LeaseId) -> list[TaskRow]:
        """In the order of their receipts, then of their places in the chunk."""
        statement = sa.select(TASKS).where(TASKS.c.job == job, TASKS.c.lease == lease)
        with reading(self._engine) as connection:
            return [
                TaskRow(
                    LeaseId(row.lease),
                    row.position,
                    row.ordinal,
                    row.job,
                    row.number,
                    row.id,
                    row.spec,
                    row.code,
                    row.seed,
                    Limits(Fuel(row.limit_fuel), Bytes(row.limit_memory), Bytes(row.limit_output)),
                    row.input,
                    row.status,
                    row.output,
                    None if row.fuel is None else Fuel(row.fuel),
                    _digests(row.blobs),
                )
                for row in connection.execute(statement.order_by(TASKS.c.position, TASKS.c.ordinal))
            ]

    def orphans(self) -> set[str]:
        """Tables with rows that name a job or lease which is not there."""
        with reading(self._engine) as connection:
            return {str(row[0]) for row in connection.exec_driver_sql("PRAGMA foreign_key_check")}

    def proven(self) -> set[Address]:
        """Providers whose work was paid in some job."""
        same = sa.and_(LEASES.c.job == RECEIPTS.c.job, LEASES.c.lease == RECEIPTS.c.lease)
        statement = sa.select(LEASES.c.provider).join(RECEIPTS, same).distinct()
        with reading(self._engine) as connection:
            return {Address(row[0]) for row in connection.execute(statement)}

    def voucher(self, job: str, lease: LeaseId) -> SignedVoucher | None:
        with reading(self._engine) as connection:
            row = connection.execute(
                sa.select(VOUCHERS).where(VOUCHERS.c.job == job, VOUCHERS.c.lease == lease)
            ).first()
        if row is None:
            return None
        return SignedVoucher(
            Voucher(LeaseId(row.lease), row.sequence, MicroUsd(row.amount), row.root), row.signature
        )

    def put_transaction(self, job: str, transaction: bytes, purpose: str, gas: int) -> None:
        values = {"hash": transaction, "job": job, "purpose": purpose, "gas": gas}
        with self._engine.begin() as connection:
            connection.execute(upsert(TRANSACTIONS).values(values).on_conflict_do_nothing())

    def transactions(self, job: str) -> Sequence[tuple[bytes, str, int]]:
        """A job's transactions: (hash, purpose, gas)."""
        columns = (TRANSACTIONS.c.hash, TRANSACTIONS.c.purpose, TRANSACTIONS.c.gas)
        with reading(self._engine) as connection:
            rows = connection.execute(sa.select(*columns).where(TRANSACTIONS.c.job == job)).all()
        return [(bytes(row[0]), row[1], row[2]) for row in rows]


def _digests(joined: bytes | None) -> tuple[bytes, ...]:
    joined = joined or b""
    if not isinstance(joined, bytes):  # a changed row, which must not have the name that it had
        joined = repr(joined).encode()
    return tuple(joined[at : at + 32] for at in range(0, len(joined), 32))
