"""Chunks run again, here: what a provider signed must be what this machine computes (invariant P1).

A sample, not a proof: drawn among all that was billed, so that nobody knows beforehand which, and nothing
that its provider signs keeps a chunk out. What takes long here is ended, and what of it ended is compared.
"""

import secrets
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from surge.model.errors import NotDeterministic, SurgeError
from surge.model.receipt import Receipt, setup_chunk, task_leaf
from surge.model.task import WASM, ChunkResult, ImageSpec
from surge.model.units import LeaseId, counted, show_gfuel
from surge.renter.lease.images import make_here
from surge.renter.verify import Check
from surge.run.slots.pool import Job, Pool
from surge.settle.merkle import root_of
from surge.store.renter import JobRow, RenterStore, TaskRow

TRY_SECONDS = 20.0
"""What a chunk may take here, and each shorter try of it."""
SHORTER = 8
"""Where a chunk is ended, the first of so many parts of it is tried."""
END_FUEL = 1_000_000
"""The last task of a chunk burns a little that it doesn't burn in the middle of one."""
SAME, LONG, NOT_HERE = "ran again", "too long", "can't be run here"

_Images = dict[bytes, tuple[ImageSpec, bytes]]


@dataclass(frozen=True, slots=True)
class _Billed:
    """A chunk, or an image that was made: then it has no rows."""

    receipt: Receipt
    rows: list[TaskRow]
    spec: ImageSpec | None = None

    @property
    def place(self) -> str:
        return f"lease {self.receipt.lease}, receipt {self.receipt.position}, run again"


async def run_again(
    job: JobRow, store: RenterStore, count: int, progress: Callable[[str], None]
) -> AsyncIterator[Check]:
    """Up to `count` of what a job was billed, one check for each as soon as it has run; then one that says
    how many there are and what became of those drawn. What this machine can't run is told, and is no fault
    of the provider's."""
    if not count:
        return
    images = {name: (spec, image) for name, spec, image in store.images(job.id)}
    billed = _billed(job, images, store)
    drawn = _draw(billed, count)
    ends = Counter[str]()
    if drawn:
        with tempfile.TemporaryDirectory(prefix="surge-again-") as folder:
            pool = Pool(1, progress=lambda stage, *_: progress(stage), readable=[Path(folder)])
            try:
                await pool.start()
                for one in drawn:
                    end, check = await _checked(one, images, store, pool, Path(folder))
                    ends[end] += 1
                    yield check
            finally:
                await pool.stop()
    yield Check(f"job {job.id}, run again", True, _summary(billed, ends))


def _summary(billed: list[_Billed], ends: Counter[str]) -> str:
    setups = sum(one.spec is not None for one in billed)
    there = f"{counted(len(billed) - setups, 'chunk')} and {counted(setups, 'setup')} billed"
    told = [f"{ends[SAME]} {SAME} here", f"{ends[LONG]} {LONG}"]
    if ends[NOT_HERE]:
        told.append(f"{ends[NOT_HERE]} {NOT_HERE}")
    return f"{there}: {', '.join(told)}, {len(billed) - ends.total()} not drawn"


def _billed(job: JobRow, images: _Images, store: RenterStore) -> list[_Billed]:
    found: list[_Billed] = []
    setups = {setup_chunk(spec): spec for spec, _ in images.values()}
    for lease in store.leases(job):
        rows: dict[int, list[TaskRow]] = {}
        for row in store.tasks(job.id, LeaseId(lease.id)):
            rows.setdefault(row.position, []).append(row)
        for kept in store.receipts(job.id, LeaseId(lease.id)):
            receipt = kept.receipt
            if receipt.position in rows:
                found.append(_Billed(receipt, rows[receipt.position]))
            elif receipt.chunk in setups:
                found.append(_Billed(receipt, [], setups[receipt.chunk]))
    return found


def _draw(billed: list[_Billed], count: int) -> list[_Billed]:
    left, drawn = list(billed), list[_Billed]()
    while left and len(drawn) < count:
        drawn.append(left.pop(secrets.randbelow(len(left))))
    return sorted(drawn, key=lambda one: (one.receipt.lease, one.receipt.position))


async def _checked(
    one: _Billed, images: _Images, store: RenterStore, pool: Pool, folder: Path
) -> tuple[str, Check]:
    """How it ended here, and what that says."""
    try:
        if one.spec is not None:
            return SAME, await _compare_setup(one, one.spec, images, store)
        return SAME, await _compare(one, images, store, pool, folder)
    except NotDeterministic as error:
        bill = f"it bills {show_gfuel(one.receipt.fuel)} Gfuel"
        said = f"not compared, too long: {bill}, and had not ended here after {TRY_SECONDS:.0f} s ({error})"
        return LONG, Check(one.place, True, said)
    except SurgeError as error:
        return NOT_HERE, Check(one.place, True, f"can't be run here, and was not compared ({error})")


async def _compare_setup(one: _Billed, spec: ImageSpec, images: _Images, store: RenterStore) -> Check:
    here = await make_here(spec, store.blob(spec.module) if spec.runtime == WASM else None)
    if here.digest != images[spec.id][1]:
        return Check(one.place, False, "the image of these modules is another one here: none of it holds")
    if here.fuel != one.receipt.fuel:
        burned = f"making its image burns {here.fuel:,} fuel here"
        return Check(one.place, False, f"{burned}, and {one.receipt.fuel:,} are billed")
    return Check(one.place, True, f"the same image and the same {show_gfuel(here.fuel)} Gfuel here")


async def _compare(one: _Billed, images: _Images, store: RenterStore, pool: Pool, folder: Path) -> Check:
    """Raises NotDeterministic where not even the first task ended."""
    first, receipt = one.rows[0], one.receipt
    if first.spec not in images:
        return Check(one.place, False, "it names an image that is not stored")
    spec, image = images[first.spec]
    made = await pool.image(spec, store.blob(spec.module) if spec.runtime == WASM else None)
    if made.digest != image:
        return Check(one.place, False, "the image of these modules is another one here: none of it holds")
    rows, ran = await _run(one.rows, spec, store, pool, folder)
    is_part = len(rows) < len(one.rows)
    for row, outcome in zip(rows, ran.outcomes, strict=False):
        slack = END_FUEL if is_part and row is rows[-1] else 0
        same_fuel = row.fuel is not None and abs(row.fuel - outcome.fuel) <= slack
        if not same_fuel or (row.status, row.output) != (outcome.status, outcome.output):
            said = f"task {row.number} gives {outcome.status} for {outcome.fuel:,} fuel here"
            was = f"{row.status} for {row.fuel or 0:,}"
            same = "" if row.output == outcome.output else ", with another output"
            return Check(one.place, False, f"{said}; its provider signed {was}{same}")
    if is_part:
        loading = ran.fuel - sum(outcome.fuel for outcome in ran.outcomes)
        billed = receipt.fuel - sum(row.fuel or 0 for row in one.rows)
        if loading != billed:
            said = f"loading its code burns {loading:,} fuel here, and {billed:,} are billed"
            return Check(one.place, False, said)
        some = f"the first {counted(len(ran.outcomes), 'task')} of {len(one.rows)}, as far as it came in time"
        return Check(one.place, True, f"{some}: the same outputs and the same fuel on this machine")
    signed = (receipt.chunk, receipt.outcomes, receipt.fuel)
    if signed != (ran.chunk, root_of(task_leaf(outcome) for outcome in ran.outcomes), ran.fuel):
        return Check(one.place, False, f"it burns {ran.fuel:,} fuel here, and {receipt.fuel:,} are billed")
    return Check(
        one.place, True, f"the same outputs and the same {show_gfuel(ran.fuel)} Gfuel on this machine"
    )


async def _run(
    rows: list[TaskRow], spec: ImageSpec, store: RenterStore, pool: Pool, folder: Path
) -> tuple[list[TaskRow], ChunkResult]:
    """The chunk, or as many of its first tasks as end in time, and what came of them."""
    first = rows[0]
    blobs = {name: _laid(name, store, folder) for row in rows for name in row.blobs}
    code = b"" if spec.runtime == WASM else store.blob(first.code) or b""
    while True:
        tasks = [(row.id, row.input, row.seed, row.blobs) for row in rows]
        try:
            return rows, await pool.run(Job(spec, code, tasks, first.limits, TRY_SECONDS, blobs=blobs))
        except NotDeterministic:
            if len(rows) == 1:
                raise
            rows = rows[: max(1, len(rows) // SHORTER)]


def _laid(name: bytes, store: RenterStore, folder: Path) -> Path:
    path = folder / name.hex()
    if not path.exists():
        path.write_bytes(store.blob(name) or b"")
    return path
