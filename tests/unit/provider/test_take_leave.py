"""What a provider says when it stops is true: whether its ask is gone, and what money is at risk."""

import asyncio
import threading
from types import SimpleNamespace

import pytest

from deal import EXPIRY, PROVIDER, lease_of
from small_market import DOMAIN
from surge.model.errors import NoNetwork
from surge.model.signature import sign
from surge.model.units import Seconds
from surge.model.voucher import Voucher
from surge.provider import start
from surge.store.provider import ProviderStore


@pytest.fixture
def store(tmp_path):
    made = ProviderStore(tmp_path / "provider.db")
    yield made
    made.close()


def said(store, withdraw):
    """The sentences of a stop."""
    chain = SimpleNamespace(
        asks=SimpleNamespace(withdraw=withdraw),
        book=SimpleNamespace(parameters=SimpleNamespace(grace_seconds=Seconds(600))),
    )
    told = []
    asyncio.run(start._take_leave(chain, store, told.append))
    return told


def signed(store, number, amount):
    lease = lease_of(number=number)
    store.put_lease(lease)
    voucher = Voucher(lease.id, 1, amount, bytes(32))
    store.put_voucher(voucher, sign(DOMAIN.digest(voucher.struct_hash), PROVIDER))


def test_an_ask_that_is_gone(store):
    assert said(store, lambda: None) == ["the ask is withdrawn; open leases are resumed at the next start"]


def test_an_ask_that_could_not_be_withdrawn(store):
    def refuses():
        raise NoNetwork("the chain is away")

    (told,) = said(store, refuses)
    assert told.startswith("the ask is NOT withdrawn (the chain is away)")


def test_a_node_that_hangs_is_not_waited_for(store, monkeypatch):
    monkeypatch.setattr(start, "LEAVE_SECONDS", 0.05)
    hanging = threading.Event()
    timer = threading.Timer(2.0, hanging.set)  # so that the thread ends, too
    timer.start()
    (told,) = said(store, hanging.wait)
    timer.join()
    assert told.startswith("the ask is NOT withdrawn (the chain doesn't answer)")


def test_money_at_risk_and_until_when(store):
    signed(store, 1, 1_500)
    signed(store, 2, 500)
    store.mark_redeemed(2, 500)
    _, told = said(store, lambda: None)
    assert told.startswith(
        "0.0015 USD of 1 leases are signed and not redeemed; start again before 1970-01-01 "
    )
    assert EXPIRY + 600 == 10_600  # 02:56 of that day
    assert "02:56 UTC" in told
