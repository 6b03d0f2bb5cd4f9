"""A renter whose work ends too often without a bill loses its lease, and gets none for an hour (P5)."""

import asyncio

import pytest

from deal import PROVIDER, Deal, chunk_of, lease_of, play
from surge.model.signature import address_of
from surge.provider.duty import clock
from surge.provider.lease.ending import IDLE_SECONDS, LAST_CALL, OWED_COUNTS, OWING_SECONDS
from surge.provider.lease.policy import MAX_UNBILLED
from surge.provider.regard import FREE_SECONDS, MOST, SHUN_SECONDS


@pytest.fixture(autouse=True)
def _quick_ticks(monkeypatch):
    monkeypatch.setattr(clock, "TICK_SECONDS", 0.02)


async def fail_often(made: Deal):
    """One paid chunk, then failures until the lease is over."""
    await made.prepare()
    await made.run(chunk_of(1))
    await made.level()
    made.bench.fail = lambda job: True
    for number in range(2, MAX_UNBILLED + 3):
        await made.session.run(chunk_of(number))
        await made.until(lambda wanted=number: len(made.declined) == wanted - 1)
    made.bench.fail = lambda job: False


def test_the_lease_is_closed_with_what_was_signed(tmp_path):
    async def story(made):
        await fail_often(made)
        assert made.declined[-1].code == "failed"
        await made.until(lambda: 1 in made.market.closings)
        assert made.market.closings[1].paid == made.renter_books()[1].amount > 0
        assert made.market.now_at < made.lease.terms.expiry

    play(tmp_path, story)


def test_the_renters_next_lease_is_given_back_until_an_hour_has_passed_also_after_a_restart(tmp_path):
    async def story(made):
        await fail_often(made)
        renter = made.lease.terms.renter
        await made.until(lambda: made.store.standing(renter).until > 0)
        assert made.store.standing(renter).until == made.market.now_at + SHUN_SECONDS
        await made.until(lambda: 1 in made.market.closings)
        await made.restart()
        made.lease = made.market.open(lease_of(number=2))
        made.renter_store.put_lease("job", made.lease)
        made.session = made.new_session()
        opening = asyncio.create_task(made.session.open())
        async with asyncio.timeout(LAST_CALL):
            while 2 not in made.market.closings:
                await asyncio.sleep(0.01)
        assert made.market.closings[2].paid == 0
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        assert 2 not in made.agent._served

        made.ended.clear()
        made.market.now_at += SHUN_SECONDS + 1
        later = lease_of(number=3)
        made.lease = made.market.open(later)
        made.renter_store.put_lease("job", made.lease)
        made.session = made.new_session()
        await made.prepare()
        assert 3 in made.agent._served
        assert made.agent.address == address_of(PROVIDER)

    play(tmp_path, story)


def test_work_that_is_given_up_is_remembered_and_the_first_few_times_cost_nothing(tmp_path):
    """Across leases and restarts: Ctrl-C is honest, and nobody lives on it."""

    async def story(made: Deal):
        renter = made.lease.terms.renter
        made.bench.gate.clear()
        for number in range(1, FREE_SECONDS // MOST + 2):
            assert made.store.standing(renter).until == 0
            if number > 1:
                await made.restart()
                made.lease = made.market.open(lease_of(number=number))
                made.renter_store.put_lease("job", made.lease)
                made.session = made.new_session()
            await made.prepare()
            await made.session.run(chunk_of(number))
            await made.until(lambda: made.served._running)
            (running,) = made.served._running.values()
            made.market.now_at = max(made.market.now_at, running.since) + MOST + 100
            await made.until(lambda: made.served._now == made.market.now_at)
            await made.session.give_up()
            await made.until(lambda: not made.served._running)
            await made.session.hang_up()
        assert made.store.standing(renter).until == made.market.now_at + SHUN_SECONDS

    play(tmp_path, story)


def test_results_that_nobody_signs_for_are_remembered(tmp_path):
    """P5: one such lease is an accident, and a few are a way to live."""

    async def story(made: Deal):
        await made.prepare()
        await made.run(chunk_of(1))
        await made.level()
        made.bench.gate.clear()
        await made.session.run(chunk_of(2))
        await made.until(lambda: made.served._running)
        await made.session.hang_up()
        made.bench.gate.set()
        await made.until(lambda: made.served._bill.unpaid)
        await made.until(lambda: made.served._ending.company._since is not None)
        made.market.now_at += OWING_SECONDS
        await made.until(lambda: 1 in made.market.closings)
        assert made.market.closings[1].paid == made.renter_books()[1].amount
        assert made.store.standing(made.lease.terms.renter).given_up == OWED_COUNTS

    play(tmp_path, story)


def test_an_idle_renter_whose_lease_was_closed_hears_it_with_its_next_work(tmp_path):
    """P6: its slots are free; its link stays, so that a clear refusal sends it to another lease."""

    async def story(made: Deal):
        await made.prepare()
        await made.run(chunk_of(1))
        await made.level()
        await made.until(lambda: made.served._ending._quiet_since is not None)
        made.market.now_at += IDLE_SECONDS
        await made.until(lambda: 1 in made.market.closings)
        assert made.market.closings[1].paid == made.renter_books()[1].amount
        await made.until(lambda: not made.agent._served)
        await made.session.run(chunk_of(2))
        await made.until(lambda: made.declined)
        assert made.declined[0].code == "over"
        assert chunk_of(2).id not in made.bench.ran

    play(tmp_path, story)
