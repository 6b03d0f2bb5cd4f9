"""Prices of people and of contracts are the same, but for what rounding takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from small_credit import ETH, TUSD
from surge.credit.price import scaled, whole
from surge.model.errors import BadInput
from surge.model.units import parse_decimal


def test_in_figures():
    assert scaled("2000", ETH, TUSD) == 2_000 * 10**6 * 10**36 // 10**18
    assert scaled("0.0005", TUSD, ETH) == 5 * 10**14 * 10**36 // 10**6
    assert whole(2 * 10**27, ETH, TUSD) == "2000"
    assert whole(5 * 10**44, TUSD, ETH) == "0.0005"
    with pytest.raises(BadInput, match="decimal string"):
        scaled("1e3", ETH, TUSD)


@given(st.integers(0, 10**50), st.sampled_from([(ETH, TUSD), (TUSD, ETH), (ETH, ETH)]))
def test_down_and_up_are_around_it(price, tokens):
    down, up = (parse_decimal(whole(price, *tokens, up=up), 40, "price") for up in (False, True))
    exact = price * 10 ** (tokens[0].decimals - tokens[1].decimals + 18) * 10**4 // 10**18
    assert 0 <= up - down <= 10**22
    assert down <= exact <= up
