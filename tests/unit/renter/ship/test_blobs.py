"""Large arguments and `surge.put`: what leaves as a blob, and that the task sees the value all the same."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import surge
from sandboxes import slots
from surge.model.digest import BLOB_FROM, Blob
from surge.model.errors import CannotShip, NotDeterministic
from surge.model.task import OUT_OF_FUEL, TRAPPED, Limits
from surge.model.units import Fuel
from surge.renter.ship.call import encode_call, read_outcome, ship
from surge.run.sandbox.suite import python_spec
from surge.run.slots.pool import Job

LARGE = np.arange(BLOB_FROM // 8 + 1)
TABLE = surge.put({"rows": [1, 2, 3]})


class Point:
    def __init__(self, x: Any) -> None:
        self.x = x


def total(values: Any, more: Any = 0) -> int:
    return int(np.sum(values) + more)


def rows_of(number: int) -> int:
    return TABLE["rows"][number]  # type: ignore[no-any-return]


def inner(parts: Any) -> Any:
    return parts[0]["deep"], parts[1].x


def changed(value: list[int]) -> list[int]:
    value.append(len(value))
    return value


def sizes_of(*args: Any, **kwargs: Any) -> tuple[int, list[int]]:
    """Bytes of the input that goes with the task, and of the blobs that it names."""
    blobs: dict[bytes, Blob] = {}
    given = encode_call(args, kwargs, ship(total), blobs)
    return len(given), sorted(blob.size for blob in blobs.values())


def test_only_large_arguments_leave_as_blobs() -> None:
    assert sizes_of(LARGE[:100])[1] == []
    given, blobs = sizes_of(LARGE, more=LARGE[:10])
    assert given < 1000
    assert len(blobs) == 1
    given, blobs = sizes_of(LARGE, more=bytes(LARGE))
    assert given < 1000
    assert len(blobs) == 2
    assert len(sizes_of(LARGE, more=LARGE)[1]) == 1, "the same content is one blob"


def test_equal_content_has_an_equal_name_and_other_content_another() -> None:
    first, again = surge.put(LARGE), surge.put(LARGE.copy())
    assert first.name == again.name
    other = LARGE.copy()
    other[0] = 7
    assert surge.put(other).name != first.name


def test_put_takes_the_value_as_it_is_then() -> None:
    value = [1, 2]
    kept = surge.put(value)
    value.append(3)
    assert surge.put([1, 2]).name == kept.name


def test_put_tells_what_is_no_data() -> None:
    with pytest.raises(CannotShip, match=r"surge\.put: .*Point"):
        surge.put(Point(1))


def test_too_large_is_told_at_submit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("surge.renter.ship.call.MAX_BLOB", 2 << 20)
    with pytest.raises(CannotShip, match="3 MiB, and 2 are the most; put parts"):
        surge.put(bytes(3 << 20))
    with pytest.raises(CannotShip, match="bytes of 3 MiB, and 2 are the most"):
        encode_call((bytes(3 << 20),), {}, ship(total), {})


Call = Callable[..., list[Any]]


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Call]:
    """What a function gives for each list of arguments, in a sandbox that reads blobs from a folder."""
    with slots(readable=[tmp_path]) as box:

        def answers(function: Any, *calls: tuple[Any, ...], lose: int = 0) -> list[Any]:
            shipped = ship(function)
            blobs: dict[bytes, Blob] = {}
            inputs = [encode_call(args, {}, shipped, blobs) for args in calls]
            places = {}
            for blob in (blobs | shipped.blobs).values():
                places[blob.name] = tmp_path / blob.name.hex()
                places[blob.name].write_bytes(blob.content[lose:])
            tasks = [(bytes([n]) * 32, given, n) for n, given in enumerate(inputs)]
            job = Job(python_spec(shipped.modules), shipped.code, tasks, blobs=places)
            result = box.do(box.pool.run(job))
            return [read_outcome(one.status, one.output, shipped).result() for one in result.outcomes]

        yield answers


def test_the_task_sees_the_values(there: Call) -> None:
    kept = surge.put([1, 2])
    point = Point(surge.put("x" * 10))
    assert there(total, (LARGE,), (surge.put(LARGE), 5)) == [int(LARGE.sum()), int(LARGE.sum()) + 5]
    assert there(rows_of, (0,), (2,)) == [1, 3]
    assert there(inner, ([{"deep": kept}, point],)) == [([1, 2], "x" * 10)]
    assert there(total, (np.arange(3), 1)) == [4]


def test_each_task_gets_a_copy(there: Call) -> None:
    kept = surge.put([1, 2])
    assert there(changed, (kept,), (kept,), (kept,)) == [[1, 2, 2]] * 3


def fetches(name: bytes) -> None:
    host = __import__("_host")

    while True:
        host.call(b"B" + name)


def test_fetching_costs_fuel(tmp_path: Path) -> None:
    """Over and over, it ends as soon as computing would."""
    shipped, blob = ship(fetches), surge.put(bytes(1 << 20))
    (tmp_path / "blob").write_bytes(blob.content)
    given = encode_call((blob.name,), {}, shipped, {})
    with slots(readable=[tmp_path]) as box:
        limits = Limits(fuel=Fuel(10**9))
        job = Job(
            python_spec(()),
            shipped.code,
            [(b"t" * 32, given, 0)],
            limits,
            blobs={blob.name: tmp_path / "blob"},
        )
        (outcome,) = box.do(box.pool.run(job)).outcomes
    assert (outcome.status, outcome.fuel) == (OUT_OF_FUEL, 10**9)


def test_a_blob_that_was_damaged_on_the_disk_is_nobodys_outcome(there: Call) -> None:
    with pytest.raises(NotDeterministic, match="damaged"):
        there(total, (surge.put(LARGE),), lose=1)


def test_data_that_names_a_blob_which_was_not_sent_traps(there: Call) -> None:
    """Such an input is no honest renter's."""

    def forged(value: Any) -> Any:
        return value

    shipped, blob = ship(forged), surge.put([1])
    given = encode_call((blob,), {}, shipped, {})
    with slots() as box:
        job = Job(python_spec(()), shipped.code, [(b"t" * 32, given, 0)])
        (outcome,) = box.do(box.pool.run(job)).outcomes
    assert outcome.status == TRAPPED
    assert b"doesn't name" in outcome.output
