"""What several globals, cells or attributes hold stays one: a value that holds another's node names it."""

import copy
import enum
import math
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from surge.model.digest import Blob
from surge.model.errors import BadInput, CannotShip
from surge.model.tagged import tags as tag
from surge.model.tagged.arrays import memory_of, overlap
from surge.model.tagged.codec import encode
from surge.model.tagged.core import DEEP, ENCODER, MARKERS, Fallback, Packing, TooDeep, Tree
from surge.model.tagged.graph import Graph
from surge.model.tagged.instances import CHANGING, base_of
from surge.renter.ship.checks.effects import CONSTANTS
from surge.renter.ship.modules import is_elsewhere
from surge.renter.ship.plain import is_plain

CONTAINERS = (list, dict, set, bytearray)
"""Those that are filled after they were made, if they must."""
_PLAIN = frozenset(CONSTANTS)
_CODE = (type, types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.ModuleType)


class Circle(CannotShip):
    """Something holds what is being made just now."""


class Named:
    """A node by its number, as a value."""

    def __init__(self, number: int) -> None:
        self.tree = [MARKERS[tag.REFERENCE], number]


class Import:
    """What the sandbox imports, as a value."""

    def __init__(self, module: str, qualname: str) -> None:
        self.tree = [MARKERS[tag.IMPORT], module, qualname]


def bytes_of(named: "Named | Import") -> bytes:
    return encode(named, lambda _, __: named.tree)


def is_import(content: bytes) -> bool:
    return content[:4] == _IMPORT


_IMPORT = bytes_of(Import("", ""))[:4]


def has_identity(value: object) -> bool:
    """Whether it matters that two names mean one and the same: it can change."""
    kind = type(value)
    if isinstance(value, (*_CODE, enum.Enum)):
        return False
    if isinstance(value, (tuple, frozenset, *CONSTANTS)):
        return not is_elsewhere(kind) and bool(getattr(value, "__dict__", None))
    return kind.__module__ not in _VALUES and (kind.__module__ != "numpy" or kind.__name__ == "ndarray")


_VALUES = ("datetime", "decimal", "fractions", "pathlib", "pathlib._local", "re", "uuid", "zoneinfo")
"""Modules whose instances can't change."""


def kind_is_array(kind: type) -> bool:
    return kind.__name__ == "ndarray" and kind.__module__ == "numpy"


def owner_of(value: Any) -> Any:
    """The array whose memory this one shows: itself, if that is no array's."""
    while kind_is_array(type(value.base)):
        value = value.base
    return value


def is_flat(value: Any) -> bool:
    """A container of plain constants."""
    kind = type(value)
    items = value.values() if kind is dict else value
    return kind in CONTAINERS and _PLAIN.issuperset(map(type, items))


def is_shell(value: object) -> bool:
    """Whether an instance of the renter's own class can be made before what it holds."""
    kind = type(value)
    if isinstance(value, enum.Enum | BaseException) or is_elsewhere(kind) or not is_plain(kind):
        return False
    return base_of(kind) in (None, *CHANGING)


@dataclass
class Links:
    """owned: ids of values, no code, that are nodes because others could hold them. kept: (node, its step) of
    these. inlined: ids of what was written into others; missed: what stood in two places, and should be a
    node. keep: all that was met, which its ids stand for. roots: ids of what is being written with the names
    of the nodes that it holds."""

    owned: set[int] = field(default_factory=set)
    kept: list[tuple[int, int]] = field(default_factory=list)
    inlined: set[int] = field(default_factory=set)
    missed: list[object] = field(default_factory=list)
    keep: list[object] = field(default_factory=list)
    roots: list[int] = field(default_factory=list)
    arrays: dict[int, list[Any]] = field(default_factory=dict)  # that show the memory of one owner
    shown: float = math.inf  # bytes of memory that is kept one

    def copy(self) -> "Links":
        return Links(**{name: copy.copy(value) for name, value in vars(self).items()})

    def note(self, value: object, path: list[str]) -> bool:
        """That a value stands inside of another; whether it is the first time."""
        if id(value) in self.inlined:
            self.missed.append(value)
            return False
        self.inlined.add(id(value))
        self.keep.append(value)
        self.see(value, path)
        return True

    def forget(self, first: list[object], again: list[object]) -> None:
        """What was noted of a value that is written once more, as a graph."""
        self.inlined.difference_update(map(id, first))
        gone = set(map(id, again))
        self.missed[:] = [value for value in self.missed if id(value) not in gone]

    def see(self, value: Any, path: list[str]) -> None:
        """An array; others that show the same memory, and the one that owns it, are missed."""
        numpy = sys.modules.get("numpy")
        if numpy is None or not isinstance(value, numpy.ndarray | bytearray):
            return
        owner = memory_of(value)
        if getattr(owner, "nbytes", 0) > self.shown:
            return
        seen = self.arrays.setdefault(id(owner), [])
        if any(other is value for other in seen):
            return
        shown = [o for o in seen if o is owner or value is owner or overlap(o, value)]
        strange = next((o for o in (owner, *shown, value) if not kind_is_array(type(o))), None)
        if shown and strange is not None:
            raise CannotShip(
                f"{' → '.join(path)} shares its memory with another value; that can't be kept where one is a "
                f"{type(strange).__name__}: copy one of them (numpy.copy, .copy())"
            )
        self.missed += [owner, *shown, value] if shown else []
        self.arrays[id(owner)] = [*seen, value]
        self.keep += [owner, value]

    def lasting(self, before: "Links | None") -> dict[int, object]:
        """What was missed and stood there in the walk before this one too: what is made anew for each walk
        (a view, a copy) can't be shared. Nothing lasts without a walk before."""
        ids = set() if before is None else {id(value) for value in before.keep}
        return {id(value): value for value in self.missed if id(value) in ids}

    def is_view(self, value: Any) -> bool:
        """Whether an array is to be made as a view of another that is a node."""
        return (
            kind_is_array(type(value)) and owner_of(value) is not value and id(owner_of(value)) in self.owned
        )

    def root(self, value: object, path: list[str]) -> None:
        """Of what becomes a node now: whether it was written into another before."""
        if id(value) in self.inlined:
            self.missed.append(value)
        self.keep.append(value)
        self.see(value, path)


_SINGLE = frozenset([*CONSTANTS, Named, Import, Blob, tuple, frozenset])
_STILL = ("typing", "numpy.dtypes", "operator", "functools")


def is_linked(value: object) -> bool:
    """Whether a value inside of another is to be one with the same one elsewhere."""
    kind = type(value)
    if kind in _SINGLE or isinstance(value, types.GenericAlias | types.UnionType):
        return False
    return kind.__module__ not in _STILL and has_identity(value)


Look = Callable[[object], Tree | None]


class _Linking(Packing):
    """Names the nodes that a value holds; `look` gives a node's name."""

    look: Look

    def pack(self, value: object) -> Tree:
        found = self.look(value) if is_linked(value) else None
        return Packing.pack(self, value) if found is None else found


class _LinkingGraph(Graph):
    look: Look

    def pack(self, value: object) -> Tree:
        found = self.look(value) if id(value) not in self.numbers and is_linked(value) else None
        return Graph.pack(self, value) if found is None else found


def written(
    value: object, fallback: Fallback, blobs: dict[bytes, Blob], links: Links, look: Look, path: list[str]
) -> bytes:
    """As encode, with the names of nodes where the value holds these. look: gives a node's name. All
    else that it holds is noted."""
    first: list[object] = []
    again: list[object] = []

    def noting(inner: object) -> Tree | None:
        if inner is value:
            return None
        found = look(inner)
        if found is None:
            (first if links.note(inner, path) else again).append(inner)
        return found

    tree = _Linking(fallback, blobs)
    tree.look = noting
    try:
        return ENCODER.encode(Packing.pack(tree, value))
    except (TooDeep, RecursionError):
        links.forget(first, again)
    graph = _LinkingGraph(fallback, blobs)
    graph.look = noting
    try:
        return ENCODER.encode(graph.table(value))
    except RecursionError as error:
        raise BadInput(DEEP) from error
