import pytest

from surge.credit.market import Token
from surge.desk.amounts import bps, ratio, units
from surge.model.errors import BadInput
from surge.model.units import WAD

ETHER = Token("ETH", 18, "0x" + "11" * 20)
DOLLAR = Token("TUSD", 6, "0x" + "22" * 20)


@pytest.mark.parametrize(
    ("amount", "token", "expected"),
    [
        ("1.5", DOLLAR, 1_500_000),
        ("0.000001", DOLLAR, 1),
        (7, DOLLAR, 7),
        ("2", ETHER, 2 * WAD),
        (0, ETHER, 0),
    ],
)
def test_strings_are_whole_tokens_and_ints_smallest_units(amount, token, expected):
    assert units(amount, token) == expected


def test_max_is_what_works():
    assert units("max", DOLLAR, lambda: 42) == 42
    with pytest.raises(BadInput, match="name an amount of TUSD"):
        units("max", DOLLAR)


@pytest.mark.parametrize("amount", [1.5, True, None, -1, "1e3", "-1", "1.0000001", "", "all"])
def test_what_is_no_exact_amount_is_refused(amount):
    with pytest.raises(BadInput):
        units(amount, DOLLAR)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("3", 3 * WAD), ("1%", WAD // 100), ("0.5 %", WAD // 200), ("2.5", 5 * WAD // 2), (WAD, WAD), (0, 0)],
)
def test_ratios(value, expected):
    assert ratio(value, "multiple") == expected


@pytest.mark.parametrize("value", [1.5, True, -1, "three", "3x", "%"])
def test_what_is_no_ratio_is_refused(value):
    with pytest.raises(BadInput, match="multiple"):
        ratio(value, "multiple")


def test_slippage_is_in_parts_of_ten_thousand_and_rounds_up():
    assert bps("1%") == 100
    assert bps("0.001%") == 1
    assert bps(0) == 0
    for value in ("100%", "1", 2 * WAD):
        with pytest.raises(BadInput, match="below 100%"):
            bps(value)
