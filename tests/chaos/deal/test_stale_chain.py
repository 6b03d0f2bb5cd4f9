"""A node that lags, or forgets, ends no lease: money that was signed is redeemed when it is back (P3, P6)."""

import asyncio

import pytest

from deal import EXPIRY, Deal, chunk_of, play
from surge.chain.calls.leases import LeaseState
from surge.model.errors import SurgeError
from surge.provider import door
from surge.provider.duty import clock
from surge.provider.duty.redeemer import LONG_AFTER


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(clock, "TICK_SECONDS", 0.01)


async def asked_again(made: Deal, times: int = 3):
    """Wait until the agent has looked at the chain so often."""
    real, seen = made.market.closings, []

    class Counting(dict):
        def get(self, key, default=None):
            seen.append(key)
            return super().get(key, default)

    made.market.closings = Counting(real)
    await made.until(lambda: len(seen) >= times)


def test_a_lease_that_a_stale_node_does_not_show_is_kept_and_redeemed(tmp_path):
    async def story(made):
        await made.prepare()
        await made.run(chunk_of(1))
        await made.level()
        signed = made.renter_books()[1].amount
        shown = made.market.states.pop(1)
        await asked_again(made)
        assert 1 in made.agent._served
        assert made.store.open_leases()
        made.market.states[1] = shown
        made.market.now_at = EXPIRY
        await made.until(lambda: 1 in made.market.closings)
        assert made.market.closings[1].paid == signed > 0

    play(tmp_path, story)


def test_a_restart_takes_up_what_is_unredeemed(tmp_path):
    async def story(made):
        await made.prepare()
        await made.run(chunk_of(1))
        await made.level()
        shown = made.market.states.pop(1)
        await asked_again(made)
        await made.restart()
        made.market.states[1] = shown
        made.market.now_at = EXPIRY
        await made.until(lambda: 1 in made.market.closings)
        assert made.market.closings[1].paid == made.renter_books()[1].amount

    play(tmp_path, story)


def test_a_lease_that_a_reorganisation_took_is_given_up_in_the_end(tmp_path):
    async def story(made):
        await made.prepare()
        made.market.states[1] = LeaseState(False, 0, 0)
        made.market.now_at = EXPIRY + LONG_AFTER + 1
        await made.until(lambda: 1 not in made.agent._served)
        assert not made.store.open_leases()

    play(tmp_path, story)


def test_a_lease_that_the_providers_node_shows_late_is_served(tmp_path, monkeypatch):
    monkeypatch.setattr(door, "PAUSES", (0.01,) * 500)

    async def story(made: Deal):
        shown = made.market.states.pop(1)
        opening = asyncio.create_task(made.prepare())
        await asked_often(made, made.market)
        assert not opening.done()
        made.market.states[1] = shown
        await opening
        await made.run(chunk_of(1))

    play(tmp_path, story)


async def asked_often(made: Deal, market, times: int = 5):
    seen, real = [], market.states

    class Counting(dict):
        def get(self, key, default=None):
            seen.append(key)
            return super().get(key, default)

        def __iter__(self):
            seen.append("count")
            return super().__iter__()

    market.states = Counting(real)
    await made.until(lambda: len(seen) >= times)


def test_a_lease_that_never_shows_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(door, "PAUSES", (0.0, 0.0))

    async def story(made: Deal):
        made.market.states.pop(1)
        with pytest.raises(SurgeError):
            await made.prepare()
        assert 1 not in made.agent._served

    play(tmp_path, story)
