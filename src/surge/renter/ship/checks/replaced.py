"""What was put in place of a library's own: the sandbox has the library's, so it is refused by name."""

import ast
import cmath
import math
import string
import types
from collections.abc import Iterator, Mapping
from typing import Any

from surge.model.errors import CannotShip
from surge.renter.ship import inside as sandbox
from surge.renter.ship.modules import is_installed

_LETTERS = "".join(map(chr, range(97, 123)))
_DIGITS = "0123456789"
_MARKS = "".join(c for c in map(chr, range(33, 127)) if not c.isalnum())
_CONSTANTS: dict[str, Any] = {
    "math.pi": math.atan2(0, -1),
    "math.tau": 2 * math.atan2(0, -1),
    "math.e": float.fromhex("0x1.5bf0a8b145769p+1"),
    "math.inf": float("inf"),
    "string.ascii_lowercase": _LETTERS,
    "string.ascii_uppercase": _LETTERS.upper(),
    "string.ascii_letters": _LETTERS + _LETTERS.upper(),
    "string.digits": _DIGITS,
    "string.hexdigits": _DIGITS + "abcdefABCDEF",
    "string.octdigits": "01234567",
    "string.punctuation": _MARKS,
    "string.whitespace": " \t\n\r\v\f",
}
_CONSTANTS |= {f"{m}.{n}": _CONSTANTS[f"math.{n}"] for m in ("numpy", "cmath") for n in ("pi", "e", "inf")}
_CONSTANTS["string.printable"] = _DIGITS + _LETTERS + _LETTERS.upper() + _MARKS + " \t\n\r\v\f"
_PLAIN = ("function", "_ArrayFunctionDispatcher")
_ALIASES = ("concat", "permute_dims", "row_stack", "round_", "amax", "amin")
"""Second names that NumPy itself gives."""
_COMPILED = (math, cmath, string)


def refuse_replaced(home: types.ModuleType, own: str, path: str) -> None:
    """Raises CannotShip if `own`, which code reaches in a module of a library, is surely none of it."""
    name, value = f"{home.__name__}.{own}", vars(home).get(own)
    if not sandbox.has(home.__name__) or value is None:
        return
    if name in _CONSTANTS and (type(value), value) != (type(_CONSTANTS[name]), _CONSTANTS[name]):
        raise CannotShip(f"{path} reaches {name}, which was set to {value!r:.40} here; {_SAYS}")
    if isinstance(value, types.FunctionType) and _is_own(value):
        raise CannotShip(
            f"{path} reaches {name}, where a function of your own ({value.__code__.co_name}) was put here; "
            f"{_SAYS}"
        )
    other = getattr(value, "__name__", own)
    known = home in _COMPILED or (
        home.__name__ == "numpy" and type(value).__name__ in _PLAIN and own not in _ALIASES
    )
    if known and callable(value) and other != own and vars(home).get(other) is value:
        raise CannotShip(f"{path} reaches {name}, where {home.__name__}.{other} was put here; {_SAYS}")
    if isinstance(value, type):
        refuse_changed(value, path)


_SAYS = "the sandbox has the library's: call yours by its own name"


def refuse_changed(kind: type, path: str) -> None:
    """Raises CannotShip for a class of a library that got methods of the renter's."""
    for base in kind.__mro__:
        if not sandbox.has(base.__module__):
            continue
        for name, value in vars(base).items():
            if any(_is_own(one) for one in _functions(value)):
                raise CannotShip(
                    f"{path} reaches {base.__module__}.{base.__qualname__}, whose {name} was replaced by a "
                    "function of your own here; the sandbox has the library's: call yours by its own name"
                )


def _functions(value: Any) -> Iterator[types.FunctionType]:
    parts = (value.fget, value.fset) if isinstance(value, property) else (getattr(value, "__func__", value),)
    for part in parts:
        if isinstance(part, types.FunctionType):
            yield part


def _is_own(function: types.FunctionType) -> bool:
    filename = function.__code__.co_filename
    return not filename.startswith("<") and not is_installed(filename)


def refuse_in(node: ast.AST, scope: Mapping[str, object], path: str) -> None:
    """As refuse_replaced, of all that a piece of code names."""
    for inner in ast.walk(node):
        match inner:
            case ast.Name(id=name, ctx=ast.Load()):
                value = scope.get(name)
                if isinstance(value, type):
                    refuse_changed(value, path)
            case ast.Attribute(attr=own):
                home = _module(inner.value, scope)
                if home is not None:
                    refuse_replaced(home, own, path)


def _module(node: ast.expr, scope: Mapping[str, object]) -> types.ModuleType | None:
    match node:
        case ast.Name(id=name):
            found = scope.get(name)
        case ast.Attribute(value=value, attr=attr):
            outer = _module(value, scope)
            found = vars(outer).get(attr) if outer is not None else None
        case _:
            return None
    return found if isinstance(found, types.ModuleType) else None


def lookups(node: ast.AST, scope: Mapping[str, object], where: str) -> Iterator[str]:
    """A sentence for the first place that looks names up by text."""
    for inner in ast.walk(node):
        found = ""
        match inner:
            case ast.Call(func=ast.Name(id="globals" | "eval" | "exec" as name)) if name not in scope:
                found = f"{name}()"
            case ast.Attribute(value=ast.Name(id="sys"), attr="modules"):
                found = "sys.modules"
            case ast.Attribute(attr="__subclasses__"):
                found = "__subclasses__()"
        if found:
            yield (
                f"{where}, line {getattr(inner, 'lineno', 0)}: {found} looks names up by text: only what the "
                "function names itself is there"
            )
            return
