"""Nobody lives on work that it gives up or doesn't sign for; an honest Ctrl-C costs nothing (P5)."""

import pytest

from deal import lease_of
from surge.model.receipt import Receipt
from surge.model.voucher import Voucher
from surge.provider.regard import (
    FORGIVE_AFTER,
    FREE_SECONDS,
    FUEL_OF_A_SECOND,
    LEAST,
    MAX_SHUN,
    MOST,
    SHUN_SECONDS,
    Regard,
    is_too_much,
    shunned,
)
from surge.store.provider import Kept, ProviderStore, Standing

RENTER = lease_of().terms.renter
NOW = 1_000_000


@pytest.fixture
def store(tmp_path):
    made = ProviderStore(tmp_path / "provider.db")
    yield made
    made.close()


def test_each_time_is_twice_as_long_up_to_a_day_and_a_week_forgives():
    standing, now, lengths = Standing(), NOW, []
    for lease in range(1, 9):
        standing = shunned(standing, lease, now)
        lengths.append(standing.until - now)
        now = standing.until + 1
    assert lengths == [SHUN_SECONDS << n for n in range(5)] + [MAX_SHUN] * 3
    after = standing.until + FORGIVE_AFTER
    assert shunned(standing, 9, after + 1).until == after + 1 + SHUN_SECONDS


def test_one_lease_is_held_against_its_renter_once():
    """Its provider may restart before the chain has closed it."""
    once = shunned(Standing(), 7, NOW)
    assert shunned(once, 7, NOW + 10) == once


def test_a_few_runs_that_are_given_up_cost_nothing(store):
    for lease in range(1, FREE_SECONDS // MOST + 1):
        Regard(store).gave_up(RENTER, lease, 10**6, NOW)
        assert store.standing(RENTER).until == 0
    Regard(store).gave_up(RENTER, 99, 0, NOW)
    assert store.standing(RENTER) == Standing(NOW + SHUN_SECONDS, 1, 99, FREE_SECONDS + LEAST)


def test_paid_work_makes_up_for_what_was_given_up(store):
    fuel = FUEL_OF_A_SECOND * LEAST
    store.put_lease(lease_of())
    store.put_receipt(Kept(Receipt(1, 0, b"c" * 32, bytes(32), fuel, 0, 0, False, 5), bytes(65), b""))
    assert store.paid_fuel(RENTER) == 0  # nothing is signed yet
    store.put_voucher(Voucher(1, 1, 5, bytes(32)), bytes(65))
    assert store.paid_fuel(RENTER) == fuel
    assert store.paid_fuel("0x" + "9" * 40) == 0
    assert is_too_much(FREE_SECONDS + LEAST, 0)
    assert not is_too_much(FREE_SECONDS + LEAST, fuel)
    assert is_too_much(FREE_SECONDS + LEAST + 1, fuel)
