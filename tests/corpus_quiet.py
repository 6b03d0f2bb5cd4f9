# ruff: noqa: T201 — some print
"""Functions that leave nothing behind for a later task. Each takes one argument and makes do with any."""

import bisect
import collections
import copy
import datetime
import fractions
import functools
import hashlib
import heapq
import itertools
import json
import operator
import random
import re
import statistics
import string
import time
import uuid
from typing import Any

import numpy as np


def square(x: int) -> int:
    return x * x


def mean_of(values: list[float]) -> float:
    return sum(values) / max(1, len(values))


def calls_another(x: int) -> float:
    return mean_of([float(k) for k in range(x + 3)])


def primes(x: int) -> list[int]:
    found: list[int] = []
    for n in range(2, 60 + x):
        if all(n % p for p in found):
            found.append(n)
    return found


def collatz(x: int) -> dict[int, int]:
    lengths = {}
    for n in range(1, 20 + x):
        steps, k = 0, n
        while k != 1:
            k = k // 2 if k % 2 == 0 else 3 * k + 1
            steps += 1
        lengths[n] = steps
    return lengths


def words(x: int) -> list[tuple[str, int]]:
    text = "the quick brown fox jumps over the lazy dog the end " * (x + 1)
    counted = collections.Counter(re.findall(r"\w+", text.lower()))
    return counted.most_common(3)


def monte_carlo(x: int) -> float:
    inside = sum(random.random() ** 2 + random.random() ** 2 < 1 for _ in range(200))
    return 4 * inside / 200 + x


def imports_inside(x: int) -> tuple[float, str]:
    import random as r
    from math import sqrt

    return r.random() + sqrt(x), str(uuid.uuid4())


def formats(x: int) -> str:
    return f"{x:05d} {x / 3:.3f} " + "{:>4}|{}".format(x, "a") + " %r" % [x]


def simulates(x: int) -> float:
    rng = np.random.default_rng(x)
    steps = rng.normal(size=200)
    return float(np.max(np.cumsum(steps)))


def linear(x: int) -> list[float]:
    a = np.arange(9.0).reshape(3, 3) + np.eye(3) * (x + 1)
    b = np.linalg.solve(a, np.ones(3))
    return [round(float(v), 6) for v in (a @ b).tolist()]


def in_place(x: int) -> float:
    grid = np.zeros((20, 20))
    grid[0, :] = x
    for _ in range(5):
        grid[1:-1, 1:-1] = (grid[:-2, 1:-1] + grid[2:, 1:-1] + grid[1:-1, :-2] + grid[1:-1, 2:]) / 4
    return float(grid.sum())


def careful(x: int) -> float:
    with np.errstate(divide="ignore"):
        return float(np.log(np.zeros(1))[0])


def lambdas(x: int) -> list[int]:
    double = lambda k: 2 * k  # noqa: E731 the point
    return [*sorted(map(double, range(5)), key=lambda k: -k), double(x)]


def recursive(x: int) -> int:
    @functools.cache
    def fib(n: int) -> int:
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    return fib(20 + x)


def heaps(x: int) -> list[int]:
    queue = [5, 3, x]
    heapq.heapify(queue)
    heapq.heappush(queue, 1)
    return [heapq.heappop(queue) for _ in range(len(queue))]


def dates(x: int) -> str:
    day = datetime.date(2025, 1, 1) + datetime.timedelta(days=x)
    return day.isoformat() + datetime.datetime.now().strftime(" %H:%M")


def clocks(x: int) -> tuple[float, float]:
    began = time.perf_counter()
    time.sleep(1)
    return time.perf_counter() - began, time.time()


def tries(x: int) -> str:
    try:
        return str(1 // (x - x))
    except ZeroDivisionError as error:
        return str(error)


def raises(x: int) -> int:
    raise ValueError(f"no {x}")


def parses(x: int) -> Any:
    return json.loads(json.dumps({"a": [x, {"b": None}]}))


def exact(x: int) -> str:
    return str(fractions.Fraction(x, 7) + fractions.Fraction(1, 3))


def stats(x: int) -> float:
    return statistics.fmean([1.0, 2.0, x]) + statistics.pstdev([1, 2, 3])


def products(x: int) -> int:
    return functools.reduce(operator.mul, itertools.accumulate(range(1, 5 + x)), 1)


def letters(x: int) -> str:
    return "".join(random.choice(string.ascii_letters) for _ in range(5))


def copies(x: int) -> list[list[int]]:
    rows = [[x], [2]]
    other = copy.deepcopy(rows)
    other[0].append(bisect.bisect([1, 2, 3], x))
    return other


def matches(x: int) -> str:
    match x % 3:
        case 0:
            return "none"
        case 1 | 2 as rest:
            return f"rest {rest}"
    return ""


def prints(x: int) -> int:
    print("at", x)
    return x


def fresh_streams(x: int) -> tuple[float, str, float]:
    return float(np.random.default_rng().random()), str(uuid.uuid4()), random.Random().random()


def reads_dates(x: int) -> str:
    from datetime import datetime

    return datetime.strptime(f"2025-03-{x + 1:02d} 10:20", "%Y-%m-%d %H:%M").strftime("%A %x")


def tables(x: int) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for letter in "abracadabra":
        counts[letter] = counts.get(letter, 0) + x
    return sorted((k, v) for k, v in counts.items() if v > 1 and k in counts.keys())  # noqa: SIM118


def typical_calls(x: int) -> list[Any]:
    rows = [(x, 1), (2, 3)]
    options = {"a": x}
    try:
        raise ValueError(f"{type(x)}")
    except (ValueError, KeyError) as error:
        told = str(error)
    return [list(zip(*rows, strict=True)), max(*rows), told, adds(**options), dict(**options), f"{type(x)}"]


def adds(a: int, *rest: int) -> int:
    return a + sum(rest)


def typical_arrays(x: int) -> list[Any]:
    a = np.arange(4, dtype=np.float64)
    safe = np.divide(1, a, out=np.zeros_like(a), where=a != 0)
    return [
        safe.tolist(),
        np.zeros(3, int).tolist(),
        a.astype("int32").tolist(),
        np.ones(2, dtype=a.dtype).sum() + x,
    ]


def hashes(x: int) -> str:
    found = str(x).encode()
    for _ in range(5):
        found = hashlib.sha256(found).digest()
    return found.hex()


def copies_under_its_name(x: int) -> Any:
    table = {"a": x}
    table = table.copy()
    other = table.copy()
    other["b"] = 2
    return table, other


QUIET = [
    copies_under_its_name,
    typical_calls, typical_arrays, hashes,
    square, calls_another, primes, collatz, words, monte_carlo, imports_inside, formats, simulates, linear,
    in_place, careful, lambdas, recursive, heaps, dates, clocks, tries, raises, parses, exact, stats,
    products, letters, copies, matches, prints, fresh_streams, reads_dates, tables,
]  # fmt: skip
"""That run one after the other."""


def warns(x: int) -> float:
    return float(np.log(np.array([-1.0]))[0])


def warns_of_zero(x: int) -> list[float]:
    return (np.ones(2) / np.zeros(2)).tolist()  # type: ignore[no-any-return]


def warns_of_a_pattern(x: int) -> bool:
    return bool(re.match("[[a]", "a"))


SEEN = [warns, warns_of_zero, warns_of_a_pattern]
"""That are quiet by their source; what they leave is seen while they run."""
