"""P3, step by step: whoever dies wherever, a paid result is never lost or billed twice, and at most the
receipts that no voucher has paid yet are at risk."""

import asyncio

import pytest

from deal import EXPIRY, Deal, Killed, chunk_of, kill_at, lease_of, play
from surge.model.errors import SurgeError
from surge.provider.duty import clock


@pytest.fixture(autouse=True)
def quick_ticks(monkeypatch):
    monkeypatch.setattr(clock, "TICK_SECONDS", 0.02)


STEPS = [("put_lease", 1)] + [
    (step, count) for step in ("put_receipt", "put_voucher", "drop_answers") for count in (1, 2, 3)
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("step", "count"), STEPS)
def test_a_provider_killed_at_a_step_resumes_from_its_store(tmp_path, step, when, count):
    """Started again on the same folder, it goes on; the renter notices nothing but a pause."""

    async def story(made: Deal):
        killed = asyncio.Event()

        def dies(loop, context):
            if isinstance(context.get("exception"), Killed):
                killed.set()

        asyncio.get_running_loop().set_exception_handler(dies)
        kill_at(made.store, step, when, count)
        wrapped = getattr(made.store, step)

        def watched(*args):
            try:
                return wrapped(*args)
            except Killed:
                made.exchange.open = False
                made.exchange.cut()
                killed.set()
                raise

        setattr(made.store, step, watched)

        async def revive():
            await killed.wait()
            await made.restart()

        reviving = asyncio.create_task(revive())
        try:
            await made.prepare()
        except SurgeError:  # the first hello met a provider that died
            await killed.wait()
            await reviving
            await made.prepare()
        chunks = [chunk_of(3 * n, 3 * n + 1, 3 * n + 2) for n in range(5)]
        for chunk in chunks:
            await made.run(chunk)
        await reviving
        assert made.kills == 1
        assert not made.ended
        await made.level()
        granted = await made.session.close()
        assert granted.amount == made.session.bill.signed.amount
        # Nothing ran twice for money: a chunk that ran again was not billed before.
        assert len(made.renter_books()[0]) == 1 + len(chunks) or step == "put_receipt"

    play(tmp_path, story)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_renter_killed_while_it_keeps_a_receipt_owes_one_interval(tmp_path, when):
    """What is in its books is paid; the provider redeems alone, and lacks at most what was not signed."""

    async def story(made: Deal):
        await made.prepare()
        await made.run(chunk_of(1), chunk_of(2))
        await made.level()
        kill_at(made.renter_store, "put_receipt", when)
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        await made.session.run(chunk_of(3))
        await made.until(made.session._reader.done)
        made.exchange.cut()
        receipts, paid = made.renter_books()
        assert len(receipts) == (4 if when == "after" else 3)
        assert paid.amount == sum(one.amount for one in receipts)
        kept, voucher = made.provider_books()
        assert len(kept) == 4
        assert voucher.amount == sum(one.amount for one in kept[:3])  # one interval is not signed for
        made.market.now_at = EXPIRY + 60
        await made.until(lambda: 1 in made.market.closings)
        assert made.market.closings[1].paid == voucher.amount

    play(tmp_path, story)


def test_a_lease_that_expires_is_closed_by_the_provider_alone(tmp_path):
    async def story(made: Deal):
        await made.prepare()
        await made.run(chunk_of(1))
        await made.level()
        made.market.now_at = EXPIRY
        await made.until(lambda: 1 in made.market.closings)
        assert made.market.closings[1].paid == made.session.bill.signed.amount
        await made.until(lambda: not made.store.open_leases())

    play(tmp_path, story)


def test_the_last_call_waits_for_a_voucher_and_not_for_ever(tmp_path):
    """Work that is not signed for at expiry may still be paid, within the Market's grace."""

    async def story(made: Deal):
        await made.prepare()
        made.bench.gate.clear()
        await made.session.run(chunk_of(1))
        await made.until(lambda: made.served._running)
        made.market.now_at = EXPIRY + 5
        await made.until(lambda: made.served._now > EXPIRY)
        assert not made.market.closings
        made.bench.gate.set()
        await made.until(lambda: 1 in made.market.closings)
        assert made.market.closings[1].paid == sum(one.amount for one in made.provider_books()[0])

    play(tmp_path, story)


def test_a_top_up_without_a_word_does_not_keep_the_provider_from_its_money(tmp_path):
    """M3: the Market knows a lease by its newest terms, and the provider finds them."""

    async def story(made: Deal):
        await made.prepare()
        await made.run(chunk_of(1))
        await made.level()
        made.market.top_up(1, 1)
        made.market.now_at = EXPIRY
        await made.until(lambda: 1 in made.market.closings)
        assert made.market.closings[1].paid == made.session.bill.signed.amount

    play(tmp_path, story)


def test_vouchers_are_redeemed_before_the_end_when_much_is_at_stake(tmp_path):
    from surge.provider.config import ProviderConfig

    async def story(made: Deal):
        await made.prepare()
        for n in range(4):
            await made.run(chunk_of(n))
        await made.level()
        await made.until(lambda: made.market.states[1].settled == made.session.bill.signed.amount)
        assert made.market.states[1].open

    config = ProviderConfig(slots=4, memory_mib=1024, credit="0.05", redeem_at="0.001")
    play(tmp_path, story, config=config)


def test_a_chain_that_is_away_stops_no_lease(tmp_path):
    async def story(made: Deal):
        await made.prepare()
        made.market.away = True
        await made.run(chunk_of(1), chunk_of(2))
        await made.level()
        made.market.away = False
        made.market.now_at = EXPIRY
        await made.until(lambda: 1 in made.market.closings)

    play(tmp_path, story)


def test_a_renter_that_does_not_read_holds_up_no_other_lease(tmp_path, monkeypatch):
    """Its answers wait; the clock of all leases goes on, so other vouchers are redeemed in time."""

    async def story(made: Deal):
        await made.prepare()
        await made.run(chunk_of(1))
        await made.level()
        other = made.market.open(lease_of(number=2))
        made.store.put_lease(other)
        await made.agent._take_over(other)
        never = asyncio.Event()

        async def stuck(message):
            await never.wait()

        made.exchange.wires[-1].far.send = stuck
        await made.session.run(chunk_of(2))
        await made.until(made.agent._served[1].turn.locked)
        made.market.now_at = EXPIRY
        await made.until(lambda: 2 in made.market.closings)
        assert made.agent._served[1].turn.locked()

    play(tmp_path, story)


def test_a_full_disk_bills_nothing_that_was_not_kept(tmp_path):
    """The session begins again from the store, and the renter's next link finds it sound."""

    async def story(made: Deal):
        await made.prepare()
        real = made.store.put_receipt
        calls = []

        def full(kept):
            calls.append(kept)
            if len(calls) == 1:
                raise OSError("no space left on device")
            return real(kept)

        made.store.put_receipt = full
        await made.run(chunk_of(1), chunk_of(2))
        await made.level()
        assert len(calls) > 1

    play(tmp_path, story)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_word_to_close_that_was_given_outlives_its_provider(tmp_path, when):
    """P3: killed as it keeps the word, before it is sent; or later, with the word in its renter's hand."""

    async def story(made: Deal):
        await made.session.open()
        if when == "before":
            died = []

            def dies(lease):
                died.append(lease)
                made.exchange.open = False
                raise Killed

            made.store.keep_closing = dies
            asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
            asking = asyncio.create_task(made.session.close())
            await made.until(lambda: died)
            assert not asking.done()
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        else:
            await made.session.close()
        await made.session.hang_up()
        await made.restart()
        assert made.store.is_closing(1) == (when == "after")
        made.session = made.new_session()
        if when == "before":  # no word left: the lease goes on
            await made.prepare()
            await made.run(chunk_of(1))
            return
        with pytest.raises(SurgeError):
            await made.prepare()
        assert not made.bench.ran
        await made.until(lambda: 1 in made.market.closings)  # by the provider itself
        assert made.market.closings[1].paid == 0

    play(tmp_path, story)


def test_a_word_to_close_outlives_a_defect_too(tmp_path):
    """A session that begins again from what was kept still takes no work."""

    async def story(made: Deal):
        await made.prepare()
        await made.run(chunk_of(1))
        await made.level()
        await made.session.close()
        made.agent._served[1].session = made.agent._session(made.lease)
        await made.session.run(chunk_of(2))
        await made.until(lambda: made.declined)
        assert made.declined[0].code in ("over", "no-image")
        assert chunk_of(2).id not in made.bench.ran
        await made.until(lambda: 1 in made.market.closings)
        assert made.market.closings[1].paid == made.renter_books()[1].amount

    play(tmp_path, story)
