"""What stands in several places of what is sent is one there, whatever holds it."""

import collections
import functools
import types
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from guests import Guest, remote
from surge.model.errors import CannotShip
from surge.renter.ship.call import encode_call, ship


class Counter:
    held: ClassVar[list[Any]] = []

    def __init__(self) -> None:
        self.count = 0

    def add(self) -> int:
        self.count += 1
        return self.count


ONE = Counter()
ADD = ONE.add
HOLDERS: Any = [
    ADD,
    functools.partial(ONE.add),
    functools.partial(Counter.add, ONE),
]
KEPT: Any = types.SimpleNamespace(
    one=ONE,
    queue=collections.deque([ONE]),
    ordered=collections.OrderedDict(a=ONE),
    table=collections.defaultdict(list, a=ONE),
    objects=np.array([ONE, None], dtype=object),
)
GRID = [[0] * 2] * 2
ARRAYS = [np.eye(2)] * 2
ERROR: Any = ValueError("x")
ERROR.one = ONE
HELD = Counter()
Counter.held.append(HELD.add)
MASKED: Any = np.ma.MaskedArray([1, 2, 3], mask=[0, 1, 0])
DATA = MASKED.data


def test_methods_and_their_instance(guest: Guest) -> None:
    assert remote(guest, lambda: (ADD(), [f() for f in HOLDERS], ONE.count)) == (1, [2, 3, 4], 4)
    assert remote(guest, lambda: ([f() for f in Counter.held], HELD.count)) == ([1], 1)


def test_what_containers_hold(guest: Guest) -> None:
    def run() -> int:
        for one in (KEPT.one, KEPT.queue[0], KEPT.ordered["a"], KEPT.table["a"], KEPT.objects[0], ERROR.one):
            one.add()
        return ONE.count

    assert remote(guest, run) == 6


def test_one_value_twice(guest: Guest) -> None:
    def run() -> Any:
        GRID[0][0] = 1
        ARRAYS[0][0, 0] = 7
        return GRID, ARRAYS[1][0, 0].item()

    assert remote(guest, run) == ([[1, 0], [1, 0]], 7.0)


def test_memory_that_can_not_be_shared_is_refused() -> None:
    with pytest.raises(CannotShip, match="shares its memory with another value"):
        ship(lambda: (MASKED, DATA))


def test_what_stands_twice_among_the_arguments_and_in_the_result(guest: Guest) -> None:
    def run(one: Counter, held: Any, other: Counter, table: Any) -> Any:
        held[0].add()
        table[0, 0] = 9.0
        return one.count, other.count, one is other, held[1][0, 0], [held, one, table, held]

    one, table = Counter(), np.eye(2)
    *seen, (first, back, array, second) = remote(guest, run, one, [one, table], one, table)
    assert seen == [1, 1, True, 9.0]
    assert first is second
    assert first[0] is back
    assert first[1] is array
    assert (type(back), back.count, array[0, 0]) == (Counter, 1, 9.0)


class Tally(collections.Counter[str]):
    pass


class Lists(collections.defaultdict[str, list[int]]):
    pass


class Whole(int):
    pass


class Pair(tuple[int, int]):
    pass


def marked(value: Any) -> Any:
    value.mark = [1]
    return value


TALLY, LISTS = marked(Tally("ab")), marked(Lists(list, a=[1]))
WHOLE, PAIR = marked(Whole(5)), marked(Pair((1, 2)))
HELD_TWICE = {"whole": WHOLE, "pair": PAIR}
BASE = np.arange(3)
LOCKED = BASE[1:]
LOCKED.flags.writeable = False


def test_what_subclasses_of_collections_have_besides(guest: Guest) -> None:
    def run(tally: Tally, lists: Lists) -> Any:
        return TALLY.mark, LISTS.mark, tally.mark, lists.mark, tally["a"], lists["new"]  # type: ignore[attr-defined]

    assert remote(guest, run, TALLY, LISTS) == ([1], [1], [1], [1], 1, [])


def test_values_that_have_attributes_are_one(guest: Guest) -> None:
    def run() -> Any:
        WHOLE.mark.append(2)
        PAIR.mark = 3
        return HELD_TWICE["whole"].mark, HELD_TWICE["pair"].mark, WHOLE + 1, PAIR[1]

    assert remote(guest, run) == ([1, 2], 3, 6, 2)


def test_a_namespace_among_the_arguments(guest: Guest) -> None:
    def run(space: types.SimpleNamespace, items: list[int], again: types.SimpleNamespace) -> Any:
        items.append(1)
        again.new = space
        return space.items, space.new is space, space

    items = [0]
    space = types.SimpleNamespace(items=items)
    found, same, back = remote(guest, run, space, items, space)
    assert (found, same) == ([0, 1], True)
    assert (type(back), back.new) == (types.SimpleNamespace, back)


class Queue(collections.deque[int]):
    pass


class Adder:
    def __init__(self, items: list[int]) -> None:
        self.items = items

    def add(self, x: int) -> None:
        self.items.append(x)


def adds(items: list[int], x: int) -> None:
    items.append(x)


def holders(items: list[int]) -> dict[str, Any]:
    """Things of which each holds the list, and can lengthen it."""

    def closure(x: int) -> None:
        items.append(x)

    def default(x: int, held: list[int] = items) -> None:
        held.append(x)

    def attributed(x: int) -> None:
        attributed.items.append(x)  # type: ignore[attr-defined]

    attributed.items = items  # type: ignore[attr-defined]
    queue = Queue()
    queue.items = items  # type: ignore[attr-defined]
    return {
        "partial": functools.partial(adds, items),
        "closure": closure,
        "default": default,
        "attributed": attributed,
        "method": Adder(items).add,
        "queue": queue,
        "series": pd.Series([items, None]),
        "objects": np.array([items, None], dtype=object),
    }


@pytest.mark.parametrize("name", list(holders([])))
def test_what_arguments_share_through_code_and_objects(guest: Guest, name: str) -> None:
    def run(items: list[int], partial: Any, holder: Any) -> Any:
        partial(1)
        if isinstance(holder, Queue):
            holder.items.append(2)  # type: ignore[attr-defined]
        elif callable(holder):
            holder(2)
        else:
            holder[0].append(2)
        items.append(3)
        return items

    items: list[int] = []
    assert remote(guest, run, items, functools.partial(adds, items), holders(items)[name]) == [1, 2, 3]


def test_what_only_code_can_keep_one_among_arguments(guest: Guest) -> None:
    def run(whole: Whole, pair: Pair, error: Any, again: list[Any], view: Any, owner: Any) -> Any:
        whole.mark.append(2)  # type: ignore[attr-defined]
        pair.mark = 3  # type: ignore[attr-defined]
        error.mark = 4
        owner[1] = 5
        return again[0].mark, again[1].mark, again[2].mark, again[2] is error, view.tolist()

    def run_with_classes(*args: Any) -> Any:
        return run(*args), Whole.__name__, Pair.__name__

    error, owner = ValueError("x"), np.zeros(3)
    args: Any = WHOLE, PAIR, error, [WHOLE, PAIR, error], owner[1:], owner
    expected = ([1, 2], 3, 4, True, [5.0, 0.0])
    assert remote(guest, run, *args) == expected
    assert remote(guest, run_with_classes, *args) == (expected, "Whole", "Pair")


def test_views_among_arguments(guest: Guest) -> None:
    def run(one: Any, other: Any) -> Any:
        one[...] = 7
        return other.sum()

    small, large = np.zeros((4, 6)), np.zeros((300, 500))
    assert remote(guest, run, small[:2], small[1:]) == 42.0
    assert remote(guest, run, small[:, :2], small[:, 1:]) == 28.0
    assert remote(guest, run, small[:, ::2], small[:, 1::2]) == 0.0
    for one, other in [  # copies, as docs/sandbox.md tells
        (large[:2, :3], large[1:3, :3]), (MASKED, DATA), (small.T, np.asfortranarray(small)[1:]),
        (np.frombuffer(bytearray(50), "u1"), np.frombuffer(b"", "u1")), (small, small[1:].view(np.matrix)),
    ]:  # fmt: skip
        assert remote(guest, run, one, other) == other.sum()


def test_rows_of_one_memory_need_no_walk() -> None:
    rows = np.zeros((1_500, 2))
    assert encode_call((list(rows), rows[:0]), {}, ship(ids))[:2] != b"\x93\xc0"


def test_what_is_shared_deeply_is_walked_once(guest: Guest) -> None:
    deep: Any = [0]
    for _ in range(60):
        deep = [deep, deep]

    def run(value: Any, function: Any) -> Any:
        return value[0] is value[1], function()

    assert remote(guest, run, deep, lambda: 1) == (True, 1)


def holding(value: Any) -> Any:
    return lambda: value


LOOP: list[Any] = []
LOOP.append(LOOP)
LOOPS = [LOOP]


def test_what_holds_itself_and_is_held_by_code(guest: Guest) -> None:
    def run(value: Any, function: Any) -> Any:
        return value[0] is value, function() is value

    table: dict[int, Any] = {}
    table[0] = table
    for value in (LOOP, table):
        assert remote(guest, run, value, holding(value)) == (True, True)
    assert remote(guest, lambda: (LOOPS[0] is LOOP, LOOP[0] is LOOP)) == (True, True)


def test_what_arguments_hold_is_no_global_whoever_holds_it_besides(guest: Guest) -> None:
    def run(outer: Any, function: Any) -> Any:
        outer[0].append(1)
        return SHARED_LIST, outer[0] is SHARED_LIST

    outer = [SHARED_LIST]
    for function in (holding(1), holding(outer), functools.partial(adds, outer)):
        assert remote(guest, run, outer, function) == ([0], False)


def test_large_arguments_stay_blobs_beside_what_needs_the_walk() -> None:
    large, error, small = np.zeros(1 << 18), ValueError("x"), np.zeros(10)
    for others in ((error, [error]), (small, small[1:]), (lambda: 0,)):
        blobs: dict[bytes, Any] = {}
        assert len(encode_call((large, *others), {}, ship(ids), blobs)) < 10_000
        assert len(blobs) == 1


def ids(*values: Any) -> list[int]:
    return [id(x) for x in values]


class Raw(bytes):
    pass


def test_an_instance_that_owns_memory(guest: Guest) -> None:
    def run(raw: Raw, array: Any) -> Any:
        return type(raw) is Raw, raw.mark, array.sum()  # type: ignore[attr-defined]

    raw = Raw(b"\1\2")
    raw.mark = 1  # type: ignore[attr-defined]
    assert remote(guest, run, raw, np.frombuffer(raw, "u1")) == (True, 1, 3)


SHARED_LIST = [0]


def test_an_argument_is_a_copy_of_what_a_global_holds_and_one_among_arguments(guest: Guest) -> None:
    def uses() -> list[int]:
        return SHARED_LIST

    def run(items: list[int], partial: Any, function: Any) -> Any:
        partial(1)
        return items, SHARED_LIST, function() is SHARED_LIST

    partial = functools.partial(adds, SHARED_LIST)
    assert remote(guest, run, SHARED_LIST, partial, uses) == ([0, 1], [0], True)


def test_a_view_stays_locked(guest: Guest) -> None:
    def run() -> Any:
        BASE[1] = 9
        return LOCKED.tolist(), LOCKED.flags.writeable, BASE.flags.writeable

    assert remote(guest, run) == ([9, 2], False, True)


def test_empty_texts_of_numpy(guest: Guest) -> None:
    found = remote(guest, lambda *given: given, np.str_(""), np.bytes_(b""))
    assert found == ("", b"")
    assert [type(x) for x in found] == [np.str_, np.bytes_]


def test_a_group_of_exceptions_twice(guest: Guest) -> None:
    shared = [1]
    group = ExceptionGroup("g", [ValueError(shared), TypeError([shared])])
    assert remote(guest, lambda a, b: (a is b, str(a)), group, group) == (True, "g (2 sub-exceptions)")


def test_a_sliding_window_is_refused_among_globals_and_copied_among_arguments(guest: Guest) -> None:
    def run(owner: Any, window: Any) -> Any:
        owner[0] = 9.0
        return window[0, 0]

    values = np.arange(6.0)
    window = np.lib.stride_tricks.sliding_window_view(values, 3)
    assert remote(guest, run, values, window) == 0.0
    with pytest.raises(CannotShip, match="shares its memory with another value"):
        ship(lambda: (WINDOWED, WINDOW))


WINDOWED = np.arange(6.0)
WINDOW = np.lib.stride_tricks.sliding_window_view(WINDOWED, 3)


def test_what_one_large_argument_shares_inside(guest: Guest) -> None:
    shipped, error, values = ship(ids), ValueError("x"), np.arange(4.0)
    for shared in ([error, error], [values, values[1:]]):
        blobs: dict[bytes, Any] = {}
        given = encode_call(([*shared, "s" * (2 << 20)],), {}, shipped, blobs)
        assert given[:2] == b"\x93\xc0"
        assert not blobs
