"""What a guest burned is billed, to the last instruction, whatever it says to the host and when (P1, P2)."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from surge.model.task import OUT_OF_FUEL, RETURNED, TRAPPED, Limits, Outcome
from surge.model.units import Fuel
from surge.renter.ship.call import encode_call, ship
from surge.run.sandbox import python
from surge.run.sandbox.engine import THREAD_STACK
from surge.run.sandbox.feed import Assignment
from surge.run.sandbox.image import MemoryImage
from surge.run.sandbox.suite import python_spec
from surge.run.slots.cache import Cache

LIMITS = Limits(Fuel(40 * 10**6))
TASKS = 3


class Metered(python.PythonGuest):
    """A guest whose fuel is counted apart: whatever is gone between two fillings was burned."""

    burned: list[int] = []  # noqa: RUF012 of all instances

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        left, fill = self.world.fuel_left, self.world.set_fuel
        self._filled: int | None = None
        self._left = left

        def refill(fuel: int) -> None:
            if fuel > left():
                self.count()
                self._filled = fuel
            fill(fuel)

        def first(fuel: int) -> None:  # the store begins with more than any limit
            self._filled = fuel
            fill(fuel)
            self.world.set_fuel = refill

        self.world.set_fuel = first

    def count(self) -> None:
        if self._filled is not None:
            self.burned.append(self._filled - self._left())
        self._filled = None

    def close(self) -> None:
        if self._filled is not None:
            self.count()
        super().close()


class Runs:
    def __init__(self) -> None:
        cache = Cache.open(None)
        self.runtime = python.PythonRuntime(cache.interpreter(lambda *_: None))
        spec = python_spec()
        made = MemoryImage.load(cache.image_path(spec.id))
        if made is None:
            made = self.runtime.make_image(spec)
            made.save(cache.image_path(spec.id))
        self.image = python.Image(made)

    def chunk(
        self, function: Callable[..., Any], limits: Limits = LIMITS, anew: bool = True
    ) -> tuple[list[Outcome], int, int]:
        """(outcomes, fuel that is billed, fuel that was burned). anew: load the code though it was before."""
        if anew:
            self.image.release()
        shipped = ship(function)
        tasks = [Assignment(bytes([n]) * 32, encode_call((n,), {}, shipped), n) for n in range(TASKS)]
        found: list[Any] = []

        def body() -> None:
            Metered.burned.clear()
            outcomes, fuel = self.runtime.run(self.image, shipped.code, tasks, limits)
            found.append((outcomes, int(fuel), sum(Metered.burned)))

        before = threading.stack_size(THREAD_STACK)
        thread = threading.Thread(target=body)
        thread.start()
        threading.stack_size(before)
        thread.join()
        (one,) = found
        return one  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def runs() -> Iterator[Runs]:
    whole, python.PythonGuest = python.PythonGuest, Metered  # type: ignore[misc]
    try:
        yield Runs()
    finally:
        python.PythonGuest = whole  # type: ignore[misc]


def act(ops: list[Any]) -> int:
    import os

    host = __import__("_host")
    for op, what in ops:
        if op == "say":
            host.call(what)
        elif op == "spin":
            n = 0
            while n < what:
                n += 1
        elif op == "deaf":
            host.call = lambda message: b""
        elif op == "leave":
            os._exit(what)
        elif op == "raise":
            raise ValueError(what)
        elif op == "grow":
            bytearray(what << 20)
        elif op == "late":

            class Late:
                def __del__(self, what: int = what) -> None:
                    n = 0
                    while n < what:
                        n += 1

            cycle: list[Any] = [Late()]
            cycle.append(cycle)
    return 5


def hostile(loading: list[Any], running: list[Any]) -> Callable[[int], int]:
    def task(x: int) -> int:
        class Load:
            pass

        return act(running)

    at_load = Loads(loading)
    task.loads = at_load  # type: ignore[attr-defined]
    return task


class Loads:
    """Acts while it is made anew, which is while the code is loaded."""

    def __init__(self, ops: list[Any]) -> None:
        self.ops = ops

    def __reduce__(self) -> Any:
        return act, (self.ops,)


SAID = st.sampled_from(
    [b"C", b"T", b"A", b"S", b"N", b"", b"R\x05", b"E\x05", b"r\x05", b"e", b"B" + bytes(32), b"x" * 3000]
)
OPS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), SAID),
        st.tuples(st.just("spin"), st.integers(0, 20_000)),
        st.tuples(st.just("spin"), st.just(10**7)),
        st.tuples(st.just("deaf"), st.just(0)),
        st.tuples(st.just("leave"), st.integers(0, 1)),
        st.tuples(st.just("raise"), st.text(max_size=3)),
        st.tuples(st.just("grow"), st.integers(1, 40)),
        st.tuples(st.just("late"), st.integers(0, 20_000)),
    ),
    max_size=4,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.one_of(st.just([]), OPS), OPS)
def test_what_is_billed_is_what_was_burned(runs: Runs, loading: list[Any], running: list[Any]) -> None:
    function = hostile([list(op) for op in loading], [list(op) for op in running])
    outcomes, billed, burned = runs.chunk(function)
    assert billed == burned
    assert [o.task for o in outcomes] == [bytes([n]) * 32 for n in range(len(outcomes))]
    assert 1 <= len(outcomes) <= TASKS
    assert all(0 <= o.fuel <= LIMITS.fuel for o in outcomes)
    assert all(o.status not in (OUT_OF_FUEL, TRAPPED) for o in outcomes[:-1])
    assert runs.chunk(function, anew=False)[:2] == (outcomes, billed)
    assert runs.chunk(function) == (outcomes, billed, burned)


SPIN = ["spin", 20_000]


@pytest.mark.parametrize(
    ("running", "status"),
    [
        ([["say", b"R\x06"], SPIN], TRAPPED),  # its own outcome is one too many
        ([["say", b"R\x06"], SPIN, ["say", b"R\x07"]], TRAPPED),
        ([["say", b"R\x06"], SPIN, ["say", b"N"]], TRAPPED),
        ([["say", b"R\x06"], ["spin", 10**9]], OUT_OF_FUEL),
        ([["say", b"R\x06"], SPIN, ["deaf", 0]], RETURNED),
        ([["say", b"R\x06"], SPIN, ["leave", 0]], RETURNED),
        ([["say", b"R\x06"], SPIN, ["leave", 3]], TRAPPED),
        ([["say", b"N"], SPIN], TRAPPED),
        ([["say", b"A"]], TRAPPED),
        ([SPIN], RETURNED),
    ],
)
def test_a_task_that_speaks_for_the_driver(runs: Runs, running: list[Any], status: str) -> None:
    outcomes, billed, burned = runs.chunk(hostile([], running))
    assert billed == burned
    assert {o.status for o in outcomes} == {status}
    assert len(outcomes) == (TASKS if status == RETURNED else 1)
    if SPIN in running and running[0] != ["say", b"N"]:
        assert all(o.fuel > 8_000_000 for o in outcomes)  # of the rounds, whenever they were made


@pytest.mark.parametrize("said", [b"T", b"A", b"S"])
def test_work_after_it_said_that_it_is_ready(runs: Runs, said: bytes) -> None:
    """Loading that says so too early, and has the driver's own word go nowhere."""
    outcomes, billed, burned = runs.chunk(hostile([["say", said], SPIN, ["deaf", 0]], [SPIN]))
    assert billed == burned
    assert billed - sum(o.fuel for o in outcomes) > 8_000_000
    assert [o.status for o in outcomes] == [TRAPPED]  # the deaf driver brings no outcome
    outcomes, billed, burned = runs.chunk(hostile([["say", said], SPIN], [SPIN]))
    assert billed == burned
    assert [(o.status, o.fuel) for o in outcomes] == [(TRAPPED, 0)]
    assert billed > 8_000_000
