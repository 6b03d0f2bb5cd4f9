"""What can't leave this machine is refused by name, with what to do, before anything is spent."""

import asyncio
import contextlib
import queue
import socket
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from surge.model.errors import CannotShip
from surge.renter.ship.call import encode_call, ship

LOCK = threading.Lock()
COUNT = 0
FOUND: list[int] = []
NUMBERS = (n for n in range(3))
JOBS: "queue.Queue[int]" = queue.Queue()
PLACE = threading.local()


def takes_lock(x: int) -> int:
    with LOCK:
        return x


def calls_takes_lock(x: int) -> int:
    return takes_lock(x)


def drains(x: int) -> int:
    return sum(NUMBERS) + x


def queues(x: int) -> int:
    return JOBS.qsize() + x


def here(x: int) -> int:
    return PLACE.x + x  # type: ignore[no-any-return]


def counts(x: int) -> int:
    global COUNT  # noqa: PLW0603
    COUNT += x
    return COUNT


def yields(x: int) -> Iterator[int]:
    yield x


async def waits(x: int) -> int:
    return x


def spawns(x: int) -> bytes:
    return subprocess.check_output(["true", str(x)])


def asks_outside(x: int) -> int:
    import requests  # type: ignore[import-untyped]

    return len(requests.__name__) + x


def asks_nowhere(x: int) -> int:
    import no_such_module  # type: ignore[import-not-found]

    return no_such_module.f(x)  # type: ignore[no-any-return]


def uses_surge(x: int) -> object:
    return ship(lambda: x)


def test_it_can_be_optional() -> None:
    def careful(x: int) -> int:
        try:
            import no_such_module
        except ImportError:
            return x
        return no_such_module.f(x)  # type: ignore[no-any-return]

    assert ship(careful).code


REFUSED: dict[str, tuple[Callable[..., Any], str]] = {
    "lock": (takes_lock, r"takes_lock → LOCK is a lock, .*leave the lock out"),
    "lock, further down": (calls_takes_lock, r"calls_takes_lock → takes_lock → LOCK is a lock"),
    "generator": (drains, r"drains → NUMBERS is a generator, .*list\("),
    "queue": (queues, r"queues → JOBS is a queue"),
    "thread-local": (here, r"here → PLACE is thread-local"),
    "global that grows": (counts, r"counts adds to the global 'COUNT'.*return the value"),
    "generator function": (yields, r"yields is a generator function; have it return list"),
    "async function": (waits, r"waits is an async function; wrap it"),
    "process": (spawns, r"spawns reaches the module subprocess, which the sandbox lacks"),
    "package that is not there": (asks_outside, r"asks_outside → requests → .* reaches the module socket"),
    "package that is nowhere": (asks_nowhere, r"asks_nowhere imports no_such_module, which is neither"),
    "surge": (uses_surge, r"surge itself is not in the sandbox"),
    "method of a list": (FOUND.append, r"is the method append of a list that lives here"),
    "no function": (5, r"5 is no function"),  # type: ignore[dict-item]
    "type without source": (eval("lambda x: x + 1"), r"has no source text here.*define it in a file"),  # noqa: S307
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    function, sentence = REFUSED[name]
    with pytest.raises(CannotShip, match=sentence):
        ship(function)


def test_rebound_nonlocal() -> None:
    total = 0

    def add(x: int) -> int:
        nonlocal total
        total += x
        return total

    with pytest.raises(CannotShip, match="assigns the nonlocal variable 'total'"):
        ship(add)


def test_open_things_in_cells(tmp_path: Path) -> None:
    with (
        (tmp_path / "file").open("w") as file,
        socket.socket() as plug,
        contextlib.closing(sqlite3.connect(":memory:")) as base,
    ):
        for thing, noun in ((file, "an open file"), (plug, "an open socket"), (base, "sqlite3.Connection")):
            with pytest.raises(CannotShip, match=f"thing is {noun}|thing is a {noun}"):
                ship(_closing_over(thing))


def _closing_over(thing: object) -> Callable[[int], object]:
    return lambda x: (x, thing)


def plain(x: object) -> object:
    return x


ARGUMENTS: dict[str, tuple[Callable[[], Any], str]] = {
    "generator": (lambda: (n for n in range(3)), "an argument of plain is a generator"),
    "lock": (threading.Lock, "is a lock"),
    "lock in a list": (lambda: [1, {"k": threading.Lock()}], "is a lock"),
    "iterator": (lambda: iter([1]), "is an iterator"),
    "thread": (threading.Thread, "is a thread"),
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_arguments(name: str) -> None:
    make, sentence = ARGUMENTS[name]
    with pytest.raises(CannotShip, match=sentence):
        encode_call((make(),), {}, ship(plain))


class Remade:
    def __reduce__(self) -> Any:
        return Remade, (self,)


def test_cyclic_argument_that_is_made_by_a_call() -> None:
    with pytest.raises(CannotShip, match="holds itself through code or a call"):
        encode_call((Remade(),), {}, ship(plain))


def test_deep_tuples_as_an_argument() -> None:
    deep: Any = ()
    for _ in range(101):
        deep = (deep,)
    with pytest.raises(CannotShip, match="deeper than 100 levels"):
        encode_call((deep,), {}, ship(plain))


def test_coroutine_argument() -> None:
    waiting = waits(1)
    try:
        with pytest.raises(CannotShip, match="is a coroutine"):
            encode_call((waiting,), {}, ship(plain))
    finally:
        asyncio.run(waiting)  # type: ignore[arg-type]


def test_a_changed_file_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "moving.py").write_text("def f(x):\n    return x\n")
    monkeypatch.syspath_prepend(tmp_path)
    import moving  # type: ignore[import-not-found]

    (tmp_path / "moving.py").write_text("\n\n\ndef g(x):\n    return 5\n")
    with pytest.raises(CannotShip, match="the file has changed since"):
        ship(moving.f)


def test_weights_of_a_tree_of_neighbours_are_not_dropped() -> None:
    """The sandbox makes such a tree anew from its points, which would be another one."""
    neighbors = pytest.importorskip("sklearn.neighbors")
    points, weights = [[0.0], [1.0], [3.0]], [1.0, 5.0, 2.0]
    for given in ({"metric": "euclidean"}, {"metric": "minkowski", "metric_params": {"p": 3}}):
        fitted = neighbors.KernelDensity(**given).fit(points, sample_weight=weights)
        with pytest.raises(CannotShip, match=r"KDTree.* with weights, which can't be sent: pass its points"):
            ship(lambda x, fitted=fitted: fitted.score_samples([[x]]))
