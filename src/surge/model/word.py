"""Fields packed into one 256-bit word, as the contracts store them (lowest bits first)."""

from collections.abc import Mapping
from typing import NamedTuple

from surge.model.errors import BadInput


class Field(NamedTuple):
    """`bits` wide at `offset`; two's complement if `signed`."""

    offset: int
    bits: int
    signed: bool = False


def pack(layout: Mapping[str, Field], values: Mapping[str, int], noun: str) -> int:
    """Pack `values` into one word. Raises BadInput if one does not fit its field."""
    word = 0
    for name, (offset, bits, signed) in layout.items():
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
        if not low <= values[name] <= high:
            raise BadInput(f"{noun}: {name} is {values[name]}; it must lie between {low} and {high}")
        word |= (values[name] & (1 << bits) - 1) << offset
    return word


def unpack(layout: Mapping[str, Field], word: int) -> dict[str, int]:
    """Inverse of `pack`; ignores bits that no field names."""
    values = {}
    for name, (offset, bits, signed) in layout.items():
        value = word >> offset & (1 << bits) - 1
        values[name] = value - (1 << bits) if signed and value >> bits - 1 else value
    return values
