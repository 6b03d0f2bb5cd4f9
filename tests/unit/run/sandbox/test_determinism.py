"""P1: the same chunk id means the same digests and the same fuel, whatever the process did before."""

import random
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from sandboxes import Slots, slots
from surge.model.task import ChunkResult
from surge.run.sandbox.suite import python_spec
from surge.run.slots.cache import Cache


def everything(x):
    import os

    kept = {f"key{n}" for n in range(20)}
    return [
        list(kept),
        hash("text") ^ hash(1.5),
        id(kept),
        time.time(),
        time.perf_counter(),
        random.random(),
        os.urandom(4),
        uuid.uuid4().hex,
        uuid.uuid1().hex,
        [os.stat(p).st_ino for p in ("/", "/tmp")],  # noqa: S108, PTH116
        object().__repr__(),
        x,
    ]


def numbers(x):
    import numpy as np

    noise = np.random.default_rng().normal(size=(40, 40)) + np.random.rand(40, 40)
    return [float(np.linalg.det(noise)), noise.sum(), np.linalg.svd(noise)[1].tolist()]


def fits(x):
    from sklearn.datasets import load_iris
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import cross_val_score

    rows, target = load_iris(return_X_y=True)
    forest = RandomForestClassifier(4)
    return [
        forest.fit(rows, target).predict_proba(rows[:5]).tolist(),
        cross_val_score(forest, rows, target, cv=2).tolist(),
    ]


CASES: list[tuple[Callable[..., Any], tuple[str, ...]]] = [
    (everything, ()),
    (numbers, ("numpy",)),
    (fits, ("sklearn.datasets", "sklearn.ensemble", "sklearn.model_selection")),
]


def facts(result: ChunkResult) -> list[object]:
    return [result.chunk, result.fuel, [(o.status, o.output_digest, o.fuel) for o in result.outcomes]]


@pytest.mark.slow
@pytest.mark.parametrize(("function", "modules"), CASES, ids=lambda c: getattr(c, "__name__", ""))
def test_the_same_chunk_in_fresh_processes_and_after_other_chunks(
    box: Slots, function: Callable[..., Any], modules: tuple[str, ...]
) -> None:
    first = facts(box.chunk(function, 1, 2, modules=modules)[0])
    box.chunk(everything, *range(5))
    box.chunk(function, 3, modules=modules)
    assert facts(box.chunk(function, 1, 2, modules=modules)[0]) == first
    with slots(2) as fresh:
        for _ in range(2):
            assert facts(fresh.chunk(function, 1, 2, modules=modules)[0]) == first


@pytest.mark.slow
def test_an_image_is_the_same_whoever_makes_it(box: Slots, tmp_path: Any) -> None:
    """Two caches share nothing but the compiled interpreter, so both make the image themselves."""
    digests = set()
    for name in ("a", "b"):
        cache = Cache.open(tmp_path / name)
        for path in (Cache.open().root / "code").iterdir():
            (cache.root / "code" / path.name).hardlink_to(path)
        with slots(cache_root=cache.root) as fresh:
            image = fresh.image("numpy")
            assert image.fuel > 0
            digests.add(image.digest)
    assert digests == {box.image("numpy").digest}


def test_the_interpreters_memory_is_all_of_its_state() -> None:
    """An image keeps the memory alone: that is enough while the stack pointer is the one mutable global."""
    from surge.run.sandbox.interpreter import interpreter

    assert mutable_globals(interpreter().snapshot.read_bytes()) == 1


def mutable_globals(module: bytes) -> int:
    at = 8
    while at < len(module):
        kind, (length, start) = module[at], leb(module, at + 1)
        if kind == 6:
            count, at = leb(module, start)
            mutable = 0
            for _ in range(count):
                mutable += module[at + 1]
                assert module[at + 2] == 0x41, "an i32.const starts the value of each global"
                _, at = leb(module, at + 3)
                assert module[at] == 0x0B
                at += 1
            return mutable
        at = start + length
    raise AssertionError("the module has no section of globals")


def leb(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = raw[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def test_a_spec_names_its_modules_in_one_order() -> None:
    assert python_spec(("b", "a", "b")) == python_spec(("a", "b"))
