"""Chunks that are with a provider, and what is kept of them once they are back."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from surge.model.receipt import Receipt
from surge.model.task import Outcome
from surge.model.units import MicroUsd
from surge.renter.lease.bill import ChunkRequest
from surge.renter.work.steps import ChunkKey, TaskKey
from surge.store.renter import TaskRow


@dataclass(frozen=True, slots=True)
class Sent:
    """A chunk with its provider; `escrow` is what the lease held when it left, `at` when that was."""

    key: ChunkKey
    tasks: tuple[TaskKey, ...]
    escrow: MicroUsd
    at: float = field(default_factory=time.monotonic)


def task_rows(
    job: str, receipt: Receipt, keys: Sequence[TaskKey], asked: ChunkRequest, outcomes: Sequence[Outcome]
) -> list[TaskRow]:
    """Every task of a receipted chunk, in order; those behind the last outcome never ran."""
    ran = [*outcomes, *[None] * (len(keys) - len(outcomes))]
    given = zip(asked.tasks, asked.task_ids, keys, ran, strict=True)
    return [
        TaskRow.of(receipt, ordinal, job, key, task_id, asked.spec.id, task, outcome)
        for ordinal, (task, task_id, key, outcome) in enumerate(given)
    ]
