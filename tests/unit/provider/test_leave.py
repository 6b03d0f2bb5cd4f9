"""What a provider says when it stops is true: whether its ask is gone, and what money is at risk."""

import asyncio
import threading
from types import SimpleNamespace

import pytest

from deal import EXPIRY, PROVIDER, lease_of
from small_market import DOMAIN, Market
from surge.model.errors import NoNetwork, Reverted
from surge.model.signature import address_of, sign
from surge.model.units import MicroUsd
from surge.model.voucher import Voucher
from surge.provider import leave
from surge.provider.duty.gas import Gas
from surge.provider.duty.redeemer import Redeemer
from surge.provider.leave import take_leave
from surge.settle.gas import Scales
from surge.store.provider import ProviderStore

GONE = "the ask is withdrawn"
RESUMED = "; open leases are resumed at the next start"


@pytest.fixture
def store(tmp_path):
    made = ProviderStore(tmp_path / "provider.db")
    yield made
    made.close()


@pytest.fixture
def market():
    return Market()


def said(store, market, withdraw=lambda: None, of=lambda _: SimpleNamespace(active=1), settle=None):
    """The sentences of a stop."""
    chain = market.seen_by(address_of(PROVIDER))
    told = []
    leases = SimpleNamespace(find=chain.find, settle=settle or (lambda *_, most: None))
    seen = SimpleNamespace(
        asks=SimpleNamespace(withdraw=withdraw, of=of), book=chain.book, address=chain.address, leases=leases
    )
    redeemer = Redeemer(seen, store, Gas(seen, Scales()))
    asyncio.run(take_leave(seen, store, redeemer, told.append))
    return told


def signed(store, market, number, amount):
    lease = market.open(lease_of(number=number))
    store.put_lease(lease)
    voucher = Voucher(lease.id, 1, amount, bytes(32))
    store.put_voucher(voucher, sign(DOMAIN.digest(voucher.struct_hash), PROVIDER))


def refuse(*_, **__):
    raise Reverted("Market: no such lease")


def test_an_ask_that_is_gone(store, market):
    withdrawn = []
    assert said(store, market, lambda: withdrawn.append(1)) == [GONE]
    assert withdrawn


def test_an_ask_that_was_gone_before_is_not_withdrawn_again(store, market):
    assert said(store, market, refuse, of=lambda _: SimpleNamespace(active=0)) == [GONE]


def test_an_ask_that_could_not_be_withdrawn(store, market):
    def refuses():
        raise NoNetwork("the chain is away")

    (told,) = said(store, market, refuses)
    assert told.startswith("the ask is NOT withdrawn (the chain is away)")


@pytest.mark.parametrize("hanging", ["of", "withdraw"])
def test_a_node_that_hangs_is_not_waited_for(store, market, monkeypatch, hanging):
    """Nor is the thread that asks it: `asyncio.run` would join one of its own."""
    monkeypatch.setattr(leave, "ANSWER_SECONDS", 0.05)
    monkeypatch.setattr(leave, "MINED_SECONDS", 0.05)
    never = threading.Event()
    (told,) = said(store, market, **{hanging: lambda *_: never.wait()})
    assert told.startswith("the ask is NOT withdrawn (the chain doesn't answer)")


def test_what_is_signed_is_settled_first(store, market):
    signed(store, market, 1, 1_500)
    assert said(store, market) == [GONE + RESUMED, "settled 0.0015 USD that renters had signed"]
    assert store.unredeemed() == []


def test_money_at_risk_and_until_when(store, market):
    signed(store, market, 1, 1_500)
    signed(store, market, 2, 500)
    store.mark_redeemed(2, MicroUsd(500))
    _, told = said(store, market, settle=refuse)
    assert told.startswith(
        "0.0015 USD of 1 lease are signed and not redeemed; start again before 1970-01-01 "
    )
    assert EXPIRY + 600 == 10_600  # 02:56 of that day
    assert "02:56 UTC" in told
