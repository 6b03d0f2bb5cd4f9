"""Per cent are written with their sign."""

import pytest

from surge.desk.percent import parse_percent, slippage
from surge.model.errors import BadInput


@pytest.mark.parametrize(
    ("text", "part"), [("0.5%", 50), ("1 %", 100), (" 100% ", 10_000), ("0.01%", 1), ("0%", 0)]
)
def test_parts_in_ten_thousand(text, part):
    assert parse_percent(text, "fee") == part


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0.5", "write it in per cent, with the sign: '0.5%'"),
        (0.5, "with the sign: '0.5%'"),
        ("half", "with the sign: '0.5%'"),
        ("0.001%", "up to 2 decimals"),
        ("-1%", "can't be negative"),
        ("%", "decimal string"),
    ],
)
def test_a_bare_number_has_no_unit(text, said):
    with pytest.raises(BadInput, match=said):
        parse_percent(text, "fee")


def test_a_slippage_of_all_is_no_bound():
    assert slippage("99.99%") == 9_999
    with pytest.raises(BadInput, match="below 100%"):
        slippage("100%")
