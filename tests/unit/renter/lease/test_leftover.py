"""A lease whose program died, closed from its books: with a real agent that had work for it."""

import asyncio
import sqlite3
from types import SimpleNamespace

import pytest

from deal import DOMAIN, RENTER, SPEC, TASK_FUEL, chunk_of, deal
from surge.model.digest import digest
from surge.model.errors import SurgeError
from surge.model.signature import sign
from surge.model.units import MicroUsd
from surge.renter.lease import leftover
from surge.renter.lease.leftover import LeftoverSession
from surge.renter.talk.bill import LeaseBill
from surge.renter.verify import _Books, _check, _receipt


def successor(d):
    """Another program's session, from what the dead one kept."""
    bill = LeaseBill(d.lease, DOMAIN, lambda digest: sign(digest, RENTER))
    bill.resume(d.renter_store.receipts("job", d.lease.id), d.renter_store.voucher("job", d.lease.id))

    async def ticket():
        return "ticket"

    return LeftoverSession(
        bill,
        lease=d.lease, ticket="ticket", find_ticket=ticket, endpoint=d.exchange.renter_end, key=RENTER,
        domain=DOMAIN,
        keep=lambda signed, paid, *_: d.renter_store.put_receipt("job", signed, [], paid, unseen=True),
        notify=lambda *_: None,
    )  # fmt: skip


async def closed(session):
    try:
        await session.open()
        await session.give_up()
        return await session.close(5)
    finally:
        await session.hang_up()


async def dead_with_results(d):
    """One chunk paid, and one that ended after the renter was gone."""
    await d.prepare()
    await d.run(chunk_of(1))
    d.bench.gate.clear()
    await d.session.run(chunk_of(2, 3))
    await d.until(lambda: d.served._running)
    await d.session.hang_up()
    d.bench.gate.set()
    await d.until(lambda: len(d.provider_books()[0]) == 3)


def test_results_that_never_arrived_are_paid_for_and_it_closes(tmp_path):
    async def scenario():
        async with deal(tmp_path) as d:
            await dead_with_results(d)
            session = successor(d)
            granted = await closed(session)
            receipts, voucher = d.renter_books()
            assert session.unseen == receipts[-1].amount > 0
            assert receipts[-1].fuel >= 2 * TASK_FUEL
            assert (granted.sequence, granted.amount) == (voucher.sequence, voucher.amount)
            await d.level()

    asyncio.run(scenario())


def receipt_check(d, place, billed):
    """What `surge verify` says of a receipt without rows."""
    books = _Books(d.job, {SPEC.id: (SPEC, digest("test-image", SPEC.id))}, {})
    signed, marks = (
        d.renter_store.receipts("job", d.lease.id)[place],
        d.renter_store.unseen("job", d.lease.id),
    )
    chain = SimpleNamespace(book=SimpleNamespace(domain=DOMAIN))
    given = (place, signed, [], d.lease, books, d.renter_store, billed, marks.get(place), chain)
    return _check("receipt", _receipt, *given)


def test_what_was_paid_unseen_is_told_and_no_fault(tmp_path):
    async def scenario():
        async with deal(tmp_path) as d:
            await dead_with_results(d)
            await closed(successor(d))
            last = len(d.renter_books()[0]) - 1
            said = receipt_check(d, last, set())
            assert said.ok
            assert "paid unseen after a crash" in said.said
            marks = d.renter_store.unseen("job", d.lease.id)
            assert list(marks) == [last]
            with sqlite3.connect(d.renter_store.path) as books:
                books.execute("UPDATE receipts SET unseen = x'00' WHERE unseen IS NOT NULL")
            assert "mark of being paid unseen" in receipt_check(d, last, set()).said
            with sqlite3.connect(d.renter_store.path) as books:
                books.execute("UPDATE receipts SET unseen = NULL")
            assert "not stored" in receipt_check(d, last, set()).said
            books.close()

    asyncio.run(scenario())


def test_an_image_is_billed_once_in_a_lease(tmp_path):
    async def scenario():
        async with deal(tmp_path) as d:
            await d.prepare()
            billed = set()
            assert "setup of the image" in receipt_check(d, 0, billed).said
            again = receipt_check(d, 0, billed)
            assert not again.ok
            assert "was billed before" in again.said

    asyncio.run(scenario())


@pytest.mark.parametrize(("most", "paid"), [(1_000, 0), (leftover.MOST, leftover.MOST)])
def test_never_more_than_a_little(tmp_path, monkeypatch, most, paid):
    """In all: what was paid unseen before counts."""
    monkeypatch.setattr(leftover, "MOST", MicroUsd(most))

    async def scenario():
        async with deal(tmp_path) as d:
            await dead_with_results(d)
            before = d.renter_books()
            session = successor(d)
            session.unseen = paid
            with pytest.raises(SurgeError):
                await closed(session)
            assert "most that is paid unseen" in str(session.over)
            assert d.renter_books() == before

    asyncio.run(scenario())


def test_work_under_way_is_given_up_and_costs_nothing(tmp_path):
    async def scenario():
        async with deal(tmp_path) as d:
            await d.prepare()
            await d.run(chunk_of(1))
            d.bench.gate.clear()
            await d.session.run(chunk_of(2))
            await d.until(lambda: d.served._running)
            await d.session.hang_up()
            before = d.renter_books()
            session = successor(d)
            await closed(session)
            assert session.unseen == 0
            assert d.renter_books() == before
            d.bench.gate.set()

    asyncio.run(scenario())


def test_a_renter_that_gives_up_gets_no_more_work_for_nothing(tmp_path):
    """Else it could read what a watched task prints, give up, and ask for the next one."""

    async def scenario():
        async with deal(tmp_path) as d:
            await d.prepare()
            d.bench.gate.clear()
            await d.session.run(chunk_of(1))
            await d.until(lambda: d.served._running)
            await d.session.give_up()
            await d.session.run(chunk_of(2))
            await d.until(lambda: d.declined)
            assert d.declined[-1].code == "over"
            d.bench.gate.set()

    asyncio.run(scenario())
