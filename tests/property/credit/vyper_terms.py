"""Pure functions of a Vyper source as z3 terms over unbounded integers, read from the source itself.

Each way through a function is a `Way`: what holds on it, its result, and what must hold for its unsafe
arithmetic to mean what it says. Checked arithmetic reverts where it would wrap: there it may be assumed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import z3
from vyper.ast import parse_to_ast

LIMIT = 2**256


@dataclass
class Way:
    holds: list[Any] = field(default_factory=list)
    owed: list[tuple[str, Any]] = field(default_factory=list)
    names: dict[str, Any] = field(default_factory=dict)
    result: Any = None

    def fork(self, *holds: Any) -> "Way":
        names = {k: dict(value) if isinstance(value, dict) else value for k, value in self.names.items()}
        return Way([*self.holds, *holds], list(self.owed), names)


class Source:
    """The functions and constants of modules."""

    def __init__(self, *paths: Path):
        self.functions: dict[str, Any] = {}
        self.constants: dict[str, Any] = {}
        self.count = 0
        # Instead of what a function says: a term, and what has been proved of it.
        self.known: dict[str, tuple[Any, list[Any]]] = {}
        for path in paths:
            for node in parse_to_ast(path.read_text()).body:
                if node.ast_type == "FunctionDef":
                    self.functions[node.name] = node
                elif node.ast_type == "VariableDecl" and node.is_constant:
                    self.constants[node.target.id] = node.value

    def ways(self, name: str, *arguments: Any) -> list[Way]:
        """Of a call with these terms; a struct is a dict of its members."""
        return list(self._call(name, list(arguments), Way()))

    def _call(self, name: str, arguments: list[Any], way: Way) -> Iterator[Way]:
        if name in self.known:
            term, proved = self.known[name]
            end = way.fork(*proved)
            end.result = term
            yield end
            return
        function = self.functions[name]
        inner = way.fork()
        inner.names = dict(zip((argument.arg for argument in function.args.args), arguments, strict=True))
        for end in self._run(list(function.body), inner):
            assert end.result is not None, f"{name} ends without a result"
            yield end

    def _run(self, body: list[Any], way: Way) -> Iterator[Way]:
        if not body:
            yield way
            return
        node, rest = body[0], body[1:]
        match node.ast_type:
            case "Return":
                for value, end in self._terms(node.value, way):
                    end.result = value
                    yield end
            case "If":
                for test, after in self._terms(node.test, way):
                    yield from self._run([*node.body, *rest], after.fork(test))
                    yield from self._run([*node.orelse, *rest], after.fork(z3.Not(test)))
            case "Assert":
                for test, after in self._terms(node.test, way):
                    yield from self._run(rest, after.fork(test))
            case "Assign" | "AnnAssign":
                for value, after in self._terms(node.value, way):
                    self._assign(node.target, value, after)
                    yield from self._run(rest, after)
            case "Expr" | "DocStr":
                yield from self._run(rest, way)
            case other:
                raise NotImplementedError(f"{other}: {node.node_source_code}")

    @staticmethod
    def _assign(target: Any, value: Any, way: Way) -> None:
        if target.ast_type == "Attribute":
            way.names[target.value.id][target.attr] = value
        else:
            way.names[target.id] = value

    def _terms(self, node: Any, way: Way) -> Iterator[tuple[Any, Way]]:
        """The value of an expression, on each way through the functions that it calls."""
        match node.ast_type:
            case "Int":
                yield z3.IntVal(node.value), way.fork()
            case "Name" if node.id in way.names:
                yield way.names[node.id], way.fork()
            case "Name":
                yield from self._terms(self.constants[node.id], way)
            case "Attribute" if node.value.id == "block":
                yield z3.Int(f"block_{node.attr}"), way.fork()
            case "Attribute":
                yield way.names[node.value.id][node.attr], way.fork()
            case "BinOp":
                for (one, other), after in self._all([node.left, node.right], way):
                    yield self._arithmetic(type(node.op).__name__, one, other, after), after
            case "Compare":
                for (one, other), after in self._all([node.left, node.right], way):
                    yield COMPARE[type(node.op).__name__](one, other), after
            case "UnaryOp":
                for value, after in self._terms(node.operand, way):
                    yield z3.Not(value), after
            case "IfExp":
                for test, after in self._terms(node.test, way):
                    yield from self._terms(node.body, after.fork(test))
                    yield from self._terms(node.orelse, after.fork(z3.Not(test)))
            case "Call":
                yield from self._called(node, way)
            case other:
                raise NotImplementedError(f"{other}: {node.node_source_code}")

    def _all(self, nodes: list[Any], way: Way) -> Iterator[tuple[list[Any], Way]]:
        if not nodes:
            yield [], way
            return
        for first, after in self._terms(nodes[0], way):
            for others, end in self._all(nodes[1:], after):
                yield [first, *others], end

    def _called(self, node: Any, way: Way) -> Iterator[tuple[Any, Way]]:
        name = node.func.id if node.func.ast_type == "Name" else node.func.attr
        if name == "empty":
            yield {}, way.fork()
            return
        if node.keywords:
            members = [keyword.arg for keyword in node.keywords]
            for values, after in self._all([keyword.value for keyword in node.keywords], way):
                yield dict(zip(members, values, strict=True)), after
            return
        for values, after in self._all(list(node.args), way):
            if name in ("min", "max"):
                one, other = values
                yield z3.If(one <= other if name == "min" else one >= other, one, other), after
            elif name.startswith("unsafe_"):
                yield self._unsafe(name, *values, after, node), after
            else:
                for end in self._call(name, values, after):
                    yield end.result, Way(end.holds, end.owed, after.fork().names)

    def _unsafe(self, name: str, one: Any, other: Any, way: Way, node: Any) -> Any:
        value = self._arithmetic(UNSAFE[name], one, other, way, checked=False)
        fits = one >= other if name == "unsafe_sub" else other > 0 if name == "unsafe_div" else value < LIMIT
        way.owed.append((node.node_source_code.strip().splitlines()[0], z3.Implies(z3.And(*way.holds), fits)))
        return value

    def _arithmetic(self, operator: str, one: Any, other: Any, way: Way, checked: bool = True) -> Any:
        match operator:
            case "Add":
                return one + other
            case "Mult":
                return one * other
            case "Sub":
                if checked:
                    way.holds.append(one >= other)
                return one - other
            case "Pow":
                return z3.IntVal(one.as_long() ** other.as_long())
            case "FloorDiv":
                one, other = z3.simplify(one), z3.simplify(other)
                if z3.is_int_value(one) and z3.is_int_value(other):
                    return z3.IntVal(one.as_long() // other.as_long())
                self.count += 1
                quotient = z3.Int(f"quotient{self.count}")
                way.holds += [quotient >= 0, quotient * other <= one, one < quotient * other + other]
                if checked:
                    way.holds.append(other > 0)
                return quotient
            case "RShift":
                return self._arithmetic("FloorDiv", one, z3.IntVal(2 ** other.as_long()), way)
        raise NotImplementedError(operator)


UNSAFE = {"unsafe_add": "Add", "unsafe_sub": "Sub", "unsafe_mul": "Mult", "unsafe_div": "FloorDiv"}
COMPARE = {
    "Lt": lambda a, b: a < b,
    "LtE": lambda a, b: a <= b,
    "Gt": lambda a, b: a > b,
    "GtE": lambda a, b: a >= b,
    "Eq": lambda a, b: a == b,
    "NotEq": lambda a, b: a != b,
}
