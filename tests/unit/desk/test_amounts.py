import pytest

from surge.credit.market import Token
from surge.desk.amounts import chosen, impact, ratio, slippage, units
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
    [("3", 3 * WAD), ("2.5", 5 * WAD // 2), (WAD, WAD), (0, 0)],
)
def test_ratios(value, expected):
    assert ratio(value, "multiple") == expected


@pytest.mark.parametrize("value", [1.5, True, -1, "three", "3x", "%", "150%"])
def test_what_is_no_ratio_is_refused(value):
    with pytest.raises(BadInput, match="multiple"):
        ratio(value, "multiple")


def test_slippage_is_written_in_per_cent():
    assert slippage("1%") == 100
    assert slippage(" 0.5 % ") == 50
    assert slippage("0%") == 0
    assert impact("150%") == 15_000


@pytest.mark.parametrize("bare", ["0.5", "1", 1, 0.5, 50, None])
@pytest.mark.parametrize("read", [slippage, impact])
def test_a_bare_number_is_no_per_cent(read, bare):
    """Half a per cent and a half look alike."""
    with pytest.raises(BadInput, match=r"has no unit; write it in per cent, with the sign: '.*%'"):
        read(bare)


@pytest.mark.parametrize("value", ["100%", "250%"])
def test_a_slippage_of_everything_is_no_bound(value):
    with pytest.raises(BadInput, match="below 100%"):
        slippage(value)


@pytest.mark.parametrize("value", ["0.001%", "-1%", "1e1%", "%", "a lot%"])
def test_what_is_no_per_cent_is_refused(value):
    """A finer one than can be kept too: it is not widened in silence."""
    with pytest.raises(BadInput, match="max slippage in per cent"):
        slippage(value)


def test_a_word_is_one_of_its_choices():
    assert chosen("loan", ("collateral", "loan"), "to") == "loan"
    for typo in ("loans", "Loan", "", None, 1):
        with pytest.raises(BadInput, match=r"to .* is unknown; write 'collateral' or 'loan'"):
            chosen(typo, ("collateral", "loan"), "to")
