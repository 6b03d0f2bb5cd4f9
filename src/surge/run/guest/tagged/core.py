# mypy: ignore-errors
"""Packs values for the renter's side: pure Python, twin of surge/model/tagged/core.py.

Kept short on the way of ints, floats and text: every task pays for it.
"""

import array
import struct

from surge.model.tagged import tags as tag
from surge.run.guest.tagged.reading import GRAPHS

MAX_DEPTH = 100
PACKED_FROM = 32

TABLE = PACKERS = {}
"""type → packer(value, put, depth). PACKERS is another while a graph is written (graph.py)."""
FINDERS = []
"""Asked in turn for the packer of a type met for the first time."""
SEALED = set()
"""Packers that `sealed` made."""


class Once:
    """What can change and stands in the tree that is written, by id; None where a graph is."""

    met = None


class TooDeep(ValueError):
    """What is written is no tree: too deep, or something stands there twice."""


DEEP = "values other than lists, dicts, sets and instances of your own classes are nested deeper than "
DEEP += f"{MAX_DEPTH} levels, or hold themselves: use lists for them"

_wide = struct.Struct(">Bq").pack
_double = struct.Struct(">Bd").pack

_BYTE = [bytes([n]) for n in range(256)]
MARK = [bytes([0xD4, code, 0]) for code in range(tag.HIGHEST + 1)]
_TUPLES = [_BYTE[0x91 + count] + MARK[tag.TUPLE] for count in range(15)]


def encode(value):
    kind = type(value)
    if kind is int:
        if 0 <= value < 128:
            return _BYTE[value]
        if -0x8000000000000000 <= value < 0x8000000000000000:
            return _wide(0xD3, value)
    elif kind is float:
        return _double(0xCB, value)
    elif value is None:
        return b"\xc0"
    chunks = []
    Once.met = {}
    try:
        pack(value, chunks.append, 0)
    except (TooDeep, RecursionError):
        Once.met = None
        return GRAPHS["encode"](value)
    finally:
        Once.met = None
    return b"".join(chunks)


def meet(value):
    """Raises TooDeep for what stands there a second time: only a graph keeps it one."""
    met = Once.met
    if met is not None:
        if id(value) in met:
            raise TooDeep(DEEP)
        met[id(value)] = value


def unnoted(packer):
    """A packer of what a graph holds as it is: what stands there twice isn't noted."""

    def pack_unnoted(value, put, depth):
        before, Once.met = Once.met, None
        try:
            packer(value, put, depth)
        finally:
            Once.met = before

    return pack_unnoted


def sealed(packer):
    """As unnoted, of what can change: in a graph it stands once."""
    inner = unnoted(packer)

    def pack_sealed(value, put, depth):
        meet(value)
        inner(value, put, depth)

    SEALED.add(pack_sealed)
    return pack_sealed


def pack(value, put, depth):
    (PACKERS.get(type(value)) or find_packer(type(value)))(value, put, depth)


def find_packer(kind):
    for finder in FINDERS:
        found = finder(kind)
        if found is not None:
            TABLE[kind] = found
            return found
    raise TypeError(f"a {kind.__module__}.{kind.__qualname__} can't travel as data")


def deeper(depth):
    if depth >= MAX_DEPTH:
        raise TooDeep(DEEP)
    return depth + 1


def head(count, put):
    if count < 16:
        put(_BYTE[0x90 | count])
    elif count < 1 << 16:
        put(b"\xdc" + count.to_bytes(2, "big"))
    else:
        put(b"\xdd" + count.to_bytes(4, "big"))


def mark(code, items, put, depth):
    """A tagged value: the marker, then the items."""
    depth = deeper(depth)
    head(len(items) + 1, put)
    put(MARK[code])
    for item in items:
        (PACKERS.get(type(item)) or find_packer(type(item)))(item, put, depth)


def form(code, parts, put, depth):
    """As mark, of parts that were made for it: a graph links to none of them."""
    depth = deeper(depth)
    head(len(parts) + 1, put)
    put(MARK[code])
    for part in parts:
        (TABLE.get(type(part)) or find_packer(type(part)))(part, put, depth)


def _pack_int(value, put, depth):
    if 0 <= value < 128:
        put(_BYTE[value])
    elif -32 <= value < 0:
        put(_BYTE[value + 256])
    elif -0x8000000000000000 <= value < 0x8000000000000000:
        put(_wide(0xD3, value))
    elif 0 <= value < 0x10000000000000000:
        put(b"\xcf" + value.to_bytes(8, "big"))
    else:
        mark(tag.INT, [value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)], put, depth - 1)


def _pack_bytes(value, put, depth):
    length = len(value)
    if length < 256:
        put(b"\xc4" + _BYTE[length])
    elif length < 1 << 16:
        put(b"\xc5" + length.to_bytes(2, "big"))
    elif length < 1 << 32:
        put(b"\xc6" + length.to_bytes(4, "big"))
    else:
        raise ValueError("more than 4 GiB can't travel as one value")
    put(value)


def _pack_text(value, put, depth):
    try:
        content = value.encode()
    except UnicodeEncodeError:
        mark(tag.TEXT, [value.encode("utf-8", "surrogatepass")], put, depth - 1)
        return
    length = len(content)
    if length < 32:
        put(_BYTE[0xA0 | length])
    elif length < 256:
        put(b"\xd9" + _BYTE[length])
    elif length < 1 << 16:
        put(b"\xda" + length.to_bytes(2, "big"))
    elif length < 1 << 32:
        put(b"\xdb" + length.to_bytes(4, "big"))
    else:
        raise ValueError("more than 4 GiB can't travel as one value")
    put(content)


def _pack_list(value, put, depth):
    meet(value)
    depth = deeper(depth)
    if len(value) >= PACKED_FROM:
        kinds = set(map(type, value))
        if kinds == {int}:
            try:
                mark(tag.INTS, [array.array("q", value).tobytes()], put, depth - 1)
                return
            except OverflowError:
                pass  # too wide for a block; one by one below
        elif kinds == {float}:
            mark(tag.FLOATS, [array.array("d", value).tobytes()], put, depth - 1)
            return
    head(len(value), put)
    for item in value:
        (PACKERS.get(type(item)) or find_packer(type(item)))(item, put, depth)


def _pack_tuple(value, put, depth):
    count = len(value)
    if depth >= MAX_DEPTH or count > 14:
        mark(tag.TUPLE, value, put, depth)
        return
    put(_TUPLES[count])
    depth += 1
    for item in value:
        (PACKERS.get(type(item)) or find_packer(type(item)))(item, put, depth)


def _pack_dict(value, put, depth):
    meet(value)
    depth = deeper(depth)
    count = len(value)
    if all(type(key) is str and key.isascii() for key in value):
        if count < 16:
            put(_BYTE[0x80 | count])
        elif count < 1 << 16:
            put(b"\xde" + count.to_bytes(2, "big"))
        else:
            put(b"\xdf" + count.to_bytes(4, "big"))
    else:
        head(2 * count + 1, put)
        put(MARK[tag.DICT])
    for key, item in value.items():
        pack(key, put, depth)
        pack(item, put, depth)


def _pack_set(value, put, depth):
    if type(value) is set:
        meet(value)
    depth = deeper(depth)
    head(len(value) + 1, put)
    put(MARK[tag.SET if type(value) is set else tag.FROZENSET])
    items = []
    for item in value:
        chunks = []
        pack(item, chunks.append, depth)
        items.append(b"".join(chunks))
    for item in sorted(items):
        put(item)


def _pack_bytearray(value, put, depth):
    meet(value)
    mark(tag.BYTEARRAY, [bytes(value)], put, depth)


TABLE.update(
    {
        type(None): lambda value, put, depth: put(b"\xc0"),
        bool: lambda value, put, depth: put(b"\xc3" if value else b"\xc2"),
        int: _pack_int,
        float: lambda value, put, depth: put(_double(0xCB, value)),
        str: _pack_text,
        bytes: _pack_bytes,
        list: _pack_list,
        tuple: _pack_tuple,
        dict: _pack_dict,
        set: _pack_set,
        frozenset: _pack_set,
        bytearray: _pack_bytearray,
    }
)
