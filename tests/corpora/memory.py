"""Functions that could tell what the memory held before, where things lie in it, or that it is full."""

import contextlib
import functools
import hashlib
import itertools
from typing import Any

import numpy as np


def old_memory_by_no_out(x: int) -> float:
    a = np.ones(100)
    return float(np.sqrt(a, out=None, where=a < 0).sum())


def old_memory_by_keywords(x: int) -> float:
    a = np.ones(100)
    return float(np.sqrt(a, **{"where": a < 0}).sum())


def old_memory_by_other_name(x: int) -> float:
    f = np.sqrt
    return float(f(np.ones(100), **{"where": np.zeros(100, bool)}).sum())


def old_memory_in_gaps(x: int) -> str:
    kind = np.dtype({"names": ["a"], "formats": ["i1"], "offsets": [0], "itemsize": 64})
    return np.ones(64, dtype=kind).tobytes().hex()


def old_memory_in_gaps_by_place(x: int) -> Any:
    kind: Any = {"names": ["a"], "formats": ["i1"], "offsets": [0], "itemsize": 64}
    return len(np.ones(64, kind)) + len(np.ones(64).astype(kind)) + len(np.zeros(3, dtype=kind))


def old_memory_by_type(x: int) -> list[float]:
    return type(np.zeros(1))((50,)).tolist()


def old_memory_by_types(x: int) -> list[list[float]]:
    return [make((50,)).tolist() for make in map(type, [np.zeros(1)])]


def addresses_in_array(x: int) -> str:
    return np.array([float(x), [x]], dtype="O").tobytes().hex()


def addresses_as_bytes(x: int) -> str:
    return bytes(np.array([None, x])).hex()


def addresses_by_join(x: int) -> bytes:
    return b"".join([np.array([None, x])])  # type: ignore[list-item]


def makes_objects(x: int) -> Any:
    return np.array([None, x])


def addresses_by_another(x: int) -> str:
    return read_bytes(makes_objects(x))


def read_bytes(given: Any) -> str:
    return bytes(given).hex()


def addresses_by_digest(x: int) -> str:
    return hashlib.md5(np.array([None, x])).hexdigest()  # type: ignore[arg-type] # noqa: S324


def addresses_by_tee(x: int) -> str:
    return str(list(itertools.tee([x])))


def addresses_by_reduce(x: int) -> str:
    return str(functools.reduce(max, [], lambda: x))  # type: ignore[arg-type]


def addresses_by_copy(x: int) -> str:
    return str(hashlib.md5(b"").copy())  # noqa: S324


def addresses_by_sum(x: int) -> str:
    return str(sum([], iter([])))  # type: ignore[call-overload]


def set_by_type(x: int) -> list[str]:
    constant = (1 in {1, 2}, frozenset)[1]
    return [str(v) for v in type(constant())([float("nan"), 1.0, float("nan")])]


FEW = frozenset({1.0, 2.0})


def set_by_union(x: int) -> str:
    return str(list(FEW.union([float("nan"), 5.0, float("nan")])))


def keys_in_a_list(x: int) -> list[str]:
    kept: list[Any] = []
    kept.append({float(t): t for t in ("nan", "1", "2", "3")}.keys())
    return [str(k) for k in kept[0] | {}]


def keys_by_map(x: int) -> list[str]:
    numbers = {float(t): t for t in ("nan", "1", "2", "3")}
    return [str(k) for keys in map(dict.keys, [numbers]) for k in keys | {}.keys()]


def full_memory_hidden(x: int) -> int:
    try:
        return len(bytearray(x << 20))
    except Exception:  # noqa: BLE001 the point
        return -1


def full_memory_left(x: int) -> int:
    while True:
        try:
            return len(bytearray(x << 20))
        finally:
            break  # noqa: B012 the point


def full_memory_suppressed(x: int) -> int:
    with contextlib.suppress(ArithmeticError, Exception):
        return len(bytearray(x << 20))
    return -1


MEMORY = [
    old_memory_by_no_out, old_memory_by_keywords, old_memory_by_other_name, old_memory_in_gaps,
    old_memory_in_gaps_by_place, old_memory_by_type, old_memory_by_types, addresses_in_array,
    addresses_as_bytes, addresses_by_join, addresses_by_digest, addresses_by_another, addresses_by_tee,
    addresses_by_reduce, addresses_by_copy, addresses_by_sum, set_by_type, set_by_union, keys_in_a_list,
    keys_by_map, full_memory_hidden, full_memory_left, full_memory_suppressed,
]  # fmt: skip
"""That read old memory or addresses."""
