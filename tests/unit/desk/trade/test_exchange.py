"""A swap is measured against the oracle's price, as all swaps are."""

import pytest

from small_credit import ETH, ETHER, TUSD, USD, price
from surge.chain.calls.exchange import Pool
from surge.desk.trade.exchange import Exchange
from surge.model.errors import BadInput
from surge.model.units import WAD
from unit.desk.offline import PAIR, Offline


def swap(oracle, *given, **named):
    return Exchange(Offline(oracle=oracle)).swap.preview(*given, **named)


@pytest.mark.parametrize(("usd", "lost"), [(2_000, 0.004), (2_100, 0.0514), (1_900, -0.0484)])
def test_a_sale_is_measured_against_the_oracles_price(usd, lost):
    done = swap((price(usd), True), "1", "ETH", "TUSD", max_impact="10%")
    assert done.impact / WAD == pytest.approx(lost, abs=1e-4)
    assert "at the oracle's price" in done.also[0]


@pytest.mark.parametrize(("usd", "lost"), [(2_000, 0.004), (1_900, 0.0538), (2_100, -0.0458)])
def test_an_oracle_of_the_other_direction_is_turned_round(usd, lost):
    done = swap((price(usd), True), "2000", "TUSD", "ETH", max_impact="10%")
    assert done.impact / WAD == pytest.approx(lost, abs=1e-4)


@pytest.mark.parametrize("silent", [None, (0, False)])
def test_without_an_oracle_the_pools_own_price_is_the_measure(silent):
    done = swap(silent, "1", "ETH", "TUSD")
    assert done.impact / WAD == pytest.approx(0.004, abs=1e-4)
    assert "the pools' own price (no oracle gives one)" in done.also[0]


def test_what_loses_more_than_the_bound_is_not_sent():
    exchange = Exchange(Offline(oracle=(price(2_100), True)))
    with pytest.raises(BadInput, match=r"5\.15%.* above the most of 5%; .*`--max-impact 5\.15%`"):
        exchange.swap.preview("1", "ETH", "TUSD")
    assert exchange.chain.planned == ()


def test_the_first_liquidity_locks_a_little():
    exchange = Exchange(Offline())
    exchange.chain.exchange.pools = lambda _: [Pool(PAIR, ETH.address, TUSD.address, 0, 0)]
    exchange.chain.exchange.liquidity = lambda *_: (0, 0)
    after = exchange.add.preview("ETH/TUSD", "1", "2000").after
    assert after.supply - after.shares == 1_000
    assert after.reserves == (ETHER, 2_000 * USD)
