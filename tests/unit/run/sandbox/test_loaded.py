"""A chunk whose code was loaded by the chunk before starts there, and nobody can tell from its results."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from surge.model.task import OUT_OF_FUEL, TRAPPED, Limits, Outcome
from surge.model.units import Bytes, Fuel
from surge.renter.ship.call import encode_call, put, ship
from surge.run.sandbox import python
from surge.run.sandbox.feed import Assignment
from surge.run.sandbox.image import MemoryImage
from surge.run.sandbox.python import Image, PythonRuntime
from surge.run.sandbox.suite import python_spec
from surge.run.slots.cache import Cache

LIMITS = Limits(Fuel(10**11), Bytes(1 << 30))
TABLE: Any = put(list(range(1000)))


class Printing:
    print("while the class is made")  # noqa: T201 the point


class Writing:
    Path("/tmp/made").write_text("then")  # noqa: S108 the sandbox's


def everything(i: int) -> list[Any]:
    import random
    import time

    return [id([]), hash("x"), list({f"k{n}" for n in range(9)}), random.random(), time.time(), i]


def default_argument(i: int, seen: list[int] = []) -> int:  # noqa: B006 the point
    seen.append(i)
    return len(seen)


def opens(i: int) -> list[str]:
    import os

    Path(f"/tmp/{i}").write_text("x")  # noqa: S108 the sandbox's
    return sorted(os.listdir("/tmp"))  # noqa: PTH208, S108 the sandbox's


def grows(i: int) -> int:
    return len(bytearray(90 << 20)) + i


def fails(i: int) -> float:
    return 1 / (i - 1)


def dies(i: int) -> None:
    import os

    os._exit(3)


def prints(i: int) -> type:
    return Printing


def reads(i: int) -> str:
    return Writing.__name__ + Path("/tmp/made").read_text()  # noqa: S108 the sandbox's


def sums(i: int) -> int:
    return int(sum(TABLE)) + i


@pytest.fixture(scope="module")
def runtime() -> PythonRuntime:
    return PythonRuntime(Cache.open(None).interpreter(lambda *_: None))


@pytest.fixture(scope="module")
def made(runtime: PythonRuntime) -> MemoryImage:
    return runtime.make_image(python_spec())


@pytest.fixture
def image(made: MemoryImage) -> Any:
    image = Image(made)
    yield image
    image.close()


def chunk(
    runtime: PythonRuntime,
    image: Image,
    function: Callable[..., Any],
    inputs: "tuple[Any, ...]" = (1,),
    limits: Limits = LIMITS,
    shared: bool = False,
) -> tuple[list[Outcome], Fuel]:
    shipped = ship(function, shared=shared)
    tasks = [Assignment(bytes([n]) * 32, encode_call((x,), {}, shipped), n) for n, x in enumerate(inputs)]
    content = {name: blob.content for name, blob in shipped.blobs.items()}
    return runtime.run(image, shipped.code, tasks, limits, None, content.__getitem__)


FUNCTIONS = [everything, default_argument, opens, grows, fails, dies, prints, reads, sums]


@pytest.mark.parametrize(("inputs", "shared"), [((1,), False), ((1, 0, 2), False), ((1, 0, 2), True)])
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_results_and_fuel_are_those_of_a_fresh_loading(
    runtime: PythonRuntime, image: Image, function: Callable[..., Any], inputs: Any, shared: bool
) -> None:
    first = chunk(runtime, image, function, inputs, shared=shared)
    assert [chunk(runtime, image, function, inputs, shared=shared) for _ in range(2)] == [first] * 2


@pytest.mark.parametrize(("function", "held"), [(fails, True), (prints, True), (reads, False), (sums, False)])
def test_only_a_loading_that_did_nothing_else_is_held(
    runtime: PythonRuntime, image: Image, function: Callable[..., Any], held: bool
) -> None:
    code = ship(function).code
    chunk(runtime, image, function)
    assert image.loaded(code, LIMITS) is None  # one chunk of one task: perhaps no other follows
    chunk(runtime, image, function)
    assert (image.loaded(code, LIMITS) is not None) == held


def test_a_chunk_without_tasks(runtime: PythonRuntime, image: Image) -> None:
    for function in (everything, opens):
        first = chunk(runtime, image, function, ())
        chunk(runtime, image, function, (1, 2))
        assert image.loaded(ship(function).code, LIMITS)
        assert chunk(runtime, image, function, ()) == first


def test_other_code_and_other_limits_load_anew(runtime: PythonRuntime, image: Image) -> None:
    first = chunk(runtime, image, fails, (1, 2))
    assert image.loaded(ship(fails).code, LIMITS)
    for limits in [Limits(Fuel(10**11 - 1), LIMITS.memory), Limits(LIMITS.fuel, Bytes(1 << 29))]:
        assert image.loaded(ship(fails).code, limits) is None
    other = chunk(runtime, image, opens, (1, 2))
    assert image.loaded(ship(fails).code, LIMITS) is None
    assert (chunk(runtime, image, fails, (1, 2)), chunk(runtime, image, opens, (1, 2))) == (first, other)


def test_too_little_fuel_for_loading_ends_so_though_the_same_code_was_loaded(
    runtime: PythonRuntime, image: Image
) -> None:
    _, fuel = chunk(runtime, image, fails, (2, 3))
    (outcome,), _ = chunk(runtime, image, fails, (2, 3), Limits(Fuel(fuel // 9), LIMITS.memory))
    assert outcome.status == OUT_OF_FUEL


def test_what_is_large_is_not_held(
    runtime: PythonRuntime, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(python, "MAX_LOADED", 100_000)
    first = chunk(runtime, image, everything, (1, 2))
    assert image.loaded(ship(everything).code, LIMITS) is None
    assert chunk(runtime, image, everything, (1, 2)) == first


def test_a_blob_is_asked_for_again(runtime: PythonRuntime, image: Image) -> None:
    """Another renter's chunk of equal code doesn't profit from what this one's was given."""
    chunk(runtime, image, sums, (1, 2))
    shipped = ship(sums)
    task = Assignment(b"t" * 32, encode_call((1,), {}, shipped), 1, ())

    (outcome,), _ = runtime.run(image, shipped.code, [task], LIMITS, None, lambda _: b"never asked")
    assert outcome.status == TRAPPED
    assert b"doesn't name" in outcome.output
