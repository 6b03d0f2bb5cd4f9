"""Values as tagged MessagePack: data, never authority. The renter's side; its twin runs in the sandbox.

Covered: None, bool, int of any size, float (nan, inf and -0.0 exact), complex, str, bytes, bytearray,
list, tuple, set, frozenset, dict (any hashable keys, order kept), range, slice, the datetime family,
Decimal, Fraction, UUID, paths, the collections, exceptions, Enum members, dataclasses, NamedTuples and
plain instances of known classes, numpy arrays and scalars, pandas frames, series and indexes.
Values that stand in two places of one value, hold themselves, or are deeper than a tree may be travel as a
graph (graph.py), in which what is one stays one.

Decoding looks a class up only in the table it is given, builds instances without calling their code,
and never unpickles. Hostile bytes end in Distrusted, in time and memory proportional to their length.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from surge.model.digest import Blob
from surge.model.errors import BadInput, Distrusted, LimitExceeded, SurgeError
from surge.model.tagged import arrays, frames, instances, library  # noqa: F401 it registers its builder
from surge.model.tagged import standard as tagged_types
from surge.model.tagged.core import (
    DECODER,
    DEEP,
    ENCODER,
    FINDERS,
    MAX_BYTES,
    MAX_DEPTH,
    MAX_LEVELS,
    MAX_VALUES,
    Building,
    Fallback,
    Packing,
    TooDeep,
)
from surge.model.tagged.graph import Graph

P = TypeVar("P", bound=Packing)
FREELY_DECODED = 1 << 10
"""Up to this length the bytes can't hold values or levels enough to do harm."""

FINDERS[:] = [tagged_types.packer, instances.packer, arrays.packer, frames.packer]


def encode(
    value: object,
    fallback: Fallback | None = None,
    blobs: dict[bytes, Blob] | None = None,
    strict: bool = False,
) -> bytes:
    """`fallback` gives the tree of a value that has no tagged form; without it BadInput is raised. `blobs`
    takes those that the value names, by name; without it a Blob is refused. strict: raise Twice where even a
    graph would hold two copies of one thing: exceptions, instances built on numbers and texts, memory that
    small arrays share."""
    try:
        return ENCODER.encode(_told(Packing(fallback, blobs, {}), strict).pack(value))
    except (TooDeep, RecursionError):
        pass
    graph = _told(Graph(fallback, blobs), strict)
    graph.inner.lone, graph.inner.memories = graph.lone, graph.memories
    try:
        return ENCODER.encode(graph.table(value))
    except RecursionError as error:
        raise BadInput(DEEP) from error


def _told(packing: P, strict: bool) -> P:
    if strict:
        packing.lone, packing.memories = {}, arrays.Memories()
    return packing


def decode(content: bytes, classes: Mapping[str, type] | None = None) -> Any:
    """Inverse of `encode` and of the guest's. Raises Distrusted for anything that neither would write,
    BadInput where a library that the value needs (numpy, pandas) is not installed here."""
    try:
        check(content)
        return Building(classes, len(content)).build(DECODER.decode(content))
    except (SurgeError, KeyboardInterrupt):
        raise
    except BaseException as error:  # hostile bytes choose what a builder stumbles over, SystemExit included
        raise Distrusted(f"the answer is malformed ({type(error).__name__}); ask another provider") from error


def check(content: bytes) -> None:
    """Raises Distrusted if decoding `content` could take memory or time out of proportion to its length."""
    if len(content) > MAX_BYTES:
        raise Distrusted(
            f"the answer has {len(content)} bytes, more than {MAX_BYTES}; return less, or in several tasks"
        )
    if len(content) > FREELY_DECODED:
        _walk(content)


def _walk(content: bytes) -> None:
    """Counts values and levels. The decoder below recurses on the C stack, so it must not be trusted
    with deep bytes where something raised Python's recursion limit."""
    at, end, values = 0, len(content), 0
    steps, lengths, counts = _STEPS, _LENGTHS, _COUNTS
    left, keyed = 1, False
    above: list[tuple[int, bool]] = []
    while at < end:
        first = content[at]
        at += 1
        if keyed and not left & 1 and first not in _TEXTS:
            raise Distrusted("the answer holds a map with a bare key; ask another provider")
        left -= 1
        step = steps[first]
        if step >= 0:
            at += step
        elif step == _LONG:
            width, extra = lengths[first]
            at += width + extra + int.from_bytes(content[at : at + width], "big")
        else:
            width, each = counts[first]
            items = each * (int.from_bytes(content[at : at + width], "big") if width else first & 15)
            at += width
            values += items
            if values > MAX_VALUES:
                raise LimitExceeded(
                    f"a result of more than {MAX_VALUES:,} separate values is not read; return arrays, a "
                    "DataFrame, or bytes instead"
                )
            if items:
                above.append((left, keyed))
                left, keyed = items, each == 2
                if len(above) > MAX_LEVELS:
                    raise Distrusted(
                        f"the answer is nested deeper than {MAX_DEPTH} levels; ask another provider"
                    )
        while not left and above:
            left, keyed = above.pop()


_LONG, _CONTAINER = -1, -2


def _widths() -> list[int]:
    """Bytes that follow each first byte up to the next value; or that a length, or a count, follows."""
    steps = [0] * 256
    steps[0x80:0xA0] = [_CONTAINER] * 32
    for first in range(0xA0, 0xC0):
        steps[first] = first & 31
    for first, step in zip(range(0xCA, 0xD4), (4, 8, 1, 2, 4, 8, 1, 2, 4, 8), strict=True):
        steps[first] = step
    for first, step in zip(range(0xD4, 0xD9), (2, 3, 5, 9, 17), strict=True):
        steps[first] = step
    for first in _LENGTHS:
        steps[first] = _LONG
    for first in range(0xDC, 0xE0):
        steps[first] = _CONTAINER
    return steps


_LENGTHS = {0xC4: (1, 0), 0xC5: (2, 0), 0xC6: (4, 0), 0xC7: (1, 1), 0xC8: (2, 1), 0xC9: (4, 1)}
_LENGTHS |= {0xD9: (1, 0), 0xDA: (2, 0), 0xDB: (4, 0)}
"""first byte → (width of the length, bytes besides)"""
_COUNTS = {first: (0, 2 if first < 0x90 else 1) for first in range(0x80, 0xA0)}
_COUNTS |= {0xDC: (2, 1), 0xDD: (4, 1), 0xDE: (2, 2), 0xDF: (4, 2)}
"""first byte → (width of the count, values for each)"""
_TEXTS = frozenset([*range(0xA0, 0xC0), 0xD9, 0xDA, 0xDB])
_STEPS = _widths()
