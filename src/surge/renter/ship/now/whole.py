"""Modules that travel whole: their source runs there, then what it may make otherwise is put as it is now."""

import ast
import builtins
import sys
import types
from typing import Any

from surge.model.errors import CannotShip
from surge.renter.ship.checks.effects import CONSTANTS
from surge.renter.ship.classes import key_of, reach_made
from surge.renter.ship.links import Import, bytes_of, has_identity, is_import
from surge.renter.ship.modules import find
from surge.renter.ship.now.changes import function_state, reach_changes
from surge.renter.ship.now.written import (
    Leaf,
    Source,
    is_default,
    layers,
    leaves,
    may_stay,
    taken_as_written,
)
from surge.renter.ship.reach import Reach
from surge.renter.text.body import body_of
from surge.renter.text.source import parsed

Pending = list[tuple[str, CannotShip]]
"""Globals that can't be sent, and why: refused if anything that was sent names them."""


def reach_whole_classes(reach: Reach) -> None:
    """Give the classes of modules that travel whole a key, so that their instances can come back."""
    for name in sorted(reach.modules.whole):
        for kind in list(vars(sys.modules.get(name, builtins)).values()):
            if isinstance(kind, type) and kind.__module__ == name and kind not in reach.keys:
                if find(name, kind.__qualname__) is not kind:
                    continue
                reach.step("value", bytes_of(Import(name, kind.__qualname__)))
                reach.step("known", key_of(reach, kind), reach.node(kind))


def reach_whole(reach: Reach) -> Pending:
    """Steps for all that is otherwise than the modules' sources make it, or that could be."""
    pending: Pending = []
    homes = [(n, sys.modules[n]) for n in sorted(reach.modules.whole) if n in sys.modules]
    found = []
    for name, module in homes:
        filename, text, _ = reach.modules.whole[name]
        source = Source(body_of(parsed(text)), filename, vars(module), True)
        found.append((name, module, source, *_sorted(name, module, source)))
    for _, _, _, _, others in found:
        reach.apart.update(id(value) for _, value in others if isinstance(value, types.FunctionType))
    for name, module, source, written, others in found:
        with reach.named(name):
            _module(reach, module, source, written, others, pending)
    return pending


def _sorted(
    name: str, module: types.ModuleType, source: Source
) -> tuple[list[Leaf], list[tuple[str, object]]]:
    """(functions that are as the source makes them, other globals to send)"""
    written: list[Leaf] = []
    others: list[tuple[str, object]] = []
    body = source.body
    for key, value in vars(module).items():
        if key.startswith("__") and key.endswith("__") and key not in body.values:
            continue
        if isinstance(value, types.ModuleType) and value.__name__ == f"{name}.{key}":
            continue
        own = isinstance(value, type) and value.__module__ == name and value.__qualname__ == key
        if own and (key in body.classes or body.values.get(key) is not None):
            continue
        if not has_identity(value) and (
            taken_as_written(source, key, value)
            or (body.values.get(key) is not None and _is_literal(body.values[key], value))
        ):
            continue
        found = leaves(source, key, value)
        if found is None:
            others.append((key, value))
        else:
            written += found
    return written, others


def _is_literal(expression: ast.expr | None, value: object) -> bool:
    return isinstance(expression, ast.Constant | ast.UnaryOp) and is_default(
        Source(_NOTHING, "", {}), expression, value
    )


_NOTHING = body_of(parsed(""))


def _module(
    reach: Reach,
    module: types.ModuleType,
    source: Source,
    written: list[Leaf],
    others: list[tuple[str, object]],
    pending: Pending,
) -> None:
    name = module.__name__
    reach.step("value", bytes_of(Import(name, "")))
    number = reach.node(object())
    for defs in source.body.defs.values():
        for made in defs:
            place = (source.filename, made.node.name, made.line)
            reach.written[place] = (*reach.written.get(place, ()), (module, number))
    if any(callable(value) for _, value in others):
        reach.step("leaves", number)
    for key, value in others:
        with reach.named(key):
            _global(reach, source, name, key, value, pending)
    for kind in list(vars(module).values()):
        if isinstance(kind, type) and kind.__module__ == name and kind in reach.keys:
            with reach.named(kind.__name__):
                _class(reach, kind, source)
    for function, made in written:
        function_state(reach, number, source, function, made)
    gone = [n for n in sorted(source.body.names) if n not in vars(module)]
    if gone:
        reach.step("drop", number, gone)


def _class(reach: Reach, kind: type, source: Source) -> None:
    nodes = source.body.classes.get(kind.__qualname__, [])
    if len(nodes) == 1:
        own = Source(body_of(nodes[0]), source.filename, source.names, True)
        reach_changes(reach, kind, reach.memo[id(kind)], own, nodes[0])
    elif nodes:
        reach_made(reach, kind, reach.memo[id(kind)], whole=True)


def _global(reach: Reach, source: Source, module: str, key: str, value: object, pending: Pending) -> None:
    remade = isinstance(source.body.values.get(key), ast.Call)
    natural = remade and (type(value) is object or type(value).__module__ == "typing")
    if natural or may_stay(source, key, value):
        if id(value) not in reach.memo:
            reach.step("value", bytes_of(Import(module, key)))
            reach.node(value)
        return
    refused = reach.tried(lambda: _put(reach, module, key, value))
    if refused is None:
        return
    if source.body.defs.get(key) and any(_is_written(source, key, one) for one in layers(value)):
        reach.warn(f"{reach.where} is made there by its decorators, anew: {refused}")
    else:
        pending.append((key, refused))


def _is_written(source: Source, key: str, function: object) -> bool:
    return isinstance(function, types.FunctionType) and any(
        source.wrote(function.__code__, made) for made in source.body.defs[key]
    )


def _put(reach: Reach, module: str, key: str, value: object) -> None:
    if type(value) in CONSTANTS or id(value) in reach.memo or not has_identity(value) or callable(value):
        content = reach.shared(value)
        if not (is_import(content) and find(module, key) is value and _is_itself(module, key, value)):
            reach.step("place", module, key, content)
        return
    content = reach.alone(value)
    if id(value) in reach.memo:
        reach.step("place", module, key, reach.named_node(value))
    elif is_import(content):
        reach.step("place", module, key, content)
    else:
        reach.step("overlay", module, key, content)
        reach.datum(value)


def _is_itself(module: str, key: str, value: Any) -> bool:
    """Whether the value's own name is this very global."""
    return getattr(value, "__module__", None) == module and getattr(value, "__qualname__", None) == key


def refuse_named(reach: Reach, pending: Pending) -> None:
    """Raises CannotShip for a global that can't be sent, if what was sent may ask for it by its name."""
    if not pending:
        return
    uses: dict[str, set[str]] = {}
    for _, text, _ in reach.modules.whole.values():
        for statement in parsed(text).body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                uses.setdefault(statement.name, set()).update(_words(statement))
    texts = [step[4] for step in reach.steps if step[0] in ("function", "class")]
    queue = [word for text in texts for word in _words(parsed(text))]
    seen: set[str] = set()
    while queue:
        word = queue.pop()
        if word not in seen:
            seen.add(word)
            queue += uses.get(word, ())
    for key, error in pending:
        if key in seen:
            raise error


def _words(node: ast.AST) -> set[str]:
    found: set[str] = set()
    for inner in ast.walk(node):
        match inner:
            case ast.Name(id=word) | ast.Attribute(attr=word) | ast.alias(name=word):
                found |= set(word.split("."))
            case ast.Constant(value=str() as word) if word.isidentifier():
                found.add(word)
    return found
