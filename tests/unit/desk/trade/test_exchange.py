"""What a swap loses to its own size and to fees."""

from hypothesis import given
from hypothesis import strategies as st

from surge.credit.exchange import Reserves, Route, price_impact
from surge.desk.trade.exchange import impact
from surge.model.units import WAD

RESERVE = st.integers(10**9, 10**27)


@given(RESERVE, RESERVE, st.integers(1, 10**27))
def test_over_one_pool_it_is_the_pools_own(into, out, amount):
    pair = Reserves(into, out)
    assert abs(impact(Route((), (pair,)), amount) - price_impact(amount, pair)) <= 1


@given(RESERVE, RESERVE, RESERVE, RESERVE, st.integers(1, 10**27))
def test_it_is_at_least_the_fees_and_never_all_or_more(a, b, c, d, amount):
    lost = impact(Route((), (Reserves(a, b), Reserves(c, d))), amount)
    assert 5 * WAD // 1_000 < lost <= WAD  # 1 - 0.997²


def test_more_costs_more():
    route = Route((), (Reserves(2_000_000 * 10**6, 1_000 * 10**18),))
    lost = [impact(route, amount * 10**6) for amount in (1, 100, 10_000, 1_000_000)]
    assert lost == sorted(lost)
    assert 3 * WAD // 1_000 <= lost[0] < 31 * WAD // 10_000
