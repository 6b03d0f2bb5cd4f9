"""Finds the text that defined a function or a class, and cuts it so that it compiles alone.

Text, not bytecode, travels: the sandbox has its own version of Python. Lines and columns stay as they
are in the renter's file, so that tracebacks from the sandbox point at it.
"""

import __future__

import ast
import builtins
import functools
import inspect
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from surge.model.errors import CannotShip
from surge.renter.text.around import reads, values
from surge.renter.text.cells import lines_of_class, lines_of_timed
from surge.renter.text.fresh import says_still

MAKER = "__surge_make"
FUTURE_ANNOTATIONS = 0x1000000
"""CO_FUTURE_ANNOTATIONS of a code object compiled under `from __future__ import annotations`."""


@dataclass(frozen=True)
class Definition:
    """filename, line: where `shown`, the renter's own lines, begin. text: what the sandbox compiles, its
    line `first` being line `line`. code: the same text compiled here, to learn the names that it uses."""

    node: ast.AST
    filename: str
    line: int
    shown: str
    text: str
    first: int
    code: types.CodeType = field(repr=False)
    future: bool
    around: dict[str, object] = field(default_factory=dict)
    """Bases of a class, and what else its body reads, that are local names of the function around it."""
    early: frozenset[str] = frozenset()
    """Variables of the function around a class that its body reads, and that a method keeps."""


def _lines(thing: object, name: str) -> list[str]:
    code = getattr(thing, "__code__", None)
    if code is not None and (timed := lines_of_timed(code)):
        return timed
    try:
        lines, _ = inspect.findsource(thing)  # type: ignore[arg-type]
    except (OSError, TypeError, IndexError) as error:
        raise CannotShip(
            f"{name} has no source text here (typed at a prompt, or made by exec); "
            "define it in a file or a notebook, or at the prompt of Python 3.13 or later"
        ) from error
    return lines


@functools.lru_cache(maxsize=64)
def parsed(text: str) -> ast.Module:
    """The syntax tree of a text, to read: it is kept. Raises SyntaxError."""
    return ast.parse(text)


def _tree(lines: list[str], name: str) -> ast.Module:
    try:
        return parsed("".join(lines))
    except SyntaxError:
        plain = "".join("\n" if line.lstrip().startswith(("%", "!", "?")) else line for line in lines)
        try:
            return ast.parse(plain)  # a notebook's cell with magics that IPython did not rewrite
        except SyntaxError as error:
            raise CannotShip(
                f"the source of {name} does not parse ({error}); save the file as it was when it was imported"
            ) from error


def changed_since(name: str, filename: str) -> CannotShip:
    return CannotShip(
        f"{name} is not in {filename} as and where it was when it was imported; "
        "the file has changed since: import it again"
    )


def find_function(function: types.FunctionType, name: str) -> Definition:
    """Raises CannotShip where there is no text, or where it isn't the text of this function."""
    code = function.__code__
    lines = _lines(function, name)
    if not says_still(code):
        raise changed_since(name, code.co_filename)
    tree = _tree(lines, name)
    if code.co_name == "<lambda>":
        node = _pick_lambda(tree, code, name)
        return _cut_lambda(node, code, lines)
    line = code.co_firstlineno
    for found in ast.walk(tree):
        if isinstance(found, ast.AsyncFunctionDef | ast.FunctionDef) and found.name == code.co_name:
            start = min([found.lineno, *(d.lineno for d in found.decorator_list)])
            if start == line and _parameters(found.args) == _arguments(code):
                return _cut_function(found, code, lines)
    raise changed_since(name, code.co_filename)


def find_class(kind: type, name: str) -> Definition:
    methods = [
        f.__code__
        for f in (inspect.unwrap(plain) for plain in _plain_functions(kind))
        if isinstance(f, types.FunctionType) and f.__qualname__.startswith(kind.__qualname__ + ".")
    ]
    cell = lines_of_class(kind, methods) if _is_of_notebook(kind) else None
    filename, lines = cell or (_file_of(kind, methods), _lines(kind, name))
    tree = _tree(lines, name)
    if kind.__name__ != kind.__qualname__.rpartition(".")[2]:
        raise CannotShip(
            f"{name} was named {kind.__qualname__} when it was made, and {kind.__name__!r} since "
            "(__name__); give it its name in the class statement"
        )
    found = [n for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and n.name == kind.__name__]
    line = vars(kind).get("__firstlineno__")
    for node in found:
        start = min([node.lineno, *(d.lineno for d in node.decorator_list)])
        if line in (start, node.lineno):
            return _cut_class(node, kind, lines, methods, filename)
    if line is None:
        inside = [
            n
            for n in found
            if methods and all(n.lineno <= m.co_firstlineno <= (n.end_lineno or 0) for m in methods)
        ]
        if not inside and len(found) == 1:
            inside = found
        if not inside and found and cell is not None:
            inside = found[-1:]
        if not inside and found:
            _, at = inspect.findsource(kind)
            inside = [min(found, key=lambda n: abs(n.lineno - 1 - at))]
        if inside:
            return _cut_class(inside[-1], kind, lines, methods, filename)
    raise changed_since(name, filename)


def _is_of_notebook(kind: type) -> bool:
    module = sys.modules.get(kind.__module__)
    return kind.__module__ == "__main__" and not hasattr(module, "__file__")


def _file_of(kind: type, methods: list[types.CodeType]) -> str:
    if methods:
        return methods[0].co_filename
    try:
        return inspect.getsourcefile(kind) or "<class>"
    except (OSError, TypeError):
        return "<class>"


def _plain_functions(kind: type) -> list[Callable[..., Any]]:
    found: list[object] = []
    for value in vars(kind).values():
        part = getattr(value, "__func__", getattr(value, "fget", value))
        code = getattr(part, "__code__", None)
        if code is None or not code.co_filename.startswith("<string"):
            found.append(part)
    return [f for f in found if callable(f)]


def _parameters(args: ast.arguments) -> list[str]:
    every = [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]
    return [a.arg for a in every if a is not None]


def _arguments(code: types.CodeType) -> list[str]:
    stars = bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + stars]
    return list(names)


def _pick_lambda(tree: ast.AST, code: types.CodeType, name: str) -> ast.Lambda:
    """By the position of its body, which the code object keeps: several may stand on one line."""
    found = [
        n
        for n in ast.walk(tree)
        if isinstance(n, ast.Lambda)
        and n.lineno == code.co_firstlineno
        and _parameters(n.args) == _arguments(code)
    ]
    if not found:
        raise changed_since(name, code.co_filename)
    if len(found) == 1:
        return found[0]
    positions = set(code.co_positions())
    exact = [
        n
        for n in found
        if (n.body.lineno, n.body.end_lineno, n.body.col_offset, n.body.end_col_offset) in positions
    ]
    inner = [n for n in exact if not any(m is not n and _within(m, n) for m in exact)]
    if len(exact) == 1:
        return exact[0]
    outermost = [n for n in exact if n not in inner] or exact
    if len(outermost) == 1:
        return outermost[0]
    raise CannotShip(
        f"several lambdas on line {code.co_firstlineno} of {code.co_filename} look alike; "
        "put each on a line of its own, or give them names with def"
    )


def _within(inner: ast.expr, outer: ast.expr) -> bool:
    return any(x is inner for x in ast.walk(outer))


class _Text:
    """A file's lines, addressed as the syntax tree does (lines from 1, columns in UTF-8 bytes)."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines

    def offset(self, line: int, column: int) -> tuple[int, int]:
        return line, len(self.lines[line - 1].encode()[:column].decode())

    def between(self, start: tuple[int, int], end: tuple[int, int]) -> str:
        if start[0] == end[0]:
            return self.lines[start[0] - 1][start[1] : end[1]]
        middle = self.lines[start[0] : end[0] - 1]
        return "".join([self.lines[start[0] - 1][start[1] :], *middle, self.lines[end[0] - 1][: end[1]]])

    def blanked(self, nodes: list[ast.expr]) -> "_Text":
        """With each of these expressions replaced by 0, its place on the page kept."""
        lines = list(self.lines)
        for node in nodes:
            start = self.offset(node.lineno, node.col_offset)
            end = self.offset(node.end_lineno or node.lineno, node.end_col_offset or 0)
            for at in range(start[0], end[0] + 1):
                line = lines[at - 1]
                left = start[1] if at == start[0] else 0
                right = end[1] if at == end[0] else len(line.rstrip("\r\n"))
                fill = " " * (right - left)
                if at == start[0]:
                    fill = "0" + fill[1:]
                lines[at - 1] = line[:left] + fill + line[right:]
        return _Text(lines)


def _defaults(args: ast.arguments) -> list[ast.expr]:
    return [*args.defaults, *(d for d in args.kw_defaults if d is not None)]


def _wrapper(free: tuple[str, ...], name: str, indent: str) -> str:
    own = "" if name in free or not name else f"{indent}global {name}\n"
    return f"def {MAKER}({', '.join(free)}):\n{own}"


def _compiled(text: str, filename: str, future: bool) -> types.CodeType:
    flags = __future__.annotations.compiler_flag if future else 0
    code: types.CodeType = compile(text, filename, "exec", flags, dont_inherit=True)
    return code


def _cut_lambda(node: ast.Lambda, code: types.CodeType, lines: list[str]) -> Definition:
    page = _Text(lines)
    start = page.offset(node.lineno, node.col_offset)
    end = page.offset(node.end_lineno or node.lineno, node.end_col_offset or 0)
    body = page.blanked(_defaults(node.args)).between(start, end)
    text = f"{_wrapper(code.co_freevars, '', '')} return (\n{' ' * start[1]}{body}\n)\n"
    shown = "".join(lines[start[0] - 1 : end[0]])
    future = bool(code.co_flags & FUTURE_ANNOTATIONS)
    return Definition(
        node, code.co_filename, node.lineno, shown, text, 3, _compiled(text, code.co_filename, future), future
    )


def _cut_function(
    node: ast.FunctionDef | ast.AsyncFunctionDef, code: types.CodeType, lines: list[str]
) -> Definition:
    end = node.end_lineno or node.lineno
    page = _Text(lines).blanked(_defaults(node.args))
    body = "".join(page.lines[node.lineno - 1 : end]).rstrip("\n") + "\n"
    shown = "".join(lines[node.lineno - 1 : end])
    indent = lines[node.lineno - 1][: node.col_offset]
    head = _wrapper(code.co_freevars, node.name, indent) if indent else ""
    text = head + body
    future = bool(code.co_flags & FUTURE_ANNOTATIONS)
    return Definition(
        node,
        code.co_filename,
        node.lineno,
        shown,
        text,
        head.count("\n") + 1,
        _compiled(text, code.co_filename, future),
        future,
    )


def _cut_class(
    node: ast.ClassDef, kind: type, lines: list[str], methods: list[types.CodeType], filename: str
) -> Definition:
    start = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    shown = "".join(lines[start - 1 : node.end_lineno])
    body = shown.rstrip("\n") + "\n"
    indent = lines[start - 1][: node.col_offset]
    head = ""
    around: dict[str, object] = {}
    early: frozenset[str] = frozenset()
    if indent:
        around = _local_bases(node, kind)
        if "<locals>" in kind.__qualname__:
            early = _read_around(node, kind, lines, methods, around)
        if len(indent) < 2:
            raise CannotShip(
                f"the class {kind.__qualname__} is indented by one column; indent it by two or more"
            )
        free = sorted(({n for m in methods for n in m.co_freevars} | set(around)) - {"__class__", node.name})
        own = "" if "<locals>" in kind.__qualname__ else f"{indent}global {node.name}\n"
        head = f"def {MAKER}_around({', '.join(free)}):\n def {MAKER}():\n{own}"
        body += f"{indent}return {node.name}\n"
    future = any(m.co_flags & FUTURE_ANNOTATIONS for m in methods) or _says_future(lines)
    text = head + body
    code = _compiled(text, filename, future)
    return Definition(node, filename, start, shown, text, head.count("\n") + 1, code, future, around, early)


def _read_around(
    node: ast.ClassDef,
    kind: type,
    lines: list[str],
    methods: list[types.CodeType],
    around: dict[str, object],
) -> frozenset[str]:
    """Variables that the body reads and a method keeps; all others that it reads are put into `around`."""
    wanted = [name for name in reads(lines, node) if name not in around and name != "__class__"]
    kept = frozenset(wanted) & {n for m in methods for n in m.co_freevars}
    told = values([n for n in wanted if n not in kept], node, kind, lines)
    for name in wanted:
        if name not in kept and name not in told:
            raise CannotShip(
                f"the body of the class {kind.__qualname__} reads {name!r}, a variable of the function "
                f"around it, whose value Python keeps no more: name it in a method too, or keep it as it is "
                f"in the class (its_{name} = {name})"
            )
    around.update(told)
    return kept


def _local_bases(node: ast.ClassDef, kind: type) -> dict[str, object]:
    bases = getattr(kind, "__orig_bases__", kind.__bases__)
    pairs = zip(node.bases, bases, strict=False)
    known = vars(sys.modules.get(kind.__module__, builtins))
    return {
        expression.id: base
        for expression, base in pairs
        if isinstance(expression, ast.Name)
        and known.get(expression.id) is not base
        and not hasattr(builtins, expression.id)
    }


def _says_future(lines: list[str]) -> bool:
    return any(line.startswith("from __future__ import") and "annotations" in line for line in lines)
