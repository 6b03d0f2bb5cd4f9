"""Whether what a name means now is surely what the source of its class or module makes of it."""

import abc
import ast
import builtins
import functools
import itertools
import sys
import threading
import types
import typing
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from surge.renter.ship.links import has_identity
from surge.renter.ship.modules import is_installed
from surge.renter.text.body import Body, Def
from surge.renter.text.fresh import says_still

UNKNOWN = object()
_SAME = (abc.abstractmethod, typing.final, typing.no_type_check, getattr(typing, "override", UNKNOWN))
"""Decorators that give their function back."""
Leaf = tuple[types.FunctionType, Def]


@dataclass(frozen=True)
class Source:
    """names: what the expressions of the body mean outside of it. whole: of a module that travels whole, or
    in one; what its names meant while it ran may have been replaced there."""

    body: Body
    filename: str
    names: Mapping[str, Any]
    whole: bool = False

    def wrote(self, code: types.CodeType, made: Def) -> bool:
        placed = code.co_name == made.node.name and code.co_firstlineno == made.line
        return placed and self.holds(code) and says_still(code)

    def holds(self, code: types.CodeType) -> bool:
        return code.co_filename == self.filename or _same_file(code.co_filename, self.filename)

    def means(self, expression: ast.expr) -> Any:
        """What a name, or a chain of attributes, means now; UNKNOWN for all else."""
        match expression:
            case ast.Name(id=name) if name not in self.body.names:
                return self.names.get(name, getattr(builtins, name, UNKNOWN))
            case ast.Attribute(value=value, attr=attr):
                home = self.means(value)
                return vars(home).get(attr, UNKNOWN) if isinstance(home, types.ModuleType) else UNKNOWN
        return UNKNOWN


@functools.cache
def _same_file(one: str, other: str) -> bool:
    return not one.startswith("<") and Path(one).resolve() == Path(other).resolve()


def leaves(source: Source, name: str, value: object) -> "list[Leaf] | None":
    """The functions of the body that `value` is made of, if the source surely makes it so; else None."""
    defs = source.body.defs.get(name, [])
    if type(value) is property:
        return _of_property(source, value, defs)
    for made in defs:
        function = _within(source, value, list(made.decorators), made)
        if function is not None:
            return [(function, made)]
    return None


def _of_property(source: Source, value: property, defs: list[Def]) -> "list[Leaf] | None":
    found: list[Leaf] = []
    parts = [part for part in (value.fget, value.fset, value.fdel) if part is not None]
    for part, made in itertools.product(parts, defs):
        if made.decorators and (function := _within(source, part, list(made.decorators[1:]), made)):
            found.append((function, made))
    whole = len(found) == len(parts) == len(defs)
    return found if whole and all(_makes_property(source, made) for made in defs) else None


def _makes_property(source: Source, made: Def) -> bool:
    match made.decorators[0]:
        case ast.Attribute(value=ast.Name(id=name), attr="setter" | "getter" | "deleter"):
            return name == made.node.name
        case expression:
            return source.means(expression) in (property, abc.abstractproperty)


def _within(source: Source, value: Any, decorators: list[ast.expr], made: Def) -> "types.FunctionType | None":
    """The function of the body below these decorators."""
    if not decorators:
        fits = isinstance(value, types.FunctionType) and source.wrote(value.__code__, made)
        return value if fits else None
    expression, *rest = decorators
    called = isinstance(expression, ast.Call)
    decorator = source.means(expression.func if isinstance(expression, ast.Call) else expression)
    inner: object = UNKNOWN
    if any(decorator is one for one in _SAME):
        inner = value
    elif decorator in (staticmethod, classmethod) and type(value) is decorator:
        inner = value.__func__
    elif decorator is functools.cached_property and type(value) is decorator:
        inner = value.func
    elif decorator in (functools.cache, functools.lru_cache) and _is_cache(value, expression, decorator):
        inner = value.__wrapped__
    elif decorator is functools.singledispatchmethod and type(value) is decorator:
        inner = value.func if _registered(source, value, made) else UNKNOWN
    elif _is_library(decorator) and not called and _is_library(value) and hasattr(value, "__wrapped__"):
        inner = value.__wrapped__
    return None if inner is UNKNOWN else _within(source, inner, rest, made)


def _is_cache(value: Any, expression: ast.expr, decorator: object) -> bool:
    if not isinstance(value, functools._lru_cache_wrapper):
        return False
    settings = (value.cache_parameters()["maxsize"], value.cache_parameters()["typed"])
    match expression:
        case ast.Call(args=[], keywords=[]):
            wanted = (128, False)
        case ast.Call(args=[ast.Constant(value=size)], keywords=[]):
            wanted = (size, False)  # type: ignore[assignment]
        case ast.Call(args=[], keywords=[ast.keyword(arg="maxsize", value=ast.Constant(value=size))]):
            wanted = (size, False)  # type: ignore[assignment]
        case ast.Call():
            return False
        case _:
            wanted = (128 if decorator is functools.lru_cache else None, False)  # type: ignore[assignment]
    return settings == wanted


def _registered(source: Source, value: Any, made: Def) -> bool:
    """Whether each entry of a singledispatchmethod was registered in the body, and no other since."""
    lines = {
        one.line
        for defs in source.body.defs.values()
        for one in defs
        for mark in one.decorators
        if made.node.name + ".register" in ast.unparse(mark)
    }
    found = set()
    for kind, function in value.dispatcher.registry.items():
        code = getattr(function, "__code__", None)
        if kind is object:
            continue
        if code is None or not source.holds(code) or code.co_firstlineno not in lines:
            return False
        found.add(code.co_firstlineno)
    return found == lines


def _is_library(value: object) -> bool:
    """A function whose code is of an installed package."""
    return isinstance(value, types.FunctionType) and is_installed(value.__code__.co_filename)


def is_default(source: Source, expression: ast.expr, value: object) -> bool:
    """Whether an expression surely gives this very value when it is evaluated there."""
    match expression:
        case ast.Constant(value=constant):
            return type(constant) is type(value) and constant == value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as constant)):
            return type(constant) is type(value) and -constant == value
    return source.means(expression) is value and not (source.whole and has_identity(value))


_LOCKS = (type(threading.Lock()), type(threading.RLock()), threading.Condition)
_WEAK = (weakref.WeakSet, weakref.WeakKeyDictionary, weakref.WeakValueDictionary)


def may_stay(source: Source, name: str, value: object) -> bool:
    """A lock is as good as another, an empty table of weak references too."""
    remade = isinstance(source.body.values.get(name), ast.Call)
    return remade and (isinstance(value, _LOCKS) or (isinstance(value, _WEAK) and not len(value)))


def changed_defaults(source: Source, function: types.FunctionType, made: Def) -> bool:
    args = made.node.args
    positional, keyword = function.__defaults__ or (), function.__kwdefaults__ or {}
    named = {
        arg.arg: default
        for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True)
        if default is not None
    }
    return not (
        len(positional) == len(args.defaults)
        and all(is_default(source, e, v) for e, v in zip(args.defaults, positional, strict=True))
        and keyword.keys() == named.keys()
        and all(is_default(source, e, keyword[n]) for n, e in named.items())
    )


def taken_as_written(source: Source, name: str, value: object) -> bool:
    """Whether an import statement of the body gives `value` still."""
    for taken in source.body.taken.get(name, ()):
        package = source.names.get("__package__") or ""
        parts = package.split(".")
        base = ".".join(parts[: len(parts) - taken.level + 1]) if taken.level else ""
        module = ".".join(p for p in (base, taken.module) if p)
        home = sys.modules.get(module)
        if not taken.name:
            found: object = home
        else:
            found = vars(home).get(taken.name, UNKNOWN) if home is not None else UNKNOWN
            found = sys.modules.get(f"{module}.{taken.name}") if found is UNKNOWN else found
        if found is value:
            return True
    return False


def layers(value: object) -> Iterator[object]:
    """`value` and the functions that it wraps, told by its attributes and cells, once each."""
    queue, seen = [value], set()
    while queue:
        one = queue.pop(0)
        if id(one) in seen or not (callable(one) or isinstance(one, property | classmethod | staticmethod)):
            continue
        seen.add(id(one))
        yield one
        if isinstance(one, property):
            queue += [one.fget, one.fset, one.fdel]
        queue += [getattr(one, name, None) for name in ("__wrapped__", "__func__", "func")]
        for cell in getattr(one, "__closure__", None) or ():
            try:
                queue.append(cell.cell_contents)
            except ValueError:
                continue  # not assigned yet
