"""Estimate pi on leased machines: a closure, seeded randomness, a report.

python examples/pi.py        starts a local network if none is configured
"""

import random

import surge

SAMPLES = 20_000


def hits(batch: int) -> int:
    """How many of SAMPLES random points of the unit square lie in the quarter circle."""
    generator = random.Random(batch)
    return sum(generator.random() ** 2 + generator.random() ** 2 < 1 for _ in range(SAMPLES))


if __name__ == "__main__":
    batches = 40
    with surge.Executor(max_workers=2, budget="0.50") as executor:
        total = sum(executor.map(hits, range(batches)))
    print(f"pi is about {4 * total / (batches * SAMPLES):.4f}")
    print(executor.report())
