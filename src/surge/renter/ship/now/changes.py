"""What became of a class since its body ran: written as steps that set and delete, or refused by name.

The sandbox runs the class's source again. Whatever that might make otherwise than the class is now is sent
as it is now, and set afterwards.
"""

import abc
import ast
import enum
import inspect
import types
from collections.abc import Iterator
from typing import Any

from surge.model.errors import CannotShip
from surge.renter.ship.functions import reach_default
from surge.renter.ship.modules import find, is_elsewhere, is_installed
from surge.renter.ship.now.members import reach_members
from surge.renter.ship.now.written import Leaf, Source, changed_defaults, is_default, leaves, may_stay
from surge.renter.ship.reach import Reach

_OWN = frozenset(
    [
        "__abstractmethods__", "__annotate__", "__annotate_func__", "__annotations__",
        "__annotations_cache__", "__classcell__", "__dataclass_fields__", "__dataclass_params__", "__dict__",
        "__doc__", "__firstlineno__", "__match_args__", "__module__", "__orig_bases__", "__parameters__",
        "__qualname__", "__slots__", "__static_attributes__", "__type_params__", "__weakref__", "_abc_impl",
    ]
)  # fmt: skip
"""What Python itself enters into a class; looked at one by one where it matters."""
_TUPLES = frozenset(["_fields", "_field_defaults", "_field_types"])
_SLOTS = (types.MemberDescriptorType, types.GetSetDescriptorType, types.WrapperDescriptorType)


def reach_changes(reach: Reach, kind: type, number: int, source: Source, node: ast.ClassDef) -> None:
    """Write the steps that follow the one that made `kind` by its source, the node `number`."""
    _same_bases(reach, kind, source, node)
    written, others = _sorted(kind, source)
    if any(isinstance(value, types.FunctionType) or not _is_value(value) for _, value in others) or any(
        name not in vars(kind) for name in source.body.names
    ):
        reach.step("leaves", number)
    for defs in source.body.defs.values():
        for made in defs:
            key = (source.filename, made.node.name, made.line)
            reach.written[key] = (*reach.written.get(key, ()), (kind, number))
    for function, made in written:
        function_state(reach, number, source, function, made)
    reach.apart.update(id(value) for _, value in others)
    sets = [
        ("set", number, name, content)
        for name, value in others
        if (content := _content(reach, kind, source, node, name, value)) is not None
    ]
    for step in sets:
        reach.step(*step)
    gone = [n for n in sorted(source.body.names) if n not in vars(kind) and not _is_member(kind, n)]
    if gone:
        reach.step("drop", number, gone)
    _documentation(reach, kind, number, node)
    _generated(reach, kind, number, source)
    if isinstance(kind, abc.ABCMeta):
        _abstract(reach, kind, number)
    if issubclass(kind, enum.Enum):
        reach_members(reach, kind, number, source)


def _sorted(kind: type, source: Source) -> tuple[list[Leaf], list[tuple[str, object]]]:
    """(functions that are as the source makes them, other entries to send)"""
    written: list[Leaf] = []
    others: list[tuple[str, object]] = []
    for name, value in vars(kind).items():
        if name in _OWN or isinstance(value, _SLOTS) or _is_member(kind, name):
            continue
        if type(value).__name__ == "_tuplegetter" or (issubclass(kind, tuple) and name in _TUPLES):
            continue
        if name == "__hash__" and value is None:
            continue
        found = leaves(source, name, value)
        if found is not None:
            written += found
        elif not (_is_inner(kind, name, value) and name in source.body.classes):
            others.append((name, value))
    return written, others


def _is_member(kind: type, name: str) -> bool:
    if not issubclass(kind, enum.Enum):
        return False
    return name in kind._member_map_ or (name.startswith("_") and name.endswith("_"))


def _is_inner(kind: type, name: str, value: object) -> bool:
    return isinstance(value, type) and value.__qualname__ == f"{kind.__qualname__}.{name}"


def _is_value(value: object) -> bool:
    return not callable(value) and not hasattr(value, "__get__")


def _content(
    reach: Reach, kind: type, source: Source, node: ast.ClassDef, name: str, value: object
) -> bytes | None:
    """The value as it is now; None where the source does it, or a library that runs there too."""
    helped = _is_helped(kind, node, source)
    if name not in source.body.names and _is_generated(kind, name, value):
        return None
    if helped and (name.startswith("_") or _is_of_library(value)):
        return None
    contents: list[bytes] = []

    def write() -> None:
        with reach.named(name):
            contents.append(reach.shared(value))

    if may_stay(source, name, value):
        return None if reach.tried(write) else contents[0]
    if helped:
        return None if reach.tried(write) else contents[0]
    write()
    return contents[0]


def _is_helped(kind: type, node: ast.ClassDef, source: Source) -> bool:
    """Whether a library makes the class, by a metaclass or a decorator; it does so there too."""
    if type(kind) not in (type, abc.ABCMeta) and is_elsewhere(type(kind)):
        return not issubclass(kind, enum.Enum)
    found = [source.means(d.func if isinstance(d, ast.Call) else d) for d in node.decorator_list]
    return any(
        is_installed(getattr(getattr(one, "__code__", None), "co_filename", None))
        and getattr(one, "__module__", "") not in ("dataclasses", "functools", "enum", "typing")
        for one in found
    )


def _is_generated(kind: type, name: str, value: object) -> bool:
    """Of a decorator or base such as dataclass, total_ordering, NamedTuple, Enum or Protocol."""
    inner = next(iter(_plain(value)), None)
    if inner is None:
        return name.startswith("__") and _is_of_library(value)
    code = inner.__code__
    if code.co_filename.startswith(("<string", "<attrs generated")):
        return True
    if not is_installed(code.co_filename):
        return False
    own = inner.__qualname__ == f"{kind.__qualname__}.{name}"
    return own or find(inner.__module__, inner.__qualname__) is not inner


def _plain(value: object) -> Iterator[types.FunctionType]:
    part = getattr(value, "__func__", getattr(value, "fget", value))
    if isinstance(part, types.FunctionType):
        yield part


def _is_of_library(value: object) -> bool:
    kind = type(value)
    return kind.__module__ != "builtins" and is_elsewhere(kind)


# ——— the functions of the body ———


def function_state(
    reach: Reach, number: int, source: Source, function: types.FunctionType, made: Any
) -> None:
    """Defaults and attributes of a method that are not as its `def` makes them."""
    defaults = changed_defaults(source, function, made)
    attributes = {n: v for n, v in vars(function).items() if n not in _MARKS or not made.decorators}
    if not defaults and not attributes:
        return
    with reach.named(function.__name__):
        reach.step("leaf", number, made.node.name, made.line)
        leaf = reach.node(function)
        if defaults:
            reach_default(reach, leaf, function)
        for name, value in attributes.items():
            with reach.named(f"its attribute {name}"):
                reach.step("set", leaf, name, reach.shared(value))


_MARKS = ("__isabstractmethod__", "__final__", "__override__", "__no_type_check__")


# ——— what Python and its decorators make of a body ———


def _same_bases(reach: Reach, kind: type, source: Source, node: ast.ClassDef) -> None:
    """Raises CannotShip where a base's name means another class by now, or the bases were changed."""
    bases = kind.__dict__.get("__orig_bases__", kind.__bases__)
    given = [b for b in node.bases if not isinstance(b, ast.Starred)]
    for expression, base in zip(given, bases, strict=False):
        found = source.means(expression)
        if isinstance(found, type) and found is not base and isinstance(base, type):
            raise CannotShip(
                f"{reach.where} was made with another {ast.unparse(expression)} as its base than that name "
                f"means now: define {kind.__name__} again"
            )
    plain = not (node.bases or node.keywords or node.decorator_list)
    if plain and kind.__bases__ != (object,):
        raise CannotShip(f"{reach.where} got other bases since it was made: define it with these")


def _documentation(reach: Reach, kind: type, number: int, node: ast.ClassDef) -> None:
    written, now = ast.get_docstring(node), vars(kind).get("__doc__")
    same = written == (inspect.cleandoc(now) if isinstance(now, str) else now)
    if not same and isinstance(now, str | None) and not issubclass(kind, enum.Enum):
        reach.step("set", number, "__doc__", reach.content(now))


def _generated(reach: Reach, kind: type, number: int, source: Source) -> None:
    """Default values that were taken when a dataclass or a named tuple was made."""
    fields = vars(kind).get("__dataclass_fields__")
    name = "__init__" if fields is not None else "__new__"
    function = vars(kind).get(name)
    function = getattr(function, "__func__", function)
    if not isinstance(function, types.FunctionType) or not function.__code__.co_filename.startswith("<"):
        return
    if fields is None and not (issubclass(kind, tuple) and hasattr(kind, "_field_defaults")):
        return
    code = function.__code__
    positional = code.co_varnames[: code.co_argcount]
    values = dict(zip(positional[::-1], (function.__defaults__ or ())[::-1], strict=False))
    values |= function.__kwdefaults__ or {}
    changed = {}
    for field, value in values.items():
        if type(value).__name__ == "_HAS_DEFAULT_FACTORY_CLASS":
            _same_factory(reach, kind, source, field, fields)
        elif not _is_written_default(source, field, value):
            changed[field] = value
    if changed:
        with reach.named("its default values"):
            parts = dict(zip(changed, reach.parts(changed.values()), strict=True))
            reach.step("given", number, name, reach.content(parts))


def _is_written_default(source: Source, field: str, value: object) -> bool:
    expression = source.body.values.get(field)
    return expression is not None and is_default(source, expression, value)


def _same_factory(reach: Reach, kind: type, source: Source, field: str, fields: Any) -> None:
    match source.body.values.get(field):
        case ast.Call(keywords=keywords):
            for keyword in keywords:
                found = source.means(keyword.value) if keyword.arg == "default_factory" else None
                if callable(found) and found is not fields[field].default_factory:
                    raise CannotShip(
                        f"{reach.where}.{field} was made with another {ast.unparse(keyword.value)} as its "
                        f"default factory than that name means now: define {kind.__name__} again"
                    )


def _abstract(reach: Reach, kind: Any, number: int) -> None:
    """Which methods are abstract, and what was registered as a subclass."""
    now = frozenset(n for n in kind.__abstractmethods__)
    reach.step("set", number, "__abstractmethods__", reach.content(now))
    registered, *_ = abc._get_dump(kind)  # type: ignore[attr-defined]
    for other in sorted(filter(None, (one() for one in registered)), key=lambda k: k.__qualname__):
        reach.tried(lambda other=other: _register(reach, kind, other))  # type: ignore[misc]


def _register(reach: Reach, kind: Any, other: type) -> None:
    """One that can't be sent can have no instance there."""
    with reach.named(other.__name__):
        reach.step_call(abc.ABCMeta.register, (kind, other))
        reach.node(object())
