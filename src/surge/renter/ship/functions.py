"""A function as source, with its cells, defaults, attributes and the globals that it names."""

import ast
import builtins
import types
from contextlib import suppress

from surge.model.errors import CannotShip
from surge.renter.ship.checks import effects, replaced, versions
from surge.renter.ship.checks.refusals import CHANGING
from surge.renter.ship.modules import module_of
from surge.renter.ship.objects import is_single_dispatch, reach_object
from surge.renter.ship.reach import Reach
from surge.renter.text.fresh import says_still
from surge.renter.text.names import loaded, rebound, rebound_nonlocal
from surge.renter.text.source import Definition, changed_since, find_function


def reach_function(reach: Reach, function: types.FunctionType) -> None:
    """Write the steps of `function` and of what it reaches; it ends with a node of its own."""
    where = reach.where
    if is_single_dispatch(function):
        reach_object(reach, function)
        return
    _refuse_rebinding(function, where)
    if (found := _body_of(reach, function)) is not None:
        reach.step("leaf", found, function.__code__.co_name, function.__code__.co_firstlineno)
        reach.node(function)
        return
    owner = None if id(function) in reach.apart else _owner(function)
    if owner is not None:
        reach.call(function, getattr, (owner, function.__name__))
        return
    definition = find_function(function, where)
    _write(reach, function, definition)
    scope = function.__globals__
    free = function.__code__.co_freevars
    reach.affect(effects.of_function(definition.node, {**scope, **_free(function)}))
    reach.touched |= effects.touches(definition.node, {**scope, **_free(function)})
    for name in effects.imported(definition.node):
        reach.step("import", name)
    if vars(function):
        reach.affect("has attributes")
    if function.__defaults__ or function.__kwdefaults__:
        reach_default(reach, reach.memo[id(function)], function)
    for name, cell in zip(free, function.__closure__ or (), strict=True):
        reach.fill(cell, name)
    reach_globals(reach, scope, loaded(function.__code__))
    package = scope.get("__package__") or ""
    reach.modules.follow(definition.node, package, where)
    reach_submodules(reach, definition.node, scope)
    versions.look(reach, definition.node, where)
    _warn_of_rebinding(reach, function, definition.node, where)
    for name, value in vars(function).items():
        _attribute(reach, function, name, value)


def reach_default(reach: Reach, number: int, function: types.FunctionType) -> None:
    """The default arguments of a node that is a function, as they are now."""
    with reach.named("its default arguments"):
        positional, keyword = function.__defaults__, function.__kwdefaults__
        for value in (*(positional or ()), *(keyword or {}).values()):
            reach.affect(effects.of_item(value))
        given = None if positional is None else reach.parts(positional)
        named = None if keyword is None else dict(zip(keyword, reach.parts(keyword.values()), strict=True))
        reach.step("default", number, reach.content(given), reach.content(named))


def _free(function: types.FunctionType) -> dict[str, object]:
    """What its free variables mean, as far as they are assigned."""
    found: dict[str, object] = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with suppress(ValueError):
            found[name] = cell.cell_contents
    return found


def reach_submodules(reach: Reach, node: ast.AST, scope: dict[str, object]) -> None:
    replaced.refuse_in(node, scope, reach.where)
    for sentence in replaced.lookups(node, scope, reach.where):
        reach.warn(sentence)
    for name in reach.modules.submodules(node, scope, reach.where):
        reach.step("import", name)


def reach_globals(reach: Reach, scope: dict[str, object], names: list[str]) -> None:
    for name in names:
        if name in scope and not (hasattr(builtins, name) and scope[name] is getattr(builtins, name)):
            if name.startswith("__") and name.endswith("__"):
                continue
            reach.bind(scope, name)


def _write(reach: Reach, function: types.FunctionType, definition: Definition) -> None:
    code = function.__code__
    space = reach.space(function.__globals__)
    cells = {n: reach.cell(c, n) for n, c in zip(code.co_freevars, function.__closure__ or (), strict=True)}
    shown = definition.shown
    reach.step(
        "function",
        space,
        definition.filename,
        definition.line,
        definition.text,
        shown,
        definition.first,
        code.co_name,
        function.__qualname__,
        cells,
        definition.future,
    )
    number = reach.node(function)
    for name in ("__name__", "__module__", "__doc__"):
        value = getattr(function, name)
        natural = {
            "__name__": code.co_name,
            "__module__": function.__globals__.get("__name__"),
            "__doc__": _own_doc(code),
        }[name]
        if value != natural and isinstance(value, str | None):
            reach.step("set", number, name, reach.content(value))


def _own_doc(code: types.CodeType) -> str | None:
    first = code.co_consts[0] if code.co_consts else None
    return first if isinstance(first, str) else None


def _attribute(reach: Reach, function: types.FunctionType, name: str, value: object) -> None:
    def write() -> None:
        with reach.named(f"its attribute {name}"):
            content = reach.shared(value)
        reach.step("set", reach.memo[id(function)], name, content)

    if reach.tried(write):
        reach.warn(
            f"{reach.where}: its attribute {name} (a {type(value).__name__}) stays here; "
            "code that reads it will miss it"
        )


def _owner(function: types.FunctionType) -> type | None:
    """The class of a bare method, whose private names and super() need it."""
    outer, _, name = function.__qualname__.rpartition(".")
    if not outer or outer.endswith("<locals>"):
        return None
    found: object = None
    for cell_name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        if cell_name == "__class__":
            found = cell.cell_contents
    if found is None and "<locals>" not in outer:
        parts = outer.split(".")
        found = function.__globals__.get(parts[0])
        for part in parts[1:]:
            found = getattr(found, part, None)
    if isinstance(found, type) and vars(found).get(name) is function:
        return found
    return None


def _inside(home: object, name: str) -> str:
    return f"{home.__qualname__}.{name}" if isinstance(home, type) else name


def _body_of(reach: Reach, function: types.FunctionType) -> int | None:
    """The node of the one class or module whose source makes this function there, if there is one."""
    code = function.__code__
    homes = reach.written.get((code.co_filename, code.co_name, code.co_firstlineno), ())
    if homes and not says_still(code):
        raise changed_since(reach.where, code.co_filename)
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        if name == "__class__":
            homes = tuple(h for h in homes if h[0] is cell.cell_contents)
    homes = tuple(h for h in homes if function.__qualname__ == _inside(h[0], code.co_name))
    return homes[0][1] if len(homes) == 1 else None


def _refuse_rebinding(function: types.FunctionType, where: str) -> None:
    names = rebound_nonlocal(function.__code__)
    if names:
        raise CannotShip(
            f"{where} assigns the nonlocal variable {names[0]!r}; each task works on a copy, so the change "
            "would be lost: return the value instead"
        )


def _warn_of_rebinding(reach: Reach, function: types.FunctionType, node: ast.AST, where: str) -> None:
    names = set(rebound(function.__code__))
    for inner in ast.walk(node):
        if (
            isinstance(inner, ast.AugAssign)
            and isinstance(inner.target, ast.Name)
            and inner.target.id in names
        ):
            raise CannotShip(
                f"{where} adds to the global {inner.target.id!r}; each task works on a copy, so the change "
                "would be lost: return the value instead"
            )
    for name in sorted(names):
        reach.warn(
            f"{where} assigns the global {name!r}: the change stays in the sandbox, as in another process"
        )
    for name in _changed_containers(node):
        value = function.__globals__.get(name)
        if isinstance(value, list | dict | set | bytearray) and module_of(value) == "":
            reach.warn(
                f"{where} changes the global {name!r}: the change stays in the sandbox, as in another process"
            )


def _changed_containers(node: ast.AST) -> list[str]:
    """Names whose items are assigned, or whose changing methods are called, and that aren't local."""
    found = []
    for inner in ast.walk(node):
        match inner:
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
                found.append(name)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) if method in CHANGING:
                found.append(name)
    stored = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    parameters = {a.arg for a in ast.walk(node) if isinstance(a, ast.arg)}
    return sorted(set(found) - stored - parameters)
