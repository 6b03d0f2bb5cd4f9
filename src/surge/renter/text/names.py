"""Which global names, free variables and imports a piece of code uses."""

import ast
import dis
import types
from collections.abc import Iterator
from dataclasses import dataclass

_LOADS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")
_STORES = ("STORE_GLOBAL", "DELETE_GLOBAL")


def nested(code: types.CodeType) -> Iterator[types.CodeType]:
    """`code` and every code object inside of it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from nested(constant)


def loaded(code: types.CodeType) -> list[str]:
    """Global (or class-level) names that `code` or what is nested in it reads, in order, once each."""
    names = [i.argval for one in nested(code) for i in dis.get_instructions(one) if i.opname in _LOADS]
    return list(dict.fromkeys(names))


def rebound(code: types.CodeType) -> list[str]:
    """Names that it declares `global` and assigns or deletes."""
    names = [i.argval for one in nested(code) for i in dis.get_instructions(one) if i.opname in _STORES]
    return list(dict.fromkeys(names))


def rebound_nonlocal(code: types.CodeType) -> list[str]:
    """Free variables of `code` that it, or a function inside of it, assigns."""
    names = [
        i.argval
        for one in nested(code)
        for i in dis.get_instructions(one)
        if i.opname in ("STORE_DEREF", "DELETE_DEREF") and i.argval in one.co_freevars
    ]
    return [n for n in dict.fromkeys(names) if n in code.co_freevars]


@dataclass(frozen=True)
class Import:
    """`from module import taken` or `import module`. level: dots of a relative import. optional: its
    failure is caught, or it is for type checkers only."""

    module: str
    level: int
    taken: tuple[str, ...]
    optional: bool


def imports(node: ast.AST, optional: bool = False) -> Iterator[Import]:
    """Every import statement inside of a syntax tree."""
    match node:
        case ast.Import(names=names):
            for alias in names:
                yield Import(alias.name, 0, (), optional)
        case ast.ImportFrom(module=module, level=level, names=names):
            yield Import(module or "", level, tuple(a.name for a in names), optional)
        case ast.If(test=test, body=body, orelse=orelse) if _is_type_checking(test):
            for child in body:
                yield from imports(child, True)
            for child in orelse:
                yield from imports(child, optional)
        case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=finalbody):
            caught = optional or any(_catches_import_errors(h) for h in handlers)
            for child in body:
                yield from imports(child, caught)
            for other in (*handlers, *orelse, *finalbody):
                yield from imports(other, optional)
        case _:
            for inner in ast.iter_child_nodes(node):
                yield from imports(inner, optional)


def _is_type_checking(test: ast.expr) -> bool:
    return ast.unparse(test).rpartition(".")[2] == "TYPE_CHECKING"


def _catches_import_errors(handler: ast.ExceptHandler) -> bool:
    names = ast.unparse(handler.type) if handler.type else "BaseException"
    return any(n in names for n in ("ImportError", "ModuleNotFoundError", "Exception"))
