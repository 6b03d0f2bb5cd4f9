"""Classes inside of functions: what their bodies read of the function's variables is there, or is refused."""

import enum
from collections.abc import Callable
from typing import Any

import pytest

from guests import Guest, remote
from surge.model.errors import CannotShip
from surge.renter.ship.call import ship

n = 100


def kept(n: int) -> Any:
    from dataclasses import dataclass

    @dataclass
    class Kept:
        a: int = n
        many = tuple(n + i for i in range(2))

        def run(self, q: int = n) -> int:
            return n + q

    return Kept


def told(n: Any) -> Any:
    class Told:
        k = n

        def run(self, q: Any = n) -> Any:
            return q

    return Told


def doubled(n: int) -> Any:
    class Doubled:
        k = n * 2

    return Doubled


def decorated(mark: Callable[[type], type]) -> Any:
    @mark
    class Decorated:
        pass

    return Decorated


def colours(n: int) -> Any:
    class Colour(enum.Enum):
        A = n

    return Colour


def derived(n: int) -> Any:
    class Meta(type):
        tag = n

    class Base:
        x = n

    class Derived(Base, metaclass=Meta):
        child = Base

    return Derived


def looped() -> list[Any]:
    found = []
    for i in range(3):

        class Looped:
            k = i

            def run(self) -> int:
                return i  # noqa: B023 the case itself

        found.append(Looped)
    return found


KEPT, TOLD, COLOURS, DERIVED, LOOPED = kept(3), told([1]), colours(5), derived(4), looped()
TOLD.k.append(2)


def test_a_body_reads_what_a_method_keeps(guest: Guest) -> None:
    assert remote(guest, lambda: (KEPT().a, KEPT.many, KEPT().run(), n)) == (3, (3, 4), 6, 100)
    assert remote(guest, lambda: [(k.k, k().run()) for k in LOOPED]) == [(0, 2), (1, 2), (2, 2)]


def test_a_body_reads_what_its_class_still_tells(guest: Guest) -> None:
    assert remote(guest, lambda: (TOLD.k, TOLD().run() is TOLD.k)) == ([1, 2], True)
    assert remote(guest, lambda: COLOURS.A.value) == 5
    assert remote(guest, lambda: (DERIVED.tag, DERIVED.child.x)) == (4, 4)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("kind", "name"), [(doubled(2), "n"), (decorated(lambda k: k), "mark")])
def test_what_nothing_tells_is_refused(kind: Any, name: str) -> None:
    with pytest.raises(CannotShip, match=f"reads '{name}', a variable of the function around it"):
        ship(lambda: kind)
