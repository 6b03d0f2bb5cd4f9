"""How blobs count when tasks are put together to chunks."""

from types import SimpleNamespace
from typing import Any, cast

from surge.model.digest import Blob
from surge.net.messages import MAX_NAMED
from surge.renter.job import Job
from surge.renter.work.scheduler import Scheduler
from surge.renter.work.steps import GroupKey, LeaseReady, Send, Submitted, TaskKey


def test_no_chunk_names_more_blobs_than_a_provider_takes() -> None:
    """At whatever pace: two blobs a task, one of them the same in all."""
    kept: dict[bytes, bytes] = {}
    job = cast(Any, SimpleNamespace(_kept=set(), store=SimpleNamespace(put_blob=kept.__setitem__)))
    shared = Blob.of(b"shared")
    tasks = []
    for number in range(10_000):
        blobs = shared, Blob.of(number.to_bytes(4, "big"))
        tasks.append((TaskKey(number), sum(Job._keep_blob(job, blob) for blob in blobs)))
    assert len(kept) == 10_001
    scheduler = Scheduler(1)
    scheduler.handle(Submitted(GroupKey(0), tuple(tasks), 0.0, 10_000))
    sent = [one for one in scheduler.handle(LeaseReady(cast(Any, 1), 1, 0.0)) if isinstance(one, Send)]
    assert sent
    assert all(2 * len(one.tasks) <= MAX_NAMED for one in sent)
    assert max(len(one.tasks) for one in sent) == MAX_NAMED // 2
