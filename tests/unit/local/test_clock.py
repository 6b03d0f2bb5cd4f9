"""Spans of time as a person writes them."""

import pytest

from surge.local.clock import parse_span
from surge.model.errors import BadInput


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("45m", 2_700), ("12h", 43_200), ("30d", 2_592_000), (" 4W ", 2_419_200), ("1s", 1)],
)
def test_a_number_and_a_unit(text, seconds):
    assert parse_span(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "30", "d", "1.5h", "-5d", "+5d", "0d", "5y", "1h30m", "1 d", "9999999999s"]
)
def test_what_is_no_span_is_refused_in_a_sentence(text):
    with pytest.raises(BadInput, match=r"is no span of time .*; write 90s, 45m, 12h, 30d or 4w"):
        parse_span(text)
