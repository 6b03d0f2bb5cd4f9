# mypy: ignore-errors
"""Reads what the renter sent: READERS[first byte](bytes, position after it, first byte) → (value, position).

It trusts those bytes: they are the renter's own, in the renter's own cage.
"""

import array
import struct

from surge.model.tagged import tags as tag
from surge.run.guest import host

BUILDERS = {}
"""tag → builder(items). Another while a graph is read (graph.py)."""
GRAPHS = {}
"""encode, decode of graph.py, which needs this module; entry.py enters them"""


class Marker:
    __slots__ = ("code",)

    def __init__(self, code):
        self.code = code


MARKERS = [Marker(code) for code in range(tag.HIGHEST + 1)]


class Linked(Exception):
    """What is read is a graph."""


_unpack_double = struct.Struct(">d").unpack_from


def decode(content):
    try:
        return READERS[content[0]](content, 1, content[0])[0]
    except Linked:
        return GRAPHS["decode"](content)


def _list(content, at, count):
    items = []
    for _ in range(count):
        first = content[at]
        if first < 128:
            value = first
            at += 1
        else:
            value, at = READERS[first](content, at + 1, first)
        items.append(value)
    if items and type(items[0]) is Marker:
        return BUILDERS[items[0].code](items[1:]), at
    return items, at


def _map(content, at, count):
    items = {}
    for _ in range(count):
        first = content[at]
        key, at = READERS[first](content, at + 1, first)
        first = content[at]
        items[key], at = READERS[first](content, at + 1, first)
    return items, at


def _short_list(content, at, first):
    """As _list: a call less for what every task's input is made of."""
    items = []
    for _ in range(first & 15):
        first = content[at]
        if first < 128:
            value = first
            at += 1
        else:
            value, at = READERS[first](content, at + 1, first)
        items.append(value)
    if items and type(items[0]) is Marker:
        return BUILDERS[items[0].code](items[1:]), at
    return items, at


def _short_map(content, at, first):
    return _map(content, at, first & 15)


def _short_text(content, at, first):
    end = at + (first & 31)
    return str(content[at:end], "utf-8"), end


def _constant(value):
    return lambda content, at, first: (value, at)


def _sized(width, read):
    """A reader whose length stands in the next `width` bytes."""

    def reader(content, at, first):
        start = at + width
        return read(content, start, int.from_bytes(content[at:start], "big"))

    return reader


def _text(content, at, length):
    return str(content[at : at + length], "utf-8"), at + length


def _bytes(content, at, length):
    return bytes(content[at : at + length]), at + length


def _number(width, code):
    unpack = struct.Struct(">" + code).unpack_from

    def reader(content, at, first):
        return unpack(content, at)[0], at + width

    return reader


def _float(content, at, first):
    return _unpack_double(content, at)[0], at + 8


def _mark(content, at, first):
    return MARKERS[content[at]], at + 2


def _unknown(content, at, first):
    raise ValueError(f"no tagged MessagePack: byte {first} at {at - 1}")


READERS = [lambda content, at, first: (first, at)] * 128 + [_short_map] * 16 + [_short_list] * 16
READERS += [_short_text] * 32 + [_unknown] * 32 + [lambda content, at, first: (first - 256, at)] * 32
READERS[0xC0], READERS[0xC2], READERS[0xC3] = _constant(None), _constant(False), _constant(True)
READERS[0xCB], READERS[0xD4] = _float, _mark
for _at, _width in enumerate((1, 2, 4)):
    READERS[0xC4 + _at] = _sized(_width, _bytes)
    READERS[0xD9 + _at] = _sized(_width, _text)
for _at, _width in enumerate((2, 4)):
    READERS[0xDC + _at] = _sized(_width, _list)
    READERS[0xDE + _at] = _sized(_width, _map)
for _at, _width in enumerate((1, 2, 4, 8)):
    READERS[0xCC + _at], READERS[0xD0 + _at] = _number(_width, "BHIQ"[_at]), _number(_width, "bhiq"[_at])


def _build_block(typecode):
    return lambda items: array.array(typecode, items[0]).tolist()


BUILDERS.update(
    {
        tag.BLOB: lambda items: decode(host.fetch(items[0])),
        tag.TUPLE: tuple,
        tag.SET: set,
        tag.FROZENSET: frozenset,
        tag.DICT: lambda items: dict(zip(items[::2], items[1::2], strict=True)),
        tag.INT: lambda items: int.from_bytes(items[0], "little", signed=True),
        tag.BYTEARRAY: lambda items: bytearray(items[0]),
        tag.TEXT: lambda items: items[0].decode("utf-8", "surrogatepass"),
        tag.INTS: _build_block("q"),
        tag.FLOATS: _build_block("d"),
    }
)
