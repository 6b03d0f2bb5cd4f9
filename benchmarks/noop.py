"""No-op tasks per second: Surge against Ray, Dask and ProcessPoolExecutor, two workers each, one run.

    python benchmarks/noop.py [--tasks 10000]      needs the dependency group `bench`

Every engine maps the same function over the same integers three times, in its plain way and (where there
is one) in its batched way; the best time counts. Surge's tasks are metered, signed, paid for and settled.
Start-up is told apart: what it takes until the first result, then the tasks per second once warm.
"""

import argparse
import concurrent.futures
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from machine import describe

ROUNDS = 3
RESULTS = Path(__file__).parent / "results" / "noop.json"


def noop(number: int) -> int:
    return number


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


@contextmanager
def surge_engine(row: dict[str, Any]) -> Iterator[Callable[[range], list[int]]]:
    import surge

    with surge.LocalNetwork(providers=2) as network:
        with network.executor(max_workers=2, budget="5.00", progress=False) as executor:
            yield lambda numbers: list(executor.map(noop, numbers))
        figures = executor.report()
        row |= {
            "paid_usd": figures.paid,
            "leases": figures.leases,
            "gas": figures.gas,
            "gas_per_task": round(figures.gas / figures.tasks, 1),
            "receipted_tasks": figures.tasks,
        }


@contextmanager
def pool_engine(chunksize: int) -> Iterator[Callable[[range], list[int]]]:
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        yield lambda numbers: list(pool.map(noop, numbers, chunksize=chunksize))


@contextmanager
def ray_engine(batch: int) -> Iterator[Callable[[range], list[int]]]:
    import ray

    ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
    try:
        remote = ray.remote(noop)
        many = ray.remote(lambda numbers: [noop(number) for number in numbers])

        def run(numbers: range) -> list[int]:
            if batch == 1:
                return list(ray.get([remote.remote(number) for number in numbers]))
            parts = [numbers[at : at + batch] for at in range(0, len(numbers), batch)]
            return [one for part in ray.get([many.remote(part) for part in parts]) for one in part]

        yield run
    finally:
        ray.shutdown()


@contextmanager
def dask_engine(batch: int) -> Iterator[Callable[[range], list[int]]]:
    from dask.distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1") as cluster,
        Client(cluster) as client,
    ):

        def run(numbers: range) -> list[int]:
            if batch == 1:
                return list(client.gather(client.map(noop, numbers, pure=False)))
            parts = [list(numbers[at : at + batch]) for at in range(0, len(numbers), batch)]
            done = client.gather(client.map(lambda part: [noop(one) for one in part], parts, pure=False))
            return [one for part in done for one in part]

        yield run


def measure(name: str, engine: Any, numbers: range, row: dict[str, Any]) -> dict[str, Any]:
    """Start-up to the first result, then the best of ROUNDS maps; the results are checked."""
    began = time.perf_counter()
    with engine as run:
        if run(range(1)) != [0]:
            raise SystemExit(f"{name} gave a wrong result")
        start = time.perf_counter() - began
        best = float("inf")
        for _ in range(ROUNDS):
            seconds, result = timed(lambda: run(numbers))
            if result != list(numbers):
                raise SystemExit(f"{name} gave a wrong result")
            best = min(best, seconds)
    return {
        "engine": name,
        "tasks_per_second": round(len(numbers) / best),
        "seconds": round(best, 3),
        "start_seconds": round(start, 2),
        **row,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, default=10_000)
    numbers = range(parser.parse_args().tasks)
    extra: dict[str, Any] = {}
    rows = [
        measure("Surge", surge_engine(extra), numbers, extra),
        measure("Ray, one task each", ray_engine(1), numbers, {}),
        measure("Ray, batches of 100", ray_engine(100), numbers, {}),
        measure("Dask, one task each", dask_engine(1), numbers, {}),
        measure("Dask, batches of 100", dask_engine(100), numbers, {}),
        measure("ProcessPool, chunksize 1", pool_engine(1), numbers, {}),
        measure("ProcessPool, chunksize 100", pool_engine(100), numbers, {}),
    ]
    rows[0] |= extra
    for row in rows:
        row["surge_over_this"] = round(rows[0]["tasks_per_second"] / row["tasks_per_second"], 3)
    RESULTS.write_text(
        json.dumps({"machine": describe(), "tasks": len(numbers), "rows": rows}, indent=2) + "\n"
    )
    for row in rows:
        print(
            f"{row['engine']:<28}{row['tasks_per_second']:>10,}/s  start {row['start_seconds']:>6} s  "
            f"Surge is {row['surge_over_this']}x"
        )


if __name__ == "__main__":
    main()
