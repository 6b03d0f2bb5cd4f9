"""From an instruction of a session to the sandboxes, and back to an event."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import structlog

from surge.model.errors import BadInput, NotDeterministic, SurgeError, Unavailable
from surge.model.task import WASM, ImageSpec
from surge.net.messages import Message, Printed, Refusal
from surge.provider.journal import defect
from surge.provider.lease.steps import ChunkBroke, ChunkRan, Execute, ImageBroke, ImageMade
from surge.run.slots import pipe
from surge.run.slots.pool import Job, Pool
from surge.store.blobs import RenterBlobs

MAX_REASON = 1024
log = structlog.get_logger("surge.provider")


class Runner:
    """wall_seconds: this machine's own guard of one chunk. Whatever isn't deterministic yields no receipt."""

    def __init__(self, pool: Pool, wall_seconds: float) -> None:
        self._pool = pool
        self._wall_seconds = wall_seconds

    async def make(self, spec: ImageSpec, blobs: RenterBlobs) -> ImageMade | ImageBroke:
        module = await asyncio.to_thread(blobs.get, spec.module) if spec.module else None
        try:
            image = await self._pool.image(spec, module, owner=blobs.renter)
        except SurgeError as error:
            return ImageBroke(
                spec.id, str(error)[:MAX_REASON], isinstance(error, BadInput | NotDeterministic)
            )
        except Exception as error:  # noqa: BLE001 every path ends in an answer
            log.error("an image could not be made", **defect(error))
            return ImageBroke(spec.id, f"this machine failed ({type(error).__name__}); ask another", False)
        return ImageMade(spec, image.digest, image.fuel, image.joules, image.measured)

    async def run(
        self, work: Execute, blobs: RenterBlobs, answer: Callable[[Message], Awaitable[None]]
    ) -> ChunkRan | ChunkBroke:
        """`answer` takes what the tasks of a watched chunk write while they run."""
        first = work.tasks[0]
        code = b"" if work.spec.runtime == WASM else await asyncio.to_thread(blobs.get, first.code)
        if code is None:
            return ChunkBroke(
                work.chunk, Refusal.NO_BLOB, "the code of this chunk is not here; send it first"
            )
        ids = [task.id(work.spec) for task in work.tasks]
        tasks = [
            (name, task.input, task.seed, task.blobs) for name, task in zip(ids, work.tasks, strict=True)
        ]

        prints: asyncio.Queue[pipe.Printed | None] = asyncio.Queue()

        named = {name for task in work.tasks for name in task.blobs}
        found = await asyncio.to_thread(blobs.paths, named)
        if len(found) < len(named):
            return ChunkBroke(work.chunk, Refusal.NO_BLOB, "a blob of this chunk is not here; send it first")
        heard = prints.put_nowait if work.watched else None
        job = Job(work.spec, code, tasks, first.limits, self._wall_seconds, heard, found)

        async def tell() -> None:
            while (one := await prints.get()) is not None:
                await answer(Printed(work.chunk, one.number, one.stream, one.offset, one.content))

        telling = asyncio.create_task(tell())
        try:
            result = await self._pool.run(job)
        except SurgeError as error:
            if not await asyncio.to_thread(_all_here, blobs, found):  # damaged here, or gone meanwhile
                return ChunkBroke(
                    work.chunk, Refusal.NO_BLOB, "a blob of this chunk was lost here; send it again"
                )
            ours = type(error) is Unavailable  # such as a full disk: nothing that the renter did
            return ChunkBroke(work.chunk, Refusal.FAILED, str(error)[:MAX_REASON], blame=not ours)
        except Exception as error:  # noqa: BLE001 every path ends in an answer
            log.error("a chunk could not be run", **defect(error))
            said = f"this machine failed ({type(error).__name__}); run it elsewhere"
            return ChunkBroke(work.chunk, Refusal.FAILED, said)
        finally:
            prints.put_nowait(None)
            await telling  # before the answer, however it ends
        if result.chunk != work.chunk or not result.outcomes:
            return ChunkBroke(
                work.chunk, Refusal.FAILED, "the sandbox came back with another chunk; run it again"
            )
        return ChunkRan(result)


def _all_here(blobs: RenterBlobs, names: Iterable[bytes]) -> bool:
    return all(blobs.get(name) is not None for name in names)
