"""What an instance of a class built on a built-in type holds is told by that type's own code."""

from typing import Any

from guests import Guest, remote


def holding(value: Any) -> Any:
    return lambda: value


class Doubled(list[int]):
    def __iter__(self) -> Any:
        return iter([x * 2 for x in list.__iter__(self)])

    def __setitem__(self, key: Any, value: Any) -> None:
        raise TypeError("nobody may")

    def extend(self, values: Any) -> None:
        raise TypeError("nobody may")


class Upper(dict[str, int]):
    def keys(self) -> Any:
        return [k.upper() for k in dict.keys(self)]

    def __iter__(self) -> Any:
        return iter(self.keys())

    def __getitem__(self, key: str) -> int:
        return dict.__getitem__(self, key.lower())

    def update(self, *_: Any) -> None:
        raise TypeError("nobody may")

    clear = update


class Shouting(str):
    def __str__(self) -> str:
        return self.upper()


class Reversed(tuple[int, ...]):
    def __iter__(self) -> Any:
        return reversed(list(tuple.__iter__(self)))


class Larger(int):
    def __int__(self) -> int:
        return 99

    __index__ = __int__


DOUBLED, UPPER = Doubled([1, 2]), Upper(a=1)
OWN = [DOUBLED, UPPER]


def test_no_code_of_a_class_tells_what_its_instances_hold(guest: Guest) -> None:
    def run(*values: Any) -> Any:
        first, second, text, pair, number, function = values
        return (
            list.__len__(first), first[0], list(dict.items(second)), str.lower(text), pair[0], number + 0,
            DOUBLED[0], dict.items(UPPER) == dict.items(second), OWN[0] is DOUBLED, function() is first,
        )  # fmt: skip

    first = Doubled([1, 2])
    values = (first, Upper(a=1), Shouting("Ab"), Reversed((1, 2)), Larger(5), holding(first))
    assert remote(guest, run, *values) == (2, 1, [("a", 1)], "ab", 1, 5, 1, True, True, True)
    back = remote(guest, lambda *given: given, *values[:5])
    assert [list.__getitem__(back[0], 0), dict.__getitem__(back[1], "a")] == [1, 1]
    assert (str.lower(back[2]), back[3][0], back[4] + 0) == ("ab", 1, 5)
