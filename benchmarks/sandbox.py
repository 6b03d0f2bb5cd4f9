"""What the sandbox costs: C kernels and Python, native against sandboxed, and how fast a warm one starts.

    python benchmarks/sandbox.py          prints a table, writes benchmarks/results/sandbox.json

Same machine, same run, best of three each, one thread each. Seconds are CPU seconds, so that neighbours on
the machine count less: of the native process, and of the provider's worker for a whole chunk of one task,
with every setting on (fuel, epochs, NaN canonicalisation, deterministic SIMD): restoring the image, loading
the code, encoding the result. Warm starts are wall time, from the request to the answer.
"""

import asyncio
import json
import math
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from machine import describe

from surge.model.command import CommandInput
from surge.model.task import RETURNED, ChunkResult
from surge.renter.ship.call import encode_call, ship
from surge.run.kernels import kernel
from surge.run.sandbox.suite import python_spec, wasm_spec
from surge.run.slots.pool import Job, Pool

HERE = Path(__file__).parent
KERNELS = HERE.parent / "src" / "surge" / "run" / "kernels"
ROUNDS = 3
STARTS = 20


def points() -> bytes:
    """1,500 rows of 32 integers and a label, by a linear congruence."""
    state, rows = 1, []
    for _ in range(1500):
        row = []
        for _ in range(32):
            state = (state * 1664525 + 1013904223) % 2**32
            row.append(state >> 28)
        rows.append(",".join(map(str, [*row, sum(row) % 10])))
    return "\n".join(rows).encode()


COMMANDS: dict[str, tuple[tuple[str, ...], bytes]] = {
    "knn": (("5",), points()),
    "matmul": (("384", "6"), b""),
    "nbody": (("3000000",), b""),
    "sha256": (("2000000",), b""),
}


def loops(n: int) -> int:
    total = 0
    for i in range(n):
        total += i * i % 7
    return total


def queens(n: int) -> int:
    def place(row: int, columns: int, down: int, up: int) -> int:
        if row == n:
            return 1
        free, count = ~(columns | down | up) & (1 << n) - 1, 0
        while free:
            bit = free & -free
            free ^= bit
            count += place(row + 1, columns | bit, (down | bit) << 1, (up | bit) >> 1)
        return count

    return place(0, 0, 0, 0)


def words(n: int) -> int:
    counts: dict[str, int] = {}
    for i in range(n):
        word = f"w{i * 2654435761 % 5003}"
        counts[word] = counts.get(word, 0) + 1
    return sum(sorted(counts.values())[:10])


def products(n: int) -> float:
    import numpy as np

    matrix = np.random.default_rng(0).normal(size=(n, n))
    for _ in range(5):
        matrix = matrix @ matrix / n
    return float(matrix.sum())


def digits_svc(folds: int) -> float:
    from sklearn.datasets import load_digits
    from sklearn.model_selection import cross_val_score
    from sklearn.svm import SVC

    rows, target = load_digits(return_X_y=True)
    return float(cross_val_score(SVC(gamma=0.001), rows, target, cv=folds).mean())


def digits_forest(trees: int) -> float:
    from sklearn.datasets import load_digits
    from sklearn.ensemble import RandomForestClassifier

    rows, target = load_digits(return_X_y=True)
    forest = RandomForestClassifier(trees, random_state=0).fit(rows[:1200], target[:1200])
    return float(forest.score(rows[1200:], target[1200:]))


FUNCTIONS: list[tuple[Callable[[int], Any], int]] = [
    (loops, 5_000_000),
    (queens, 11),
    (words, 1_000_000),
    (products, 400),
    (digits_svc, 3),
    (digits_forest, 50),
]


def nothing(x: int) -> int:
    return x


def child_seconds() -> float:
    """CPU seconds of all children that have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def worker_seconds() -> float:
    """CPU seconds of the pool's workers."""
    times = [one.cpu_times() for one in psutil.Process().children()]
    return sum(one.user + one.system for one in times)


def best(seconds: list[float]) -> float:
    return round(min(seconds), 4)


def row(
    kind: str, name: str, native: list[float], sandboxed: list[float], result: ChunkResult
) -> dict[str, Any]:
    spent = result.fuel / 1e9
    return {
        "kind": kind,
        "name": name,
        "native_seconds": best(native),
        "sandbox_seconds": best(sandboxed),
        "ratio": round(min(sandboxed) / min(native), 2),
        "gfuel": round(spent, 3),
        "gfuel_per_second": round(spent / min(sandboxed), 2),
    }


async def timed(pool: Pool, job: Job) -> tuple[list[float], ChunkResult]:
    seconds = []
    for _ in range(ROUNDS):
        began = worker_seconds()
        result = await pool.run(job)
        seconds.append(worker_seconds() - began)
        if result.outcomes[0].status != RETURNED:
            sys.exit(f"the sandbox answered {result.outcomes[0].status}: {result.outcomes[0].output!r}")
    return seconds, result


async def commands(pool: Pool) -> list[dict[str, Any]]:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, (args, stdin) in COMMANDS.items():
            program = str(Path(folder) / name)
            compiler = shutil.which("cc") or sys.exit("install a C compiler")
            flags = ["-std=gnu11", "-O2", "-ffp-contract=off"]
            subprocess.run([compiler, *flags, str(KERNELS / f"{name}.c"), "-o", program, "-lm"], check=True)
            native = []
            for _ in range(ROUNDS):
                began = child_seconds()
                subprocess.run([program, *args], input=stdin, stdout=subprocess.DEVNULL, check=True)
                native.append(child_seconds() - began)
            module = kernel(name)
            spec = wasm_spec(module)
            await pool.image(spec, module)
            job = Job(spec, b"", [(bytes(32), CommandInput(args, stdin).encode(), 0)])
            rows.append(row("C", name, native, *await timed(pool, job)))
    return rows


def job_of(function: Callable[[int], Any], value: int, extra: tuple[str, ...] = ()) -> Job:
    shipped = ship(function)
    spec = python_spec((*shipped.modules, *extra))
    return Job(spec, shipped.code, [(bytes(32), encode_call((value,), {}, shipped), 0)])


async def functions(pool: Pool) -> list[dict[str, Any]]:
    rows = []
    for function, value in FUNCTIONS:
        job = job_of(function, value)
        await pool.image(job.spec)
        function(5)  # imports, natively; the image holds them in the sandbox
        native = []
        for _ in range(ROUNDS):
            began = time.process_time()
            function(value)
            native.append(time.process_time() - began)
        rows.append(row("Python", function.__name__, native, *await timed(pool, job)))
    return rows


async def starts(pool: Pool) -> list[dict[str, Any]]:
    """A chunk of one task that does nothing, from the request to the answer."""
    rows = []
    for name, extra in {
        "bare": (),
        "numpy": ("numpy",),
        "scikit-learn": ("sklearn.datasets", "sklearn.ensemble", "sklearn.svm"),
    }.items():
        job = job_of(nothing, 1, extra)
        await pool.image(job.spec)
        await pool.run(job)
        seconds = []
        for _ in range(STARTS):
            began = time.perf_counter()
            await pool.run(job)
            seconds.append(time.perf_counter() - began)
        worst = max(seconds)
        milliseconds = round(statistics.median(seconds) * 1000, 1)
        rows.append(
            {"kind": "warm start", "name": name, "median_ms": milliseconds, "max_ms": round(worst * 1000, 1)}
        )
    return rows


async def run() -> list[dict[str, Any]]:
    pool = Pool(1, progress=lambda stage, at, of: print(f"{stage}: {at:.0f} of {of:.0f} s", file=sys.stderr))
    await pool.start()
    try:
        return [*await commands(pool), *await functions(pool), *await starts(pool)]
    finally:
        await pool.stop()


def main() -> None:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # before numpy is imported
        os.environ[name] = "1"
    rows = asyncio.run(run())
    for one in rows:
        print(
            "  ".join(
                f"{value}" if isinstance(value, str) else f"{key}={value}" for key, value in one.items()
            )
        )
    for kind in ("C", "Python"):
        ratios = [one["ratio"] for one in rows if one["kind"] == kind]
        print(f"{kind}: geometric mean {math.exp(sum(map(math.log, ratios)) / len(ratios)):.2f} times native")
    target = HERE / "results" / "sandbox.json"
    target.write_text(json.dumps({"machine": describe(), "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
