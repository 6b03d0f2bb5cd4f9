"""Whoever has no lease here costs this provider's node little (N1)."""

import asyncio
import os
from dataclasses import replace
from types import SimpleNamespace

import pytest
from coincurve import PrivateKey

from deal import DOMAIN, PROVIDER, lease_of
from surge.chain.calls.leases import LeaseState
from surge.model.errors import Distrusted
from surge.model.signature import address_of
from surge.provider import door
from surge.provider.door import LOOKS, Door


class Link:
    remote = os.urandom(32)

    async def send(self, message):
        self.told = message.reason

    async def close(self):
        pass


class Leases:
    """All are open, and lease_of's; counts what it is asked."""

    def __init__(self, known):
        self.known, self.asked = known, 0

    def count(self):
        self.asked += 1
        return self.known

    def state(self, lease):
        self.asked += 1
        return LeaseState(True, 0, 0)

    def find(self, lease):
        self.asked += 1
        return lease_of(number=lease)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(door, "PAUSES", (0.0, 0.0))


def made(leases, waiting):
    chain = SimpleNamespace(leases=leases, book=SimpleNamespace(domain=DOMAIN), now=lambda: 0)
    return Door(chain, None, address_of(PROVIDER), b"n" * 32, lambda lease: None, waiting)


def admit(opened, link, number, **changes):
    terms = replace(lease_of(number=number).terms, **changes)
    with pytest.raises(Distrusted) as refused:
        asyncio.run(opened.admit(link, number, terms, known=False))
    return str(refused.value)


STRANGER = address_of(PrivateKey(b"\5" * 32))


def test_a_lease_that_is_there_with_other_terms_is_refused_at_once():
    leases, link = Leases(known=9), Link()
    assert "not open here" in admit(made(leases, {link}), link, 7, renter=STRANGER)
    assert leases.asked == 3
    assert "not open here" in link.told


def test_one_of_another_provider_is_not_asked_for():
    leases, link = Leases(known=9), Link()
    admit(made(leases, {link}), link, 7, provider=STRANGER)
    assert leases.asked == 0


def test_one_that_the_node_can_not_know_yet_is_looked_for_again():
    leases, link = Leases(known=6), Link()
    admit(made(leases, {link}), link, 7)
    assert leases.asked == 3


def test_strangers_have_a_budget_of_looks_together():
    leases, link = Leases(known=9), Link()
    opened = made(leases, {link})
    for _ in range(LOOKS):
        admit(opened, link, 7, renter=STRANGER)
    before = leases.asked
    assert "too many strangers" in admit(opened, link, 7, renter=STRANGER)
    assert leases.asked == before


def test_nothing_is_asked_for_a_link_that_was_dropped():
    leases, link = Leases(known=6), Link()
    assert "dropped" in admit(made(leases, set()), link, 7)
    assert leases.asked == 0
