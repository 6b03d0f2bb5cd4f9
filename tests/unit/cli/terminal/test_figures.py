"""Amounts, ratios and prices as a person reads them."""

import pytest

from surge.cli.terminal import figures


@pytest.mark.parametrize(
    ("exact", "shown"),
    [
        ("0.999999999999999999", "0.99"),
        ("1", "1.00"),
        ("1.009999", "1.009"),
        ("1.0000004", "1.0000004"),
        ("1.142857", "1.14"),
        ("12345.6", "12,345.60"),
    ],
)
def test_a_health_factor_is_never_rounded_up(exact, shown):
    assert figures.health(exact, "1") == shown


def test_a_health_factor_without_debt_is_no_number():
    assert figures.health(None, "0.0") == "no debt"
    assert figures.health(None, "1.5") == figures.NONE


@pytest.mark.parametrize(
    ("exact", "up", "shown"),
    [
        ("0", False, "0"),
        ("1234.500000", False, "1,234.5"),
        ("0.0000001", False, "<0.000001"),
        ("0.0000011", False, "0.000001"),
        ("0.0000011", True, "0.000002"),
        ("100", True, "100"),
    ],
)
def test_amounts_round_where_they_are_told_to(exact, up, shown):
    assert figures.amount(exact, up=up) == shown


@pytest.mark.parametrize(
    ("exact", "shown"),
    [
        ("99.999999", "100"),
        ("99.99", "99.99"),
        ("99.9949", "99.99"),
        ("2.999999999999999999", "3"),
        ("0.000001", "<0.01"),
    ],
)
def test_a_unit_of_rounding_does_not_make_99_99_of_100(exact, shown):
    assert figures.amount(exact, places=2) == shown


def test_what_may_be_typed_is_never_more_than_there_is():
    exact = "0.299999999999999999"
    assert figures.most(exact, "ETH") == "0.299999 ETH"
    assert figures.money(exact, "ETH") == "0.3 ETH"


@pytest.mark.parametrize(
    ("exact", "up", "limits", "shown"),
    [
        ("0.7", False, (), "70.00%"),
        ("0.99996", False, (), "99.99%"),
        ("0.99996", True, (), "99.996%"),
        ("1", True, (), "100.00%"),
        ("1.00004", False, (), "100.004%"),
        ("0.79996", True, ("0.7", "0.8"), "79.996%"),
        ("0.8", True, ("0.7", "0.8"), "80.00%"),
        ("0.700000001", True, ("0.7", "0.8"), "70.01%"),
        ("0.00004", False, (), "<0.01%"),
        ("0.00004", True, (), "0.01%"),
        ("0", False, (), "0.00%"),
    ],
)
def test_per_cents_beside_a_limit_have_as_many_digits_as_tell_them_apart(exact, up, limits, shown):
    assert figures.percent(exact, up=up, limits=limits) == shown


@pytest.mark.parametrize(
    ("exact", "up", "shown"),
    [
        (None, False, figures.NONE),
        ("2000", False, "2,000.00"),
        ("1750.001", True, "1,750.01"),
        ("0.1", False, "0.100000"),
        ("0.000123456789", False, "0.000123456"),
    ],
)
def test_prices_have_two_decimals_or_six_figures(exact, up, shown):
    assert figures.price(exact, up=up) == shown


def test_a_limit_in_per_cent_is_short():
    assert [figures.bound(one) for one in ("0.7", "0.855", "1")] == ["70%", "85.5%", "100%"]


@pytest.mark.parametrize(
    ("exact", "shown"),
    [
        (["0.470609", "0.352934", "0.058821", "0.117636"], ["47.1%", "35.3%", "5.8%", "11.8%"]),
        (["0.333333333333333333"] * 3, ["33.3%", "33.4%", "33.3%"]),
        (["0.5", "0.25"], ["50.0%", "25.0%"]),
        (["0", "0"], ["0.0%", "0.0%"]),
        (["0.99996", "0.00004"], [">99.9%", "<0.1%"]),
        (["1", "0"], ["100.0%", "0.0%"]),
    ],
)
def test_parts_add_up(exact, shown):
    assert figures.parts(exact) == shown


def test_what_is_past_is_told_to_the_nearest():
    assert figures.about("66.55778", "TUSD") == "66.56 TUSD"
    assert figures.about("0.225657934705882352", "ETH") == "0.2257 ETH"
    assert figures.about("0.001", "TUSD") == "<0.01 TUSD"
    assert figures.about("0", "ETH") == "0 ETH"
