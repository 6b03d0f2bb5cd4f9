"""The members of an Enum as they are now: their values, and the attributes that they have."""

import ast
import enum

from surge.model.errors import CannotShip
from surge.renter.ship.checks.effects import CONSTANTS
from surge.renter.ship.now.written import Source, is_default, may_stay
from surge.renter.ship.reach import Reach


def reach_members(reach: Reach, kind: type[enum.Enum], number: int, source: Source) -> None:
    """Write what the source of `kind`, the node `number`, may make otherwise than its members are now."""
    made = any("__init__" in vars(k) or "__new__" in vars(k) for k in kind.__mro__ if _is_own(k))
    for name, member in kind._member_map_.items():
        if member._name_ != name:
            continue  # an alias
        fields = {n: x for n, x in vars(member).items() if not (n.startswith("_") and n.endswith("_"))}
        with reach.named(name):
            _refuse_counted(reach, kind, source.body.values.get(name))
            value = None if _is_natural(source, member) else reach.shared(member._value_)
            if value is not None or fields or made:
                parts = dict(zip(fields, reach.parts(fields.values()), strict=True))
                reach.step("member", number, name, value, reach.content(parts))


def _refuse_counted(reach: Reach, kind: type[enum.Enum], expression: ast.expr | None) -> None:
    """Raises CannotShip for a member that is a number or text itself, and that the body would count anew."""
    if kind._member_type_ is object or expression is None:  # type: ignore[attr-defined]
        return
    for inner in ast.walk(expression):
        if isinstance(inner, ast.Call) and ast.unparse(inner.func) == "next":
            raise CannotShip(
                f"{reach.where} takes its value from an iterator ({ast.unparse(expression)}) that has gone "
                "on since: write the value itself, or auto()"
            )


def _is_own(kind: type) -> bool:
    return kind.__module__ not in ("enum", "builtins")


def _is_natural(source: Source, member: enum.Enum) -> bool:
    """Whether the body surely gives the member its value."""
    name, value = member._name_, member._value_
    expression = source.body.values.get(name)
    if expression is None or may_stay(source, name, value):
        return type(value) in CONSTANTS or expression is not None  # made by a call with these values
    if isinstance(expression, ast.Call) and ast.unparse(expression.func) in ("auto", "enum.auto"):
        return type(value) in CONSTANTS
    return type(value) in CONSTANTS and is_default(source, expression, value)
