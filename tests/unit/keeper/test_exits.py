"""What a sale leaves for the next one."""

from hypothesis import given
from hypothesis import strategies as st

from small_credit import ETH, ETHER, TUSD, USD
from surge.credit.exchange import Reserves, Route
from surge.keeper.exits import AtPrice, Burn, after, through
from surge.model.units import Address

BTC = Address("0x" + "77" * 20)
SUPPLY = 10**12
sizes = st.integers(10**6, 10**24)
amounts = st.integers(0, 10**24)


@given(first=sizes, second=sizes, third=sizes, amount=amounts, more=amounts)
def test_two_sales_one_after_the_other_bring_what_one_of_both_does(first, second, third, amount, more):
    """To a unit for each rounding, and the fee that stays in the pools, which only helps."""
    way = Route((ETH.address, BTC, TUSD.address), (Reserves(first, second), Reserves(second, third)))
    rest = through(way, after(way, amount))
    assert way.proceeds(amount) + rest.proceeds(more) <= way.proceeds(amount + more) + 2
    assert rest.proceeds(more) <= way.proceeds(more)


def test_a_sale_is_seen_from_both_sides_and_by_no_others():
    way = Route((ETH.address, TUSD.address), (Reserves(10 * ETHER, 20_000 * USD),))
    back = Route((TUSD.address, ETH.address), (Reserves(20_000 * USD, 10 * ETHER),))
    other = Route((BTC, TUSD.address), (Reserves(ETHER, 60_000 * USD),))
    left = after(way, ETHER)
    assert through(back, left).pairs[0].reversed == through(way, left).pairs[0] == way.pairs[0].after(ETHER)
    assert through(other, left) == other
    assert (after(AtPrice(1), 5), through(AtPrice(1), left)) == ({}, AtPrice(1))


@given(amount=st.integers(0, SUPPLY))
def test_a_burn_moves_its_pair(amount):
    burn = Burn(ETH.address, TUSD.address, Reserves(10 * ETHER, 20_000 * USD), SUPPLY)
    way = Route((ETH.address, TUSD.address), (burn.pair,))
    left = through(way, after(burn, amount)).pairs[0]
    if amount < SUPPLY:
        assert burn.pair.out - burn.proceeds(amount) <= left.out + 1
    assert through(burn, after(way, ETHER)).pair == way.pairs[0].after(ETHER)
    assert through(burn, after(burn, amount)).proceeds(1) <= burn.proceeds(1)
