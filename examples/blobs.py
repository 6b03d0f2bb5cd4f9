"""One large table for many tasks: sent to each provider once. Run it with the path of this file."""

import time

import numpy as np

import surge

TABLE = surge.put(np.arange(4_000_000, dtype=float))
"""32 MB. The tasks get the array itself."""


def mean_of_every(step: int) -> float:
    return float(TABLE[::step].mean())


def zeros(mib: int) -> np.ndarray:
    return np.zeros(mib << 17)


if __name__ == "__main__":
    with surge.Executor(max_workers=2, budget="1.00") as executor:
        began = time.monotonic()
        print(list(executor.map(mean_of_every, range(1, 21))), f"{time.monotonic() - began:.1f} s")
        for mib in (1, 10, 50):
            began = time.monotonic()
            result = executor.submit(zeros, mib).result()
            print(f"{result.nbytes >> 20} MiB back in {time.monotonic() - began:.1f} s")
    report = executor.report()
    print(f"{report.bytes / 1e6:.0f} MB moved by {report.tasks} tasks, {report.paid} USD")
