"""A lease that a job holds, its chunks that are with the provider, and what is kept of them."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from surge.model.errors import LimitExceeded, SurgeError
from surge.model.lease import Lease
from surge.model.receipt import Receipt
from surge.model.task import Outcome
from surge.model.units import MicroUsd
from surge.renter.talk.bill import ChunkRequest
from surge.renter.talk.session import RenterSession
from surge.renter.work.steps import ChunkKey, Send, TaskKey
from surge.store.renter import TaskRow


@dataclass(frozen=True, slots=True)
class Sent:
    """A chunk with its provider; `escrow` is what the lease held when it left, `at` when that was."""

    key: ChunkKey
    tasks: tuple[TaskKey, ...]
    escrow: MicroUsd
    at: float = field(default_factory=time.monotonic)


@dataclass(slots=True)
class Held:
    """A lease, the conversation about it, and what waits to be sent."""

    session: RenterSession
    delivered: float = 0.0
    """When the lease was greeted, and when it last delivered a chunk."""
    outbox: "asyncio.Queue[Send]" = field(default_factory=asyncio.Queue)
    sender: "asyncio.Task[None] | None" = None
    gone: SurgeError | None = None
    closed: bool = False
    topping: asyncio.Lock = field(default_factory=asyncio.Lock)
    topped: int | None = None
    """Receipts when it was topped up last."""
    chunks: dict[bytes, Sent] = field(default_factory=dict)

    def outlasting(self, duration: int) -> list[Sent]:
        """Tasks that ran alone for most of the lease: they wouldn't end in another one of the same length."""
        if self.gone is not None:
            return []
        running = list(self.chunks.values())[: self.session.lease.terms.slots]
        latest = time.monotonic() - duration / 2  # by this machine's clock: the chain's may leap
        return [sent for sent in running if len(sent.tasks) == 1 and max(sent.at, self.delivered) < latest]


def too_long(lease: Lease, duration: int) -> SurgeError:
    """The error of a task that outlasts its lease."""
    return LimitExceeded(
        f"a task did not end within its lease of {duration} s; give a longer duration "
        "(Executor(duration=…), surge run --duration), or split it"
    ).about(lease.id, lease.terms.provider)


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
