"""Whether tasks could tell that others ran before them in the same sandbox.

Code of which nothing outlives a task runs one task after the other, which costs nothing. All other runs
alone, each task from the memory as it was when the code was loaded. Whatever isn't known to be quiet counts
as an effect: a false one costs a millisecond a task, a missed one a wrong answer. So this reads source by
lists of what may stand in it (quiet.py), and nothing else may: no module but as the root of a name that is
listed, no method or attribute that isn't, nothing of which an answer could tell the address.
"""

import ast
import types
from collections.abc import Iterator, Mapping

from surge.renter.ship.checks import calls, quiet
from surge.renter.ship.inside import has, top
from surge.renter.ship.modules import module_of

CONSTANTS = (int, float, complex, bool, str, bytes, type(None), type(...), range)


def of_value(value: object) -> str | None:
    """What could change in a value that code holds; None if nothing can."""
    if isinstance(value, tuple | frozenset) and type(value) in (tuple, frozenset):
        return next((effect for effect in map(of_item, value) if effect), None)
    if type(value) in CONSTANTS:
        return None
    if isinstance(value, types.ModuleType):
        return None if value.__name__ in quiet.MODULES else f"uses {value.__name__}"
    if isinstance(value, types.FunctionType) and not has(top(module_of(value) or "numpy")):
        return None  # the renter's own: looked at when it is reached
    if quiet.has_name(value):
        return None if quiet.meaning(value)[1] else f"uses {getattr(value, '__name__', value)}"
    return f"holds a {type(value).__name__}"


def of_item(value: object) -> str | None:
    """As of_value, of something that code finds elsewhere than by a name of its own."""
    home, name = quiet.meaning(value)
    return f"holds {name}" if quiet.makes(home, name) else of_value(value)


def of_function(node: ast.AST, scope: Mapping[str, object]) -> str | None:
    """The first thing in a function's source that could outlive a task, or tell of one; scope: what its
    global and free names mean."""
    return next(_Reader(node, scope).effects(), None)


def touches(node: ast.AST, scope: Mapping[str, object]) -> set[str]:
    """What a function's source has to do with, of which all of a code must not have both: see calls.py."""
    reader = _Reader(node, scope)
    return calls.touches(reader.nodes, reader.named)


def imported(node: ast.AST) -> list[str]:
    """Listed modules that a function's source imports: to be loaded before its first task, so that this is
    like all others."""
    found: dict[str, None] = {}
    for inner in ast.walk(node):
        names = [a.name for a in inner.names] if isinstance(inner, ast.Import) else []
        if isinstance(inner, ast.ImportFrom) and not inner.level and inner.module:
            names = [inner.module, *(f"{inner.module}.{a.name}" for a in inner.names)]
        found.update((name, None) for name in names if name in quiet.MODULES)
    return list(found)


_PLAIN = (
    ast.arguments, ast.arg, ast.keyword, ast.alias, ast.comprehension, ast.expr_context, ast.boolop,
    ast.operator, ast.unaryop, ast.cmpop, ast.match_case,
    ast.FunctionDef, ast.Lambda, ast.Return, ast.Delete, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.For,
    ast.While, ast.If, ast.With, ast.withitem, ast.Raise, ast.Try, ast.ExceptHandler, ast.Assert, ast.Import,
    ast.ImportFrom, ast.Expr, ast.Pass, ast.Break, ast.Continue, ast.Match, ast.MatchValue,
    ast.MatchSingleton, ast.MatchSequence, ast.MatchMapping, ast.MatchStar, ast.MatchAs, ast.MatchOr,
    ast.BoolOp, ast.NamedExpr, ast.BinOp, ast.UnaryOp, ast.IfExp, ast.Dict, ast.Set, ast.ListComp,
    ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Compare, ast.Call, ast.FormattedValue, ast.JoinedStr,
    ast.Constant, ast.Attribute, ast.Subscript, ast.Starred, ast.Name, ast.List, ast.Tuple, ast.Slice,
)  # fmt: skip
"""All that may stand in quiet source: no class, no generator, nothing asynchronous, no global declared."""


class _Reader:
    """One function's source, with what its names mean."""

    def __init__(self, node: ast.AST, scope: Mapping[str, object]) -> None:
        self._scope = scope
        self.nodes: list[ast.AST] = []
        self._parents: dict[ast.AST, ast.AST] = {}
        self._collect(node, outermost=True)
        self._modules = {n: m.__name__ for n, m in scope.items() if isinstance(m, types.ModuleType)}
        self._taken: dict[str, str] = {}
        self._own: set[str] = set()
        for inner in self.nodes:
            self._learn(inner)
        hidden = {name for name in scope if name in self._own and quiet.makes(*quiet.meaning(scope[name]))}
        hidden |= self._own & (quiet.UNSHADOWED | self._modules.keys() | self._taken.keys())
        self._hidden = min(hidden, default="")
        self._addressed: set[str] = set()
        """Names of what an answer could tell the address of."""
        while more := set(self._addressed_names(node)) - self._addressed:
            self._addressed |= more  # a copy of one is one, whatever stands first

    def _collect(self, node: ast.AST, outermost: bool = False) -> None:
        """Every node that the task runs: no annotations, and of the outermost its parameters and body."""
        self.nodes.append(node)
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "type_comment", "type_params"):
                continue
            if outermost and name == "decorator_list":
                continue
            children = value if isinstance(value, list) else [value]
            if outermost and isinstance(value, ast.arguments):
                children = [a for a in ast.walk(value) if isinstance(a, ast.arg)]
            for child in children:
                if isinstance(child, ast.AST):
                    self._parents[child] = node
                    self._collect(child)

    def _learn(self, node: ast.AST) -> None:
        match node:
            case ast.arg(arg=name):
                self._own.add(name)
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                self._own.add(name)
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                self._own.add(name)
            case ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                self._own.add(name)
            case ast.FunctionDef(name=name):
                self._own.add(name)
            case ast.Import(names=names):
                for alias in names:
                    self._modules[alias.asname or top(alias.name)] = (
                        alias.name if alias.asname else top(alias.name)
                    )
            case ast.ImportFrom(module=module, names=names):
                for alias in names:
                    whole, name = f"{module}.{alias.name}", alias.asname or alias.name
                    if whole in quiet.MODULES:
                        self._modules[name] = whole
                    else:
                        self._taken[name] = whole

    def _addressed_names(self, outermost: ast.AST) -> Iterator[str]:
        for node in self.nodes:
            match node:
                case ast.FunctionDef(name=name) if node is not outermost:
                    yield name
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if self._makes_addressed(value):
                    yield name

    # ——— one node after the other ———

    def effects(self) -> Iterator[str]:
        if self._hidden:
            yield f"has two meanings for {self._hidden}"
        for node in self.nodes:
            effect = self._of(node)
            if effect is not None:
                yield effect
            elif self._is_addressed(node) and not self._passes(node):
                yield "makes something of which an answer could tell the address"

    def _of(self, node: ast.AST) -> str | None:
        if not isinstance(node, _PLAIN):
            return f"has a {type(node).__name__}"
        if calls.swallows(node, self._is_narrow):
            return "may hide that the memory is full"
        match node:
            case ast.Import(names=names):
                return next((f"imports {a.name}" for a in names if a.name not in quiet.MODULES), None)
            case ast.ImportFrom(module=module, level=level, names=names):
                listed = quiet.MODULES.get(module or "", frozenset())
                fits = not level and all(
                    a.name in listed or f"{module}.{a.name}" in quiet.MODULES for a in names
                )
                return None if fits else f"imports from {module}"
            case ast.Attribute():
                return self._of_attribute(node)
            case ast.Subscript(ctx=ast.Store() | ast.Del()):
                return None if self._root(node) else "sets items of something that stays"
            case ast.Name(id=name, ctx=ast.Load()):
                return self._of_name(node, name)
            case ast.Name(id=name) | ast.arg(arg=name) if name.startswith("__"):
                return f"names {name}"
            case ast.withitem(context_expr=entered):
                module, name = self.named(entered.func) if isinstance(entered, ast.Call) else ("", "")
                narrow = name != "suppress" or all(map(self._is_narrow, entered.args))  # type: ignore[attr-defined]
                return None if name in quiet.CONTEXTS.get(module, ()) and narrow else "enters a context"
            case ast.Call():
                return self._of_call(node)
            case ast.Set() | ast.SetComp():
                return None if self._is_only_asked(node) else "makes a set"
            case ast.Compare(ops=ops) if any(isinstance(op, ast.Is | ast.IsNot) for op in ops):
                sides = [node.left, *node.comparators]
                return None if any(map(self._is_single, sides)) else "asks whether two are the same object"
        return None

    def _of_name(self, node: ast.Name, name: str) -> str | None:
        if name in self._modules:
            parent = self._parents.get(node)
            whole = isinstance(parent, ast.Attribute) and parent.value is node
            return None if whole else f"hands on the module {name}"
        if name.startswith("__"):
            return f"reads {name}"
        if quiet.makes(*self.named(node)) and not (self._is_called(node) or self._is_type_of(node)):
            return f"hands on {name}"
        if self._builtin(node) == "type" and not (self._is_called(node) or self._is_type_of(node)):
            return "hands on type"
        if name in self._own or name in self._scope or name in self._taken:
            return None  # what the scope holds is looked at when it is reached
        return None if name in quiet.BUILTINS else f"uses {name}"

    def _of_attribute(self, node: ast.Attribute) -> str | None:
        if not isinstance(node.ctx, ast.Load):
            return f"sets the attribute {node.attr}"
        module, name = self.named(node)
        if quiet.makes(module, name) and not self._is_called(node) and not self._decorates(node):
            return f"hands on {module}.{name}"
        if module:
            listed = not name or name in quiet.MODULES.get(module, ())
            inner = self._parents.get(node)
            return None if listed and (name or isinstance(inner, ast.Attribute)) else f"uses {module}.{name}"
        if node.attr in quiet.ATTRIBUTES and not self._is_called(node):
            return None
        if node.attr in quiet.KEYS and not self._is_called(node):
            return f"hands on {node.attr}"
        if node.attr == quiet.FORMAT:
            return None if self._is_called(node) and calls.only_values(node.value) else "formats by a text"
        return None if node.attr in quiet.METHODS else f"reads the attribute {node.attr}"

    def _of_call(self, node: ast.Call) -> str | None:
        name = self._builtin(node.func)
        keys = isinstance(node.func, ast.Attribute) and node.func.attr in quiet.KEYS
        if keys and not self._is_gone_through(node):
            return "may make a set of keys"
        if name == "type" and (len(node.args) != 1 or node.keywords or not self._is_told(node)):
            return "makes a class, or hands on one"
        if name in quiet.SETS and not self._is_only_asked(node):
            return "makes a set"
        own = isinstance(node.func, ast.Name) and node.func.id not in self._own
        return calls.of_call(node, self.named, own and calls.is_own(self._scope.get(node.func.id)))  # type: ignore[attr-defined]

    # ——— what names and positions mean ———

    def _is_narrow(self, node: ast.AST) -> bool:
        return calls.is_narrow(self.named(node)[1])

    def _builtin(self, node: ast.AST) -> str:
        """The built-in that an expression names, or nothing."""
        module, name = self.named(node)
        return name if module == "builtins" else ""

    def named(self, node: ast.AST) -> tuple[str, str]:
        """(module, name in it) of an expression that names something listed; the name is empty for a module,
        and both are for anything else: also for what is read of a name in it."""
        if isinstance(node, ast.Name):
            if node.id in self._taken:
                module, _, name = self._taken[node.id].rpartition(".")
                return module, name
            if node.id in self._modules:
                return self._modules[node.id], ""
            if node.id in self._own:
                return "", ""
            if node.id in self._scope:
                return quiet.meaning(self._scope[node.id])
            return ("builtins", node.id) if node.id in quiet.BUILTINS else ("", "")
        if not isinstance(node, ast.Attribute):
            return "", ""
        module, name = self.named(node.value)
        if not module or name:
            return "", ""
        whole = f"{module}.{node.attr}"
        return (whole, "") if whole in quiet.MODULES else (module, node.attr)

    def _root(self, node: ast.AST) -> bool:
        """Whether items are those of a local value."""
        while isinstance(node, ast.Subscript) or (
            isinstance(node, ast.Attribute) and node.attr in quiet.VIEWS
        ):
            node = node.value
        return isinstance(node, ast.Name) and node.id in self._own

    def _is_called(self, node: ast.AST) -> bool:
        parent = self._parents.get(node)
        return isinstance(parent, ast.Call) and parent.func is node

    def _decorates(self, node: ast.AST) -> bool:
        parent = self._parents.get(node)
        return isinstance(parent, ast.FunctionDef) and node in parent.decorator_list

    def _is_type_of(self, node: ast.Name) -> bool:
        """Whether a type only stands there to be compared with: isinstance(x, set), type(x) is set."""
        parent = self._parents.get(node)
        if isinstance(parent, ast.Call):
            return self._builtin(parent.func) in ("isinstance", "issubclass")
        return isinstance(parent, ast.Compare) or self._decorates(node)

    def _is_told(self, node: ast.AST) -> bool:
        """Whether a type is only compared, or its name shown."""
        parent = self._parents.get(node)
        if isinstance(parent, ast.Call):
            return self._builtin(parent.func) in ("isinstance", "issubclass", "print", "repr", "str")
        return isinstance(parent, ast.Compare | ast.FormattedValue)

    def _is_single(self, node: ast.AST) -> bool:
        """None, True, or a type by its name: the same object wherever it comes from."""
        if isinstance(node, ast.Constant):
            return node.value is None or isinstance(node.value, bool | types.EllipsisType)
        return bool(self._builtin(node))

    def _is_only_asked(self, node: ast.AST) -> bool:
        """Whether a set's order can't matter: for its length, or whether something is in it."""
        parent = self._parents.get(node)
        if isinstance(parent, ast.Call):
            return self._builtin(parent.func) == "len"
        return isinstance(parent, ast.Compare) and calls.is_in(parent, node)

    def _is_gone_through(self, node: ast.AST) -> bool:
        parent = self._parents.get(node)
        if isinstance(parent, ast.Call):
            return self._is_taken(parent, node) or self._builtin(parent.func) == "len"
        if isinstance(parent, ast.For | ast.comprehension):
            return parent.iter is node
        return isinstance(parent, ast.Starred) or (
            isinstance(parent, ast.Compare) and calls.is_in(parent, node)
        )

    # ——— addresses ———

    def _makes_addressed(self, node: ast.AST) -> bool:
        """Whether an expression makes a function, an iterator or the like."""
        if isinstance(node, ast.Lambda | ast.GeneratorExp):
            return True
        if not isinstance(node, ast.Call):
            return False
        module, name = self.named(node.func)
        if module:
            return quiet.makes(module, name) and name not in quiet.SETS
        inner = node.func.value if isinstance(node.func, ast.Attribute) else node.func
        return isinstance(node.func, ast.Attribute) and (
            node.func.attr == "finditer"
            or (node.func.attr == "copy" and self._is_addressed(inner))
            or self.named(inner)[0] == "itertools"
        )

    def _is_addressed(self, node: ast.AST) -> bool:
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                return name in self._addressed
            case ast.Attribute(attr=attr):
                return not self.named(node)[0] and attr not in quiet.ATTRIBUTES
        return node in self._parents and self._makes_addressed(node)

    def _passes(self, node: ast.AST) -> bool:
        """Whether a function or iterator stands where it is called, asked for items, or named."""
        parent = self._parents[node]
        match parent:
            case ast.Call():
                return self._is_taken(parent, node)
            case ast.For() | ast.comprehension():
                return parent.iter is node
            case ast.Attribute():
                return True
            case ast.Assign(targets=[ast.Name()]):
                return self._makes_addressed(node)
            case ast.FunctionDef(decorator_list=decorators):
                return node in decorators
            case ast.withitem():
                return parent.context_expr is node
            case ast.Compare():
                return calls.is_in(parent, node)
            case ast.Starred():
                return isinstance(self._parents[parent], ast.List | ast.Tuple | ast.Call)
            case ast.keyword(arg="key"):
                return self._is_keyed(self._parents[parent])
            case ast.Expr():
                return True
        return False

    def _is_taken(self, call: ast.Call, node: ast.AST) -> bool:
        if call.func is node:
            return True
        if node not in call.args:
            return False
        module, name = self.named(call.func)
        if module == "builtins":
            alone = name not in quiet.FIRST_ONLY or (
                node is call.args[0] and (len(call.args) == 1 or name == "next")
            )
            return name in quiet.TAKERS and alone
        if module:
            begins = name == "reduce" and node in call.args[2:]
            return name in quiet.TAKING.get(module, ()) and not begins
        return isinstance(call.func, ast.Attribute) and call.func.attr in quiet.TAKING_METHODS

    def _is_keyed(self, call: ast.AST) -> bool:
        if not isinstance(call, ast.Call):
            return False
        by_method = isinstance(call.func, ast.Attribute) and call.func.attr == "sort"
        module, _ = self.named(call.func)
        return self._builtin(call.func) in quiet.KEYED or by_method or module in quiet.KEYED_MODULES
