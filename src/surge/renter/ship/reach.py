"""Walks from a function to all that it reaches, and writes the recipe that rebuilds it in the sandbox.

The recipe is the guest's (surge/run/guest/recipe.py): steps, some of which make a numbered node.
Functions travel as source with their own cells, defaults and attributes, so a closure is a closure
there too; names that they use are bound in a stand-in of their module.
"""

import copyreg
import enum
import functools
import operator
import pickle
import types
import typing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from surge.model.digest import Blob
from surge.model.errors import BadInput, CannotShip
from surge.model.tagged import tags as tag
from surge.model.tagged.codec import encode
from surge.model.tagged.core import DEEP, MARKERS, Packing, TooDeep, Tree
from surge.model.tagged.instances import pack_instance, pack_member
from surge.renter.ship import effects
from surge.renter.ship import inside as sandbox
from surge.renter.ship.modules import (
    Modules,
    attribute,
    file_of,
    find,
    is_elsewhere,
    is_installed,
    is_package,
    module_of,
    public_name,
)
from surge.renter.ship.neighbours import is_neighbours, made_from
from surge.renter.ship.plain import is_plain
from surge.renter.ship.refusals import CHANGING, refuse

_SHARED = (list, dict, set, bytearray)
"""Containers that functions may share: a global or a cell that holds one is one node."""


@dataclass(frozen=True, slots=True)
class Handlers:
    """How classes and functions are taken apart: given to a Reach by whoever makes it, since each of them
    reaches on through it."""

    of_class: Callable[["Reach", type], None]
    of_function: Callable[["Reach", types.FunctionType], None]


@dataclass
class Reach:
    """All that was reached so far. Nodes are numbered from 0; `keep` holds what ids in `memo` stand for."""

    handlers: Handlers
    modules: Modules = field(default_factory=Modules)
    steps: list[list[Any]] = field(default_factory=list)
    count: int = 0
    memo: dict[int, int] = field(default_factory=dict)
    keep: list[object] = field(default_factory=list)
    spaces: dict[int, str] = field(default_factory=dict)
    bound: set[tuple[str, str]] = field(default_factory=set)
    filled: set[int] = field(default_factory=set)
    classes: dict[str, type] = field(default_factory=dict)
    keys: dict[type, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    effects: list[str] = field(default_factory=list)
    """What could let a task see that another ran before it; none if nothing can."""
    path: list[str] = field(default_factory=list)
    active: dict[int, int] = field(default_factory=dict)
    level: int = 0  # of contents in contents; what is under way is active at one
    late: list[Callable[[], None]] = field(default_factory=list)
    blobs: dict[bytes, Blob] = field(default_factory=dict)
    """Those that are named by what was reached."""

    # ——— steps and nodes ———

    def step(self, *step: Any) -> None:
        self.steps.append(list(step))

    def node(self, value: object) -> int:
        """Number `value` with the node that the step just written makes."""
        number = self.count
        self.count += 1
        self.memo[id(value)] = number
        self.keep.append(value)
        return number

    def content(self, value: object) -> bytes:
        """Tagged bytes of a value; what it reaches is written before."""
        self.level += 1
        try:
            return encode(value, self.tree, self.blobs)
        except CannotShip:
            raise
        except BadInput as error:
            raise CannotShip(f"{self.where}: {error}") from error
        finally:
            self.level -= 1

    @contextmanager
    def named(self, name: str) -> Iterator[None]:
        self.path.append(name)
        try:
            yield
        finally:
            self.path.pop()

    @property
    def where(self) -> str:
        return " → ".join(self.path)

    def warn(self, sentence: str) -> None:
        if sentence not in self.warnings:
            self.warnings.append(sentence)

    def affect(self, effect: str | None) -> None:
        if effect is not None:
            self.effects.append(f"{self.where} {effect}")

    def finish(self) -> None:
        """Write what had to wait for the end of a cycle."""
        while self.late:
            self.late.pop(0)()

    def attempt(self, action: Callable[[], None]) -> bool:
        """Do it, or leave no trace if it can't be shipped."""
        before = self._copy()
        try:
            action()
        except CannotShip:
            self._restore(before)
            return False
        return True

    def branch(self) -> "Reach":
        """What was reached so far as the ground of one call's arguments: same nodes, no steps yet."""
        return Reach(self.handlers, **{**self._copy(), "steps": [], "path": []})

    def _copy(self) -> dict[str, Any]:
        kept = {n: getattr(self, n).copy() for n in _COPIED}
        return {**kept, "count": self.count, "modules": self.modules.copy()}

    def _restore(self, before: dict[str, Any]) -> None:
        for name, value in before.items():
            setattr(self, name, value)

    # ——— names and cells ———

    def space(self, scope: dict[str, Any]) -> str:
        """The label of the stand-in for the module whose globals are `scope`."""
        label = self.spaces.get(id(scope))
        if label is None:
            name = scope.get("__name__") or "__main__"
            label, taken = name, set(self.spaces.values())
            while label in taken:
                label += "'"
            self.spaces[id(scope)] = label
            self.keep.append(scope)
            filename = scope.get("__file__")
            own = not is_installed(filename)
            self.step("space", label, name, filename if isinstance(filename, str) else None, own)
        return label

    def bind(self, scope: dict[str, Any], name: str) -> None:
        """Make the global `name` mean in the sandbox what it means here."""
        label = self.space(scope)
        if (label, name) in self.bound:
            return
        self.bound.add((label, name))
        value = scope[name]
        with self.named(name):
            self.when_made(value, lambda: self.step("bind", label, name, self.shared(value)))

    def cell(self, cell: types.CellType, name: str) -> int:
        number = self.memo.get(id(cell))
        if number is None:
            self.step("cell")
            number = self.node(cell)
        return number

    def fill(self, cell: types.CellType, name: str) -> None:
        number = self.cell(cell, name)
        if number in self.filled:
            return
        self.filled.add(number)
        try:
            value = cell.cell_contents
        except ValueError:
            return  # not assigned yet: the same NameError there as here
        with self.named(name):
            self.when_made(value, lambda: self.step("fill", number, self.shared(value)))

    def when_made(self, value: object, write: Callable[[], None]) -> None:
        """Now, or after the thing under way that `value` is."""
        if id(value) in self.active:
            self.late.append(write)
        else:
            write()

    def shared(self, value: object) -> bytes:
        """Bytes that name `value` as a node if others could hold the same one."""
        self.affect(effects.of_value(value))
        if type(value) in _SHARED and id(value) not in self.memo:
            with self.under_way(value):
                content = self.content(value)
            self.step("value", content)
            self.node(value)
        if type(value) in _SHARED:
            return encode(_Named(self.memo[id(value)]), _tree_of)
        return self.content(value)

    @contextmanager
    def under_way(self, value: object) -> Iterator[None]:
        if id(value) in self.active:
            if self.active[id(value)] == self.level:
                raise TooDeep(DEEP)  # encode tries again, as a graph
            raise CannotShip(f"{self.where} holds itself through code or a call: pass it flat, as data")
        self.active[id(value)] = self.level
        self.keep.append(value)
        try:
            yield
        finally:
            self.active.pop(id(value), None)

    # ——— values that have no tagged form of their own ———

    def tree(self, value: object, packing: Packing) -> Tree:
        if id(value) in self.memo:
            return _Named(self.memo[id(value)]).tree
        refuse(value, self.where)
        if isinstance(value, types.ModuleType):
            self.modules.need(value.__name__, " → ".join(self.path[:-1]) or self.where)
            return self.imported(value.__name__, "")
        found = self._by_name(value)
        if found is not None:
            return found
        with self.under_way(value):
            if not isinstance(value, types.FunctionType):
                self.affect(f"holds a {type(value).__name__}")
            if isinstance(value, type):
                self.handlers.of_class(self, value)
            elif _is_single_dispatch(value):
                self._dispatcher(value)
            elif isinstance(value, types.FunctionType):
                self.handlers.of_function(self, value)
            elif isinstance(value, types.MethodType):
                return packing.mark(tag.METHOD, value.__func__, value.__self__)
            elif isinstance(value, types.BuiltinMethodType | types.MethodWrapperType):
                self._builtin_method(value)
            elif isinstance(value, functools._lru_cache_wrapper):
                self._cached(value)
            else:
                return self._instance(value, packing)
        return _Named(self.memo[id(value)]).tree

    def imported(self, module: str, qualname: str) -> Tree:
        return [MARKERS[tag.IMPORT], module, qualname]

    def _by_name(self, value: object) -> Tree | None:
        """Functions, classes and builtins that the sandbox has under the same name."""
        qualname = attribute(value, "__qualname__") or attribute(value, "__name__")
        module = module_of(value)
        if isinstance(value, type | types.FunctionType | types.BuiltinFunctionType) or callable(value):
            if not module or not isinstance(qualname, str) or "<" in qualname:
                return None
            if find(module, qualname) is not value:
                return None
            if sandbox.has(module):
                module = public_name(value, module, qualname)
                self.modules.need(module, self.where)
                return self.imported(module, qualname)
            if is_package(module) and not sandbox.is_standard(module):
                self.modules.need(module, self.where)
            if module in self.modules.whole or sandbox.top(module) in self.modules.packages:
                return self.imported(module, qualname)
            if sandbox.is_standard(module) or is_installed(file_of(module)) or sandbox.top(module) == "surge":
                self.modules.need(module, self.where)  # raises, with the module's name
        return None

    def _builtin_method(self, value: Any) -> None:
        owner = value.__self__
        if isinstance(owner, _SHARED) and value.__name__ in CHANGING:
            raise CannotShip(
                f"{self.where} is the method {value.__name__} of a {type(owner).__name__} that lives here; "
                "a task works on a copy, so its changes would be lost: return the values instead"
            )
        self.call(value, getattr, (owner, value.__name__))

    def _cached(self, value: Any) -> None:
        settings = value.cache_parameters()
        self.call(None, functools.lru_cache, (settings["maxsize"], settings["typed"]))
        decorator = self.count - 1
        function = self.content((value.__wrapped__,))
        self.step("call", encode(_Named(decorator), _tree_of), function, self.content({}))
        self.node(value)

    def _dispatcher(self, value: Any) -> None:
        """functools.singledispatch keeps its table in cells of its own; made anew from its entries."""
        self.call(value, functools.singledispatch, (value.registry[object],))
        for kind, function in value.registry.items():
            if kind is not object:
                self.call(object(), operator.methodcaller("register", kind, function), (value,))

    def call(self, value: object, function: Any, args: tuple[Any, ...], kwargs: Any = None) -> int:
        """A node that `function(*args, **kwargs)` makes, standing for `value`."""
        self.step_call(function, args, kwargs)
        return self.node(value)

    def step_call(self, function: Any, args: tuple[Any, ...], kwargs: Any = None) -> None:
        self.step("call", *map(self.content, (function, args, kwargs or {})))

    def _instance(self, value: Any, packing: Packing) -> Tree:
        kind = type(value)
        if isinstance(value, enum.Enum) and not is_elsewhere(kind):
            self.content(kind)
            return pack_member(value, self.keys[kind])
        if not is_elsewhere(kind) and is_plain(kind):
            self.content(kind)
            if kind in self.keys:
                return pack_instance(value, self.keys[kind], packing)
        self._reduced(value)
        return _Named(self.memo[id(value)]).tree

    def _reduced(self, value: Any) -> None:
        """By the same protocol as pickle and copy, each part reached like any other value."""
        kind = type(value)
        if kind is typing.TypeVar:
            settings = {n: getattr(value, f"__{n}__") for n in ("bound", "covariant", "contravariant")}
            self.call(value, typing.TypeVar, (value.__name__, *value.__constraints__), settings)
            return
        noun = f"{kind.__module__}.{kind.__qualname__}"
        if is_neighbours(kind):
            points, settings = made_from(value, self.where)
            self.call(value, kind, (points,), settings)
            return
        if is_elsewhere(kind):
            self.modules.need(kind.__module__, f"{self.where} (a {noun})")
        try:
            reducer = copyreg.dispatch_table.get(kind)
            reduced = reducer(value) if reducer else value.__reduce_ex__(4)
        except Exception as error:
            raise CannotShip(
                f"{self.where} is a {noun}, which can't be sent ({error}): pass plain values"
            ) from error
        if isinstance(reduced, str):
            module = pickle.whichmodule(value, reduced)  # type: ignore[attr-defined]
            if module == "__main__":
                raise CannotShip(
                    f"{self.where} is a {noun} of this script, which can't be sent: make it inside"
                )
            self.modules.need(module, self.where)
            self.step("value", encode(_Import(module, reduced), _tree_of))
            self.node(value)
            return
        function, args, state, items, pairs, setter = (*reduced, *[None] * 6)[:6]
        if setter is not None:
            raise CannotShip(f"{self.where} is a {noun}, which rebuilds itself in a way that can't be sent")
        number = self.call(value, function, args)
        if state is not None or items is not None or pairs is not None:
            contents = [self.content(x) for x in (state, list(items or ()), [list(p) for p in pairs or ()])]
            self.step("state", number, *contents)


_COPIED = ["steps", "memo", "keep", "spaces", "bound", "filled"]
_COPIED += ["classes", "keys", "warnings", "effects", "active", "late", "blobs"]


def _is_single_dispatch(value: object) -> bool:
    return isinstance(value, types.FunctionType) and value.__code__ is _DISPATCH


_DISPATCH = functools.singledispatch(len).__code__  # type: ignore[attr-defined]


class _Named:
    """A node by its number, as a value."""

    def __init__(self, number: int) -> None:
        self.tree = [MARKERS[tag.REFERENCE], number]


class _Import:
    def __init__(self, module: str, qualname: str) -> None:
        self.tree = [MARKERS[tag.IMPORT], module, qualname]


def _tree_of(named: Any, _: Packing) -> Tree:
    return named.tree
