"""Slots of a lease whose renter never comes are free again, and a renter that comes keeps its lease (P6)."""

import pytest

from deal import EXPIRY, Deal, chunk_of, lease_of, play
from surge.provider.duty import unmet
from surge.provider.duty.outage import Outage
from surge.provider.duty.unmet import GREET_SECONDS, Unmet


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(unmet, "LOOK_SECONDS", 0.01)


def test_a_lease_that_nobody_greets_is_closed(tmp_path, monkeypatch):
    monkeypatch.setattr(unmet, "GREET_SECONDS", 0.2)

    async def story(made: Deal):
        await made.prepare()
        made.market.open(lease_of(number=2))
        await made.until(lambda: 2 in made.market.closings)
        assert made.market.closings[2].paid == 0
        await made.run(chunk_of(1))
        await made.level()
        assert 1 not in made.market.closings

    play(tmp_path, story)


def test_a_lease_that_outlived_its_renter_is_closed_after_its_expiry(tmp_path, monkeypatch):
    monkeypatch.setattr(unmet, "GREET_SECONDS", 0.2)

    async def story(made: Deal):
        made.market.now_at = EXPIRY + 10_000
        await made.until(lambda: 1 in made.market.closings)

    play(tmp_path, story)


def test_only_what_was_seen_long_ago_is_due_and_again_until_it_is_gone():
    served, given = {1}, []
    watch = Unmet(None, "0x", lambda: dict.fromkeys(served, 1), given.append, Outage())
    leases = [lease_of(number=n) for n in (1, 2, 3)]
    assert watch.due(leases, 0.0) == []
    served.add(3)
    assert watch.due(leases, GREET_SECONDS - 1) == []
    assert watch.due(leases, GREET_SECONDS) == [leases[1]] == watch.due(leases, GREET_SECONDS + 1)
    assert watch.due(leases[:1], GREET_SECONDS + 2) == []
    assert watch.due(leases, GREET_SECONDS + 3) == []  # seen for the first time again
