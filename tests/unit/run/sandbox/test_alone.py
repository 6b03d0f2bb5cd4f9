"""Equal tasks give equal answers, however they are cut into chunks, and whatever they change (P4)."""

import decimal
import functools
from collections.abc import Callable
from typing import Any

import pytest

from sandboxes import Slots
from surge.model.task import Limits
from surge.model.units import Bytes
from surge.renter.ship.call import encode_call, ship
from surge.run.sandbox.suite import python_spec
from surge.run.slots.pool import Job
from surge.run.wasi import checkpoint

N = 6


class Counted:
    total = 0


def class_attribute(i: int) -> int:
    Counted.total += 1
    return Counted.total


def decimal_context(i: int) -> int:
    before = decimal.getcontext().prec
    decimal.getcontext().prec = 5
    return before


def default_argument(i: int, seen: list[int] = []) -> int:  # noqa: B006 the point
    seen.append(i)
    return len(seen)


def function_attribute(i: int) -> int:
    function_attribute.calls = getattr(function_attribute, "calls", 0) + 1  # type: ignore[attr-defined]
    return int(function_attribute.calls)  # type: ignore[attr-defined]


def numpy_errors(i: int) -> str:
    import numpy as np

    return np.seterr(divide="raise")["divide"]


def environment(i: int) -> str | None:
    import os

    before = os.environ.get("SEEN")
    os.environ["SEEN"] = str(i)
    return before


def files(i: int) -> list[str]:
    import os
    from pathlib import Path

    Path(f"/tmp/{i}").write_text("x")  # noqa: S108 the sandbox's
    return sorted(set(os.listdir("/tmp")) - {str(i)})  # noqa: PTH208, S108


def clock(i: int) -> float:
    import time

    began = time.time()
    time.sleep(5)
    return began


def warned(i: int) -> list[str]:
    import warnings

    import numpy as np

    with warnings.catch_warnings(record=True) as caught:
        np.arange(2.0) / 0
    return [str(one.message) for one in caught]


CACHE: dict[int, int] = {}


def cached(i: int) -> int:
    CACHE[i] = i
    return len(CACHE)


def grows(i: int, seen: list[int] = []) -> int:  # noqa: B006 the point
    seen.append(len(bytearray(60 << 20)))
    return len(seen)


def bound(numbers: list[int]) -> Callable[[int], int]:
    def pops(i: int) -> int:
        return numbers.pop()

    return pops


LEAKY = [
    class_attribute, decimal_context, default_argument, function_attribute, numpy_errors, environment, files,
    clock, warned, cached, grows, bound([1, 2, 3]),
]  # fmt: skip


@pytest.mark.parametrize("function", LEAKY, ids=lambda f: f.__name__)
def test_equal_tasks_give_equal_answers(box: Slots, function: Callable[[int], Any]) -> None:
    result, together = box.chunk(function, *[7] * N)
    (first,) = box.chunk(function, 7)[1]
    assert together == [first] * N
    assert [o.status for o in result.outcomes] == ["returned"] * N


def test_fuel_is_the_same_for_each(box: Slots) -> None:
    first, *others = (o.fuel for o in box.chunk(default_argument, *[7] * N)[0].outcomes)
    assert len(set(others)) == 1  # the seed 0 of the first costs a few instructions less
    assert abs(first - others[0]) < 100


def test_where_the_map_of_pages_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """All counts as changed then; the pages themselves are real."""
    monkeypatch.setattr(checkpoint, "PAGEMAP", checkpoint.PAGEMAP / "none")
    assert list(checkpoint._changed(0, 8 * 4096)) == [(0, 8 * 4096)]


def test_changed_pages_are_found() -> None:
    import ctypes
    import mmap
    import os

    page = mmap.PAGESIZE
    file = os.memfd_create("test")
    os.write(file, bytes(80 * page))
    mapped = mmap.mmap(file, 80 * page, mmap.MAP_PRIVATE)
    behind = mmap.mmap(-1, 80 * page, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    behind[70 * page] = 1
    address = ctypes.addressof(ctypes.c_char.from_buffer(mapped))
    assert mapped[5 * page] == 0
    mapped[2 * page] = mapped[3 * page + 9] = 1
    mapped[60 * page] = mapped[(4 + checkpoint.NEAR) * page] = 1  # near enough to be one run
    assert list(checkpoint._changed(ctypes.addressof(ctypes.c_char.from_buffer(behind)), 80 * page)) == [
        (70 * page, page)
    ]
    assert list(checkpoint._changed(address, 80 * page)) == [
        (2 * page, (3 + checkpoint.NEAR) * page),
        (60 * page, page),
    ]
    os.close(file)


def test_shared_state_must_be_asked_for(box: Slots) -> None:
    assert box.chunk(cached, *range(N), shared=True)[1] == list(range(1, N + 1))


def quiet(x: float) -> float:
    import math

    import numpy as np

    rows = {k: 2 * v for k, v in enumerate([x])}
    rows[1] = math.sin(x)
    part = np.zeros(3)
    part[1] = sum(sorted(rows.values()))
    return float(part.sum()) + distance(x)


def distance(x: float) -> float:
    return abs(x)


def partly(x: int) -> int:
    np_state = CACHE
    return len(np_state)


@pytest.mark.parametrize("function", [quiet, abs, lambda x: x + 1, clock])
def test_what_leaves_nothing_behind_runs_together(function: Callable[..., Any]) -> None:
    assert ship(function).effects == ()


LASTING = [*(f for f in LEAKY if f is not clock), partly]


@pytest.mark.parametrize("function", LASTING, ids=lambda f: f.__name__)
def test_what_may_leave_something_does_not(function: Callable[..., Any]) -> None:
    assert ship(function).effects


@functools.lru_cache(None)
def fibonacci(n: int) -> int:
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def endless(n: int) -> str:
    import functools

    @functools.lru_cache(None)
    def deeper(k: int) -> int:
        return int(deeper(k + 1))

    def sorts(k: int) -> object:
        return sorted([k], key=lambda k: sorts(k + 1))

    import sys

    sys.setrecursionlimit(10**6)
    said = []
    for call in (deeper, sorts):
        try:
            call(n)
        except RecursionError as error:
            said.append(str(error)[:14])
    return " ".join(said)


def busy(seconds: float) -> int:
    import time

    began, looks = time.time(), 0
    while time.time() - began < seconds:
        looks += 1
    return looks


class Attributes(dict):  # type: ignore[type-arg]
    __getattr__ = dict.__getitem__


def test_recursion_through_c(box: Slots) -> None:
    assert box.chunk(fibonacci, 400)[1] == [fibonacci(400)]
    assert box.chunk(endless, 1)[1] == ["Stack overflow Stack overflow"]


def test_a_busy_loop_ends_soon(box: Slots) -> None:
    """A second of the virtual clock costs some ten thousand looks, not a million."""
    (looks,) = box.chunk(busy, 1.0)[1]
    assert 1_000 < looks < 20_000


def test_objects_with_attributes_of_their_own(box: Slots) -> None:
    assert box.chunk(lambda a: a.x, Attributes(x=5))[1] == [5]


def test_methods_that_change_nothing(box: Slots) -> None:
    assert box.chunk({1: "a"}.get, 1, 2)[1] == ["a", None]


def test_arguments_that_share_through_code_do_not_pile_up(box: Slots) -> None:
    """40 times 4 MiB of 128, in one turn."""

    def size(block: bytearray, function: Callable[[], Any]) -> int:
        return len(block) + len(function())

    def given() -> tuple[bytearray, Callable[[], Any]]:
        block = bytearray(4 << 20)
        return block, lambda: block

    shipped = ship(size, shared=True)
    limits = Limits(memory=Bytes(160 << 20))
    spec = python_spec(shipped.modules)
    inputs = [encode_call(given(), {}, shipped) for _ in range(40)]
    tasks = [(bytes([n]) * 32, one, n) for n, one in enumerate(inputs)]
    result = box.do(box.pool.run(Job(spec, shipped.code, tasks, limits)))
    assert [o.status for o in result.outcomes] == ["returned"] * 40
