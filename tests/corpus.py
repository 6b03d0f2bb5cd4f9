# ruff: noqa: E731, PLC3002
"""Functions of all the shapes that a renter writes, each with arguments; run here, they say what is right."""

import abc
import collections
import contextlib
import datetime
import decimal
import enum
import functools
import itertools
import json
import math
import operator
import re
import string
import typing
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import numpy as np

LIMIT = 7
TABLE = {"a": 1, "b": [1, 2, 3]}
VECTOR = np.arange(6, dtype=np.int64).reshape(2, 3)
PATTERN = re.compile(r"(\d+)-(\w+)")


def plain(x: int, y: int = LIMIT, *rest: int, z: int = 2, **more: int) -> int:
    """Doc."""
    return x * y + z + LIMIT + sum(rest) + sum(more.values())


def factorial(n: int) -> int:
    return 1 if n < 2 else n * factorial(n - 1)


def is_even(n: int) -> bool:
    return n == 0 or is_odd(n - 1)


def is_odd(n: int) -> bool:
    return n != 0 and is_even(n - 1)


@functools.cache
def fibonacci(n: int) -> int:
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def traced(label: str) -> Callable[..., Any]:
    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def inner(*args: Any, **kwargs: Any) -> Any:
            return label, function.__name__, function(*args, **kwargs)

        return inner

    return decorate


@traced("seen")
def decorated(x: int) -> int:
    return x + LIMIT


@traced("outer")
@traced("inner")
def twice_decorated(x: int) -> int:
    return x + 1


@contextlib.contextmanager
def scope(name: str) -> Iterator[str]:
    yield name.upper()


def uses_context(name: str) -> str:
    with scope(name) as found:
        return found


def adder(n: int) -> Callable[[int], int]:
    def add(x: int) -> int:
        return x + n

    return add


def local_recursion() -> Callable[[int], int]:
    def countdown(n: int) -> int:
        return n if n == 0 else countdown(n - 1)

    return countdown


def shared_cells() -> Callable[[int], list[int]]:
    seen: list[int] = []

    def put(x: int) -> None:
        seen.append(x)

    def both(x: int) -> list[int]:
        put(x)
        put(x + 1)
        return list(seen)

    return both


ADDERS = [lambda x, i=i: x + i for i in range(3)]
PAIR = (lambda x: x + 1, lambda x: x * 2)
SAME_LINE = [lambda x: x + 10, lambda x: x + 20, lambda x: (lambda y: y + x)(1)]
MULTILINE = (lambda x:
             x
             + 1)  # fmt: skip
HANDLERS = {"square": lambda x: x * x, "factorial": factorial}


def dispatched(name: str, x: int) -> int:
    return HANDLERS[name](x)


@dataclass
class Point:
    x: int
    y: float = 1.0
    tags: list[str] = field(default_factory=list)

    def norm(self) -> float:
        return math.hypot(self.x, self.y)

    @property
    def doubled(self) -> "Point":
        return Point(self.x * 2, self.y * 2)

    @classmethod
    def origin(cls) -> "Point":
        return cls(0, 0.0)

    @staticmethod
    def unit() -> int:
        return LIMIT


@dataclass(frozen=True, slots=True)
class Frozen:
    a: int
    b: tuple[int, ...] = (1, 2)


@dataclass(order=True)
class Solid(Point):
    z: int = 0


class Pair(typing.NamedTuple):
    left: int
    right: str = "r"

    def joined(self) -> str:
        return f"{self.left}{self.right}"


Old = collections.namedtuple("Old", "a b", defaults=[5])


class Color(enum.Enum):
    RED = 1
    BLUE = "b"

    def shout(self) -> str:
        return self.name + "!"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Bits(enum.Flag):
    A = enum.auto()
    B = enum.auto()


Made = enum.Enum("Made", "ONE TWO")


class Shape(abc.ABC):
    sides = 0
    registry: typing.ClassVar[dict[str, type]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        Shape.registry[cls.__name__] = cls

    @abc.abstractmethod
    def area(self) -> float: ...

    def describe(self) -> str:
        return f"{type(self).__name__} {self.sides} {self.area():.2f}"


class Square(Shape):
    sides = 4

    def __init__(self, side: float) -> None:
        super().__init__()
        self.side = side
        self.__hidden = side + 1

    def area(self) -> float:
        return self.side**2

    def hidden(self) -> float:
        return self.__hidden


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, a: int) -> None:
        self.a = a


class Stack(list):  # type: ignore[type-arg]
    def top(self) -> Any:
        return self[-1]


class Bag(dict):  # type: ignore[type-arg]
    pass


class Scaler:
    def __init__(self, factor: int) -> None:
        self.factor = factor

    def __call__(self, x: int) -> int:
        return x * self.factor

    def scaled(self, x: int) -> int:
        return self(x) + 1


class Node:
    def __init__(self, value: int, children: "list[Node] | None" = None) -> None:
        self.value = value
        self.children = children or []

    def total(self) -> int:
        return self.value + sum(c.total() for c in self.children)


class Odd(Exception):
    def __init__(self, value: int, note: str = "odd") -> None:
        super().__init__(f"{note}: {value}")
        self.value = value


T = typing.TypeVar("T")


class Box(typing.Generic[T]):
    def __init__(self, item: T) -> None:
        self.item = item


class Outer:
    class Inner:
        def __init__(self) -> None:
            self.x = 3

    def make(self) -> int:
        return Outer.Inner().x


class Cached:
    @functools.cached_property
    def slow(self) -> int:
        return 41 + 1

    @functools.lru_cache(maxsize=2)  # noqa: B019
    def kept(self, x: int) -> int:
        return x + 1


@functools.singledispatch
def size(value: Any) -> str:
    return "thing"


@size.register
def _(value: int) -> str:
    return "int"


def local_class(x: int) -> int:
    class Local:
        def __init__(self, n: int) -> None:
            self.n = n + x

    return Local(1).n


def make_local_class() -> type:
    factor = 3

    class Parent:
        def base(self) -> int:
            return factor

    class Child(Parent):
        def value(self) -> int:
            return self.base() + super().base()

    return Child


LocalChild = make_local_class()


def late_method(self: Point) -> int:
    return self.x + 100


Point.late = late_method  # type: ignore[attr-defined]


def imports_inside(x: int) -> str:
    import hashlib
    from itertools import accumulate

    return hashlib.sha256(str(list(accumulate([x, 2]))).encode()).hexdigest()


def comprehension(n: int) -> list[tuple[int, str]]:
    return [(i, string.ascii_letters[i]) for i in range(n) if i != LIMIT for _ in range(1)]


def generator_inside(n: int) -> int:
    def numbers() -> Iterator[int]:
        yield from range(n)

    return sum(numbers())


def walrus(values: list[int]) -> list[int]:
    return [y for x in values if (y := x * LIMIT) > LIMIT]


def matches(value: object) -> str:
    match value:
        case {"kind": str(kind)}:
            return kind
        case [first, *_]:
            return str(first)
        case _:
            return "none"


def uses_everything(name: str) -> Any:
    counter = collections.Counter(name)
    return (
        json.dumps(dict(counter)),
        operator.itemgetter(1)(list(itertools.chain("ab", "cd"))),
        decimal.Decimal("1.10") + 1,
        datetime.date(2020, 1, 31) + datetime.timedelta(days=1),
        PATTERN.findall("12-ab 3-c"),
        TABLE["b"],
    )


def kinds_of_results(_: int) -> list[Any]:
    return [
        Point(1, 2.0, ["t"]), Frozen(1), Solid(1, 2.0, [], 3), Pair(1), Old(1), Color.RED, Level.HIGH,
        Bits.A | Bits.B, Made.TWO, Stack([1, 2]), Bag(a=1), {Color.BLUE: {1, 2}}, OrderedDict(b=1, a=2),
        float("inf"), -0.0, 2**200, 1 + 2j, b"\0\xff", bytearray(b"x"), "\ud800é", range(3), ...,
        {(1, 2): frozenset([3])}, slice(1, None, 2), [], {}, (), set(),
    ]  # fmt: skip


def numeric(n: int) -> Any:
    a = np.linspace(0, 1, n)
    return a.sum(), VECTOR.T @ VECTOR, a > 0.5, np.array([1, 2]), {"deep": (a[:2],)}


class Model:
    """Has a method that refers to a module-level constant and to another class."""

    weights = np.ones(3)

    def predict(self, x: "np.ndarray[Any, Any]") -> float:
        return float(self.weights @ x) + Scaler(2)(LIMIT)
