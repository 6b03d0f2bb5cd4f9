"""What a job's trace costs: a scheduler with and without it, in turns, on the same events.

    python benchmarks/trace.py              writes benchmarks/results/trace.json

TASKS tasks in submissions of 1,000 over four leases of two slots; every chunk comes back whole. The peer is
the same scheduler with no trace.
"""

import json
import statistics
import tempfile
import time
from collections import deque
from pathlib import Path

from machine import describe

from surge.model.trace import Began
from surge.renter.work.explain import explain
from surge.renter.work.replay import record
from surge.renter.work.scheduler import Scheduler
from surge.renter.work.steps import ChunkDone, Event, Instruction, LeaseReady, NeedLease, Send, Submitted
from surge.store.trace import Trace, read_trace

RESULT = Path(__file__).parent / "results" / "trace.json"
TASKS = 100_000
TOGETHER = 1_000
ROUNDS = 5


def play(trace: Trace | None) -> tuple[float, int]:
    """(seconds, events)."""
    scheduler, todo = Scheduler(wanted=4), deque[Instruction]()
    events = leases = done = 0
    now = 0.0

    def feed(event: Event) -> None:
        nonlocal events
        events += 1
        if trace is not None:
            trace.write(record(event, events))
        todo.extend(scheduler.handle(event))

    began = time.perf_counter()
    for first in range(0, TASKS, TOGETHER):
        feed(Submitted(0, tuple((key, 50) for key in range(first, first + TOGETHER)), now))
    while done < TASKS:
        match todo.popleft():
            case NeedLease(count):
                for _ in range(count):
                    leases += 1
                    feed(LeaseReady(leases, 2, now))
            case Send(lease, chunk, _, tasks):
                now += 0.001 * len(tasks)
                done += len(tasks)
                feed(ChunkDone(lease, chunk, tasks, now))
    return time.perf_counter() - began, events


def told(path: Path) -> tuple[float, int, float]:
    """(seconds, bytes, seconds to explain) of a job with a trace."""
    trace = Trace(path, print)
    trace.write(Began(id="bench", wanted=4, program=1, program_began=0.0))
    seconds, _ = play(trace)
    trace.close()
    began = time.perf_counter()
    explained = explain(read_trace(path), time.time())
    assert explained.done == TASKS
    return seconds, path.stat().st_size, time.perf_counter() - began


def main() -> None:
    silent, traced, explained, size, events = [], [], [], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(ROUNDS):
            seconds, events = play(None)
            silent.append(seconds)
            seconds, size, explaining = told(Path(folder) / f"{number}.jsonl")
            traced.append(seconds)
            explained.append(explaining)
    without, with_ = statistics.median(silent), statistics.median(traced)
    result = {
        "machine": describe(),
        "tasks": TASKS,
        "events": events,
        "seconds_without": round(without, 3),
        "seconds_with": round(with_, 3),
        "microseconds_a_task": round((with_ - without) / TASKS * 1e6, 2),
        "bytes_a_task": round(size / TASKS, 1),
        "seconds_to_explain": round(statistics.median(explained), 3),
    }
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
