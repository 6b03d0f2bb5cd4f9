"""A redeemer leaves what isn't worth its gas, and books what was never redeemed as lost (P6)."""

import asyncio
from types import SimpleNamespace

import pytest

from deal import EXPIRY, PROVIDER, RENTER, lease_of
from small_market import DOMAIN, Market
from surge.chain.calls.leases import Closing, LeaseState
from surge.model.signature import address_of, sign
from surge.model.units import parse_usd
from surge.model.voucher import Voucher
from surge.provider.duty import redeemer as redeemer_module
from surge.provider.duty.gas import Gas
from surge.provider.duty.redeemer import Redeemer
from surge.settle.gas import Scales
from surge.store.provider import ProviderStore

SIGNED = 100_000


@pytest.fixture
def store(tmp_path):
    made = ProviderStore(tmp_path / "provider.db")
    yield made
    made.close()


@pytest.fixture
def market():
    return Market()


def redeemer(store, market, gwei, coin="2500"):
    chain = market.seen_by(address_of(PROVIDER))
    chain.money = SimpleNamespace(gas_price=lambda: gwei * 10**9)
    return Redeemer(chain, store, Gas(chain, Scales(parse_usd(coin) if coin else None)))


def a_voucher(store, market):
    """Over ten cents, of a lease whose hour of work is worth 36 dollars."""
    lease = market.open(lease_of())
    store.put_lease(lease)
    voucher = Voucher(1, 1, SIGNED, bytes(32))
    store.put_voucher(voucher, sign(DOMAIN.digest(voucher.struct_hash), RENTER))


def redeemed(store):
    return store.voucher(1).redeemed


def test_it_waits_for_cheaper_gas(store, market):
    a_voucher(store, market)
    asyncio.run(redeemer(store, market, gwei=1).redeem(1))  # 27.5 cents
    assert redeemed(store) == market.states[1].settled == 0
    asyncio.run(redeemer(store, market, gwei=0.01).redeem(1))
    assert redeemed(store) == market.states[1].settled == SIGNED


def test_without_a_price_gas_is_not_weighed(store, market):
    a_voucher(store, market)
    asyncio.run(redeemer(store, market, gwei=10_000, coin="").redeem(1))
    assert redeemed(store) == SIGNED


def test_raises_end_at_what_it_brings(store, market):
    a_voucher(store, market)
    asyncio.run(redeemer(store, market, gwei=0.01).redeem(1))
    market.now_at = EXPIRY
    asyncio.run(redeemer(store, market, gwei=0.01).close(1))
    coin = 10**18 // parse_usd("2500")
    settling, closing = market.most
    assert settling == 95_000 * coin  # without the Market's fee
    assert closing == parse_usd("36") * coin
    asyncio.run(redeemer(store, market, gwei=1, coin="").close(1))
    assert market.most[2] is None


def test_a_close_frees_slots_too(store, market):
    a_voucher(store, market)
    market.now_at = EXPIRY
    asyncio.run(redeemer(store, market, gwei=1_000).close(1))
    assert market.states[1].open
    asyncio.run(redeemer(store, market, gwei=1).close(1))
    assert not market.states[1].open


def test_near_the_deadline_whatever_gains_is_sent(store, market, monkeypatch):
    monkeypatch.setattr(redeemer_module, "WAIT_SECONDS", 0.0)
    a_voucher(store, market)
    dear = redeemer(store, market, gwei=0.3)  # 8 of 9.5 cents
    market.now_at = EXPIRY + 299  # half of the grace is left
    asyncio.run(dear.redeem(1))
    assert redeemed(store) == 0
    market.now_at = EXPIRY + 300
    asyncio.run(dear.redeem(1))
    assert redeemed(store) == SIGNED


def test_what_was_never_redeemed_is_lost_and_not_earned(store, market):
    a_voucher(store, market)
    assert store.earnings().lost == 0
    market.states[1] = LeaseState(False, 0, 0)
    market.closings[1] = Closing(1, 30_000, 0, bytes(32), 1)
    assert asyncio.run(redeemer(store, market, gwei=1).record_end(1))
    books = store.earnings()
    assert (books.signed, books.redeemed, books.lost) == (SIGNED, 30_000, SIGNED - 30_000)
    assert store.unredeemed() == []


def test_what_waits_is_not_weighed_all_the_time(store, market):
    a_voucher(store, market)
    dear, asked = redeemer(store, market, gwei=1_000), []
    dear._chain.find = lambda lease: asked.append(lease) or market.leases[lease]
    for _ in range(3):
        asyncio.run(dear.redeem(1))
    assert len(asked) == 1


def test_why_it_comes_to_nothing_is_said_once(store, market, capsys, monkeypatch):
    monkeypatch.setattr(redeemer_module, "WAIT_SECONDS", 0.0)
    a_voucher(store, market)
    dear = redeemer(store, market, gwei=1_000)
    for _ in range(3):
        asyncio.run(dear.redeem(1))
    market.away = True
    for _ in range(3):
        asyncio.run(dear.redeem(1))
    told = capsys.readouterr()
    text = told.out + told.err
    assert (text.count("waiting for cheaper"), text.count("could not be redeemed")) == (1, 1)
