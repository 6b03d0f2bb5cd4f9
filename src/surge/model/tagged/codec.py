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
from typing import Any

from surge.model.digest import Blob
from surge.model.errors import BadInput, Distrusted, SurgeError
from surge.model.tagged import arrays, frames, instances, library  # noqa: F401 it registers its builder
from surge.model.tagged import standard as tagged_types
from surge.model.tagged.core import (
    DECODER,
    DEEP,
    ENCODER,
    FINDERS,
    Building,
    Fallback,
    Packing,
    TooDeep,
    check,
)
from surge.model.tagged.graph import Graph

FINDERS[:] = [tagged_types.packer, instances.packer, arrays.packer, frames.packer]


def encode(value: object, fallback: Fallback | None = None, blobs: dict[bytes, Blob] | None = None) -> bytes:
    """`fallback` gives the tree of a value that has no tagged form; without it BadInput is raised. `blobs`
    takes those that the value names, by name; without it a Blob is refused."""
    try:
        return ENCODER.encode(Packing(fallback, blobs, {}).pack(value))
    except (TooDeep, RecursionError):
        pass
    try:
        return ENCODER.encode(Graph(fallback, blobs).table(value))
    except RecursionError as error:
        raise BadInput(DEEP) from error


def decode(content: bytes, classes: Mapping[str, type] | None = None) -> Any:
    """Inverse of `encode` and of the guest's. Raises Distrusted for anything that neither would write,
    BadInput where a library that the value needs (numpy, pandas) is not installed here."""
    try:
        check(content)
        return Building(classes).build(DECODER.decode(content))
    except (SurgeError, KeyboardInterrupt):
        raise
    except BaseException as error:  # hostile bytes choose what a builder stumbles over, SystemExit included
        raise Distrusted(f"the answer is malformed ({type(error).__name__}); ask another provider") from error
