"""What the statements of a class's or a module's body bind, told from its text."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Def:
    """One `def` of a body. line: its first, decorators included, as code objects count."""

    line: int
    decorators: tuple[ast.expr, ...]
    node: "ast.FunctionDef | ast.AsyncFunctionDef"


@dataclass(frozen=True)
class Taken:
    """`from module import name`, or `import module` (no name). level: dots of a relative import."""

    module: str
    name: str
    level: int


@dataclass
class Body:
    """By the name that is bound. names: all of them.
    values: the expression of a plain assignment, None where several or other statements bind the name."""

    names: set[str] = field(default_factory=set)
    defs: dict[str, list[Def]] = field(default_factory=dict)
    classes: dict[str, list[ast.ClassDef]] = field(default_factory=dict)
    taken: dict[str, list[Taken]] = field(default_factory=dict)
    values: dict[str, "ast.expr | None"] = field(default_factory=dict)


def body_of(node: "ast.ClassDef | ast.Module") -> Body:
    """Names of a class as its namespace has them: private ones mangled."""
    body = Body()
    owner = node.name.lstrip("_") if isinstance(node, ast.ClassDef) else ""
    for statement in _statements(node.body):
        _note(body, statement, owner)
    body.names |= {*body.defs, *body.classes, *body.taken, *body.values}
    return body


def _statements(block: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Every statement that runs with the body, those inside of blocks too."""
    for statement in block:
        yield statement
        for name in ("body", "orelse", "finalbody"):
            if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield from _statements(getattr(statement, name, []))
        for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
            yield from _statements(part.body)


def mangled(name: str, owner: str) -> str:
    """As a class named `owner` (without leading underscores) keeps a private name."""
    private = owner and name.startswith("__") and not name.endswith("__")
    return f"_{owner}{name}" if private else name


def _note(body: Body, statement: ast.stmt, owner: str) -> None:
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            line = min([statement.lineno, *(d.lineno for d in statement.decorator_list)])
            made = Def(line, tuple(statement.decorator_list), statement)
            body.defs.setdefault(mangled(name, owner), []).append(made)
        case ast.ClassDef(name=name):
            body.classes.setdefault(mangled(name, owner), []).append(statement)
        case ast.Import(names=names):
            for alias in names:
                whole = alias.name if alias.asname else alias.name.partition(".")[0]
                body.taken.setdefault(alias.asname or whole, []).append(Taken(whole, "", 0))
        case ast.ImportFrom(names=names):
            for alias in names:
                taken = Taken(statement.module or "", alias.name, statement.level)
                body.taken.setdefault(alias.asname or alias.name, []).append(taken)
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            _value(body, mangled(name, owner), value)
        case ast.AnnAssign(target=ast.Name(id=name), value=value):
            if value is not None:
                _value(body, mangled(name, owner), value)
        case ast.Delete():
            pass
        case _:
            for name in _bound(statement):
                body.values[mangled(name, owner)] = None
    if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        for name in _walruses(statement):
            body.values[mangled(name, owner)] = None


def _value(body: Body, name: str, value: ast.expr) -> None:
    body.values[name] = None if name in body.values else value


def _bound(statement: ast.stmt) -> Iterator[str]:
    """Of targets in the statement itself, not in the blocks that it holds."""
    for label, value in ast.iter_fields(statement):
        if label in ("body", "orelse", "finalbody"):
            continue
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.ExceptHandler):
                yield from [part.name] if part.name else []
            elif isinstance(part, ast.match_case):
                yield from (n.name for n in ast.walk(part.pattern) if getattr(n, "name", None))  # type: ignore[attr-defined]
            elif isinstance(part, ast.AST):
                yield from _targets(part)


def _targets(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        if isinstance(node.ctx, ast.Store):
            yield node.id
    elif not isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        for inner in ast.iter_child_nodes(node):
            yield from _targets(inner)


def _walruses(statement: ast.stmt) -> Iterator[str]:
    for label, value in ast.iter_fields(statement):
        if label in ("body", "orelse", "finalbody", "handlers", "cases"):
            continue
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.AST):
                for inner in ast.walk(part):
                    if isinstance(inner, ast.NamedExpr) and isinstance(inner.target, ast.Name):
                        yield inner.target.id
