from datetime import datetime

import pytest

from surge.cli.terminal.wording import duration, moment, short
from surge.model.task import DEFAULT_FUEL
from surge.model.units import GFUEL, counted, show_gfuel


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "now"),
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "1 minute"),
        (61, "1 minute 1 second"),
        (3_600, "1 hour"),
        (3_605, "1 hour"),
        (3_725, "1 hour 2 minutes"),
        (86_400 + 7_200 + 59, "1 day 2 hours"),
        (864_000, "10 days"),
    ],
)
def test_durations_have_their_two_largest_parts(seconds, words):
    assert duration(seconds) == words


def test_counts_agree_with_their_noun():
    assert [counted(n, "lease") for n in (0, 1, 2, 1_000)] == [
        "0 leases",
        "1 lease",
        "2 leases",
        "1,000 leases",
    ]


def test_plurals_are_english():
    assert counted(2, "sandbox") == "2 sandboxes"


def test_only_addresses_are_shortened():
    assert short("0xE72E0C4A5b528758BEf5BFB343F4e288de9eeE34") == "0xE72E0C…eE34"
    assert short("all") == "all"


def test_fuel_is_never_rounded_up():
    assert show_gfuel(1_999_999_999) == "1.99"
    assert show_gfuel(1_234 * 10**9) == "1,234.00"


def test_the_default_of_fuel_is_the_model_s():
    from surge.cli.terminal.options import FUEL_GFUEL

    assert FUEL_GFUEL * GFUEL == DEFAULT_FUEL


def test_an_exact_moment_of_another_year_keeps_its_hour():
    then = datetime(2020, 9, 13, 14, 26).timestamp()
    assert (moment(then), moment(then, exact=True)) == ("13 Sep 2020", "13 Sep 2020 14:26")
