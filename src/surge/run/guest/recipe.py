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

from surge.model.tagged import tags as tag
from surge.model.tagged.bare import bare
from surge.run.guest.machine import scope
from surge.run.guest.tagged.kinds import base_of, empty_instance, fields_of, fill_instance, known, set_fields
from surge.run.guest.tagged.reading import BUILDERS, decode

nodes: list = []
spaces: dict = {}
"""label → the module object that stands for one of the renter's modules"""


kept: list = []
"""(a node that code could change while it is loaded, its contents, its fields)"""


def follow(steps):
    for op, *rest in steps:
        if op == "again":
            _again(*(steps[at] for at in rest[0]))
        else:
            OPS[op](*rest)


def _again(*steps):
    """What the bodies of classes changed is as it is at the renter's."""
    for value, contents, fields in kept:
        _refill(value, contents, fields)
    for op, *rest in steps:
        OPS[op](*rest)


def _value(content, keep=False):
    value = decode(content)
    nodes.append(value)
    if keep:
        _keep(value)


def _keep(value):
    kept.append((value, *_parts(value)))


def _parts(value):
    """(a copy of what it contains if that can change, its fields if it is of the renter's class)"""
    base = base_of(type(value))
    if type(value) in known.keys:
        return bare(base, value) if base in CONTAINERS else None, fields_of(value)
    return bare(base, value) if type(value) is base and base in CONTAINERS else None, None


CONTAINERS = (list, dict, set, bytearray)


def _refill(value, contents, fields):
    if contents is not None:
        base_of(type(value)).clear(value)
        fill_instance(value, contents)
    if fields is not None:
        if hasattr(value, "__dict__"):
            value.__dict__.clear()
        set_fields(value, fields)


def _contents(node, contents, fields=None):
    value = nodes[node]
    _refill(value, decode(contents), None if fields is None else decode(fields))
    _keep(value)


def _shell(key):
    nodes.append(empty_instance(key))


def _resolve(items):
    module, name = items
    found = sys.modules.get(module) or importlib.import_module(module)
    for part in name.split(".") if name else ():
        found = getattr(found, part)
    return found


BUILDERS[tag.REFERENCE] = lambda items: nodes[items[0]]
BUILDERS[tag.IMPORT] = _resolve
BUILDERS[tag.METHOD] = lambda items: types.MethodType(*items)


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


def _home(label, name):
    """The module itself, where it came whole."""
    spaces[label] = importlib.import_module(name)


def _place(module, name, value):
    setattr(importlib.import_module(module), name, decode(value))


def _overlay(module, name, content, keep=False):
    """A global of a module that came whole, as it is at the renter's: changed in place where others may
    hold it too."""
    scope, value = importlib.import_module(module).__dict__, decode(content)
    there = scope.get(name)
    if type(there) is type(value) and (type(value) in CONTAINERS or type(value) in known.keys):
        contents, fields = _parts(value)
        _refill(there, contents, fields)
    else:
        scope[name] = there = value
    nodes.append(there)
    if keep:
        _keep(there)


def _set(node, name, value):
    target = nodes[node]
    (type.__setattr__ if isinstance(target, type) else setattr)(target, name, decode(value))


def _drop(node, names):
    """Of a class or module: what its body binds, and the renter's has no more."""
    target = nodes[node]
    for name in names:
        if name in vars(target):
            (type.__delattr__ if isinstance(target, type) else delattr)(target, name)


leaves: dict = {}
"""A class's node → (name, first line) → a function of its body, before others take its place"""


def _leaves(node):
    found = leaves[node] = {}
    queue, seen = list(vars(nodes[node]).values()), set()
    while queue:
        value = queue.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        queue += [
            getattr(value, name, None) for name in WRAPPING if name in dir(type(value)) or callable(value)
        ]
        if isinstance(value, types.FunctionType):
            found.setdefault((value.__code__.co_name, value.__code__.co_firstlineno), value)
            queue += [c.cell_contents for c in value.__closure__ or () if _is_filled(c)]


WRAPPING = ("__wrapped__", "__func__", "func", "fget", "fset", "fdel")


def _is_filled(cell):
    try:
        return callable(cell.cell_contents)
    except ValueError:
        return False


def _leaf(node, name, line):
    if node not in leaves:
        _leaves(node)
    nodes.append(leaves[node][name, line])


def _given(node, name, values):
    """Default values of a dataclass or named tuple, as they were when the renter's was made."""
    kind, values = nodes[node], decode(values)
    function = getattr(kind, name)
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    defaults = function.__defaults__ or ()
    now = dict(zip(names[len(names) - len(defaults) :], defaults, strict=True)) | values
    function.__defaults__ = tuple(now[n] for n in names if n in now) or None
    for field in function.__kwdefaults__ or ():
        function.__kwdefaults__[field] = values.get(field, function.__kwdefaults__[field])
    for field, value in values.items():
        if name == "__new__":
            kind._field_defaults[field] = value
        elif field in kind.__dataclass_fields__:
            kind.__dataclass_fields__[field].default = value


def _member(node, name, value, fields):
    """An Enum's member gets its value, if it is given, and its attributes."""
    kind, fields = nodes[node], decode(fields)
    member = kind._member_map_[name]
    if value is not None:
        _change_value(kind, member, decode(value))
    for gone in [n for n in vars(member) if n not in fields and not (n.startswith("_") and n.endswith("_"))]:
        delattr(member, gone)
    for field, item in fields.items():
        object.__setattr__(member, field, item)


def _change_value(kind, member, new):
    old, member._value_ = member._value_, new
    if kind._member_type_ is not object and old is not new and old != new and repr(old) != repr(new):
        raise TypeError(f"{kind.__name__}.{member.name} is {old!r} here and {new!r} at the renter's")
    lists = [getattr(kind, name, []) for name in ("_hashable_values_", "_unhashable_values_")]
    for held in (*lists, *getattr(kind, "_unhashable_values_map_", {}).values()):
        held[:] = [new if x is old else x for x in held]
    for held in [x for x, one in kind._value2member_map_.items() if one is member and x is old]:
        del kind._value2member_map_[held]
        kind._value2member_map_[new] = member


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
    "value": _value,
    "contents": _contents,
    "shell": _shell,
    "bind": _bind,
    "set": _set,
    "drop": _drop,
    "leaves": _leaves,
    "leaf": _leaf,
    "given": _given,
    "member": _member,
    "overlay": _overlay,
    "place": _place,
    "home": _home,
    "call": _call,
    "state": _state,
}
