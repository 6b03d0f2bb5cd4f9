"""Classes and modules that were changed after their source ran are there as they are here, or are refused."""

import abc
import collections
import decimal
import enum
import functools
import threading
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from guests import Guest, remote
from surge.model.errors import CannotShip
from surge.renter.ship.call import ship


def plus(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def more(*args: Any) -> Any:
        return function(*args) + 100

    return more


class Tool:
    gone = 1
    own: Any = None

    def run(self) -> int:
        return self.__secret() + len(type(self).__name__)

    def __secret(self) -> int:
        return 7

    @property
    def side(self) -> int:
        return 1

    @staticmethod
    def fixed() -> int:
        return 1

    @classmethod
    def made(cls) -> int:
        return 1

    @functools.lru_cache  # noqa: B019 the case itself
    def cached(self) -> int:
        return 1

    def given(self, x: int = 1) -> int:
        return x


def tool(_: int) -> Any:
    one = Tool()
    return (
        getattr(Tool, "gone", None), one.run(), one.side, one.fixed(), one.made(), one.cached(), one.given(),
        Tool.__doc__, Tool.own and type(Tool.own).__name__, getattr(Tool, "extra", None),
    )  # fmt: skip


def test_members_of_a_class_are_as_they_are_now(guest: Guest, monkeypatch: pytest.MonkeyPatch) -> None:
    before = remote(guest, tool, 0)
    assert before == tool(0)
    monkeypatch.delattr(Tool, "gone")
    monkeypatch.setattr(Tool, "run", plus(Tool.run))
    monkeypatch.setattr(Tool, "side", property(lambda self: 2))
    monkeypatch.setattr(Tool, "fixed", staticmethod(lambda: 2))
    monkeypatch.setattr(Tool, "made", classmethod(lambda cls: 2))
    monkeypatch.setattr(Tool, "cached", functools.lru_cache(lambda self: 2))
    monkeypatch.setattr(Tool.given, "__defaults__", (2,))
    monkeypatch.setattr(Tool, "__doc__", "told")
    monkeypatch.setattr(Tool, "own", Tool())
    monkeypatch.setattr(Tool, "extra", decimal.Decimal("0.5"), raising=False)
    assert remote(guest, tool, 0) == tool(0)
    assert all(now != then for now, then in zip(tool(0), before, strict=True))


def test_an_original_that_a_replacement_calls(guest: Guest, monkeypatch: pytest.MonkeyPatch) -> None:
    original = Tool.run
    monkeypatch.setattr(Tool, "run", lambda self: -original(self))
    assert remote(guest, lambda: Tool().run()) == Tool().run() == -11


class Meta(type):
    pass


class Made(metaclass=Meta):
    x = 1


class Speaks(typing.Protocol):
    x = 1


class Pair(typing.NamedTuple):
    a: int = 1


Plain = collections.namedtuple("Plain", "a b")


class Colour(enum.Enum):
    RED = 1

    def told(self) -> str:
        return "old"


@dataclass
class Row:
    size: int = 1


def kinds(_: int) -> Any:
    return (
        Made.x, Speaks.x, getattr(Pair, "limit", None), getattr(Plain, "limit", None),
        getattr(Colour, "extra", None), Colour.RED.told(), Row.size, Row().size,
    )  # fmt: skip


def test_classes_of_every_kind(guest: Guest, monkeypatch: pytest.MonkeyPatch) -> None:
    before = remote(guest, kinds, 0)
    assert before == kinds(0)
    monkeypatch.setattr(Made, "x", 2)
    monkeypatch.setattr(Speaks, "x", 2)
    monkeypatch.setattr(Pair, "limit", 2, raising=False)
    monkeypatch.setattr(Plain, "limit", 2, raising=False)
    monkeypatch.setattr(Colour, "extra", 2, raising=False)
    monkeypatch.setattr(Colour, "told", lambda self: "new")
    monkeypatch.setattr(Row, "size", 2)
    assert remote(guest, kinds, 0) == kinds(0) == (2, 2, 2, 2, 2, "new", 2, 1)


def test_defaults_of_named_tuples(guest: Guest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Plain.__new__, "__defaults__", (None, 3))
    assert remote(guest, lambda: tuple(Plain())) == (None, 3)


LIMIT = 5


@dataclass
class Bound:
    size: int = LIMIT


def test_a_default_is_what_its_name_meant_then(guest: Guest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "LIMIT", 9)
    assert remote(guest, lambda: (Bound().size, LIMIT)) == (5, 9)


class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self) -> int: ...


class Round:
    def area(self) -> int:
        return 3


def test_registered_subclasses_and_filled_abstract_methods(
    guest: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Flat(abc.ABC):
        @abc.abstractmethod
        def area(self) -> int: ...

    Flat.register(Round)
    Flat.area = lambda self: 4  # type: ignore[method-assign]
    abc.update_abstractmethods(Flat)
    assert remote(guest, lambda: (isinstance(Round(), Flat), Flat().area())) == (True, 4)  # type: ignore[abstract]


class Lasting:
    lock = threading.Lock()

    def held(self) -> bool:
        with self.lock:
            return True


def test_a_lock_is_made_anew(guest: Guest) -> None:
    assert remote(guest, lambda: Lasting().held())


def test_what_cannot_be_told_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tool, "own", threading.Lock())
    with pytest.raises(CannotShip, match=r"Tool → own is a lock, which can't leave this machine"):
        ship(tool)


class Old:
    pass


class Child(Old):
    pass


def uses_child() -> str:
    return Child().__class__.__name__


def test_a_base_that_was_defined_again_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "Old", type("Old", (), {}))
    with pytest.raises(CannotShip, match="another Old as its base than that name means now: define Child"):
        ship(uses_child)


class Base:
    names: typing.ClassVar[list[str]] = []
    kinds: typing.ClassVar[dict[str, type]] = {}
    count = 0

    def __init_subclass__(cls) -> None:
        Base.names.append(cls.__name__)
        Base.kinds[cls.__name__] = cls
        Base.count += 1


class First(Base):
    pass


class Second(Base):
    pass


REGISTRY: dict[str, type] = {}


def register(kind: type) -> type:
    REGISTRY[kind.__name__ + str(len(REGISTRY))] = kind
    return kind


@register
class Entry:
    pass


def test_what_registers_itself_is_there_once(guest: Guest) -> None:
    found = remote(guest, lambda: (Base.names, list(Base.kinds), Base.count, Base.kinds["First"] is First))
    assert found == (["First", "Second"], ["First", "Second"], 2, True)
    assert remote(guest, lambda: (list(REGISTRY), REGISTRY["Entry0"] is Entry)) == (["Entry0"], True)


SHARED = [1]


class Box:
    def __init__(self, held: Any = None) -> None:
        self.held = held


ONE = Box(SHARED)
OTHER = ONE
IN_TUPLE = (SHARED, {"deep": [SHARED]})


class Attributed:
    box = ONE


def aliases(_: int) -> Any:
    held = ONE.held
    held.append(2)
    OTHER.extra = 3  # type: ignore[attr-defined]
    return SHARED, IN_TUPLE[0], IN_TUPLE[1], ONE.extra, Attributed.box is OTHER, held is SHARED  # type: ignore[index, attr-defined]


def test_what_several_hold_is_one(guest: Guest) -> None:
    expected = ([1, 2], [1, 2], {"deep": [[1, 2]]}, 3, True, True)
    assert remote(guest, aliases, 0) == expected
    assert SHARED == [1]


GRID = np.arange(6).reshape(2, 3)
ROW, COLUMN = GRID[0], GRID[::-1, 1]
HOLDER = Box([GRID[1:]])


def views(_: int) -> Any:
    GRID[:] = 9
    return ROW.tolist(), COLUMN.tolist(), HOLDER.held[0].tolist()


def test_views_show_the_same_memory(guest: Guest) -> None:
    assert remote(guest, views, 0) == ([9, 9, 9], [9, 9], [[9, 9, 9]])
    assert GRID[0, 1] == 1


class Link:
    def __init__(self) -> None:
        self.other: Any = None


HEAD, TAIL = Link(), Link()
HEAD.other, TAIL.other = TAIL, HEAD


def test_two_ends_of_a_circle(guest: Guest) -> None:
    assert remote(guest, lambda: (HEAD.other is TAIL, TAIL.other is HEAD))


def test_an_argument_is_as_it_is_when_it_is_given(guest: Guest) -> None:
    box = Box(1)

    def held(given: Box) -> Any:
        return given.held, box.held

    shipped = ship(held)
    from surge.renter.ship.call import encode_call, read_outcome

    box.held = 2
    given = encode_call((box,), {}, shipped)
    ((status, output),) = guest.outcomes(shipped.code, [given], shipped.modules)
    assert read_outcome(status, output, shipped).result() == (2, 1)


def test_a_library_function_that_was_replaced_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(functools, "reduce", plus)
    with pytest.raises(CannotShip, match=r"reaches functools\.reduce, where .* \(plus\) was put"):
        ship(lambda: functools.reduce(max, [1]))
