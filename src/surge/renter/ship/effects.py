"""Whether tasks could tell that others ran before them in the same sandbox.

Code of which nothing outlives a task runs one task after the other, which costs nothing. All other runs
alone, each task from the memory as it was when the code was loaded. Whatever isn't known to be quiet counts
as an effect: a false one costs a millisecond a task, a missed one a wrong answer.
"""

import ast
import builtins
import types
from collections.abc import Iterator, Mapping

from surge.renter.ship.inside import has, top
from surge.renter.ship.modules import module_of

QUIET = frozenset(
    [
        "base64", "binascii", "bisect", "cmath", "collections", "copy", "dataclasses", "datetime",
        "fractions", "functools", "hashlib", "heapq", "hmac", "itertools", "json", "math", "numbers",
        "numpy", "operator", "pandas", "random", "re", "scipy", "statistics", "string", "struct",
        "textwrap", "time", "typing", "uuid", "zlib",
    ]
)  # fmt: skip
"""Modules whose functions leave nothing behind that a later task could see, but for LASTING. Random streams
and the clock start anew with each task."""
LASTING = frozenset(
    [
        "cache_clear", "config", "filterwarnings", "options", "register", "register_adapter",
        "reset_option", "simplefilter", "seterr",
    ]
)  # fmt: skip
"""Names in such modules that set something for good, besides those that begin with `set`."""
REACHING = frozenset(
    [
        "__import__", "breakpoint", "compile", "delattr", "eval", "exec", "globals", "id", "input",
        "locals", "open", "setattr", "vars",
    ]
)  # fmt: skip
"""Built-ins that can reach anything, or whose answer depends on what ran before."""
CONSTANTS = (int, float, complex, bool, str, bytes, type(None), type(...), range)


def of_value(value: object) -> str | None:
    """What could change in a value that code holds; None if nothing can."""
    if isinstance(value, tuple | frozenset) and type(value) in (tuple, frozenset):
        return next((effect for effect in map(of_value, value) if effect), None)
    if type(value) in CONSTANTS:
        return None
    if isinstance(value, types.ModuleType):
        return None if top(value.__name__) in QUIET else f"uses {value.__name__}"
    home, name = top(module_of(value) or "numpy"), getattr(value, "__name__", "")
    if isinstance(value, types.FunctionType) and not has(home):
        return None  # the renter's own: looked at when it is reached
    if (callable(value) and isinstance(value, _BY_NAME)) or type(value).__name__ == "ufunc":
        quiet = (home in QUIET and not _lasts(name)) or (home == "builtins" and name not in REACHING)
        return None if quiet else f"uses {home}.{name}"
    return f"holds a {type(value).__name__}"


_BY_NAME = (types.FunctionType, types.BuiltinFunctionType, type)


def _lasts(name: str) -> bool:
    return name.startswith("set") or name in LASTING


def of_function(node: ast.AST, scope: Mapping[str, object]) -> str | None:
    """The first thing in a function's source that could outlive a task; scope: its globals."""
    imported = {a.asname or top(a.name) for inner in ast.walk(node) for a in _aliases(inner)}
    own = set(_own_names(node)) - imported
    modules = imported | {name for name, value in scope.items() if isinstance(value, types.ModuleType)}
    return next((effect for inner in ast.walk(node) if (effect := _of_node(inner, own, modules))), None)


def _aliases(node: ast.AST) -> list[ast.alias]:
    return node.names if isinstance(node, ast.Import | ast.ImportFrom) else []


def _own_names(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.arg):
            yield inner.arg
        elif isinstance(inner, ast.Name) and not isinstance(inner.ctx, ast.Load):
            yield inner.id
        elif isinstance(inner, ast.FunctionDef | ast.ClassDef) and inner is not node:
            yield inner.name


def _of_node(node: ast.AST, own: set[str], modules: set[str]) -> str | None:
    match node:
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            return f"declares {names[0]}"
        case ast.Import(names=names):
            return next((f"imports {a.name}" for a in names if top(a.name) not in QUIET), None)
        case ast.ImportFrom(module=module, level=level, names=names):
            quiet = not level and top(module or "") in QUIET and not any(_lasts(a.name) for a in names)
            return None if quiet else f"imports {module}"
        case ast.Attribute(attr=attr, ctx=ast.Store() | ast.Del()):
            return f"sets the attribute {attr}"
        case ast.Subscript(ctx=ast.Store() | ast.Del()):
            root = _root(node)
            return None if root in own else "sets items of something that stays"
        case ast.Attribute(attr=attr):
            return _of_attribute(node, attr, own, modules)
        case ast.Name(id=name) if name in REACHING and name not in own:
            return f"calls {name}"
    return None


def _of_attribute(node: ast.Attribute, attr: str, own: set[str], modules: set[str]) -> str | None:
    if attr.startswith("__"):
        return f"reads {attr}"
    root = _root(node)
    if root is None or root in own:
        return None
    if root not in modules and not hasattr(builtins, root):
        return f"reads attributes of {root}"
    return f"uses {root}.{attr}" if _lasts(attr) else None


def _root(node: ast.AST) -> str | None:
    """The name that a chain of attributes and items begins with."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None
