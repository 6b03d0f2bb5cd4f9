"""What runs together can't tell, and what could tell runs alone: a corpus of both, in the sandbox (P4)."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import corpus_lasting as lasting
import corpus_quiet as quiet
from corpora import memory
from corpus_lasting import remembers, uuid1
from corpus_quiet import square, warns
from sandboxes import Slots, slots
from surge.model.task import Limits, Outcome
from surge.model.units import Bytes
from surge.renter.ship import functions, reach
from surge.renter.ship.call import ship
from surge.renter.ship.checks import effects

N = 4
EVERY = [*quiet.QUIET, *quiet.SEEN, *lasting.NOT_QUIET]


@pytest.fixture(scope="module")
def box() -> Iterator[Slots]:
    with slots() as started:
        yield started


def said(outcomes: list[Outcome]) -> list[tuple[str, bytes]]:
    """How each ended and with what, prints included."""
    return [(o.status, o.output) for o in outcomes]


def alone(box: Slots, function: Callable[..., Any], value: Any) -> tuple[str, bytes]:
    (one,) = said(box.chunk(function, value, seed=7)[0].outcomes)
    return one


@pytest.mark.parametrize("function", EVERY, ids=lambda f: f.__name__)
def test_equal_tasks(box: Slots, function: Callable[..., Any]) -> None:
    """Equal outcomes, to the byte, and as each has by itself."""
    result, _ = box.chunk(function, *[3] * N, seed=7)
    assert said(result.outcomes) == [alone(box, function, 3)] * N


@pytest.mark.parametrize("function", [*quiet.QUIET, *quiet.SEEN], ids=lambda f: f.__name__)
def test_other_tasks_before(box: Slots, function: Callable[..., Any]) -> None:
    values = [0, 5, 2, 5, 0]
    result, _ = box.chunk(function, *values, seed=7)
    assert said(result.outcomes) == [alone(box, function, value) for value in values]


@pytest.mark.parametrize("function", [*quiet.QUIET, *quiet.SEEN], ids=lambda f: f.__name__)
def test_quiet(function: Callable[..., Any]) -> None:
    assert ship(function).effects == ()


@pytest.mark.parametrize("function", lasting.NOT_QUIET, ids=lambda f: f.__name__)
def test_not_quiet(function: Callable[..., Any]) -> None:
    assert ship(function).effects


@pytest.mark.parametrize(
    "function",
    [lasting.file_of_numpy, lasting.file_of_pandas, lasting.array_to_file],
    ids=lambda f: f.__name__,
)
def test_files_are_seen_whatever_the_source_says(
    box: Slots, function: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("of_value", "of_item", "of_function"):
        monkeypatch.setattr(effects, name, lambda *_: None)
    assert functions.effects is reach.effects is effects
    assert ship(function).effects == ()
    result, _ = box.chunk(function, *[3] * N, seed=7)
    assert said(result.outcomes) == [alone(box, function, 3)] * N


def test_a_path_that_is_moved(box: Slots) -> None:
    """Its method has the name of one of `str`."""
    assert ship(lasting.writes).effects == ()
    assert box.chunk(lasting.writes, *[Path("/tmp")] * N)[1] == [2] * N  # noqa: S108


GIVEN = [
    lasting.sets_precision, lasting.tells_precision, lasting.tells_address, lambda: uuid1(1),
    lambda: remembers(1), lambda: warns(1), lambda: square(3),
]  # fmt: skip


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.integers(0, len(GIVEN) - 1), min_size=2, max_size=6))
def test_functions_that_come_as_arguments(box: Slots, chosen: list[int]) -> None:
    assert ship(lasting.calls).effects == ()
    result, _ = box.chunk(lasting.calls, *[GIVEN[n] for n in chosen], seed=7)
    assert said(result.outcomes) == [alone(box, lasting.calls, GIVEN[n]) for n in chosen]


@pytest.mark.parametrize("function", [lasting.leaves_garbage, lasting.fills_as_cause])
def test_garbage_of_one_is_no_full_memory_of_another(box: Slots, function: Callable[..., Any]) -> None:
    """What didn't fit beside it is run again alone, and billed for both."""
    assert ship(function).effects == ()
    limits = Limits(memory=Bytes(64 << 20))
    values = [12, 2, 12, 12, 200, 12, 12]
    result, _ = box.chunk(function, *values, seed=7, limits=limits)
    by_itself = {
        value: box.chunk(function, value, seed=7, limits=limits)[0].outcomes[0] for value in set(values)
    }
    assert said(result.outcomes) == said([by_itself[value] for value in values])
    again, _ = box.chunk(function, *values, seed=7, limits=limits)
    assert again.fuel == result.fuel  # P1
    assert result.outcomes == again.outcomes


def test_arrays_of_objects_that_come_as_arguments(box: Slots) -> None:
    assert ship(memory.read_bytes).effects == ()
    given = np.array([None, 10**30, "a"])
    _, found = box.chunk(memory.read_bytes, given, np.array([0.5, 10**40], object), given, seed=7)
    assert found[0] == found[2]


def test_order_of_sets_that_come_as_arguments(box: Slots) -> None:
    given = {float("nan"), 1.0, float("-nan"), 5.0, 7.0, *[float("nan") for _ in range(20)]}
    many = {float(n) for n in range(3000)}
    _, found = box.chunk(lasting.order_of, given, many, many, given, seed=7)
    assert found[0] == found[3]


def test_objects_that_come_as_arguments(box: Slots) -> None:
    assert box.chunk(lasting.runs, *map(lasting.Job, range(N)))[1] == [None] * N


def test_open_files_go_back(box: Slots) -> None:
    """With their place and content, also into another guest, after a task that grew the memory."""
    values = [1, 3, 60 << 20, 2]
    found = box.chunk(lasting.open_file, *values)[1]
    assert [(at, len(text)) for at, text in found] == [(n, n) for n in values]


def seeded(x: int) -> float:
    import random

    return random.random()


def test_a_stream_begins_with_the_seed_wherever_it_is_imported(box: Slots) -> None:
    import random

    assert box.chunk(seeded, 0, 0, seed=7)[1] == [random.Random(7).random()] * 2
    by_name = lambda x: __import__("random").random()  # noqa: E731 imported by the first task itself
    assert box.chunk(by_name, 0, 0, seed=7, shared=True)[1] == [random.Random(7).random()] * 2
