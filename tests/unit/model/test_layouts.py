"""The words of the chain: fields that neither overlap nor leave their word."""

from dataclasses import fields

import pytest

from surge.model.ask import ASK_LAYOUT, Ask
from surge.model.demand import DEMAND_LAYOUT, Demand
from surge.model.lease import LEASE_LAYOUT
from surge.model.word import Field, pack, unpack

LAYOUTS = {"ask": ASK_LAYOUT, "demand": DEMAND_LAYOUT, "lease": LEASE_LAYOUT}


def bits(layout: dict[str, Field]) -> list[int]:
    return [bit for field in layout.values() for bit in range(field.offset, field.offset + field.bits)]


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_no_bit_has_two_meanings_and_none_lies_outside(layout):
    used = bits(layout)
    assert len(set(used)) == len(used)
    assert 0 <= min(used) <= max(used) < 256


def test_an_asks_word_is_full():
    """A field more needs a second word, or one of these to become narrower."""
    assert len(bits(ASK_LAYOUT)) == 256


@pytest.mark.parametrize(("layout", "noun"), [(ASK_LAYOUT, Ask), (DEMAND_LAYOUT, Demand)])
def test_every_field_of_the_noun_is_in_its_word(layout, noun):
    assert set(layout) == {field.name for field in fields(noun)}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_the_extremes_of_every_field_come_back(layout):
    low = {name: -(1 << one.bits - 1) if one.signed else 0 for name, one in layout.items()}
    high = {name: (1 << one.bits - one.signed) - 1 for name, one in layout.items()}
    for values in (low, high):
        assert unpack(layout, pack(layout, values, "word")) == values
