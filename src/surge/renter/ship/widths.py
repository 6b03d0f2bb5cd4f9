"""Warns where numpy, 32 bits wide in the sandbox by default, may give other integers than here."""

import ast
import re

from surge.renter.ship.reach import Reach

_NARROW = re.compile(r"^[<>=|]?(u?int32|u?intc|[iu]4|[iIlL])$")
_DEFAULTS = ("int_", "intp", "uint", "uintp", "int0", "long", "ulong")
_NAMED = (*_DEFAULTS, "r_", "c_", "mgrid", "ogrid")
_ASKING = ("astype", "view", "sum", "cumsum", "prod", "cumprod", "trace", "mean", "fromstring", "result_type")


def look(reach: Reach, node: ast.AST, where: str) -> None:
    """Note what a shipped piece of code says about integer widths."""
    for inner in ast.walk(node):
        match inner:
            case ast.Attribute(attr="int32" | "uint32" | "intc" | "uintc"):
                reach.narrow = True
            case ast.Attribute(value=ast.Name(id="np" | "numpy" as name), attr=attr) if attr in _NAMED:
                _warn(reach, where, inner.lineno, f"{name}.{attr}")
            case ast.Constant(value=str(text)) if _NARROW.match(text):
                reach.narrow = True
            case ast.Call(func=ast.Attribute(attr=method), args=args, keywords=keywords):
                asked = [*args, *(k.value for k in keywords if k.arg == "dtype")]
                if method in _ASKING and any(_is_default(a) for a in asked):
                    _warn(reach, where, inner.lineno, f".{method}({ast.unparse(asked[0])})")


def _is_default(node: ast.expr) -> bool:
    match node:
        case ast.Name(id="int"):
            return True
        case ast.Attribute(attr=name):
            return name in _DEFAULTS
        case ast.Constant(value="int" | "uint" | "intp" | "l" | "int_"):
            return True
    return False


def _warn(reach: Reach, where: str, line: int, what: str) -> None:
    reach.warn(
        f"{where}, line {line}: {what} counts in 32 bits inside the sandbox, where it overflows past "
        "2147483647; write np.int64 to get what you get here"
    )
