"""What several globals, cells or attributes hold stays one: a value that holds another's node names it."""

import enum
import sys
import types
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from surge.model.digest import Blob
from surge.model.errors import BadInput, CannotShip
from surge.model.tagged import tags as tag
from surge.model.tagged.arrays import Memories, is_shareable, memory_of
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


def _is_plain_view(value: Any, owner: Any) -> bool:
    """Whether an array can be made on its owner; not one that stands on something between (a window)."""
    return kind_is_array(type(value)) and owner_of(value) is owner


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
class Walks:
    """Walks over the same values, until they have told what stands in several places."""

    first: dict[int, object] = field(default_factory=dict)
    before: "Links | None" = None

    def settled(self, links: "Links") -> bool:
        """Whether the walk that gave `links` told nothing that `first` lacked; else it is there now."""
        missed = links.lasting(self.before)
        done = (self.before is not None or not links.missed) and missed.keys() <= self.first.keys()
        self.first |= missed
        self.before = links
        return done


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
    memories: Memories = field(default_factory=Memories)
    owners: list[tuple[object, object]] = field(default_factory=list)  # of memory, and an array that shows it
    lenient: bool = False  # whether memory that can't be kept one may be copied

    def copy(self) -> "Links":
        kept: dict[str, Any] = {n: v if type(v) is bool else v.copy() for n, v in vars(self).items()}
        return Links(**kept)

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
        left = Counter(map(id, again))  # what it reached through code may have missed the same: that stays
        kept = []
        for value in reversed(self.missed):
            left[id(value)] -= 1
            if left[id(value)] < 0:
                kept.append(value)
        self.missed[:] = reversed(kept)

    def see(self, value: Any, path: list[str]) -> None:
        """An array; others that show the same memory, and the one that owns it, are missed."""
        numpy = sys.modules.get("numpy")
        if numpy is None or not isinstance(value, numpy.ndarray | bytearray):
            return
        if self.lenient and not (isinstance(value, numpy.ndarray) and is_shareable(value)):
            return
        owner, shown = memory_of(value), self.memories.meet(value)
        strange = next((o for o in (owner, *shown, value) if not _is_plain_view(o, owner)), None)
        if shown and strange is not None:
            raise CannotShip(
                f"{' → '.join(path)} shares its memory with another value; that can't be kept where one is a "
                f"{type(strange).__name__}: copy one of them (numpy.copy, .copy())"
            )
        self.missed += [*shown, value] if shown else []
        self.owners += [(owner, view) for view in (*shown, value)] if shown else []
        self.keep += [owner, value]

    def lasting(self, before: "Links | None") -> dict[int, object]:
        """What was missed and stood there in the walk before this one too, behind what owns its memory.
        What is made anew for each walk (a view, a copy) can't be shared; nothing lasts without one before."""
        ids = set() if before is None else {id(value) for value in before.keep}
        found = {id(owner): owner for owner, view in self.owners if id(view) in ids}
        return found | {id(value): value for value in self.missed if id(value) in ids}

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

    begun = True  # the tree's root is not looked at; the graph's is

    def noting(inner: object) -> Tree | None:
        nonlocal begun
        if inner is value and not begun:
            begun = True
            return None
        found = look(inner)
        if found is None and inner is not value:
            (first if links.note(inner, path) else again).append(inner)
        return found

    tree = _Linking(fallback, blobs, {})
    tree.look = noting
    try:
        return ENCODER.encode(Packing.pack(tree, value))
    except (TooDeep, RecursionError):
        links.forget(first, again)
        begun = False
    graph = _LinkingGraph(fallback, blobs)
    graph.look = noting
    try:
        return ENCODER.encode(graph.table(value))
    except RecursionError as error:
        raise BadInput(DEEP) from error
