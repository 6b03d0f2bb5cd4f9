# ruff: noqa: F403, F405
"""Each shape of function with arguments: run here, it says what is right."""

import collections
import functools
import math
import operator
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from corpus import *


@functools.total_ordering
class Ordered:
    def __init__(self, n: int) -> None:
        self.n = n

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ordered) and self.n == other.n

    def __lt__(self, other: "Ordered") -> bool:
        return self.n < other.n

    def __hash__(self) -> int:
        return self.n


compose = partial(plain, 2, z=5)
nested_partial = partial(partial(operator.add, 1))

CASES: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "plain": (plain, (3,)),
    "recursion": (factorial, (25,)),
    "mutual recursion": (is_even, (10,)),
    "lru_cache": (fibonacci, (60,)),
    "decorated": (decorated, (1,)),
    "decorated twice": (twice_decorated, (1,)),
    "context manager": (uses_context, ("a",)),
    "closure": (adder(4), (3,)),
    "local recursion": (local_recursion(), (5,)),
    "shared cells": (shared_cells(), (5,)),
    "lambda with a captured default": (ADDERS[2], (10,)),
    "lambda, first of two": (PAIR[0], (10,)),
    "lambda, second of two": (PAIR[1], (10,)),
    "lambda, second of three": (SAME_LINE[1], (10,)),
    "lambda, outer of two": (SAME_LINE[2], (10,)),
    "lambda over lines": (MULTILINE, (10,)),
    "functions in a dict": (dispatched, ("factorial", 5)),
    "dataclass": (lambda x: Point(x).doubled, (3,)),
    "dataclass, classmethod": (lambda: (Point.origin(), Point.unit()), ()),
    "method added later": (lambda: Point(1).late(), ()),  # type: ignore[attr-defined]
    "bound method": (Point(3, 4.0).norm, ()),
    "class as function": (Point, (1, 2.0)),
    "classmethod as function": (Point.origin, ()),
    "callable instance": (Scaler(3), (5,)),
    "method of callable instance": (Scaler(3).scaled, (5,)),
    "abstract base": (lambda: Square(2.0).describe(), ()),
    "private name": (lambda: Square(2.0).hidden(), ()),
    "bare method": (Square.hidden, (Square(5.0),)),
    "subclass registry": (lambda: sorted(Shape.registry), ()),
    "slots": (lambda s: s.a + 1, (Slotted(4),)),
    "list subclass": (lambda: Stack([1, 2]).top(), ()),
    "tree of instances": (lambda n: n.total(), (Node(1, [Node(2), Node(3, [Node(4)])]),)),
    "named tuple": (lambda p: (p.joined(), p._replace(left=9)), (Pair(1),)),
    "old named tuple": (lambda p: (p.a, Old(7)), (Old(1),)),
    "enum": (lambda c: (c.shout(), Color["BLUE"], Level.HIGH > Level.LOW), (Color.RED,)),
    "made enum": (lambda m: (m.name, Made.ONE), (Made.TWO,)),
    "generic class": (lambda: Box[int](3).item, ()),
    "inner class": (lambda: (Outer().make(), Outer.Inner().x), ()),
    "inner class as argument": (lambda i: i.x, (Outer.Inner(),)),
    "cached property": (lambda: (Cached().slow, Cached().kept(1)), ()),
    "singledispatch": (lambda: (size(1), size("x")), ()),
    "total ordering": (lambda: Ordered(2) > Ordered(1), ()),
    "local class": (local_class, (5,)),
    "class of a function": (lambda: LocalChild().value(), ()),
    "imports inside": (imports_inside, (5,)),
    "comprehension": (comprehension, (9,)),
    "generator inside": (generator_inside, (9,)),
    "walrus": (walrus, ([1, 2, 3],)),
    "match": (matches, ({"kind": "k"},)),
    "modules": (uses_everything, ("aab",)),
    "kinds of results": (kinds_of_results, (0,)),
    "numpy": (numeric, (5,)),
    "class with an array": (lambda: Model().predict(np.ones(3)), ()),
    "partial": (compose, ()),
    "partial of partial": (nested_partial, (2,)),
    "builtin": (len, ([1, 2],)),
    "library function": (math.sqrt, (2,)),
    "operator": (operator.itemgetter(1), ([1, 2],)),
    "method of a builtin": (str.upper, ("a",)),
    "bound method of text": (", ".join, (["a", "b"],)),
    "numpy ufunc": (np.add, (1.5, 2.0)),
    "function as argument": (lambda f, x: f(f(x)), (lambda z: z + LIMIT, 1)),
    "class as argument": (lambda kind: kind(1).x, (Point,)),
    "exception as value": (lambda: [ValueError("x", 1)][0].args, ()),
    "defaultdict of a lambda": (
        lambda d: (d["a"], d["new"]), (collections.defaultdict(lambda: LIMIT, a=1),)
    ),
}  # fmt: skip
