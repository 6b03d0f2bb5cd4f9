"""`surge.Executor`: a concurrent.futures.Executor whose workers are other people's machines."""

import contextvars
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor as BaseExecutor
from concurrent.futures import Future
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from surge.match.caps import near_best
from surge.match.score import explain
from surge.model.ask import Offer
from surge.model.demand import Demand
from surge.model.digest import Blob, blob_digest
from surge.model.errors import BadInput, CannotShip, coloured
from surge.model.task import MAX_SEED, MAX_TASK_INPUT, WASM, ImageSpec, Limits, Outcome, Task
from surge.model.units import Bytes, parse_usd
from surge.renter.access import Access
from surge.renter.config import load_config
from surge.renter.job import Job
from surge.renter.lease.funding import Settings
from surge.renter.report import Report, report
from surge.renter.ship.call import Shipped, encode_call, read_outcome, ship
from surge.renter.work.board import Entry, Group
from surge.renter.work.steps import (
    GroupKey,
)
from surge.run.sandbox.suite import python_spec, runtime_number

T = TypeVar("T")
_Call = tuple[bytes, tuple[Blob, ...]]

DEFAULT_WORKERS = 2
MAX_PRICE, MAX_PRICE_GIB = "0.001", "1.00"
"""What is never paid unless it is named."""
LEAST_MIB, MOST_MIB = 64, 4096
"""What a 32-bit sandbox can have."""
ISOLATED, SHARED = "isolated", "shared"
KEPT = 32
"""Functions whose code is kept, so that what did not change is held once."""


class Executor(BaseExecutor):
    """Runs functions in sandboxes of leased providers.

    max_workers: slots to lease at once (2). budget: dollars, best as a decimal string, the most that escrows
    and reservations may take (gas is apart). network: a name in SURGE_HOME, else the configured one; a local
    network is started when none is configured. max_price, max_price_gib: dollars per Gfuel and per GiB moved;
    by default three times the median of what is offered, at most 0.001 and 1.00. duration: seconds that a
    lease lasts at most. limits: of one task; memory_mib is short for their memory (1024), which a provider
    must offer. progress: a live display on stderr (default: on a terminal).

    What can't be shipped raises CannotShip at `submit`, before any money moves. Leases are opened at the
    first task and closed, with the change back, at `shutdown`.

    seed: of the tasks' randomness, 0 to 2⁶³ - 1. By default each job has a new one, which `surge job` tells;
    with the same one, the same tasks draw the same numbers.

    chunk_state: "isolated", each task starts from the memory as it was when the code was loaded, or "shared":
    the tasks of a chunk see what earlier ones left behind, such as caches.

    Warning: a task sees a virtual clock and seeded randomness, no network, threads or processes; prints
    of a task appear here when its result does.
    """

    def __init__(
        self,
        max_workers: int | None = None,
        budget: str | float | Decimal = "1.00",
        *,
        network: str | None = None,
        access: Access | None = None,
        name: str = "executor",
        max_price: str | None = None,
        max_price_gib: str | None = None,
        duration: int = 900,
        memory_mib: int | None = None,
        limits: Limits | None = None,
        weights: dict[str, int] | None = None,
        progress: bool | None = None,
        seed: int | None = None,
        chunk_state: str = ISOLATED,
    ) -> None:
        workers = DEFAULT_WORKERS if max_workers is None else max_workers
        if type(workers) is not int or workers < 1:
            raise BadInput(f"max_workers is {workers!r}; it must be a whole number, at least 1")
        if seed is not None and not 0 <= seed <= MAX_SEED:
            raise BadInput(f"the seed is {seed}; it must be from 0 to {MAX_SEED}")
        if chunk_state not in (ISOLATED, SHARED):
            raise BadInput(f"chunk_state is {chunk_state!r}; it must be {ISOLATED!r} or {SHARED!r}")
        self._shared = chunk_state == SHARED
        self._limits = _limits(limits, memory_mib)
        self._access = access or Access.configured(network)
        demand = Demand(
            cap_gfuel=parse_usd(MAX_PRICE if max_price is None else max_price),
            cap_gib=parse_usd(MAX_PRICE_GIB if max_price_gib is None else max_price_gib),
            duration=duration,
            memory_tier=((self._limits.memory - 1) >> 20).bit_length(),  # up: the least tier that holds it
            runtime=runtime_number(),
            **{f"w_{term}": weight for term, weight in (weights or {}).items()},
        )
        priced = max_price is not None or max_price_gib is not None
        settings = Settings(
            name, workers, parse_usd(str(budget)), demand, self._access.loopback, seed, priced
        )
        self.warnings: list[str] = []
        self._settings = settings
        self._job: Job | None = None
        self._groups: dict[tuple[bytes, int], GroupKey] = {}
        self._shipped: dict[bytes, Shipped] = {}
        self._blobs: WeakValueDictionary[bytes, Blob] = WeakValueDictionary()
        self._lock = threading.Lock()
        self._over = False
        self._progress = sys.stderr.isatty() if progress is None else progress
        self._display: Callable[[], None] | None = None
        self._keep_days: int | None = None

    # Work

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> "Future[T]":
        """Raises CannotShip, naming what can't leave this machine; then nothing was spent."""
        shipped = self._ship(fn)
        return self._enter(shipped, self._call(args, kwargs, shipped), 1)

    def map(
        self,
        fn: Callable[..., T],
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int = 1,
    ) -> Iterator[T]:
        """As in the standard library; `chunksize` is the least number of tasks a chunk (1: adaptive)."""
        if chunksize < 1:
            raise BadInput(f"chunksize is {chunksize}; it must be at least 1")
        shipped = self._ship(fn)
        inputs = [self._call(args, {}, shipped) for args in zip(*iterables, strict=False)]
        futures = [self._enter(shipped, given, chunksize) for given in inputs]
        return _results(futures, timeout)

    def _call(self, args: tuple[Any, ...], kwargs: Mapping[str, Any], shipped: Shipped) -> _Call:
        """One task's input, and the blobs that it and its code name: equal content is held once."""
        blobs = dict(shipped.blobs)
        given = encode_call(args, kwargs, shipped, blobs)
        return given, tuple(self._blobs.setdefault(name, blob) for name, blob in blobs.items())

    def _ship(self, fn: Callable[..., Any]) -> Shipped:
        """The function with all that it reaches, as it is now: a model may have been fitted again, a global
        rebound, an array changed in place. What is the same in content and identity is kept once."""
        shipped = ship(fn, shared=self._shared)
        known = self._shipped.get(shipped.code)
        if known is not None and known.same_as(shipped):
            return known
        self._shipped[shipped.code] = self._noted(shipped)
        if len(self._shipped) > KEPT:
            del self._shipped[next(iter(self._shipped))]  # the oldest: a model that is fitted on and on
        return shipped

    def _noted(self, shipped: Shipped) -> Shipped:
        for line in shipped.warnings:
            if line not in self.warnings:
                self.warnings.append(line)
                sys.stderr.write(f"surge: warning: {line}\n")
        return shipped

    def _enter(self, shipped: Shipped, call: _Call, chunksize: int) -> "Future[Any]":
        spec = python_spec(shipped.modules)
        asked = contextvars.copy_context()  # by it a notebook knows under which cell prints belong

        def decode(outcome: Outcome) -> Any:
            answer = read_outcome(outcome.status, outcome.output, shipped)
            if answer.prints:
                asked.run(_show, answer.prints)
            return answer.result()

        given, blobs = call
        return self.enter(spec, shipped.code, given, decode, chunksize, blobs=blobs)

    def enter(
        self,
        spec: ImageSpec,
        code: bytes,
        given: bytes,
        decode: Callable[[Outcome], Any],
        chunksize: int = 1,
        hear: Callable[[str, int, bytes], None] | None = None,
        blobs: tuple[Blob, ...] = (),
    ) -> "Future[Any]":
        """Queue one task of any runtime; `decode` makes its outcome a value or raises. `hear` is told, in the
        job's thread, what it writes while it runs: stream, offset, bytes, as its provider says.

        code: what the guest loads; for a wasm module the module itself. blobs: those that `given` and the
        code name.
        """
        if len(given) > MAX_TASK_INPUT:
            raise CannotShip(
                f"a task's arguments have {len(given) >> 20} MiB, and {MAX_TASK_INPUT >> 20} are the most: "
                "give it a part of them, or split the task"
            )
        with self._lock:
            if self._over:
                raise RuntimeError("cannot schedule new futures after shutdown")
            job = self._start()
        name = blob_digest(code)
        key = self._groups.get((name + spec.id, chunksize))
        if key is None:
            group = Group(spec, {name: code}, 0 if spec.runtime == WASM else len(code), chunksize)
            key = self._groups[name + spec.id, chunksize] = job.group(group)
        number = job.next_number()
        future: Future[Any] = Future()
        names = tuple(sorted(blob.name for blob in blobs))
        task = Task(name, given, job.row.task_seed(number), self._limits, names)
        job.submit(Entry(number, key, task, future, decode, hear, blobs))
        return future

    def _start(self) -> Job:
        if self._job is None:
            access = self._access
            self._keep_days = load_config(access.home.config).keep_jobs
            self._job = Job(self._settings, access.chain(), access.key(), access.store())
            _end_at_exit(self)
            if self._progress:
                from surge.renter.progress import follow  # slow to import

                self._display = follow(self._job)
        return self._job

    # The end

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for the tasks, close every lease together with its provider, and end. Idempotent.

        With wait=False the leases are closed in the background once the tasks are done.
        """
        with self._lock:
            first, self._over = not self._over, True
        job = self._job
        if job is None or not first:
            return
        if cancel_futures:
            job.cancel_waiting()
        if wait:
            self._end(job)
        else:
            threading.Thread(target=self._end, args=(job,), name="surge-shutdown").start()

    def abandon(self) -> None:
        """End at once: tasks without a result fail and are stopped, and every lease whose provider answers is
        closed with its change back."""
        with self._lock:
            first, self._over = not self._over, True
        if self._job is not None and first:
            self._end(self._job, wait=False)

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            self.abandon()
        else:
            self.shutdown(wait=True)

    def _end(self, job: Job, wait: bool = True) -> None:
        try:
            job.shutdown(wait)
            if wait and self._keep_days is not None:
                job.store.forget(int(time.time()) - self._keep_days * 86_400)
        finally:
            _open.discard(self)
            if self._display is not None:
                self._display()
        for line in job.warnings:
            if line not in self.warnings:
                self.warnings.append(line)
                sys.stderr.write(f"surge: warning: {line}\n")

    @property
    def demand(self) -> Demand:
        """What it needs of a node, as the market's score sees it."""
        return self._settings.demand

    def demand_near(self, offers: list[Offer]) -> Demand:
        """The same with the caps that it would have, were these all the offers."""
        fitting = [offer.ask for offer in offers if not explain(offer.ask, self.demand)]
        return near_best(fitting, self.demand, self._settings.wanted, self._settings.priced)

    @property
    def job(self) -> str | None:
        """The job's id, once a task has been submitted."""
        return self._job.id if self._job else None

    def report(self) -> Report:
        """What the job did and cost so far; complete after shutdown. Raises BadInput before any task."""
        if self._job is None:
            raise BadInput("nothing has run yet; submit a task first")
        return report(self._job.row, self._job.store, self._job.chain)


def _limits(limits: Limits | None, memory_mib: int | None) -> Limits:
    """One limit of memory, however it was given. Raises BadInput if two were."""
    if memory_mib is None:
        return limits or Limits()
    if limits is not None and limits.memory != memory_mib << 20:
        raise BadInput(
            f"memory_mib is {memory_mib} and limits.memory {limits.memory >> 20} MiB; give one of them"
        )
    if not LEAST_MIB <= memory_mib <= MOST_MIB:
        raise BadInput(f"memory_mib is {memory_mib}; a sandbox has {LEAST_MIB} to {MOST_MIB} MiB")
    return limits or Limits(memory=Bytes(memory_mib << 20))


_open: set[Executor] = set()
"""Executors with a job that nobody has shut down yet."""


def _end_at_exit(executor: Executor) -> None:
    """A program that forgets `shutdown` waits for its tasks at its end, and closes its leases, as with the
    standard pools. By their own way: `atexit` would come after the threads that closing needs."""
    _register_end()
    _open.add(executor)


@cache
def _register_end() -> None:
    """Once a program."""
    import concurrent.futures.thread  # noqa: F401 its threads end after what is registered behind it

    register: Callable[[Callable[[], None]], None] = threading._register_atexit  # type: ignore[attr-defined]
    register(_end_all)


def _end_all() -> None:
    for executor in list(_open):
        executor.shutdown()


def _results(futures: "list[Future[T]]", timeout: float | None) -> Iterator[T]:
    end = None if timeout is None else time.monotonic() + timeout

    def each() -> Iterator[T]:
        waiting = list(reversed(futures))
        try:
            while waiting:
                left = None if end is None else end - time.monotonic()
                yield waiting.pop().result(left)
        finally:
            for future in waiting:
                future.cancel()

    return each()


def _show(prints: tuple[tuple[str, str], ...]) -> None:
    for stream, text in prints:
        out = sys.stdout if stream == "stdout" else sys.stderr
        out.write(coloured(text) if out.isatty() else text)
