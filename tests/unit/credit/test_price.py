"""Prices of people and of contracts are the same, but for what rounding takes."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from small_credit import ETH, TUSD
from surge.credit.price import scaled, whole
from surge.model.errors import BadInput


def test_in_figures():
    assert scaled("2000", ETH, TUSD) == 2_000 * 10**6 * 10**36 // 10**18
    assert scaled("0.0005", TUSD, ETH) == 5 * 10**14 * 10**36 // 10**6
    assert whole(2 * 10**27, ETH, TUSD) == "2000"
    assert whole(5 * 10**44, TUSD, ETH) == "0.0005"
    with pytest.raises(BadInput, match="decimal string"):
        scaled("1e3", ETH, TUSD)


@given(st.integers(0, 10**50), st.sampled_from([(ETH, TUSD), (TUSD, ETH), (ETH, ETH)]))
def test_down_and_up_are_around_it(price, tokens):
    token, money = tokens
    exact = Fraction(price * 10**token.decimals, 10 ** (36 + money.decimals))
    down, up = (Fraction(whole(price, token, money, up=up)) for up in (False, True))
    assert down <= exact <= up
    assert up - down <= Fraction(1, 10**18)
