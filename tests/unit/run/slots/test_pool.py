"""Slots survive what happens to their workers."""

import asyncio
import os
import resource
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from sandboxes import Slots, slots
from surge.model.command import CommandInput
from surge.model.errors import BadInput, NotDeterministic
from surge.model.task import ImageSpec
from surge.run.sandbox.suite import python_spec
from surge.run.slots.pool import Job


def workers() -> set[int]:
    children = psutil.Process().children()
    return {c.pid for c in children if "surge.run.slots.worker" in " ".join(c.cmdline())}


def busy(x):
    total = 0
    for n in range(x):
        total += n
    return total


def test_a_killed_worker_is_replaced(box: Slots) -> None:
    with slots() as own:
        (worker,) = workers() - _of(box)

        async def kill() -> None:
            job = asyncio.ensure_future(own.pool.run(_job(busy, 10**9)))
            while psutil.Process(worker).cpu_percent(0.05) < 20:
                await asyncio.sleep(0)
            os.kill(worker, signal.SIGKILL)
            await job

        with pytest.raises(NotDeterministic, match="code -9"):
            own.do(kill())
        assert own.chunk(busy, 10)[1] == [45]
        assert worker not in workers()


def _of(box: Slots) -> set[int]:
    return {slot._child.pid for slot in box.pool._all}


def _job(function: object, value: object) -> Job:
    from surge.renter.ship.call import encode_call, ship

    shipped = ship(function)  # type: ignore[arg-type]
    task = b"\0" * 32, encode_call((value,), {}, shipped), 0
    return Job(python_spec(shipped.modules), shipped.code, [task])


def test_a_chunk_that_nobody_waits_for_ends(box: Slots) -> None:
    async def give_up() -> None:
        async with asyncio.timeout(0.5):
            await box.pool.run(_job(busy, 10**9))

    with pytest.raises(TimeoutError):
        box.do(give_up())
    assert box.chunk(busy, 10)[1] == [45]


def test_more_chunks_than_slots_wait_their_turn(box: Slots) -> None:
    async def three() -> list[int]:
        done = await asyncio.gather(*(box.pool.run(_job(busy, n)) for n in (10, 20, 30)))
        return [len(result.outcomes) for result in done]

    assert box.do(three()) == [1, 1, 1]


def test_a_job_for_another_release_is_refused(box: Slots) -> None:
    spec = ImageSpec("python", bytes(32))
    with pytest.raises(BadInput, match="another release"):
        box.do(box.pool.image(spec))
    with pytest.raises(BadInput, match="no runtime is called"):
        box.do(box.pool.image(ImageSpec("fortran", bytes(32))))


def test_a_module_under_another_name_is_refused(box: Slots) -> None:
    from surge.run.kernels import kernel
    from surge.run.sandbox.suite import wasm_spec

    with pytest.raises(BadInput, match="isn't the one"):
        box.do(box.pool.image(wasm_spec(kernel("knn")), kernel("nbody")))


def test_workers_end_with_a_pool_that_is_killed(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import asyncio
        from surge.run.slots.pool import Pool
        async def main():
            pool = Pool(1)
            await pool.start()
            (slot,) = pool._all
            print(slot._child.pid, flush=True)
            await asyncio.Event().wait()
        asyncio.run(main())
        """
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        worker = psutil.Process(int(owner.stdout.readline()))
        owner.kill()
        assert psutil.wait_procs([worker], timeout=30)[1] == []


GROWS = """(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (if (i32.eq (memory.grow (i32.const 12000)) (i32.const -1)) (then (call $exit (i32.const 7))))))"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
def test_memory_that_this_machine_lacks_is_no_fact_about_the_guest() -> None:
    """A worker that may write to 500 MiB is asked for 750 of the 1,024 that the limit promises (P7)."""
    import wasmtime

    with slots() as box:
        module = bytes(wasmtime.wat2wasm(GROWS))
        assert [o.status for o in box.command(module, CommandInput()).outcomes] == ["returned"]
        (slot,) = box.pool._all
        resource.prlimit(slot._child.pid, resource.RLIMIT_DATA, (500 << 20, 500 << 20))
        with pytest.raises(NotDeterministic, match="this machine can't give a task"):
            box.command(module, CommandInput())
