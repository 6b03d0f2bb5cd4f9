# ruff: noqa: PTH102, PTH104, PTH106, PTH108, PTH109, PTH110, PTH116, PTH118, PTH123, PTH208, PTH211, SIM115
"""Chunks of the python runtime: how tasks end, what they see, what they can't break."""

import importlib
import os
import random
import time
import uuid

import pytest

from sandboxes import Slots
from surge.model.errors import BadInput, NotDeterministic
from surge.model.task import OUT_OF_FUEL, RAISED, RETURNED, TRAPPED, Limits
from surge.model.units import Bytes, Fuel

GFUEL = 10**9


def statuses(result: object) -> list[str]:
    return [outcome.status for outcome in result.outcomes]  # type: ignore[attr-defined]


def double(x):
    return 2 * x


def test_each_task_has_its_outcome_in_order(box: Slots) -> None:
    result, values = box.chunk(double, 1, 2.5, "ab")
    assert statuses(result) == [RETURNED] * 3
    assert values == [2, 5.0, "abab"]


def test_the_chunk_bills_its_setup_and_every_task(box: Slots) -> None:
    one, _ = box.chunk(double, 1)
    many, _ = box.chunk(double, *range(10))
    setup = one.fuel - one.outcomes[0].fuel
    assert setup > 0
    assert many.fuel - sum(o.fuel for o in many.outcomes) == setup


def test_moved_bytes_are_those_of_code_inputs_and_outputs(box: Slots) -> None:
    small, _ = box.chunk(double, "a")
    large, _ = box.chunk(double, "a" * 10_001)
    # Ten thousand more in, twice as many out; a longer string has a longer head (1 byte, then 3).
    assert 30_000 <= large.moved_bytes - small.moved_bytes <= 30_006


def divide(x):
    return 1 / x


def test_an_exception_ends_its_task_alone(box: Slots) -> None:
    result, values = box.chunk(divide, 1, 0, 2)
    assert statuses(result) == [RETURNED, RAISED, RETURNED]
    assert isinstance(values[1], ZeroDivisionError)


def spin(x):
    if x != 1:
        return x
    while True:
        try:
            while True:
                pass
        except BaseException:  # noqa: BLE001, S110 the point: nothing catches the end of the fuel
            pass


def test_fuel_ends_a_task_that_catches_everything_and_spares_the_earlier_ones(box: Slots) -> None:
    limits = Limits(Fuel(GFUEL // 2))
    result, values = box.chunk(spin, 0, 1, 2, limits=limits)
    assert statuses(result) == [RETURNED, OUT_OF_FUEL]
    assert values[0] == 0
    assert result.outcomes[1].fuel == limits.fuel
    assert result.fuel == sum(o.fuel for o in result.outcomes) + _setup(box, spin, limits)


def _setup(box: Slots, function: object, limits: Limits) -> int:
    result, _ = box.chunk(function, 0, limits=limits)  # type: ignore[arg-type]
    return result.fuel - result.outcomes[0].fuel


def test_too_little_fuel_for_the_setup_is_an_outcome_of_the_first_task(box: Slots) -> None:
    result, _ = box.chunk(double, 1, 2, limits=Limits(Fuel(1000)))
    assert statuses(result) == [OUT_OF_FUEL]
    assert (result.outcomes[0].fuel, result.fuel) == (0, 1000)


def hoard(x):
    return len(bytearray(x))


def test_memory_has_a_limit(box: Slots) -> None:
    result, values = box.chunk(hoard, 1 << 20, 1 << 28, 3, limits=Limits(memory=Bytes(128 << 20)))
    assert statuses(result) == [RETURNED, RAISED, RETURNED]
    assert isinstance(values[1], MemoryError)


def test_an_image_above_the_memory_limit_is_refused(box: Slots) -> None:
    with pytest.raises(BadInput, match="raise the memory limit"):
        box.chunk(double, 1, limits=Limits(memory=Bytes(16 << 20)))


def long_text(x):
    return "a" * x


def test_an_output_above_its_limit_ends_the_chunk(box: Slots) -> None:
    result, values = box.chunk(long_text, 10, 5000, 10, limits=Limits(output=Bytes(1000)))
    assert statuses(result) == [RETURNED, TRAPPED]
    assert "the limit is 1000" in values[1]


def flood(x):
    for _ in range(40):
        os.write(1, b"x" * (1 << 20))
    return x


def test_a_flood_of_prints_is_dropped_and_paid_for(box: Slots) -> None:
    result, values = box.chunk(flood, 1)
    assert values == [1]
    assert result.fuel > 40 << 20


def quit_hard(x):
    if x == 1:
        os._exit(3)
    return x


def test_an_interpreter_that_ends_itself_ends_the_chunk(box: Slots) -> None:
    result, values = box.chunk(quit_hard, 0, 1, 2)
    assert statuses(result) == [RETURNED, TRAPPED]
    assert "exit code 3" in values[1]


def recurse(x):
    return recurse(x + 1)


def test_endless_recursion_raises_before_the_native_stack_ends(box: Slots) -> None:
    result, values = box.chunk(recurse, 0)
    assert statuses(result) == [RAISED]
    assert isinstance(values[0], RecursionError)


def nest(x):
    value: list[object] = []
    for _ in range(x):
        value = [value]
    return len(repr(value))


def test_deep_data_raises_before_the_native_stack_ends(box: Slots) -> None:
    result, values = box.chunk(nest, 100_000)
    assert statuses(result) == [RAISED]
    assert isinstance(values[0], RecursionError)


def forge(x):
    host = importlib.import_module("_host")

    return repr(host.call(x))


@pytest.mark.parametrize("message", [b"", b"C", b"T", b"X", b"\xff" * 1000])
def test_a_message_out_of_turn_ends_the_guest(box: Slots, message: bytes) -> None:
    result, values = box.chunk(forge, message, b"R")
    assert statuses(result) == [TRAPPED]
    assert "didn't expect" in values[0]


def forge_result(x):
    host = importlib.import_module("_host")

    host.call(b"R\x2a")
    return x


def test_forged_results_stay_in_their_chunk(box: Slots) -> None:
    """The task's own outcome is one too many for its turn, and takes the place of the forged one."""
    result, values = box.chunk(forge_result, 7, 8, 9)
    assert statuses(result) == [TRAPPED]
    assert "didn't expect" in values[0]
    assert box.chunk(double, 4)[1] == [8]


def forge_more(x):
    host = importlib.import_module("_host")

    while True:
        host.call(b"R\x2a")


def test_more_results_than_tasks_are_no_results(box: Slots) -> None:
    result, values = box.chunk(forge_more, 1, 2, shared=True)
    assert statuses(result) == [RETURNED, TRAPPED]
    assert values[0] == 42


def overrun(x):
    while True:
        pass


def test_wall_time_yields_no_outcome_and_the_slot_lives_on(box: Slots) -> None:
    with pytest.raises(NotDeterministic, match="wall time"):
        box.chunk(overrun, 1, wall_seconds=0.3)
    assert box.chunk(double, 4)[1] == [8]


def look_around(x):
    return [
        os.listdir("/"),
        sorted(os.listdir("/usr/local/lib")),
        os.listdir("/tmp"),  # noqa: S108
        os.getcwd(),
        sorted(os.environ),
        os.stat("/usr/local/lib/python315.zip").st_mtime,
    ]


def test_a_guest_sees_nothing_of_the_host(box: Slots) -> None:
    _, values = box.chunk(look_around, 1)
    listing, library, temporary, folder, environ, changed = values[0]
    assert listing == ["tmp", "usr"]
    assert library == ["python315.zip", "surge"]
    assert (temporary, folder) == ([], "/")
    assert set(environ) <= {"HOME", "PYTHONTZPATH", "TMPDIR", "LC_CTYPE"}
    assert changed == 1735689600


def use_files(x):
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.txt")
        with open(path, "w") as file:
            file.write("one\n")
        with open(path, "a") as file:
            file.write("two\n")
        os.rename(path, path + ".moved")
        with open(path + ".moved", "r+") as file:
            file.seek(4)
            file.write("2")
            file.seek(0)
            text = file.read()
        listing = os.listdir(folder)
        size = os.stat(path + ".moved").st_size
    with tempfile.TemporaryFile() as file:
        file.write(b"gone")
        file.seek(1)
        rest = file.read()
    return [text, listing, size, rest, os.path.exists(folder)]


def test_files_work_and_are_gone_with_the_chunk(box: Slots) -> None:
    _, values = box.chunk(use_files, 1)
    assert values == [["one\n2wo\n", ["a.txt.moved"], 8, b"one", False]]


def refused_files(x):
    found = []
    for act in (
        lambda: open("/usr/local/lib/python315.zip", "r+b"),
        lambda: open("/usr/x", "w"),
        lambda: os.unlink("/usr/local/lib/python315.zip"),
        lambda: os.mkdir("/tmp"),  # noqa: S108
        lambda: os.rmdir("/"),
        lambda: open("/nowhere/x", "w"),
        lambda: os.symlink("/a", "/tmp/b"),  # noqa: S108
        lambda: open("/tmp/full", "wb").truncate(1 << 40),  # noqa: S108
    ):
        try:
            act()
            found.append("done")
        except OSError as error:
            found.append(type(error).__name__)
    return found


def test_what_a_guest_may_not_do_to_files(box: Slots) -> None:
    _, values = box.chunk(refused_files, 1)
    assert "done" not in values[0]


def sleep_long(x):
    before = time.time(), time.monotonic()
    time.sleep(3600)
    return round(time.time() - before[0]), round(time.monotonic() - before[1])


def test_sleep_moves_the_virtual_clock(box: Slots) -> None:
    began = time.monotonic()
    _, values = box.chunk(sleep_long, 1)
    assert [tuple(v) for v in values] == [(3600, 3600)]
    assert time.monotonic() - began < 60


def draw(x):
    return [random.random(), os.urandom(8), uuid.uuid4().hex]


def test_randomness_comes_from_the_tasks_seed(box: Slots) -> None:
    _, together = box.chunk(draw, "a", "b", "c")
    _, alone = box.chunk(draw, "a")
    assert together[0] == alone[0]
    assert len({repr(v) for v in together}) == 3


def both_streams(n: int) -> tuple[list[float], list[float]]:
    import random

    import numpy as np

    return [random.random() for _ in range(200)], np.random.rand(200).tolist()


def test_the_streams_of_random_and_of_numpy_are_independent(box: Slots) -> None:
    for own, other in box.chunk(both_streams, 1, 2)[1]:
        assert not set(own) & set(other)
        mean = [sum(values) / len(values) for values in (own, other)]
        shared = sum((a - mean[0]) * (b - mean[1]) for a, b in zip(own, other, strict=True))
        assert abs(shared) / (200 / 12) < 0.3


def test_modules_that_are_not_there_are_told(box: Slots) -> None:
    with pytest.raises(BadInput, match="nothing_such"):
        box.image("nothing_such")


@pytest.mark.parametrize("name", ["", "os; import sys", "a b", "1x", "a" * 100, "é", "a..b"])
def test_only_names_of_modules_reach_the_source(box: Slots, name: str) -> None:
    with pytest.raises(BadInput, match="no module's name"):
        box.image(name)
