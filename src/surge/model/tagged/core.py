"""The two walks of tagged MessagePack (see codec.py): packing values and building them again.

Modules of types (standard, instances, arrays, frames, library) enter their packers and builders into the
tables here.
"""

import array
import sys
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from surge.model.digest import Blob
from surge.model.errors import BadInput, Distrusted
from surge.model.tagged import tags as tag
from surge.model.tagged.keys import hashable

MAX_BYTES = 256 << 20
MAX_DEPTH = 100
MAX_LEVELS = MAX_DEPTH + 4
"""Of bytes: a value's, and those of the prints and the graph around it."""
MAX_VALUES = 4_000_000
"""Of values that are encoded one by one; lists of ints or floats and arrays count as one."""
PACKED_FROM = 32
"""Shortest list of ints or floats that travels as one block of bytes."""
SPARE, EACH = 16 << 20, 64
"""Bytes of memory that a value may take without sending them: of any answer, and for each of its bytes."""

Tree = Any
"""What msgspec encodes: scalars, str, bytes, lists, dicts with str keys, markers."""
Fallback = Callable[[object, "Packing"], Tree]
Pack = Callable[[Any, "Packing"], Tree]


class Marker:
    """First item of a tagged value. Compared by identity; one instance per code."""

    __slots__ = ("code",)

    def __init__(self, code: int) -> None:
        self.code = code


MARKERS = tuple(Marker(code) for code in range(tag.HIGHEST + 1))


def _extension(marker: object) -> msgspec.msgpack.Ext:
    if not isinstance(marker, Marker):
        raise TypeError(f"{type(marker).__name__} has no tagged form")
    return msgspec.msgpack.Ext(marker.code, b"\0")


def _marker(code: int, content: memoryview) -> Marker:
    if not 1 <= code <= tag.HIGHEST or bytes(content) != b"\0":
        raise Distrusted(f"the answer holds an unknown extension ({code}); ask another provider")
    return MARKERS[code]


ENCODER = msgspec.msgpack.Encoder(enc_hook=_extension)
DECODER = msgspec.msgpack.Decoder(ext_hook=_marker)


class TooDeep(BadInput):
    """Met by a tree: what is too deep, or stands there twice; a graph (graph.py) may still hold it."""


class Twice(BadInput):
    """Met by an encoding that is to tell: two places of a value would be filled by copies of one thing."""


DEEP = (
    "values other than lists, dicts, sets and instances of your own classes are nested deeper than "
    f"{MAX_DEPTH} levels, or hold themselves; use lists for them"
)


class Packing:
    """One encoding under way: its depth, what it does with values that have no tagged form, where the blobs
    are noted that it names, and what it met that can change, by id; None where what stands there twice is
    written twice. lone: what it met that no graph keeps one, by id; memories: of the arrays that it met; None
    where nobody is to be told."""

    __slots__ = ("blobs", "depth", "fallback", "lone", "memories", "met")

    def __init__(
        self,
        fallback: Fallback | None = None,
        blobs: dict[bytes, Blob] | None = None,
        met: dict[int, object] | None = None,
    ) -> None:
        self.depth = 0
        self.fallback = fallback
        self.blobs = blobs
        self.met = met
        self.lone: dict[int, object] | None = None
        self.memories: Any = None

    def pack(self, value: object) -> Tree:
        packer = PACKERS.get(type(value))
        if packer is None:
            return self._other(value)
        if packer is _as_it_is:
            return value
        if self.depth >= MAX_DEPTH:
            raise TooDeep(DEEP)
        if type(value) in CHANGING:
            self.meet(value)
        self.depth += 1
        try:
            return packer(value, self)
        finally:
            self.depth -= 1

    def _other(self, value: object) -> Tree:
        if find_packer(type(value)) is not None:
            return self.pack(value)
        if self.fallback is None:
            raise BadInput(
                f"a {type(value).__module__}.{type(value).__qualname__} can't travel as data; "
                "pass lists, dicts, arrays or instances of your own classes"
            )
        return self.fallback(value, self)

    def meet(self, value: object) -> None:
        """Raises TooDeep for what stands there a second time: only a graph keeps it one."""
        if self.met is not None:
            if id(value) in self.met:
                raise TooDeep(DEEP)
            self.met[id(value)] = value

    def once(self, value: object) -> None:
        """Of what a graph writes wherever it stands. Raises Twice the second time, if that is to be told."""
        if self.lone is not None:
            if id(value) in self.lone:
                raise Twice(f"a {type(value).__name__} stands in two places")
            self.lone[id(value)] = value

    def unnoted(self, code: int, *items: object) -> Tree:
        """As mark, of parts that a graph holds as they are: what stands there twice isn't noted."""
        before, self.met = self.met, None
        try:
            return self.mark(code, *items)
        finally:
            self.met = before

    def mark(self, code: int, *items: object) -> Tree:
        return [MARKERS[code], *(self.pack(item) for item in items)]

    def form(self, code: int, *parts: object) -> Tree:
        """As mark, of parts that were made for it: a graph links to none of them."""
        return self.mark(code, *parts)

    def whole(self, value: object, write: Callable[[], Tree]) -> Tree:
        """The tree that `write` gives of a value with an identity, or a graph's link to it."""
        self.meet(value)
        return write()


class Building:
    """One decoding under way. classes: what an instance may become, by key. root: the level at which the
    value begins. nodes: of its graph, if it is one; sizes: of those that are small, by number. fresh: its
    named tuples. weight: see parts.py. keys: how many of what it is inside of will be hashed. room: bytes
    of memory left for what takes more than was sent."""

    __slots__ = ("classes", "depth", "fresh", "keys", "nodes", "room", "root", "sizes", "weight")

    def __init__(self, classes: Mapping[str, type] | None = None, size: int = 0) -> None:
        self.classes = classes or {}
        self.depth = 0
        self.root = 1
        self.nodes: list[Any] | None = None
        self.sizes: dict[int, int] = {}
        self.keys = 0
        self.room = SPARE + EACH * size
        self.fresh: dict[tuple[str, ...], Any] = {}
        self.weight = 0

    def take(self, count: int) -> None:
        """Before so many bytes of memory are taken that did not arrive as such. Raises Distrusted where they
        are out of proportion."""
        self.room -= count
        if self.room < 0:
            raise Distrusted("the answer would take far more memory than it has bytes; ask another provider")

    def own(self, tree: Tree) -> Any:
        """A part of which a copy is kept: a link to it would let few bytes make many."""
        if type(tree) is list and tree and tree[0] is MARKERS[tag.LINK]:
            raise ValueError("a part that is another's")
        return self.build(tree)

    def apart(self, trees: list[Tree]) -> list[Any]:
        """Parts that hold no links: what is made of them looks at them at once, or keeps copies."""
        nodes, self.nodes = self.nodes, None
        built = [self.build(tree) for tree in trees]
        self.nodes = nodes
        return built

    def hashed(self, trees: list[Tree], in_set: bool = False) -> list[Any]:
        """Keys of a dict or a set."""
        self.keys += 1
        built = [self.build(tree) for tree in trees]
        self.keys -= 1
        return hashable(built, in_set)

    def build(self, tree: Tree) -> Any:
        kind = type(tree)
        if kind is list:
            self.depth += 1
            if self.depth > MAX_LEVELS:
                raise Distrusted(f"the answer is nested deeper than {MAX_DEPTH} levels; ask another provider")
            if tree and type(tree[0]) is Marker:
                builder = BUILDERS.get(tree[0].code)
                if builder is None:
                    raise Distrusted(
                        "the answer holds a tag that only a renter may send; ask another provider"
                    )
                value = builder(tree[1:], self)
            else:
                value = [x if type(x) in PLAIN else self.build(x) for x in tree]
            self.depth -= 1
            return value
        if kind is dict:
            self.depth += 1
            if self.depth > MAX_LEVELS:
                raise Distrusted(f"the answer is nested deeper than {MAX_DEPTH} levels; ask another provider")
            for key in tree:
                if type(key) is not str:
                    raise Distrusted("the answer holds a map with a bare key; ask another provider")
            value = {key: x if type(x) in PLAIN else self.build(x) for key, x in tree.items()}
            self.depth -= 1
            return value
        if kind in PLAIN:
            return tree
        raise Distrusted(f"the answer holds a stray {kind.__name__}; ask another provider")


Build = Callable[[list[Any], Building], Any]
BUILDERS: dict[int, Build] = {}
PLAIN = frozenset({type(None), bool, int, float, str, bytes})


# ——— scalars and containers; the rest of the types live in modules of their own ———


def _as_it_is(value: Any, _: Packing) -> Tree:
    return value


def _pack_int(value: int, _: Packing) -> Tree:
    if -(1 << 63) <= value < 1 << 64:
        return value
    return [MARKERS[tag.INT], value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)]


def _pack_str(value: str, _: Packing) -> Tree:
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        return [MARKERS[tag.TEXT], value.encode("utf-8", "surrogatepass")]
    return value


def _pack_list(value: list[Any], packing: Packing) -> Tree:
    if len(value) >= PACKED_FROM:
        kinds = set(map(type, value))
        if kinds == {int}:
            try:
                return [MARKERS[tag.INTS], _little(array.array("q", value))]
            except OverflowError:
                pass  # too wide for a block; one by one below
        elif kinds == {float}:
            return [MARKERS[tag.FLOATS], _little(array.array("d", value))]
    return [packing.pack(x) for x in value]


def _little(block: "array.array[Any]") -> bytes:
    if sys.byteorder == "big":
        block.byteswap()
    return block.tobytes()


def _pack_dict(value: dict[Any, Any], packing: Packing) -> Tree:
    if all(type(key) is str and key.isascii() for key in value):
        return {key: packing.pack(x) for key, x in value.items()}
    flat: list[Any] = [MARKERS[tag.DICT]]
    for key, x in value.items():
        flat += (packing.pack(key), packing.pack(x))
    return flat


def _pack_blob(value: Blob, packing: Packing) -> Tree:
    if packing.blobs is None:
        raise BadInput("what surge.put gave can only be an argument of a task, or what its function uses")
    packing.blobs[value.name] = value
    return [MARKERS[tag.BLOB], value.name]


def _pack_set(value: "set[Any] | frozenset[Any]", packing: Packing) -> Tree:
    code = tag.SET if type(value) is set else tag.FROZENSET
    items = [packing.pack(x) for x in value]
    return [MARKERS[code], *sorted(items, key=ENCODER.encode)]  # one digest whatever the hash seed


PACKERS: dict[type, Pack] = {
    type(None): _as_it_is,
    bool: _as_it_is,
    float: _as_it_is,
    bytes: _as_it_is,
    int: _pack_int,
    str: _pack_str,
    list: _pack_list,
    tuple: lambda value, packing: packing.mark(tag.TUPLE, *value),
    dict: _pack_dict,
    set: _pack_set,
    frozenset: _pack_set,
    bytearray: lambda value, _: [MARKERS[tag.BYTEARRAY], bytes(value)],
    Blob: _pack_blob,
}


CHANGING: set[type] = {list, dict, set, bytearray}
"""Types whose values can change, so that it matters which are one."""
SEALED: set[type] = set()
"""Those of CHANGING whose values a graph holds as they are, with all that they hold."""
FINDERS: list[Callable[[type], Pack | None]] = []
"""Asked in turn for the packer of a type met for the first time."""


def find_packer(kind: type) -> Pack | None:
    for finder in FINDERS:
        found = finder(kind)
        if found is not None:
            PACKERS[kind] = found
            return found
    return None


def _build_dict(items: list[Any], building: Building) -> Any:
    if len(items) % 2:
        raise ValueError("a key without a value")
    keys = building.hashed(items[::2])
    return dict(zip(keys, (building.build(x) for x in items[1::2]), strict=True))


def _build_block(typecode: str) -> Build:
    def build(items: list[Any], _: Building) -> Any:
        (content,) = items
        block = array.array(typecode)
        block.frombytes(content)
        if sys.byteorder == "big":
            block.byteswap()
        return block.tolist()

    return build


def _build_int(items: list[Any], _: Building) -> int:
    (content,) = items
    if type(content) is not bytes:
        raise TypeError("an integer without bytes")
    return int.from_bytes(content, "little", signed=True)


def _build_bytearray(items: list[Any], _: Building) -> bytearray:
    (content,) = items
    if type(content) is not bytes:
        raise TypeError("a bytearray without bytes")
    return bytearray(content)


BUILDERS.update(
    {
        tag.TUPLE: lambda items, b: tuple([b.build(x) for x in items]),
        tag.SET: lambda items, b: set(b.hashed(items, True)),
        tag.FROZENSET: lambda items, b: frozenset(b.hashed(items, True)),
        tag.DICT: _build_dict,
        tag.INT: _build_int,
        tag.BYTEARRAY: _build_bytearray,
        tag.TEXT: lambda items, _: items[0].decode("utf-8", "surrogatepass"),
        tag.INTS: _build_block("q"),
        tag.FLOATS: _build_block("d"),
    }
)
