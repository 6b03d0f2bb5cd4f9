"""Price impact, trading to a price, and the best arbitrage between two pairs: pure arithmetic."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surge.credit import exchange as twin
from surge.credit.exchange import PRICE_SCALE, Reserves
from surge.model.errors import BadInput

SIZE = st.integers(10**4, 10**27)
SMALL = st.integers(1, 3_000)
PAIR = st.builds(Reserves, SIZE, SIZE)
BIG_PAIR = st.builds(Reserves, st.integers(10**13, 10**27), st.integers(10**13, 10**27))
SMALL_PAIR = st.builds(Reserves, SMALL, SMALL)


@given(pair=BIG_PAIR, factor=st.integers(10_010, 1_000_000))
def test_trading_to_a_price(pair: Reserves, factor: int) -> None:
    """The next unit then costs the price, fee included, but for what rounding to units leaves."""
    wanted = twin.mid_price(pair) * factor // 10_000
    sold = twin.amount_to_price(pair, wanted)
    edge = Fraction(wanted * 997, PRICE_SCALE * 1_000)
    if Fraction(pair.into, pair.out) >= edge * (1 - Fraction(1, 10**9)):
        assert sold <= pair.into // 10**8
        return
    after_fee = Fraction(pair.into) + Fraction(sold * 997, 1_000)
    reached = after_fee * after_fee / (pair.into * pair.out)
    assert reached <= edge
    assert reached >= edge * (1 - Fraction(1, 10**5))
    assert twin.amount_to_price(pair, twin.mid_price(pair) // 2) == 0


@given(cheap=SMALL_PAIR, dear=SMALL_PAIR)
def test_the_best_arbitrage_is_found(cheap: Reserves, dear: Reserves) -> None:
    """Against every size there is, in pairs small enough to try them all."""
    trips = [
        twin.amount_out(bought, dear.into, dear.out) - twin.amount_in(bought, cheap.into, cheap.out)
        for bought in range(1, cheap.out)
    ]
    best = max((profit for profit in trips if profit > 0), default=0)
    found = twin.best_arbitrage(cheap, dear)
    profit = found.profit if found else 0
    # Rounding to whole units makes the profit a saw: near its top, teeth of a unit may lie further off.
    assert best - 2 <= profit <= best


@given(cheap=PAIR, dear=PAIR)
def test_an_arbitrage_can_be_executed_and_its_neighbours_pay_less(cheap: Reserves, dear: Reserves) -> None:
    found = twin.best_arbitrage(cheap, dear)
    back = twin.best_arbitrage(dear.reversed, cheap.reversed)
    assert not (found and back), "a gap can't pay in both directions"
    if found is None:
        return
    assert twin.amount_out(found.paid, cheap.into, cheap.out) >= found.bought
    assert twin.amount_out(found.bought, dear.into, dear.out) == found.received
    assert found.profit > 0
    for other in (found.paid * 9 // 10, found.paid * 11 // 10):
        bought = twin.amount_out(other, cheap.into, cheap.out)
        assert twin.amount_out(bought, dear.into, dear.out) - other <= found.profit + 2
    # Once taken, the gap is gone.
    left = twin.best_arbitrage(cheap.after(found.paid), dear.after(found.bought))
    assert left is None or left.profit <= found.profit // 100 + 2


def test_what_is_no_pair() -> None:
    for reserves in ((0, 1), (1, 0), (-1, 5)):
        with pytest.raises(BadInput, match="the pair is empty"):
            Reserves(*reserves)
    with pytest.raises(BadInput, match="ask for less"):
        twin.amount_in(10, 5, 10)
    assert twin.best_arbitrage(Reserves(1_000, 1_000), Reserves(1_000, 1_000)) is None
    # A path of two pairs is one after the other, either way.
    path = [Reserves(10**9, 2 * 10**9), Reserves(10**9, 10**9)]
    forth = twin.amounts_out(10**6, path)
    assert twin.amounts_in(forth[-1], path)[0] <= forth[0]
