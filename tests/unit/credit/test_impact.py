"""What a swap costs against the oracle's price, in words and as a bound."""

import pytest

from small_credit import ETH, ETHER, TUSD, USD, market
from surge.credit.exchange import Reserves, amounts_in, amounts_out
from surge.credit.impact import bought, sold, swapped
from surge.model.errors import BadInput
from surge.model.units import WAD

BUYING = [Reserves(200_000 * USD, 100 * ETHER)]
"""A pool at the oracle's price of 2,000."""
SELLING = [pair.reversed for pair in BUYING]


def test_a_purchase_is_told_against_the_oracles_price():
    swap = bought(market(), 10 * ETHER, 22_165 * USD, BUYING)
    assert swap.lost == 2_165 * USD
    assert swap.part == 10825 * WAD // 100_000
    assert str(swap) == "buys 10 ETH for 22165 TUSD, 10.83% (2165 TUSD) more than at the oracle's price"


def test_a_sale_is_told_likewise():
    brought = amounts_out(10 * ETHER, SELLING)[-1]
    swap = sold(market(), 10 * ETHER, brought, SELLING)
    assert 0.09 < swap.part / WAD < 0.1
    assert "less than at the oracle's price" in str(swap)


def test_a_gain_is_told_as_one():
    better = bought(market(usd=2_500), ETHER, 2_000 * USD, BUYING)
    assert (better.part, str(better).endswith("20% (500 TUSD) less than at the oracle's price")) == (
        -WAD // 5,
        True,
    )
    better.require(0)
    assert "25% (500 TUSD) more" in str(sold(market(), ETHER, 2_500 * USD, SELLING))


def test_it_is_bounded_and_the_refusal_names_the_bound_that_would_do():
    cost = amounts_in(10 * ETHER, BUYING)[0]
    swap = bought(market(), 10 * ETHER, cost, BUYING)
    with pytest.raises(
        BadInput, match=r"11\.4\d% .* above the most of 5%; .*`--max-impact 11\.4\d%`"
    ) as told:
        swap.require(500)
    needed = str(told.value).split("`--max-impact ")[1].split("%`")[0]
    swap.require(int(needed.replace(".", "")))
    with pytest.raises(BadInput):
        swap.require(int(needed.replace(".", "")) - 1)


def test_without_a_price_the_pools_own_is_the_measure():
    """A silent oracle leaves no swap without a bound."""
    cost = amounts_in(10 * ETHER, BUYING)[0]
    swap = bought(market(usd=None), 10 * ETHER, cost, BUYING)
    assert swap.fair == 20_000 * USD
    assert "the pools' own price (no oracle gives one)" in str(swap)
    with pytest.raises(BadInput):
        swap.require(500)
    two = [SELLING[0], Reserves(10**12, 5 * 10**11)]
    assert sold(market(usd=None), ETHER, 1, two).fair == 1_000 * USD


def test_what_is_next_to_nothing_is_not_shown_as_nothing():
    assert "0.01% (0.000001 TUSD) more" in str(bought(market(), ETHER, 2_000 * USD + 1, BUYING))
    assert "less than 0.01%" in str(bought(market(), ETHER, 2_000 * USD - 1, BUYING))


@pytest.mark.parametrize(("part", "lost"), [(1_000, 0.00399), (100, 0.01284), (1, 0.50075)])
def test_impact_in_figures(part, lost):
    """Selling a part f of the reserve executes at 1/(1 + 0.997 f) of the pool's price, the fee taken off."""
    pair = Reserves(1_000 * ETHER, 2_000_000 * USD)
    amount = pair.into // part
    swap = swapped(ETH, TUSD, amount, amounts_out(amount, [pair])[-1], None, [pair])
    assert swap.part / WAD == pytest.approx(lost, abs=1e-5)
