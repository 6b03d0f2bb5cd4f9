"""Walks from a function to all that it reaches, and writes the recipe that rebuilds it in the sandbox.

The recipe is the guest's (surge/run/guest/recipe.py): steps, some of which make a numbered node.
Functions travel as source with their own cells, defaults and attributes, so a closure is a closure
there too; names that they use are bound in a stand-in of their module.
"""

import enum
import types
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from surge.model.digest import Blob
from surge.model.errors import BadInput, CannotShip
from surge.model.tagged import tags as tag
from surge.model.tagged.core import DEEP, Packing, TooDeep, Tree
from surge.model.tagged.instances import pack_instance, pack_member
from surge.renter.ship.checks import effects
from surge.renter.ship.checks.refusals import refuse
from surge.renter.ship.handlers import Handlers
from surge.renter.ship.links import (
    CONTAINERS,
    Circle,
    Import,
    Links,
    Named,
    bytes_of,
    has_identity,
    is_flat,
    is_import,
    is_linked,
    is_shell,
    written,
)
from surge.renter.ship.modules import Modules, is_elsewhere, is_installed
from surge.renter.ship.plain import is_plain


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
    touched: set[str] = field(default_factory=set)
    """Those that are named by what was reached."""
    written: dict[tuple[str, str, int], tuple[tuple[object, int], ...]] = field(default_factory=dict)
    """(file, name, first line) of a function → the classes or modules whose body has it, and their nodes."""
    apart: set[int] = field(default_factory=set)
    """Ids of functions that took the place of a class's own: sent by themselves, not as its attributes."""
    lively: int = -1
    """The last step that runs code of the renter's which can change what was made before."""
    links: Links = field(default_factory=Links)
    branched: bool = False
    ground: dict[int, int] = field(default_factory=dict)
    """Of a branch: the nodes of what the code's globals and cells hold. Arguments hold copies of it."""
    given: bool = False
    """Whether what is written is held by arguments, and not by code alone."""
    awaited: list[int] = field(default_factory=list)  # instances whose class is made first

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
        top = self.links.roots[-1:] == [id(value)]
        if not top and is_linked(value) and self.look(value) is not None:
            return self.named_node(value)
        self.level += 1
        try:
            return written(value, self.tree, self.blobs, self.links, self.look, self.path)
        except CannotShip:
            raise
        except BadInput as error:
            raise CannotShip(f"{self.where}: {error}") from error
        finally:
            self.level -= 1

    def look(self, value: object) -> Tree | None:
        """The name of a value that is a node which others may hold."""
        if id(value) in self.links.owned and id(value) in self.memo:
            return Named(self.memo[id(value)]).tree
        if id(value) in self.ground and self.links.roots and not self.given:
            return Named(self.ground[id(value)]).tree
        if id(value) in self.awaited:
            raise Circle(f"{self.where} holds an instance of its class through code or a call: set it later")
        return None

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
        self.effects += [f"{self.where} {effect}"] if effect is not None else []

    def finish(self) -> None:
        """Write what had to wait for the end of a cycle."""
        while self.late:
            self.late.pop(0)()
        if self.lively >= 0 and not self.branched:
            for _, at in self.links.kept:
                self.steps[at].append(True)
            self.step("again", [at for at, s in enumerate(self.steps[: self.lively]) if s[0] in _AGAIN])

    def tried(self, action: Callable[[], object]) -> CannotShip | None:
        """Do it, or leave no trace and tell why it can't be shipped."""
        before = self._copy()
        try:
            action()
        except CannotShip as error:
            vars(self).update(before)
            return error
        return None

    def branch(self) -> "Reach":
        """What was reached so far as the ground of one call's arguments: same nodes, no steps yet."""
        ground = {key: number for key, number in self.memo.items() if key in self.links.owned}
        memo = {key: number for key, number in self.memo.items() if key not in ground}
        own = {
            "steps": [],
            "path": [],
            "links": Links(lenient=True),
            "branched": True,
            "ground": ground,
            "memo": memo,
        }
        return Reach(self.handlers, **{**self._copy(), **own})

    def _copy(self) -> dict[str, Any]:
        kept = {n: getattr(self, n).copy() for n in _COPIED}
        return {
            **kept,
            "count": self.count,
            "lively": self.lively,
            "modules": self.modules.copy(),
            "links": self.links.copy(),
        }

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
            if self.modules.is_home(scope):
                self.step("home", label, name)
                return label
            filename = scope.get("__file__")
            own = not is_installed(filename)
            self.step("space", label, name, filename if isinstance(filename, str) else None, own)
        return label

    def bind(self, scope: dict[str, Any], name: str) -> None:
        """Make the global `name` mean in the sandbox what it means here."""
        label = self.space(scope)
        self._not_inside(scope[name])
        if (label, name) in self.bound or self.modules.is_home(scope):
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
        self._not_inside(value)
        if id(value) in self.active:
            self.late.append(write)
        else:
            write()

    def _not_inside(self, value: object) -> None:
        if id(value) in self.active and (type(value) in CONTAINERS or is_shell(value)):
            raise Circle(f"{self.where} holds itself")  # it is made empty first

    def shared(self, value: object) -> bytes:
        """Bytes that name `value` as a node if others could hold the same one."""
        self.affect(effects.of_value(value))
        number = self.held(value)
        if number is not None:
            return bytes_of(Named(number))
        return self.content(value) if type(value) in effects.CONSTANTS else self.made(value)

    def held(self, value: object) -> int | None:
        """The number of the node that code means by `value`."""
        return self.ground.get(id(value), self.memo.get(id(value)))

    def made(self, value: object) -> bytes:
        """As `shared`, of what is no node yet."""
        self.links.root(value, self.path)
        content = self.alone(value)
        if id(value) in self.memo:
            return self.named_node(value)
        if not has_identity(value) or is_import(content):
            return content
        self.step("value", content)
        self.datum(value)
        return self.named_node(value)

    def alone(self, value: object) -> bytes:
        """Bytes of the value itself; or that name it, if it is part of what is under way and filled after."""
        if self.links.is_view(value):
            self.handlers.of_object(self, value)
            return self.named_node(value)
        if is_flat(value) or (type(value) not in CONTAINERS and not is_shell(value)):
            return self.linking(value)
        contents: list[bytes] = []
        if (refused := self.tried(lambda: contents.append(self._inside(value)))) is None:
            return contents[0]
        if not isinstance(refused, Circle):
            raise refused
        self.handlers.make_shell(self, value)
        path = self.path.copy()
        self.late.append(lambda: self.handlers.fill_shell(self, value, path))
        return self.named_node(value)

    def _inside(self, value: object) -> bytes:
        with self.under_way(value) if type(value) in CONTAINERS else nullcontext():
            return self.linking(value)

    def named_node(self, value: object) -> bytes:
        return bytes_of(Named(self.memo[id(value)]))

    def parts(self, values: Iterable[object]) -> tuple[object, ...]:
        """The values, each that others could hold as its node's name."""
        found: list[object] = []
        for value in values:
            self.shared(value)
            number = self.held(value)
            found.append(value if number is None else Named(number))
        return tuple(found)

    def datum(self, value: object) -> None:
        self.links.owned.add(id(value))
        self.links.kept.append((self.node(value), len(self.steps) - 1))

    def linking(self, value: object) -> bytes:
        with self.rooted(value):
            return self.content(value)

    @contextmanager
    def rooted(self, value: object) -> Iterator[None]:
        self.links.roots.append(id(value))
        try:
            yield
        finally:
            self.links.roots.pop()  # of the links as they are by then: see `tried`

    @contextmanager
    def under_way(self, value: object) -> Iterator[None]:
        if id(value) in self.active:
            if self.active[id(value)] == self.level:
                raise TooDeep(DEEP)  # encode tries again, as a graph
            raise Circle(f"{self.where} holds itself through code or a call: pass it flat, as data")
        self.active[id(value)] = self.level
        self.keep.append(value)
        try:
            yield
        finally:
            self.active.pop(id(value), None)

    # ——— values that have no tagged form of their own ———

    def tree(self, value: object, packing: Packing) -> Tree:
        if type(value) is Named:
            return value.tree
        if id(value) in self.memo:
            return Named(self.memo[id(value)]).tree
        refuse(value, self.where)
        if isinstance(value, types.ModuleType):
            self.modules.need(value.__name__, " → ".join(self.path[:-1]) or self.where)
            return Import(value.__name__, "").tree
        if id(value) not in self.apart and (found := self.modules.by_name(value, self.where)):
            return Import(*found).tree
        with self.under_way(value):
            if not isinstance(value, types.FunctionType):
                self.affect(f"holds a {type(value).__name__}")
            if isinstance(value, type):
                self.handlers.of_class(self, value)
            elif isinstance(value, types.FunctionType):
                self.handlers.of_function(self, value)
            elif isinstance(value, types.MethodType):
                return packing.mark(tag.METHOD, value.__func__, value.__self__)
            else:
                return self._instance(value, packing)
        return Named(self.memo[id(value)]).tree

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
        self.handlers.of_object(self, value)
        return Named(self.memo[id(value)]).tree


_AGAIN = ("bind", "fill", "set", "member")
_COPIED = ["steps", "memo", "keep", "spaces", "bound", "filled", "touched"]
_COPIED += ["classes", "keys", "warnings", "effects", "active", "late", "blobs", "written", "apart"]
