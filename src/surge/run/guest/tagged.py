# mypy: ignore-errors
"""Values as tagged MessagePack, inside the sandbox: pure Python, twin of surge/model/tagged/core.py.

Trusts what it decodes (a renter's own bytes, in the renter's own cage) and writes what the renter's
side accepts. Kept short on the way of ints, floats and text: every task pays for it.
"""

import array
import struct

from surge.run.guest import host

MAX_DEPTH = 100
PACKED_FROM = 32

TUPLE, SET, FROZENSET, DICT, INT, COMPLEX, BYTEARRAY, TEXT, RANGE, SLICE = range(1, 11)
DATE, TIME, DATETIME, TIMEDELTA, TIMEZONE, ZONE, DECIMAL, FRACTION, UUID, PATH = range(11, 21)
ENUM, INSTANCE, EXCEPTION, COLLECTION, SINGLETON = range(21, 26)
INTS, FLOATS, ARRAY, OBJECTS, SCALAR = range(26, 31)
FRAME, SERIES, INDEX, COLUMN, MOMENT = range(31, 36)
OPAQUE, PRINTED = 36, 37
REFERENCE, IMPORT, METHOD, LIBRARY, GRAPH, LINK, BLOB = range(39, 46)

BUILDERS = {}
"""tag → builder(items)"""
TABLE = PACKERS = {}
"""type → packer(value, put, depth). PACKERS is another while a graph is written (graph.py)."""
FINDERS = []
"""Asked in turn for the packer of a type met for the first time."""
GRAPHS = {}
"""encode, decode (graph.py)"""
SEALED = set()
"""Packers that `sealed` made."""
met = None
"""What can change and stands in the tree that is written, by id; None where a graph is."""


class Marker:
    __slots__ = ("code",)

    def __init__(self, code):
        self.code = code


MARKERS = [Marker(code) for code in range(BLOB + 1)]


class Linked(Exception):
    """What is read is a graph."""


class TooDeep(ValueError):
    """What is written is no tree: too deep, or something stands there twice."""


DEEP = "values other than lists, dicts, sets and instances of your own classes are nested deeper than "
DEEP += f"{MAX_DEPTH} levels, or hold themselves: use lists for them"

_unpack_double = struct.Struct(">d").unpack_from
_wide = struct.Struct(">Bq").pack
_double = struct.Struct(">Bd").pack

# ——— decoding: READERS[first byte](bytes, position after it, first byte) → (value, position) ———


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

# ——— encoding: PACKERS[type](value, put, depth) ———

_BYTE = [bytes([n]) for n in range(256)]
MARK = [bytes([0xD4, code, 0]) for code in range(BLOB + 1)]
_TUPLES = [_BYTE[0x91 + count] + MARK[TUPLE] for count in range(15)]


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
    global met
    chunks = []
    met = {}
    try:
        pack(value, chunks.append, 0)
    except (TooDeep, RecursionError):
        met = None
        return GRAPHS["encode"](value)
    finally:
        met = None
    return b"".join(chunks)


def meet(value):
    """Raises TooDeep for what stands there a second time: only a graph keeps it one."""
    if met is not None:
        if id(value) in met:
            raise TooDeep(DEEP)
        met[id(value)] = value


def whole(packer):
    """A packer of what is held as it is, with all that it holds, wherever it stands."""

    def pack_whole(value, put, depth):
        global met
        before, met = met, None
        try:
            packer(value, put, depth)
        finally:
            met = before

    return pack_whole


def sealed(packer):
    """As whole, of what can change: in a graph it stands once."""
    inner = whole(packer)

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
        mark(INT, [value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)], put, depth - 1)


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
        mark(TEXT, [value.encode("utf-8", "surrogatepass")], put, depth - 1)
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
                mark(INTS, [array.array("q", value).tobytes()], put, depth - 1)
                return
            except OverflowError:
                pass  # too wide for a block; one by one below
        elif kinds == {float}:
            mark(FLOATS, [array.array("d", value).tobytes()], put, depth - 1)
            return
    head(len(value), put)
    for item in value:
        (PACKERS.get(type(item)) or find_packer(type(item)))(item, put, depth)


def _pack_tuple(value, put, depth):
    count = len(value)
    if depth >= MAX_DEPTH or count > 14:
        mark(TUPLE, value, put, depth)
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
        put(MARK[DICT])
    for key, item in value.items():
        pack(key, put, depth)
        pack(item, put, depth)


def _pack_set(value, put, depth):
    if type(value) is set:
        meet(value)
    depth = deeper(depth)
    head(len(value) + 1, put)
    put(MARK[SET if type(value) is set else FROZENSET])
    items = []
    for item in value:
        chunks = []
        pack(item, chunks.append, depth)
        items.append(b"".join(chunks))
    for item in sorted(items):
        put(item)


def _pack_bytearray(value, put, depth):
    meet(value)
    mark(BYTEARRAY, [bytes(value)], put, depth)


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


def _build_block(typecode):
    return lambda items: array.array(typecode, items[0]).tolist()


BUILDERS.update(
    {
        BLOB: lambda items: decode(host.fetch(items[0])),
        TUPLE: tuple,
        SET: set,
        FROZENSET: frozenset,
        DICT: lambda items: dict(zip(items[::2], items[1::2], strict=True)),
        INT: lambda items: int.from_bytes(items[0], "little", signed=True),
        BYTEARRAY: lambda items: bytearray(items[0]),
        TEXT: lambda items: items[0].decode("utf-8", "surrogatepass"),
        INTS: _build_block("q"),
        FLOATS: _build_block("d"),
    }
)
