"""Where a notebook keeps the text of its cells: classes have no file there, and %%time compiles its own."""

import ast
import linecache
import sys
import types
from collections.abc import Iterator

TIMED = "<timed exec>"
"""What IPython's %%time calls the code that it compiles."""


def lines_of_class(kind: type, codes: list[types.CodeType]) -> tuple[str, list[str]] | None:
    """(cell's name, its lines) of a class of a notebook; codes: its methods'. None if no cell has it."""
    for code in codes:
        lines = linecache.getlines(code.co_filename) or lines_of_timed(code)
        if lines:
            return code.co_filename, lines
    fields = set(vars(kind).get("__annotations__", ()))
    for name, lines in _cells():
        for node in _classes("".join(lines), kind.__name__):
            told = {n.target.id for n in node.body if _names_field(n)}  # type: ignore[attr-defined]
            if told >= fields:
                return name, lines
    return None


def _names_field(node: ast.stmt) -> bool:
    return isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)


def _cells() -> Iterator[tuple[str, list[str]]]:
    """The newest first. A cell is no file, so its entry has no time."""
    for name, entry in reversed(linecache.cache.items()):
        if len(entry) == 4 and entry[1] is None:
            yield name, list(entry[2])


def _classes(text: str, name: str) -> list[ast.ClassDef]:
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return []
    return [n for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and n.name == name]


def lines_of_timed(code: types.CodeType) -> list[str]:
    """Of a function that a %%time cell defined, from IPython's record of cells; empty if none fits."""
    shell = getattr(sys.modules.get("__main__"), "get_ipython", lambda: None)()
    if code.co_filename != TIMED or shell is None:
        return []
    for cell in reversed(shell.user_ns.get("In", [])):
        magic, _, body = cell.partition("\n")
        if not magic.startswith("%%time") and "run_cell_magic('time'" not in magic:
            continue
        text = _body(cell) if magic.startswith("get_ipython") else body
        text = str(shell.transform_cell(text))
        if _defines(text, code):
            return list(text.splitlines(keepends=True))
    return []


def _body(cell: str) -> str:
    """The text behind the magic, of `get_ipython().run_cell_magic('time', '', '…')`."""
    call = ast.parse(cell).body[0]
    if isinstance(call, ast.Expr) and isinstance(call.value, ast.Call):
        last = call.value.args[-1]
        if isinstance(last, ast.Constant) and isinstance(last.value, str):
            return last.value
    return ""


def _defines(text: str, code: types.CodeType) -> bool:
    try:
        whole = compile(text, TIMED, "exec", dont_inherit=True)
    except SyntaxError:
        return False
    queue = [whole]
    while queue:
        one = queue.pop()
        if one.co_name == code.co_name and one.co_code == code.co_code and one.co_consts == code.co_consts:
            return one.co_firstlineno == code.co_firstlineno
        queue += [c for c in one.co_consts if isinstance(c, types.CodeType)]
    return False
