"""Members of an Enum are there as they are now: their values, and what was set on them."""

import enum
import itertools
from typing import Any

import pytest

from guests import Guest, remote
from surge.model.errors import CannotShip
from surge.renter.ship.call import ship


class Value(enum.Enum):
    A = [1]  # noqa: RUF012 the case itself
    B = 2


Value.A.value.append(5)
NOTED: Any = Value.B
NOTED.note = "hi"
NOTED.other = [Value.A, Value]


class Counted(enum.Enum):
    A = 1

    def __init__(self, _: int) -> None:
        self.count = 0
        self.gone = 1

    def hit(self) -> int:
        self.count += 1
        return self.count


Counted.A.hit()
del Counted.A.gone

NUMBERS = itertools.count(5)
SHARED = [1]


class Made(enum.Enum):
    A = next(NUMBERS)
    B = SHARED


SHARED.append(3)
CALLED = enum.Enum("CALLED", {"A": [1]})  # type: ignore[misc]
CALLED.A.value.append(2)  # type: ignore[attr-defined]


class Flags(enum.Flag):
    A = enum.auto()
    B = enum.auto()


FLAG: Any = Flags.A
FLAG.note = "one"


class Whole(enum.IntEnum):
    A = next(NUMBERS)


def test_values_as_they_are_now(guest: Guest) -> None:
    assert remote(guest, lambda: (Value.A.value, Value([1, 5]).name, Value.B.value)) == ([1, 5], "A", 2)
    assert remote(guest, lambda: (Made.A.value, Made(5).name, Made.B.value is SHARED)) == (5, "A", True)
    assert remote(guest, lambda: (CALLED.A.value, CALLED([1, 2]).name)) == ([1, 2], "A")


def test_attributes_as_they_are_now(guest: Guest) -> None:
    assert remote(guest, lambda: (NOTED.note, NOTED.other[0], NOTED.other[1] is Value)) == (
        "hi",
        Value.A,
        True,
    )
    assert remote(guest, lambda: (Counted.A.hit(), hasattr(Counted.A, "gone"))) == (2, False)
    assert remote(guest, lambda: (FLAG.note, int((Flags.A | Flags.B).value))) == ("one", 3)


def test_a_number_of_an_iterator_is_refused() -> None:
    with pytest.raises(CannotShip, match="takes its value from an iterator"):
        ship(lambda: Whole.A)
