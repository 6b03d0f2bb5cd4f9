"""Chunks run again, here: what a provider signed must be what this machine computes (invariant P1).

A sample, not a proof: of small chunks, drawn so that nobody knows beforehand which.
"""

import secrets
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from surge.model.errors import SurgeError
from surge.model.receipt import Receipt, task_leaf
from surge.model.task import WASM, ImageSpec
from surge.model.units import LeaseId, show_gfuel
from surge.renter.verify import Check
from surge.run.slots.pool import Job, Pool
from surge.settle.merkle import root_of
from surge.store.renter import JobRow, RenterStore, TaskRow

MOST_FUEL = 100 * 10**9
"""Of a chunk that is run again: about ten seconds."""
WALL_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class _Chunk:
    receipt: Receipt
    rows: list[TaskRow]

    @property
    def place(self) -> str:
        return f"lease {self.receipt.lease}, receipt {self.receipt.position}, run again"


async def run_again(
    job: JobRow, store: RenterStore, count: int, progress: Callable[[str], None]
) -> AsyncIterator[Check]:
    """Up to `count` chunks of a job, one check for each as soon as it has run. What this machine can't run is
    told, and is no fault of the provider's."""
    drawn = _draw(_small(job, store), count)
    if not drawn:
        return
    images = {name: (spec, image) for name, spec, image in store.images(job.id)}
    with tempfile.TemporaryDirectory(prefix="surge-again-") as folder:
        pool = Pool(1, progress=lambda stage, *_: progress(stage), readable=[Path(folder)])
        try:
            await pool.start()
            for chunk in drawn:
                try:
                    yield await _compare(chunk, images, store, pool, Path(folder))
                except SurgeError as error:
                    yield Check(chunk.place, True, f"can't be run here, and was not compared ({error})")
        finally:
            await pool.stop()


def _small(job: JobRow, store: RenterStore) -> list[_Chunk]:
    found: list[_Chunk] = []
    for lease in store.leases(job):
        rows: dict[int, list[TaskRow]] = {}
        for row in store.tasks(job.id, LeaseId(lease.id)):
            rows.setdefault(row.position, []).append(row)
        receipts = [kept.receipt for kept in store.receipts(job.id, LeaseId(lease.id))]
        found += [_Chunk(one, rows[one.position]) for one in receipts if one.position in rows]
    return [chunk for chunk in found if chunk.receipt.fuel <= MOST_FUEL]


def _draw(chunks: list[_Chunk], count: int) -> list[_Chunk]:
    left, drawn = list(chunks), list[_Chunk]()
    while left and len(drawn) < count:
        drawn.append(left.pop(secrets.randbelow(len(left))))
    return sorted(drawn, key=lambda chunk: (chunk.receipt.lease, chunk.receipt.position))


async def _compare(
    chunk: _Chunk,
    images: dict[bytes, tuple[ImageSpec, bytes]],
    store: RenterStore,
    pool: Pool,
    folder: Path,
) -> Check:
    first, receipt = chunk.rows[0], chunk.receipt
    if first.spec not in images:
        return Check(chunk.place, False, "it names an image that is not stored")
    spec, image = images[first.spec]
    made = await pool.image(spec, store.blob(spec.module) if spec.runtime == WASM else None)
    if made.digest != image:
        return Check(chunk.place, False, "the image of these modules is another one here: none of it holds")
    blobs = {name: _laid(name, store, folder) for row in chunk.rows for name in row.blobs}
    ran = await pool.run(
        Job(
            spec,
            b"" if spec.runtime == WASM else store.blob(first.code) or b"",
            [(row.id, row.input, row.seed, row.blobs) for row in chunk.rows],
            first.limits,
            WALL_SECONDS,
            blobs=blobs,
        )
    )
    for row, outcome in zip(chunk.rows, ran.outcomes, strict=False):
        if (row.status, row.output, row.fuel) != (outcome.status, outcome.output, outcome.fuel):
            said = f"task {row.number} gives {outcome.status} for {outcome.fuel:,} fuel here"
            was = f"{row.status} for {row.fuel or 0:,}"
            same = "" if row.output == outcome.output else ", with another output"
            return Check(chunk.place, False, f"{said}; its provider signed {was}{same}")
    signed = (receipt.chunk, receipt.outcomes, receipt.fuel)
    if signed != (ran.chunk, root_of(task_leaf(outcome) for outcome in ran.outcomes), ran.fuel):
        return Check(chunk.place, False, f"it burns {ran.fuel:,} fuel here, and {receipt.fuel:,} are billed")
    return Check(
        chunk.place, True, f"the same outputs and the same {show_gfuel(ran.fuel)} Gfuel on this machine"
    )


def _laid(name: bytes, store: RenterStore, folder: Path) -> Path:
    path = folder / name.hex()
    if not path.exists():
        path.write_bytes(store.blob(name) or b"")
    return path
