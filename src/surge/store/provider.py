"""What a provider keeps before it answers: leases, every receipt with its results, the latest voucher."""

from dataclasses import asdict, dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert as upsert

from surge.model.lease import Lease, Terms
from surge.model.receipt import Receipt
from surge.model.units import Address, Bytes, Fuel, LeaseId, MicroUsd, MilliJoules, Seconds
from surge.model.voucher import Voucher
from surge.store.database import open_database, reading
from surge.store.tables.provider import LEASES, METADATA, RECEIPTS, SHUNNED, VOUCHERS


@dataclass(frozen=True, slots=True)
class Kept:
    """A receipt with its signature and (until the voucher that pays it is safe) the answer's bytes."""

    receipt: Receipt
    signature: bytes
    answer: bytes | None


@dataclass(frozen=True, slots=True)
class KeptVoucher:
    """`redeemed` is the amount that the chain has settled, in millionths of a dollar."""

    voucher: Voucher
    signature: bytes
    redeemed: MicroUsd

    @property
    def unredeemed(self) -> MicroUsd:
        return MicroUsd(max(self.voucher.amount - self.redeemed, 0))


@dataclass(frozen=True, slots=True)
class Standing:
    """What is remembered of a renter, in seconds. until: when leases are taken of it again, in chain time;
    times: that it was shunned; lease: for which it was last; given_up: of slots that worked on what it then
    gave up."""

    until: Seconds = Seconds(0)
    times: int = 0
    lease: LeaseId | None = None
    given_up: Seconds = Seconds(0)


@dataclass(frozen=True, slots=True)
class Earned:
    """What all leases brought; money in millionths of a dollar. signed: by renters; redeemed: on the chain;
    lost: signed for leases that ended before it was redeemed."""

    receipts: int = 0
    fuel: Fuel = Fuel(0)
    signed: MicroUsd = MicroUsd(0)
    redeemed: MicroUsd = MicroUsd(0)
    lost: MicroUsd = MicroUsd(0)


class ProviderStore:
    """The provider's database. Every write is one transaction; what is committed survives a crash."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine = open_database(path, METADATA, "provider")

    def close(self) -> None:
        self._engine.dispose()

    def put_lease(self, lease: Lease) -> None:
        """Insert, or take over what a top-up changed."""
        terms = lease.terms
        values = {name: getattr(terms, name) for name in Terms.__dataclass_fields__} | {
            "lease": lease.id,
            "reservation": lease.reservation,
            "transaction": lease.transaction,
        }
        statement = upsert(LEASES).values(values)
        with self._engine.begin() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["lease"], set_=values))

    def open_leases(self) -> list[Lease]:
        return [lease for lease, state in self.leases() if state != "closed"]

    def leases(self) -> list[tuple[Lease, str]]:
        """Each with its state: open, closing (it takes no more work) or closed; newest first."""
        with reading(self._engine) as connection:
            rows = connection.execute(sa.select(LEASES).order_by(LEASES.c.lease.desc())).all()
        return [
            (
                Lease(
                    LeaseId(row.lease),
                    Terms(
                        Address(row.renter),
                        Address(row.provider),
                        row.slots,
                        row.price_gfuel,
                        row.price_gib,
                        MicroUsd(row.escrow),
                        Seconds(row.expiry),
                    ),
                    MicroUsd(row.reservation),
                    row.transaction,
                ),
                row.state,
            )
            for row in rows
        ]

    def keep_closing(self, lease: LeaseId) -> None:
        """The lease takes no more work; kept before its renter gets a word to close it (P3)."""
        which = (LEASES.c.lease == lease) & (LEASES.c.state == "open")
        with self._engine.begin() as connection:
            connection.execute(sa.update(LEASES).where(which).values(state="closing"))

    def is_closing(self, lease: LeaseId) -> bool:
        with reading(self._engine) as connection:
            state = connection.execute(sa.select(LEASES.c.state).where(LEASES.c.lease == lease)).scalar()
        return state not in (None, "open")

    def end_lease(self, lease: LeaseId) -> None:
        with self._engine.begin() as connection:
            connection.execute(sa.update(LEASES).where(LEASES.c.lease == lease).values(state="closed"))
            connection.execute(sa.update(RECEIPTS).where(RECEIPTS.c.lease == lease).values(answer=None))

    def put_receipt(self, kept: Kept) -> None:
        """Keep a receipt with its answer, before the answer leaves (P3)."""
        values = {name: getattr(kept.receipt, name) for name in Receipt.__dataclass_fields__}
        with self._engine.begin() as connection:
            connection.execute(
                sa.insert(RECEIPTS).values(values | {"signature": kept.signature, "answer": kept.answer})
            )

    def receipt(self, lease: LeaseId, position: int) -> Kept:
        """The receipt at this position."""
        (kept,) = self._receipts((RECEIPTS.c.lease == lease) & (RECEIPTS.c.position == position))
        return kept

    def receipts(self, lease: LeaseId) -> list[Kept]:
        """A lease's receipts in the order of their positions."""
        return self._receipts(RECEIPTS.c.lease == lease)

    def _receipts(self, which: sa.ColumnElement[bool]) -> list[Kept]:
        statement = sa.select(RECEIPTS).where(which).order_by(RECEIPTS.c.position)
        with reading(self._engine) as connection:
            return [
                Kept(
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
                    row.answer,
                )
                for row in connection.execute(statement)
            ]

    def put_voucher(self, voucher: Voucher, signature: bytes) -> None:
        """Replaces the lease's older one; the answers that it pays for need not be kept any longer."""
        values = {
            "lease": voucher.lease,
            "sequence": voucher.sequence,
            "amount": voucher.amount,
            "root": voucher.root,
            "signature": signature,
        }
        statement = upsert(VOUCHERS).values(values)
        with self._engine.begin() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["lease"], set_=values))

    def drop_answers(self, lease: LeaseId, below: int) -> None:
        """Forget the results of receipts before `below`: the renter has paid, so it has them."""
        paid = (RECEIPTS.c.lease == lease) & (RECEIPTS.c.position < below) & RECEIPTS.c.answer.is_not(None)
        with self._engine.begin() as connection:
            connection.execute(sa.update(RECEIPTS).where(paid).values(answer=None))

    def voucher(self, lease: LeaseId) -> KeptVoucher | None:
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(VOUCHERS).where(VOUCHERS.c.lease == lease)).first()
        if row is None:
            return None
        voucher = Voucher(LeaseId(row.lease), row.sequence, MicroUsd(row.amount), row.root)
        return KeptVoucher(voucher, row.signature, MicroUsd(row.redeemed))

    def mark_redeemed(self, lease: LeaseId, amount: MicroUsd) -> None:
        with self._engine.begin() as connection:
            connection.execute(sa.update(VOUCHERS).where(VOUCHERS.c.lease == lease).values(redeemed=amount))

    def put_standing(self, renter: Address, standing: Standing) -> None:
        values = {"renter": renter} | asdict(standing)
        statement = upsert(SHUNNED).values(values)
        with self._engine.begin() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["renter"], set_=values))

    def standing(self, renter: Address) -> Standing:
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(SHUNNED).where(SHUNNED.c.renter == renter)).first()
        if row is None:
            return Standing()
        return Standing(Seconds(row.until), row.times, row.lease, Seconds(row.given_up))

    def paid_fuel(self, renter: Address) -> Fuel:
        """What a renter's receipts come to, in the leases for which it has signed."""
        joined = RECEIPTS.join(LEASES).join(VOUCHERS, VOUCHERS.c.lease == LEASES.c.lease)
        statement = sa.select(_sum(RECEIPTS.c.fuel)).select_from(joined).where(LEASES.c.renter == renter)
        with reading(self._engine) as connection:
            return Fuel(connection.execute(statement).scalar_one())

    def unredeemed(self) -> list[tuple[Lease, MicroUsd]]:
        """Open leases, and what is signed for each and not yet redeemed, where that is anything."""
        found = [(lease, self.voucher(lease.id)) for lease in self.open_leases()]
        return [(lease, kept.unredeemed) for lease, kept in found if kept is not None and kept.unredeemed]

    def earnings(self) -> Earned:
        unredeemed = VOUCHERS.c.amount - VOUCHERS.c.redeemed
        lost = sa.case(((LEASES.c.state == "closed") & (unredeemed > 0), unredeemed), else_=0)
        sums = _sum(VOUCHERS.c.amount), _sum(VOUCHERS.c.redeemed), _sum(lost)
        with reading(self._engine) as connection:
            count, fuel = connection.execute(sa.select(sa.func.count(), _sum(RECEIPTS.c.fuel))).one()
            vouchers = sa.select(*sums).select_from(VOUCHERS.join(LEASES))
            signed, redeemed, never = connection.execute(vouchers).one()
        return Earned(count, Fuel(fuel), MicroUsd(signed), MicroUsd(redeemed), MicroUsd(never))


def _sum(column: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(column), 0)
