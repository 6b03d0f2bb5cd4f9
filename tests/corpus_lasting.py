# ruff: noqa: T201 — some print
"""Functions that leave something for a later task, or could tell of an earlier one. Each takes one."""

import decimal
import json
import math
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from corpora.memory import MEMORY


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


def keys_of_two(x: int) -> list[str]:
    numbers = {float(t): t for t in ("nan", "1", "2", "3")}
    return [str(k) for k in numbers.keys() | {}]


def edges_of_old_memory(x: int) -> list[float]:
    return np.pad(np.ones(3), 20, mode="empty").tolist()  # type: ignore[no-any-return]


NOT_QUIET = [
    *MEMORY,
    file_of_pandas, file_of_numpy, array_to_file, method_to_file, uuid1, alias, by_getattr, library_array,
    accessor, filler, table_of_json, address, address_hash, address_of_lambda, address_of_iterator,
    address_by_other_name, address_of_method, address_by_format, iterator_itself, nan_in_set, same_object,
    old_memory, old_memory_by_where, at_the_end, generators, context, class_attribute, remembers,
    makes_by_default, finds_modules, keys_of_two, edges_of_old_memory, zip,
]  # fmt: skip
"""That run alone."""


# ——— what comes with arguments ———


def order_of(given: set[float]) -> str:
    if len(given) > 50:
        for n in range(500):
            kept: list[Any] = [n + 0.5]
            kept.append(kept)
    return str(list(given))


def leaves_garbage(mib: int) -> int:
    kept: list[Any] = [bytearray(mib << 20)]
    kept.append(kept)
    return len(kept[0])


def fills_as_cause(mib: int) -> int:
    try:
        return leaves_garbage(mib)
    finally:
        [][mib]


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
    """Its body opens a file while the code is loaded; a file that the class held itself would be refused."""

    setattr(sys, "log", open("/tmp/surge-quiet.log", "w+"))  # noqa: B010, S108, PTH123, SIM115 the sandbox's


sys.log.close()  # type: ignore[attr-defined] # the one here
Path("/tmp/surge-quiet.log").unlink()  # noqa: S108


def open_file(x: int) -> tuple[int, str]:
    file = Log and sys.log  # type: ignore[attr-defined]
    file.write("x" * x)
    at = file.tell()
    file.seek(0)
    return at, file.read()
