"""A class as source: what its body needs is bound before it runs, what its methods need after."""

import ast
import builtins
import collections
import dis
import enum
import inspect
import sys
import types
from collections.abc import Iterator
from typing import Any

from surge.model.errors import CannotShip
from surge.renter.ship.functions import reach_globals, reach_submodules
from surge.renter.ship.links import Import, bytes_of
from surge.renter.ship.modules import find
from surge.renter.ship.now.changes import reach_changes
from surge.renter.ship.now.written import Source
from surge.renter.ship.reach import Reach
from surge.renter.text.body import Body, body_of
from surge.renter.text.names import nested, rebound_nonlocal
from surge.renter.text.source import MAKER, Definition, find_class

_OPTIMIZED = inspect.CO_OPTIMIZED


def key_of(reach: Reach, kind: type) -> str:
    """The key under which the class's instances travel: no other class's, of another call neither."""
    base = key = f"{kind.__module__}:{kind.__qualname__}"
    number = 1
    while reach.classes.get(key, kind) is not kind:
        number += 1
        key = f"{base}#{number}"
    reach.classes[key] = kind
    reach.keys[kind] = key
    reach.keep.append(kind)
    return key


def reach_class(reach: Reach, kind: type) -> None:
    """Write the steps of `kind` and of what it reaches; it ends with a node of its own."""
    if vars(types).get(kind.__name__) is kind:  # NoneType, say in int | None
        reach.step("value", bytes_of(Import("types", kind.__name__)))
        reach.node(kind)
        return
    outer = _outer(kind)
    if outer is not None:
        reach.call(kind, getattr, (outer, kind.__name__))
        number = reach.memo[id(kind)]
        reach.step("known", key_of(reach, kind), number)
        reach_made(reach, kind, number)
        return
    try:
        definition = find_class(kind, reach.where)
    except CannotShip:
        if _made_by_call(reach, kind):
            return
        raise
    _reach_source(reach, kind, definition)


def reach_made(reach: Reach, kind: type, number: int, whole: bool = False) -> None:
    """What changed in a class that another step makes by its source."""
    definition = find_class(kind, reach.where)
    home = sys.modules.get(kind.__module__, builtins)
    reach_changes(reach, kind, number, *_source(definition, vars(home), whole))


def _made_by_call(reach: Reach, kind: type) -> bool:
    """namedtuple("P", …) and Enum("E", …) leave no source, but say how they were made."""
    if issubclass(kind, tuple) and hasattr(kind, "_field_defaults") and kind.__bases__ == (tuple,):
        defaults = tuple(kind._field_defaults.values())
        settings = {"defaults": defaults, "module": kind.__module__}
        reach.call(kind, collections.namedtuple, (kind.__name__, list(kind._fields)), settings)  # type: ignore[attr-defined]
    elif issubclass(kind, enum.Enum) and len(kind.__bases__) == 1:
        members = [(m.name, m.value) for m in kind]
        settings = {"module": kind.__module__, "qualname": kind.__qualname__}
        reach.call(kind, kind.__bases__[0], (kind.__name__, members), settings)
    else:
        return False
    number = reach.memo[id(kind)]
    reach.step("known", key_of(reach, kind), number)
    bare = ast.ClassDef(kind.__name__, [ast.Name("_", ast.Load())], [], [], [])
    reach_changes(reach, kind, number, Source(Body(), "", {}), bare)
    return True


def _outer(kind: type) -> type | None:
    """The class whose attribute `kind` is, if it is one."""
    outer, _, name = kind.__qualname__.rpartition(".")
    found = find(kind.__module__, outer) if outer and "<locals>" not in kind.__qualname__ else None
    return found if isinstance(found, type) and vars(found).get(name) is kind else None


def functions_of(kind: type) -> Iterator[tuple[str, types.FunctionType]]:
    """Every function in the class's own namespace, unwrapped from descriptors and decorators."""
    for name, value in vars(kind).items():
        parts = [value]
        if isinstance(value, property):
            parts = [value.fget, value.fset, value.fdel]
        elif isinstance(value, staticmethod | classmethod):
            parts = [value.__func__]
        elif hasattr(value, "func"):
            parts = [value.func]
        for part in parts:
            function = inspect.unwrap(part) if callable(part) else part
            if isinstance(function, types.FunctionType):
                yield name, function


def _reach_source(reach: Reach, kind: type, definition: Definition) -> None:
    where = reach.where
    scope = vars(inspect.getmodule(kind)) if inspect.getmodule(kind) else {}
    methods = [f for _, f in functions_of(kind)]
    for method in methods:
        if method.__globals__.get("__name__") == kind.__module__:
            scope = method.__globals__
        names = [n for n in rebound_nonlocal(method.__code__) if n != "__class__"]
        if names:
            raise CannotShip(
                f"{where}.{method.__name__} assigns the nonlocal variable {names[0]!r}; each task works on a "
                "copy, so the change would be lost: return the value instead"
            )
    for base in kind.__bases__:
        if base is not object:
            with reach.named(base.__name__):
                reach.content(base)
    if type(kind) is not type:
        reach.content(type(kind))
    before, after = _names(definition.code)
    annotations = _annotation_names(definition.node)
    around = _around(definition, methods)
    for name in before:
        if name in annotations and name in scope:
            reach.tried(lambda name=name: reach.bind(scope, name))  # type: ignore[misc]
    reach_globals(reach, scope, [n for n in before if n not in annotations and scope.get(n) is not kind])
    space = reach.space(scope)
    cells = _cells(reach, kind, definition, around)
    maker = MAKER if cells or definition.first > 1 else None
    key = key_of(reach, kind)
    reach.step(
        "class", space, definition.filename, definition.line, definition.text, definition.shown,
        definition.first, maker, kind.__name__, kind.__qualname__, cells, key, definition.future,
    )  # fmt: skip
    number = reach.node(kind)
    if _is_lively(definition.node):
        reach.lively = len(reach.steps) - 1
    for name, value in around.items():
        if isinstance(value, types.CellType):
            reach.fill(value, name)
    for name in [*annotations, *after]:
        if name in annotations and name in scope:
            reach.tried(lambda name=name: reach.bind(scope, name))  # type: ignore[misc]
    reach_globals(reach, scope, [n for n in after if n not in annotations or n in _used(definition.node)])
    package = scope.get("__package__") or ""
    reach.modules.follow(definition.node, package, where)
    reach_submodules(reach, definition.node, scope)
    reach_changes(reach, kind, number, *_source(definition, scope))
    for name, inner in vars(kind).items():
        if id(inner) in reach.active:
            continue
        if isinstance(inner, type) and inner.__qualname__ == f"{kind.__qualname__}.{name}":
            with reach.named(name):
                reach.content(inner)  # so that its instances, exceptions for one, come back as themselves


def _cells(reach: Reach, kind: type, definition: Definition, around: dict[str, Any]) -> dict[str, int]:
    """Nodes of the cells of what the class uses of the function around it; filled, if its body reads them."""
    cells = {}
    for name, value in around.items():
        if isinstance(value, types.CellType):
            cells[name] = reach.cell(value, name)
            if name in definition.early:
                _refuse_circle(reach, kind, name, value)
                reach.fill(value, name)
        else:
            reach.step("cell")
            cells[name] = reach.node(object())
            with reach.named(name):
                reach.step("fill", cells[name], reach.shared(value))
    return cells


def _refuse_circle(reach: Reach, kind: type, name: str, cell: types.CellType) -> None:
    """Raises CannotShip where the class's body reads what is made of the class itself by now."""
    if id(cell.cell_contents) in reach.active:
        raise CannotShip(
            f"{reach.where}: the body of {kind.__name__} reads {name!r}, a variable of the function around "
            "it that was assigned again since: give it a name of its own"
        )


def _is_lively(node: ast.AST) -> bool:
    """Whether the class's body, or what it hands itself to, can change other things."""
    assert isinstance(node, ast.ClassDef)  # noqa: S101 find_class gives no other
    running = [s for s in node.body if not isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef)]
    calls = any(isinstance(inner, ast.Call) for s in running for inner in ast.walk(s))
    return bool(node.bases or node.keywords or node.decorator_list) or calls


def _source(
    definition: Definition, scope: dict[str, Any], whole: bool = False
) -> tuple[Source, ast.ClassDef]:
    assert isinstance(definition.node, ast.ClassDef)  # noqa: S101 find_class gives no other
    return Source(body_of(definition.node), definition.filename, scope, whole), definition.node


def _names(code: types.CodeType) -> tuple[list[str], list[str]]:
    """(names that the class's body reads while it runs, names that its methods read later)."""
    before: dict[str, None] = {}
    after: dict[str, None] = {}
    for one in nested(code):
        running = not one.co_flags & _OPTIMIZED or one.co_name.startswith((MAKER, "<"))
        for instruction in dis.get_instructions(one):
            if instruction.opname in ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"):
                (before if running else after)[instruction.argval] = None
    return list(before), [n for n in after if n not in before]


def _annotation_names(node: ast.AST) -> list[str]:
    """Names that stand only in annotations: shipped if they can be."""
    found: dict[str, None] = {}
    for inner in ast.walk(node):
        for field in ("annotation", "returns"):
            expression = getattr(inner, field, None)
            if isinstance(expression, ast.AST):
                for x in ast.walk(expression):
                    if isinstance(x, ast.Name):
                        found[x.id] = None
    return [n for n in found if n not in _used(node)]


def _used(node: ast.AST) -> set[str]:
    """Names that stand outside of annotations."""
    found: set[str] = set()
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, ast.Name):
                found.add(item.id)
            elif isinstance(item, ast.AST):
                found |= _used(item)
    return found


def _around(definition: Definition, methods: list[types.FunctionType]) -> dict[str, Any]:
    """Names of the function around the class that it uses: a cell, or a base's value."""
    if definition.first == 1:
        return {}
    (outermost,) = (c for c in definition.code.co_consts if isinstance(c, types.CodeType))
    wanted = outermost.co_varnames[: outermost.co_argcount]
    found: dict[str, Any] = {n: v for n, v in definition.around.items() if n in wanted}
    for method in methods:
        for name, cell in zip(method.__code__.co_freevars, method.__closure__ or (), strict=True):
            if name in wanted:
                found[name] = cell
    return found
