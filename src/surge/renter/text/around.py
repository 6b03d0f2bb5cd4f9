"""What the body of a class inside of a function reads of that function's variables while it runs.

Python keeps no such value: a method that names the variable does, or what the body did with it.
"""

import ast
import enum
import functools
import inspect
import symtable
import sys
import types
from collections.abc import Iterator
from typing import Any

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def reads(lines: list[str], node: ast.ClassDef) -> list[str]:
    """The function's variables that are needed while the class is made, sorted."""
    try:
        tables = _tables("".join(lines))
    except SyntaxError:
        return []  # a notebook's cell with magics
    places = (node.lineno, *(d.lineno for d in node.decorator_list))
    place = next((p for p in tables.get(node.name, ()) if p[0].get_lineno() in places), None)
    if place is None:
        return []
    table, parent = place
    outer: set[str] = set()
    if parent is not None and parent.get_type() == "function":
        outer = {s.get_name() for s in parent.get_symbols() if s.is_local() or s.is_free()}
    inner = {s.get_name() for s in table.get_symbols() if s.is_free()}
    heads = [*node.decorator_list, *node.bases, *(k.value for k in node.keywords)]
    found = {n for head in heads for n in _running(head)} & outer
    return sorted(found | {n for statement in node.body for n in _running(statement)} & inner)


_Place = tuple[symtable.SymbolTable, symtable.SymbolTable | None]


@functools.lru_cache(maxsize=16)
def _tables(text: str) -> dict[str, list[_Place]]:
    """Classes by name, each with what is around it."""
    found: dict[str, list[_Place]] = {}
    stack: list[_Place] = [(symtable.symtable(text, "<class>", "exec"), None)]
    while stack:
        table, parent = stack.pop()
        if table.get_type() == "class":
            found.setdefault(table.get_name(), []).append((table, parent))
        stack += [(child, table) for child in table.get_children()]
    return found


def _running(node: ast.AST) -> Iterator[str]:
    """Names that are read when a piece of a class's body runs: no annotation, nothing that functions do."""
    if isinstance(node, ast.Name):
        yield node.id
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns") or (field == "body" and isinstance(node, _FUNCTIONS)):
            continue
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, ast.AST):
                yield from _running(inner)


def values(names: list[str], node: ast.ClassDef, kind: type, lines: list[str]) -> dict[str, Any]:
    """Those of the variables that what the body made of them still tells."""
    found: dict[str, Any] = {}
    for name, value in (*_imported(lines, node), *_told(node, kind)):
        if name in names:
            found.setdefault(name, value)
    return found


def _told(node: ast.ClassDef, kind: Any) -> Iterator[tuple[str, Any]]:
    for keyword in node.keywords:
        if keyword.arg == "metaclass" and isinstance(keyword.value, ast.Name):
            yield keyword.value.id, type(kind)
    for statement in node.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=own)], value=ast.Name(id=name)):
                if own in vars(kind):
                    value = vars(kind)[own]
                    yield name, value.value if type(value) is kind and issubclass(kind, enum.Enum) else value
            case ast.AnnAssign(target=ast.Name(id=own), value=ast.Name(id=name)):
                if own in vars(kind):
                    yield name, vars(kind)[own]
            case ast.FunctionDef(name=own, args=args, decorator_list=[]):
                function = vars(kind).get(own)
                if isinstance(function, types.FunctionType):
                    pairs = zip(args.defaults[::-1], (function.__defaults__ or ())[::-1], strict=False)
                    yield from ((d.id, value) for d, value in pairs if isinstance(d, ast.Name))


def _imported(lines: list[str], node: ast.ClassDef) -> Iterator[tuple[str, Any]]:
    """By import statements of the innermost function around the class."""
    around = [
        one
        for one in ast.walk(ast.parse("".join(lines)))
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
        and one.lineno < node.lineno <= (one.end_lineno or 0)
    ]
    bound: dict[str, list[Any]] = {}
    for inner in ast.walk(max(around, key=lambda f: f.lineno)) if around else ():
        match inner:
            case ast.Import(names=names):
                for alias in names:
                    place = alias.name if alias.asname else alias.name.partition(".")[0]
                    bound.setdefault(alias.asname or place, []).append(sys.modules.get(place))
            case ast.ImportFrom(module=str(module), level=0, names=names):
                for alias in names:
                    home = sys.modules.get(module)
                    bound.setdefault(alias.asname or alias.name, []).append(getattr(home, alias.name, None))
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                bound.setdefault(name, []).append(None)
    for name, found in bound.items():
        if len(found) == 1 and found[0] is not None and not inspect.isgenerator(found[0]):
            yield name, found[0]
