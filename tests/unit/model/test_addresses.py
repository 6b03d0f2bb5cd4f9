"""Addresses as people write them."""

import pytest

from surge.model.errors import BadInput
from surge.model.signature import is_address, read_address

WRITTEN = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


@pytest.mark.parametrize("text", [WRITTEN, WRITTEN.lower(), "0x" + WRITTEN[2:].upper()])
def test_one_case_or_the_right_capitals(text):
    assert read_address(text) == WRITTEN
    assert is_address(read_address(text))


@pytest.mark.parametrize("at", [5, 20, 41])
def test_a_mistyped_digit_shows_in_the_capitals(at):
    other = "1" if WRITTEN[at] != "1" else "2"
    with pytest.raises(BadInput, match="one is mistyped"):
        read_address(WRITTEN[:at] + other + WRITTEN[at + 1 :])


@pytest.mark.parametrize(
    "text", ["", "0x", "12", "0x12", "0x" + "zz" * 20, "ab" * 20, "ab" * 21, "0x" + "ab" * 21, WRITTEN + " "]
)
def test_what_is_none(text):
    with pytest.raises(BadInput, match="is no token; it has 40 hexadecimal digits after 0x"):
        read_address(text, "token")
