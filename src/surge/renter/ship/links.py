"""What several globals, cells or attributes hold stays one: a value that holds another's node names it."""

import enum
import sys
import types
from dataclasses import dataclass, field
from typing import Any

from surge.model.errors import CannotShip
from surge.model.tagged import tags as tag
from surge.model.tagged.codec import encode
from surge.model.tagged.core import MARKERS, MAX_DEPTH, Packing, Tree
from surge.model.tagged.instances import CHANGING, base_of, parts_of
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
    if isinstance(value, (*_CODE, tuple, frozenset, enum.Enum, *CONSTANTS)):
        return False
    kind = type(value)
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
    these. inlined: id of what was written into others → the outermost of these; missed: what was written into
    two such, and should be a node."""

    owned: set[int] = field(default_factory=set)
    kept: list[tuple[int, int]] = field(default_factory=list)
    inlined: dict[int, int] = field(default_factory=dict)
    missed: list[object] = field(default_factory=list)
    keep: list[object] = field(default_factory=list)
    roots: list[int] = field(default_factory=list)
    arrays: dict[int, list[Any]] = field(default_factory=dict)  # that show the memory of one owner

    def copy(self) -> "Links":
        return Links(**{name: value.copy() for name, value in vars(self).items()})

    def branch(self) -> "Links":
        return Links(self.owned.copy())

    def note(self, value: object) -> None:
        root = self.roots[-1]
        if self.inlined.setdefault(id(value), root) != root:
            self.missed.append(value)
        self.keep.append(value)
        if kind_is_array(type(value)):
            self.see(value)

    def see(self, value: Any) -> None:
        """An array; others that show the same memory, and the one that owns it, are missed."""
        owner = owner_of(value)
        seen = self.arrays.setdefault(id(owner), [])
        if not any(other is value for other in seen):
            shown = [o for o in seen if sys.modules["numpy"].may_share_memory(o, value)]
            self.missed += [owner, *shown, value] if shown else []
            self.arrays[id(owner)] = [*seen, value]

    def is_view(self, value: Any) -> bool:
        """Whether an array is to be made as a view of another that is a node."""
        return (
            kind_is_array(type(value)) and owner_of(value) is not value and id(owner_of(value)) in self.owned
        )

    def root(self, value: object) -> None:
        """Of what becomes a node now: whether it was written into another before."""
        if id(value) in self.inlined:
            self.missed.append(value)
        if kind_is_array(type(value)):
            self.see(value)

    def inside(self, value: Any, memo: dict[int, int], above: tuple[int, ...] = ()) -> Any:
        """`value` with the names of nodes where it holds these; itself if it holds none, or holds itself."""
        kind = type(value)
        if kind not in (list, tuple, dict) or id(value) in above or len(above) > MAX_DEPTH:
            return value
        items = value.values() if kind is dict else value
        if _PLAIN.issuperset(map(type, items)):
            return value
        new = [x if type(x) in _PLAIN else self.linked(x, memo, (*above, id(value))) for x in items]
        if all(a is b for a, b in zip(new, items, strict=True)):
            return value
        made = dict(zip(value, new, strict=True)) if kind is dict else kind(new)
        self.keep.append(made)
        return made

    def linked(self, value: Any, memo: dict[int, int], above: tuple[int, ...] = ()) -> Any:
        """The name of `value` if it is a node that others may hold; else as `inside`."""
        if id(value) in self.owned and id(value) in memo:
            return Named(memo[id(value)])
        kind = type(value)
        if kind in CONTAINERS or (kind not in _PLAIN and has_identity(value)):
            self.note(value)
        return self.inside(value, memo, above)

    def instance(self, value: Any, key: str, memo: dict[int, int], packing: Packing) -> Tree:
        """As `pack_instance`, with links."""
        base = base_of(type(value))

        def write() -> Tree:
            return packing.form(tag.INSTANCE, key, *self.parts(value, memo))

        if base is None or base in CHANGING or isinstance(value, BaseException):
            return packing.whole(value, write)
        return write()

    def parts(self, value: Any, memo: dict[int, int]) -> tuple[Any, Any]:
        """(fields, what its base holds) with links."""
        fields, contents = parts_of(value)
        fields = {n: self.linked(x, memo) for n, x in fields.items()}
        return fields, self.inside(contents, memo)
