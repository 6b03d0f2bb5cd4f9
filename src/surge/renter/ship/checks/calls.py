"""What a call could show by how it is called: memory as earlier tasks left it, or addresses.

NumPy shows both as bytes. What a `where` leaves out, and the gaps of a structured type, hold whatever was
there before; the bytes of an array of objects are their addresses, and any list may become one.
"""

import ast
import re
import string
import types
from collections.abc import Callable, Iterable

from surge.renter.ship.inside import has, top
from surge.renter.ship.modules import module_of

Named = Callable[[ast.AST], tuple[str, str]]
"""(module, name in it) of an expression, two empty strings for what isn't listed."""

_FILLED = frozenset({"array", "copy", "full", "full_like", "ones", "ones_like", "zeros", "zeros_like"})
_TYPES = frozenset({"bool", "bool_", "complex", "complex64", "complex128", "float", "int", "int_"})
_TYPES |= {f"float{bits}" for bits in (16, 32, 64)}
_TYPES |= {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
_PLAIN_TYPE = re.compile(r"[<>=|]?(\?|[bBhHiIlLqQefdFD]|[iufcSU]\d+|b1|bool|u?int\d*|float\d*|complex\d*)")
_SPREADS_LIST = ("builtins", "itertools", "math")
_SPREADS_METHODS = frozenset({"format", "update", "extend", "append"})
_BYTES_MODULES = frozenset({"base64", "binascii", "hashlib", "struct", "uuid", "zlib"})
_BYTES_METHODS = frozenset({"encode", "from_bytes", "fromhex", "randbytes", "to_bytes", "digest"})


def of_call(node: ast.Call, named: Named, own: bool) -> str | None:
    """own: whether it calls a function of the renter's by a name of the scope."""
    spreads = _of_spreading(node, named, own)
    if spreads:
        return spreads
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    if "where" in given and not ("out" in given and _is_filled(given["out"], named)):
        return "leaves items as the memory had them"
    module, name = named(node.func)
    if "dtype" in given and not _is_plain_type(given["dtype"], named):
        return "may make an array of objects or with gaps"
    at = _TYPE_AT.get(name or method_of(node)) if not module or module == "numpy" else None
    if at is not None and len(node.args) > at and not _is_plain_type(node.args[at], named):
        return "may make an array of objects or with gaps"
    return None


_TYPE_AT = {
    "arange": 3, "array": 1, "asarray": 1, "ascontiguousarray": 1, "asfortranarray": 1, "astype": 0,
    "fromiter": 1, "full": 2, "full_like": 2, "identity": 1, "ones": 1, "ones_like": 1, "zeros": 1,
    "zeros_like": 1,
}  # fmt: skip
"""The place of a type among the arguments."""


def method_of(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


def _of_spreading(node: ast.Call, named: Named, own: bool) -> str | None:
    """What * and ** give to a library is not to be seen."""
    module, name = named(node.func)
    method = "" if module else method_of(node)
    if own or method in _SPREADS_METHODS:
        return None
    if any(keyword.arg is None for keyword in node.keywords) and (module, name) != ("builtins", "dict"):
        return "gives a library unknown keywords"
    spread = any(isinstance(arg, ast.Starred) for arg in node.args)
    by_name = isinstance(node.func, ast.Name) and not module
    if spread and not by_name and module not in _SPREADS_LIST:
        return "gives a library unknown arguments"
    return None


def _is_filled(node: ast.AST, named: Named) -> bool:
    """Whether it is surely an array."""
    if not isinstance(node, ast.Call):
        return False
    module, name = named(node.func)
    return module == "numpy" and name in _FILLED


def _is_plain_type(node: ast.AST, named: Named) -> bool:
    if isinstance(node, ast.Constant):
        return node.value is None or (isinstance(node.value, str) and bool(_PLAIN_TYPE.fullmatch(node.value)))
    if isinstance(node, ast.Attribute) and node.attr == "dtype" and not named(node)[0]:
        return True  # of an array that is there already
    module, name = named(node)
    return module in ("builtins", "numpy") and name in _TYPES


ARRAYS, BYTES = "arrays", "bytes"


def touches(nodes: Iterable[ast.AST], named: Named) -> set[str]:
    """Which of ARRAYS and BYTES source has to do with. Code of both is not quiet: whatever takes bytes takes
    an array of objects as its addresses."""
    found = set()
    for node in nodes:
        module, name = named(node)
        if module.startswith("numpy"):
            found.add(ARRAYS)
        elif _is_of_bytes(node, module, name):
            found.add(BYTES)
    return found


def _is_of_bytes(node: ast.AST, module: str, name: str) -> bool:
    match node:
        case ast.Constant(value=bytes()):
            return True
        case ast.Attribute(attr=attr) if not module:
            return attr in _BYTES_METHODS
    listed = (module, name) in _BYTES_BUILTINS or module in _BYTES_MODULES
    return listed and name not in ("", "uuid4")


_BYTES_BUILTINS = {("builtins", "bytes"), ("builtins", "bytearray")}


def swallows(node: ast.AST, is_narrow: Callable[[ast.AST], bool]) -> bool:
    """Whether a MemoryError could go unseen, which the garbage of earlier tasks may have brought."""
    match node:
        case ast.ExceptHandler(type=None):
            return True
        case ast.ExceptHandler(type=ast.Tuple(elts=kinds)):
            return not all(map(is_narrow, kinds))
        case ast.ExceptHandler(type=kind):
            return not (kind and is_narrow(kind))
        case ast.Try(finalbody=last):
            leaves = (ast.Return, ast.Break, ast.Continue)
            return any(isinstance(inner, leaves) for one in last for inner in ast.walk(one))
    return False


def is_narrow(name: str) -> bool:
    """Whether a listed exception never is a MemoryError."""
    return name not in ("", "Exception", "BaseException", "MemoryError", "BaseExceptionGroup")


def is_own(value: object) -> bool:
    """Whether it is a function of the renter's."""
    return isinstance(value, types.FunctionType) and not has(top(module_of(value) or "numpy"))


def is_in(compared: ast.Compare, node: ast.AST) -> bool:
    return any(
        right is node and isinstance(op, ast.In | ast.NotIn)
        for op, right in zip(compared.ops, compared.comparators, strict=True)
    )


def only_values(node: ast.AST) -> bool:
    """Whether a literal text formats its arguments, and reads nothing of theirs."""
    if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        return False
    try:
        fields = [f"{field}{'.' if '{' in (how or '') else ''}" for _, field, how, _ in _FORMATS(node.value)]
    except ValueError:
        return True  # it can only raise
    return not any("." in field or "[" in field for field in fields)


_FORMATS = string.Formatter().parse
