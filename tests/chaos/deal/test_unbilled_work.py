"""A renter whose work ends too often without a bill loses its lease, and gets none for an hour (P5)."""

import asyncio

from deal import PROVIDER, Deal, chunk_of, lease_of, play
from surge.model.signature import address_of
from surge.provider.lease.ending import LAST_CALL
from surge.provider.lease.policy import MAX_UNBILLED
from surge.provider.lease.session import SHUN_SECONDS


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
        await made.until(lambda: made.store.shunned_until(renter) > 0)
        assert made.store.shunned_until(renter) == made.market.now_at + SHUN_SECONDS
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
