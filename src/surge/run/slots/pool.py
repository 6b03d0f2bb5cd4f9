"""Slots: worker processes that run chunks. A worker that dies or overruns is killed and replaced.

pool = Pool(slots=2)
await pool.start()
image = await pool.image(python_spec(("numpy",)))
result = await pool.run(Job(spec, code, tasks, limits, wall_seconds=60.0))
await pool.stop()
"""

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

from surge.model import errors
from surge.model.errors import BadInput, NotDeterministic, SurgeError, Unavailable
from surge.model.task import WASM, ChunkResult, ImageSpec, Limits, Outcome, chunk_id, moved_of
from surge.model.units import Fuel, MilliJoules
from surge.run.sandbox.wasm import check_module
from surge.run.slots.cache import Cache, Progress, silent
from surge.run.slots.confine import environment
from surge.run.slots.pipe import (
    LENGTH,
    MAX_FRAME,
    Answer,
    AssignedTask,
    Failed,
    MakeImage,
    Printed,
    Ran,
    Ready,
    Request,
    RunChunk,
    Warm,
    answers,
)

Hear = Callable[[Printed], None]
"""Told what tasks write while they run."""
COMPILE_SECONDS = 900.0
"""A worker may need that long to be ready on a slow machine's first run."""
CACHE_LIMIT = 8 << 30
SETUP_SECONDS = 180.0
"""What a chunk's wall time doesn't cover: an image that isn't in the cache yet."""


A = TypeVar("A", Ready, Ran)


@dataclass(frozen=True, slots=True)
class Image:
    """What chunks start from: its digest, and what making it took (nothing when it was there already)."""

    digest: bytes
    fuel: Fuel
    joules: MilliJoules
    measured: bool


@dataclass(frozen=True, slots=True)
class Job:
    """A chunk to run. tasks: (task id, encoded input, seed) and the blobs that it may read, if not all of
    the chunk's. code is empty for wasm. blobs: where those are that the tasks name."""

    spec: ImageSpec
    code: bytes = field(repr=False)
    tasks: Sequence[tuple[bytes, bytes, int] | tuple[bytes, bytes, int, tuple[bytes, ...]]] = field(
        repr=False
    )
    limits: Limits = field(default_factory=Limits)
    wall_seconds: float = 300.0
    hear: Hear | None = field(default=None, repr=False)
    blobs: Mapping[bytes, Path] = field(default_factory=dict)


class _Slot:
    """One worker process and its pipes."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        self._child = child
        self.image: bytes | None = None

    @classmethod
    async def spawn(cls, cache: Cache, readable: Sequence[Path]) -> "_Slot":
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "surge.run.slots.worker",
            str(cache.root),
            *map(str, readable),
            env=environment(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            process_group=0,  # Ctrl-C on a terminal is its parent's to handle
        )
        return cls(child)

    async def ask(
        self, request: Request, seconds: float, progress: Progress, hear: Hear | None = None
    ) -> Ready | Ran:
        """The worker's answer. Raises what it failed with; NotDeterministic if it died or overran."""
        try:
            async with asyncio.timeout(seconds):
                answer = await self._exchange(request, progress, hear)
        except TimeoutError as error:
            raise NotDeterministic(
                f"a worker gave no answer in {seconds:.0f} s; ask for less work"
            ) from error
        except (asyncio.IncompleteReadError, ConnectionError, BrokenPipeError) as error:
            code = await self._child.wait()
            raise NotDeterministic(
                f"a worker ended with code {code} (killed, or out of memory); the chunk must run again"
            ) from error
        if isinstance(answer, Failed):
            kind = getattr(errors, answer.kind, Unavailable)
            raise kind(answer.text)
        return answer

    async def _exchange(
        self, request: Request, progress: Progress, hear: Hear | None
    ) -> Ready | Ran | Failed:
        writer, reader = self._child.stdin, self._child.stdout
        if writer is None or reader is None:
            raise Unavailable("a worker was started without pipes; start the pool again")
        body = msgspec.msgpack.encode(request)
        writer.write(LENGTH.pack(len(body)) + body)
        await writer.drain()
        while True:
            (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
            if length > MAX_FRAME:
                raise NotDeterministic(
                    f"a worker announced a frame of {length} bytes; the chunk must run again"
                )
            answer: Answer = answers.decode(await reader.readexactly(length))
            if isinstance(answer, Ready | Ran | Failed):
                return answer
            if isinstance(answer, Printed):
                if hear is not None:
                    hear(answer)
                continue
            progress(answer.stage, answer.elapsed, answer.expected)

    async def end(self) -> None:
        """Kill it, and wait until it is gone and its pipes are closed."""
        if self._child.returncode is None:
            self._child.kill()
        await self._child.communicate()


class Pool:
    """`slots` workers over one cache. `progress` hears of compiles and imports. memory: in bytes, the most
    that a task of a chunk may ask for; None for no such limit. readable: folders in which blobs of jobs lie;
    workers can read no other ones. cache_limit: bytes of images, modules and native code that are kept.
    layers: what confines the workers besides the sandbox."""

    def __init__(
        self,
        slots: int = 1,
        cache_root: Path | None = None,
        progress: Progress = silent,
        memory: int | None = None,
        readable: Sequence[Path] = (),
        cache_limit: int = CACHE_LIMIT,
    ) -> None:
        self._cache_limit = cache_limit
        for path in readable:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)  # what isn't there yet can't be allowed
        self._readable = tuple(path.resolve() for path in readable)
        self.layers: tuple[str, ...] = ()
        self._count, self._progress, self._memory = slots, progress, memory
        self._cache = Cache.open(cache_root)
        self._idle: list[_Slot] = []
        self._all: set[_Slot] = set()
        self._size = 0
        self._freed = asyncio.Condition()

    async def start(self) -> None:
        """Compile the interpreter if need be (once per machine), then start a worker. Others follow when
        they are needed."""
        await self._add()

    async def _add(self) -> None:
        self._size += 1  # before it is there, so that nobody else takes its place
        try:
            slot = await _Slot.spawn(self._cache, self._readable)
        except BaseException:
            await self._vacate()
            raise
        self._all.add(slot)
        try:
            warm = await slot.ask(Warm(), COMPILE_SECONDS, self._progress)
            self.layers = warm.layers if isinstance(warm, Ready) else ()
        except BaseException:
            await self._drop(slot)
            raise
        await self._free(slot)

    async def _free(self, slot: _Slot) -> None:
        async with self._freed:
            self._idle.append(slot)
            self._freed.notify_all()

    async def _drop(self, slot: _Slot) -> None:
        """End a worker; who asks next starts another."""
        self._all.discard(slot)
        try:
            await slot.end()
        finally:
            await self._vacate()

    async def _vacate(self) -> None:
        """A worker is gone, or could not be started: whoever waits may start one."""
        async with self._freed:
            self._size -= 1
            self._freed.notify_all()

    async def _take(self, spec_id: bytes) -> _Slot:
        """An idle slot, best one that holds the image already; a new one while there are fewer than slots."""
        while True:
            if not self._idle and self._size < self._count:
                await self._add()  # or its failure is this caller's
            async with self._freed:
                await self._freed.wait_for(lambda: self._idle or self._size < self._count)
                if self._idle:
                    slot = next((s for s in reversed(self._idle) if s.image == spec_id), self._idle[0])
                    self._idle.remove(slot)
                    return slot

    async def _ask(
        self, spec_id: bytes, request: Request, wanted: type[A], seconds: float, hear: Hear | None = None
    ) -> A:
        slot = await self._take(spec_id)
        try:
            answer = await slot.ask(request, seconds, self._progress, hear)
        except SurgeError as error:
            if isinstance(error, NotDeterministic):
                await self._drop(slot)
            else:
                await self._free(slot)
            raise
        except BaseException:  # cancelled in the middle of a chunk
            await self._drop(slot)
            raise
        if not isinstance(answer, wanted):
            await self._drop(slot)
            raise NotDeterministic("a worker answered another question; the chunk must run again")
        slot.image = spec_id
        await self._free(slot)
        return answer

    async def image(self, spec: ImageSpec, module: bytes | None = None, owner: str = "") -> Image:
        """Make an image, or find it in the cache. `module`: the wasm bytes, needed once per cache. `owner`:
        for whom it is made; what is made for one of them takes a part of the cache, and no other's place.

        Raises BadInput if the module is no wasm command or an import fails in the sandbox.
        """
        sent = module if spec.runtime == WASM else None
        if sent is not None:
            check_module(sent)
        await asyncio.to_thread(self._cache.make_room, self._cache_limit, owner=owner)
        if sent is not None and self._cache.keep_module(sent) != spec.module:
            raise BadInput("the wasm module isn't the one that the job names; send it again")
        ready = await self._ask(spec.id, MakeImage(spec), Ready, COMPILE_SECONDS)
        if owner:
            await asyncio.to_thread(self._cache.note_owner, spec, owner)
        return Image(ready.digest, Fuel(ready.fuel), MilliJoules(ready.millijoules), ready.measured)

    async def run(self, job: Job) -> ChunkResult:
        """Run a chunk on the next idle slot.

        The outcomes are in order; the last one may be OUT_OF_FUEL or TRAPPED, and then later tasks are
        missing. Raises NotDeterministic when this machine was the reason for an end (wall time, memory),
        BadInput for a chunk that asks for more memory than the pool gives.
        """
        if self._memory is not None and job.limits.memory > self._memory:
            raise BadInput(
                f"a task asks for {job.limits.memory >> 20} MiB, and {self._memory >> 20} are the most here; "
                "ask for less"
            )
        tasks = [AssignedTask(*task) for task in job.tasks]
        limits = job.limits
        request = RunChunk(
            job.spec,
            job.code,
            tasks,
            limits.fuel,
            limits.memory,
            limits.output,
            job.wall_seconds,
            job.hear is not None,
            {name: str(path) for name, path in job.blobs.items()},
        )
        ran = await self._ask(job.spec.id, request, Ran, job.wall_seconds + SETUP_SECONDS, job.hear)
        outcomes = tuple(Outcome(o.task, o.status, o.output, Fuel(o.fuel)) for o in ran.outcomes)
        moved = moved_of(len(job.code), [task.input for task in tasks], outcomes)
        return ChunkResult(
            chunk_id(ran.image, [task.task for task in tasks], limits),
            outcomes,
            Fuel(ran.fuel),
            moved,
            MilliJoules(ran.millijoules),
            ran.measured,
        )

    async def stop(self) -> None:
        """End every worker."""
        self._idle.clear()
        await asyncio.gather(*(self._drop(slot) for slot in list(self._all)))
