# ruff: noqa: T201 — some print
"""Functions that leave nothing behind for a later task, and those that do, or could tell of an earlier one.

Each takes one argument and makes do with any.
"""

import bisect
import collections
import copy
import datetime
import decimal
import fractions
import functools
import heapq
import itertools
import json
import math
import operator
import random
import re
import statistics
import string
import time
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

# ——— quiet ———


def square(x: int) -> int:
    return x * x


def helper(values: list[float]) -> float:
    return sum(values) / max(1, len(values))


def calls_helper(x: int) -> float:
    return helper([float(k) for k in range(x + 3)])


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


QUIET = [
    square, calls_helper, primes, collatz, words, monte_carlo, imports_inside, formats, simulates, linear,
    in_place, careful, lambdas, recursive, heaps, dates, clocks, tries, raises, parses, exact, stats,
    products, letters, copies, matches, prints,
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

# ——— not quiet ———


def file_of_pandas(x: int) -> int:
    pd.DataFrame({"a": [x]}).to_csv("/tmp/log.csv", mode="a", header=False)  # noqa: S108 the sandbox's
    return len(pd.read_csv("/tmp/log.csv", header=None))  # noqa: S108


def file_of_numpy(x: int) -> int:
    try:
        n = int(np.loadtxt("/tmp/n.txt"))  # noqa: S108
    except FileNotFoundError:
        n = 0
    np.savetxt("/tmp/n.txt", [n + 1])  # noqa: S108
    return n


def array_to_file(x: int) -> int:
    with open("/tmp/raw", "ab") as file:  # noqa: S108, PTH123
        np.arange(3).tofile(file)
    return Path("/tmp/raw").stat().st_size  # noqa: S108


def method_to_file(x: int) -> int:
    np.arange(3).tofile(f"/tmp/{time.time_ns() % 1}")  # noqa: S108
    return x


def uuid1(x: int) -> str:
    return str(uuid.uuid1())


def alias(x: int) -> str:
    xp = np
    before = str(xp.geterr())
    xp.seterr(all="raise")
    return before


def by_getattr(x: int) -> str:
    before = np.geterr()["divide"]
    getattr(np, "seterr")(all="raise")  # noqa: B009
    return before


def library_array(x: int) -> float:
    p = np.polynomial.Polynomial([0, 1])
    p.domain[1] += 1
    return float(np.polynomial.Polynomial([0, 1]).domain[1])


def accessor(x: int) -> bool:
    had = hasattr(pd.DataFrame, "zz")

    @pd.api.extensions.register_dataframe_accessor("zz")
    class Z:
        def __init__(self, o: Any) -> None:
            pass

    return had


def filler(x: int) -> str:
    before = str(np.ma.core.default_filler)
    np.ma.core.default_filler.update(f=1.0)
    return before


def table_of_json(x: int) -> int:
    table = json.decoder.BACKSLASH
    table[f"k{len(table)}"] = "q"
    return len(table)


def address(x: int) -> str:
    return repr(object())


def address_hash(x: int) -> int:
    return hash(object())


def address_of_lambda(x: int) -> str:
    return repr(lambda: 0)


def address_of_iterator(x: int) -> str:
    return str(zip([1], [2], strict=True))


def address_by_other_name(x: int) -> str:
    make = zip
    return str(make([1], [2]))


def address_of_method(x: int) -> str:
    return f"{[].append}"


def address_by_format(x: int) -> str:
    return "{0.append}".format([])  # noqa: UP030, UP032 the point


def iterator_itself(x: int) -> Any:
    return map(abs, [x])


def nan_in_set(x: int) -> list[str]:
    return [str(v) for v in {float(t) for t in ("nan", "1", "2", "3")}]


def same_object(x: int) -> bool:
    a, b = f"{x}", f"{x}"
    return a is b


def old_memory(x: int) -> list[float]:
    return np.empty(50).tolist()  # type: ignore[no-any-return]


def old_memory_by_where(x: int) -> list[float]:
    return np.sqrt(np.ones(50), where=np.zeros(50, bool)).tolist()  # type: ignore[no-any-return]


def at_the_end(x: int) -> int:
    class Late:
        def __del__(self) -> None:
            print("bye")

    cycle: list[Any] = [Late()]
    cycle.append(cycle)
    return x


def generators(x: int) -> int:
    def steps() -> Any:
        try:
            yield 1
        finally:
            print("closed")

    cycle: list[Any] = [steps()]
    next(cycle[0])
    cycle.append(cycle)
    return x


def context(x: int) -> int:
    before = decimal.getcontext().prec
    decimal.getcontext().prec = 5
    return before


class Counted:
    total = 0


def class_attribute(x: int) -> int:
    Counted.total += 1
    return Counted.total


def remembers(x: int, seen: list[int] = []) -> int:  # noqa: B006 the point
    seen.append(1)
    return len(seen)


def makes_by_default(x: int, make: Any = zip) -> str:
    return str(make([1], [2]))


def finds_modules(x: int) -> bool:
    import sys

    before = "chess_of_nobody" in sys.modules
    sys.modules["chess_of_nobody"] = sys
    return before


NOT_QUIET = [
    file_of_pandas, file_of_numpy, array_to_file, method_to_file, uuid1, alias, by_getattr, library_array,
    accessor, filler, table_of_json, address, address_hash, address_of_lambda, address_of_iterator,
    address_by_other_name, address_of_method, address_by_format, iterator_itself, nan_in_set, same_object,
    old_memory, old_memory_by_where, at_the_end, generators, context, class_attribute, remembers,
    makes_by_default, finds_modules,
]  # fmt: skip
"""That run alone."""


# ——— what comes with arguments ———


def calls(given: Any) -> Any:
    return given()


def runs(given: Any) -> Any:
    return given.run()


def writes(path: Any) -> int:
    """Quiet but for what a path's method does to files."""
    before = math.prod([1, 2])
    path.replace("/moved")
    return before


def sets_precision() -> str:
    decimal.getcontext().prec = 5
    return str(decimal.Decimal(1) / 3)


def tells_precision() -> str:
    return str(decimal.Decimal(1) / 3)


def tells_address() -> str:
    return repr(object())


class Job:
    def __init__(self, n: int) -> None:
        self.n = n

    def run(self) -> Any:
        import os

        before = os.environ.get("TASK")
        os.environ["TASK"] = str(self.n)
        return before


class Log:
    """Its file is opened while the code is loaded."""

    file = open("/tmp/surge-quiet.log", "w+")  # noqa: S108, PTH123, SIM115 the sandbox's


Log.file.close()  # the one here
Path("/tmp/surge-quiet.log").unlink()  # noqa: S108


def open_file(x: int) -> tuple[int, str]:
    Log.file.write("x" * x)
    at = Log.file.tell()
    Log.file.seek(0)
    return at, Log.file.read()
