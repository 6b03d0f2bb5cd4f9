# mypy: ignore-errors
# ruff: noqa: S102 — running the renter's source is the point
"""Rebuilds, inside the sandbox, the functions, classes and constants that a renter's function reaches.

A recipe is a list of steps, each `[op, …]`; some make a node, which later values name by its number.
Values inside steps are bytes of tagged MessagePack, decoded when the step's turn comes. See
surge/renter/ship/reach.py, which writes recipes.
"""

import __future__

import importlib
import linecache
import sys
import types

from surge.run.guest import tagged
from surge.run.guest.kinds import known
from surge.run.guest.machine import scope
from surge.run.guest.tagged import BUILDERS, decode

nodes: list = []
spaces: dict = {}
"""label → the module object that stands for one of the renter's modules"""


def follow(steps):
    for op, *rest in steps:
        OPS[op](*rest)


def _resolve(items):
    module, name = items
    found = sys.modules.get(module) or importlib.import_module(module)
    for part in name.split(".") if name else ():
        found = getattr(found, part)
    return found


BUILDERS[tagged.REFERENCE] = lambda items: nodes[items[0]]
BUILDERS[tagged.IMPORT] = _resolve
BUILDERS[tagged.METHOD] = lambda items: types.MethodType(*items)


def _space(label, name, filename, own):
    module = types.ModuleType(name)
    module.__file__ = filename
    scope(module)
    spaces[label] = module
    if own and (name == "__main__" or name not in sys.modules):
        sys.modules[name] = module


def show(filename, line, text):
    """Lets tracebacks find the renter's own lines."""
    lines = text.splitlines(keepends=True)
    entry = linecache.cache.get(filename)
    known = list(entry[2]) if entry is not None and len(entry) == 4 else []
    known += ["\n"] * (line - 1 + len(lines) - len(known))
    known[line - 1 : line - 1 + len(lines)] = lines
    linecache.cache[filename] = (len(known), None, known, filename)


def _find(code, name):
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            if constant.co_name == name:
                return constant
            found = _find(constant, name)
            if found is not None:
                return found
    return None


def _moved(code, by):
    """The same code, `by` lines further down."""
    constants = tuple(_moved(c, by) if isinstance(c, types.CodeType) else c for c in code.co_consts)
    return code.replace(co_firstlineno=code.co_firstlineno + by, co_consts=constants)


def _compile(text, filename, future):
    flags = __future__.annotations.compiler_flag if future else 0
    return compile(text, filename, "exec", flags, dont_inherit=True)


def _function(space, filename, line, text, shown, first, name, qualname, cells, future):
    """`text` defines the function, its line `first` being line `line` of the renter's file.
    cells: node of the cell of each free variable, by name."""
    show(filename, line, shown)
    code = _moved(_find(_compile(text, filename, future), name), line - first)
    code = code.replace(co_qualname=qualname)
    closure = tuple(nodes[cells[n]] for n in code.co_freevars)
    function = types.FunctionType(code, spaces[space].__dict__, name, None, closure)
    function.__qualname__ = qualname
    function.__module__ = spaces[space].__name__
    nodes.append(function)


def _default(node, positional, keyword):
    function = nodes[node]
    function.__defaults__ = decode(positional)
    function.__kwdefaults__ = decode(keyword)


def _class(space, filename, line, text, shown, first, maker, name, qualname, cells, key, future):
    """`text` defines the class by itself, or holds a function `maker` that returns it."""
    show(filename, line, shown)
    code = _compile(text, filename, future)
    scope = spaces[space].__dict__
    if maker is None:
        exec(_moved(code, line - first), scope)
        kind = scope[name]
    else:
        code = _moved(_find(code, maker), line - first)
        closure = tuple(nodes[cells[n]] for n in code.co_freevars)
        kind = types.FunctionType(code, scope, name, None, closure)()
    kind.__qualname__ = qualname
    known.add(key, kind)
    nodes.append(kind)


def _known(key, node):
    """A class that came by another way (a shipped module, a call) gets its key."""
    known.add(key, nodes[node])


def _fill(cell, value):
    nodes[cell].cell_contents = decode(value)


def _bind(space, name, value):
    setattr(spaces[space], name, decode(value))


def _overlay(module, name, content):
    """A global of a module that came whole, as it is at the renter's: changed in place where others may
    hold it too."""
    scope, value = importlib.import_module(module).__dict__, decode(content)
    there = scope.get(name)
    if type(there) is list and type(value) is list:
        there[:] = value
    elif type(there) in (dict, set) and type(value) is type(there):
        there.clear()
        there.update(value)
    elif type(value) is dict and hasattr(there, "__dict__") and type(there).__module__ == module:
        there.__dict__.clear()
        there.__dict__.update(value)
    elif type(there) is not type(value) or type(value).__name__ == "ndarray" or there != value:
        scope[name] = value


def _set(node, name, value):
    setattr(nodes[node], name, decode(value))


def _call(function, positional, keyword):
    nodes.append(decode(function)(*decode(positional), **decode(keyword)))


def _state(node, value, items, pairs):
    """What __reduce_ex__ gave besides the call."""
    target, state = nodes[node], decode(value)
    if state is not None:
        if hasattr(target, "__setstate__"):
            target.__setstate__(state)
        else:
            fields, slots = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
            target.__dict__.update(fields or {})
            for name, item in (slots or {}).items():
                setattr(target, name, item)
    settle(target)
    for item in decode(items):
        target.append(item)
    for key, item in decode(pairs):
        target[key] = item


def settle(value):
    """Of an object of the renter's machine: indices that compiled code takes get this machine's width."""
    labels = vars(value).get("_y") if type(value).__module__.startswith("sklearn.neighbors") else None
    if getattr(labels, "dtype", None) == "int64":
        value._y = labels.astype(sys.modules["numpy"].intp)


OPS = {
    "space": _space,
    "import": importlib.import_module,
    "function": _function,
    "default": _default,
    "class": _class,
    "known": _known,
    "cell": lambda: nodes.append(types.CellType()),
    "fill": _fill,
    "value": lambda value: nodes.append(decode(value)),
    "bind": _bind,
    "set": _set,
    "overlay": _overlay,
    "call": _call,
    "state": _state,
}
