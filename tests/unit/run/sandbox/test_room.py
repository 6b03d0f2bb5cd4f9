"""Memory that a limit promises is there, or nobody's fact (P7); tables and outputs have their ends, too."""

import mmap
import subprocess
import sys
from typing import Any

import pytest
import wasmtime

from places import SRC, TESTS
from sandboxes import Slots, run_wat
from surge.model.command import MAX_OUTPUT as MAX_COMMAND
from surge.model.command import CommandInput, CommandOutput
from surge.model.errors import NotDeterministic
from surge.model.task import CHUNK_OUTPUT, RETURNED, TRAPPED, Limits
from surge.model.units import Bytes, Fuel
from surge.net.messages import MAX_OUTPUT
from surge.net.results import MAX_RESULT
from surge.run.sandbox import wasm
from surge.run.sandbox.engine import engine
from surge.run.sandbox.guest import HOST_ROOM, MAX_TABLE, MAX_TABLES
from surge.run.slots.pipe import MAX_FRAME
from surge.run.wasi import memory

EXIT = '(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))'
WRITE = '(import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))'
SQLITE_ROW = 10**9


def code_of(body: str, pages: int = 1, limit: int = 1 << 21) -> Any:
    module = f'(module {EXIT} (memory (export "memory") {pages}) (func (export "_start") {body}))'
    outcome = run_wat(module, limits=Limits(memory=Bytes(limit)))
    return CommandOutput.decode(outcome.output).exit_code if outcome.status == RETURNED else outcome.output


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where Linux promises no more memory than it has."""
    monkeypatch.setattr(memory, "is_strict", lambda: True)


@pytest.mark.skipif(sys.platform != "linux", reason="what is done with the memory is Linux's")
@pytest.mark.usefixtures("strict")
def test_memory_that_is_set_aside_is_no_memory_of_the_guest_s_yet() -> None:
    assert b"outside the memory" in code_of("(drop (i32.load (i32.const 65536)))")
    assert code_of("(call $exit (memory.size))", 3) == 3
    both = "(i32.add (i32.load (i32.const 65536)) (memory.size))"
    grown = f"(drop (memory.grow (i32.const 31))) (call $exit {both})"
    assert code_of(grown) == 32
    assert code_of("(call $exit (i32.eq (memory.grow (i32.const 32)) (i32.const -1)))") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="what is done with the memory is Linux's")
@pytest.mark.usefixtures("strict")
def test_all_of_the_limit_is_set_aside_before_a_guest_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    real = memory._libc_mprotect()

    def noted(begin: int, size: int, protection: int) -> int:
        asked.append((size, protection))
        return int(real(begin, size, protection))

    monkeypatch.setattr(memory, "_libc_mprotect", lambda: noted)
    assert code_of("(call $exit (i32.const 5))") == 5
    left = (1 << 21) - (1 << 16)
    assert asked == [(left, mmap.PROT_READ | mmap.PROT_WRITE), (left, memory.PROT_NONE)]
    monkeypatch.setattr(memory, "_libc_mprotect", lambda: lambda *_: -1)
    with pytest.raises(NotDeterministic, match="this machine can't give a task"):
        code_of("(call $exit (i32.const 5))")


SHORT = """
import resource, sys
sys.path.insert(0, sys.argv[1])
from sandboxes import run_wat
from surge.model.errors import NotDeterministic
from surge.model.task import Limits
from surge.model.units import Bytes
MODULE = '(module (memory (export "memory") 1) (func (export "_start")))'
limits = Limits(memory=Bytes(256 << 20))
assert run_wat(MODULE, limits=limits).status == "returned"
pages = int(open("/proc/self/statm").read().split()[5])
resource.setrlimit(resource.RLIMIT_DATA, (pages * resource.getpagesize() + int(sys.argv[2]),) * 2)
try:
    print(run_wat(MODULE, limits=limits).status)
except NotDeterministic:
    print("nothing")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
def test_what_the_host_takes_meanwhile_must_be_there_too() -> None:
    """A little more than the guest's memory isn't enough: a file that it writes would make its memory's
    growth fail in between, and be gone at the end."""
    for room, said in ((8 << 20, "nothing"), (4 * HOST_ROOM, "returned")):
        command = [sys.executable, "-c", SHORT, str(TESTS), str((256 << 20) + room)]
        done = subprocess.run(
            command, capture_output=True, text=True, env={"PYTHONPATH": str(SRC)}, check=False
        )
        assert done.stdout.strip() == said, done.stderr


def test_tables_are_bounded_and_part_of_that_room() -> None:
    assert MAX_TABLES * MAX_TABLE * 16 <= HOST_ROOM // 4
    start = '(memory (export "memory") 1) (func (export "_start")'
    grow = f"(call $exit (i32.eq (table.grow (ref.null func) (i32.const {MAX_TABLE})) (i32.const -1)))"
    refused = run_wat(f"(module {EXIT} {start} {grow}) (table 1 funcref))")
    assert CommandOutput.decode(refused.output).exit_code == 1
    largest = "(table 262144 funcref)"
    assert run_wat(f"(module {start}) {largest * MAX_TABLES})").status == RETURNED
    assert run_wat(f"(module {start}) {largest * (MAX_TABLES + 1)})").status == TRAPPED
    assert run_wat(f"(module {start}) (table 262145 funcref))").status == TRAPPED


def writer(count: int) -> str:
    """A command that writes so many times 64 KiB."""
    return f"""(module {WRITE} (memory (export "memory") 2)
      (data (i32.const 0) "\\10\\00\\00\\00\\00\\00\\01\\00")
      (func (export "_start") (local $i i32) (loop $more
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $more (i32.lt_u (local.get $i) (i32.const {count}))))))"""


def test_a_chunk_stops_behind_the_task_that_fills_its_outputs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each task is below the limit, two together are above it: the third runs in another chunk."""
    monkeypatch.setattr(wasm, "CHUNK_OUTPUT", 100_000)
    module = wasmtime.Module(engine(), wasmtime.wat2wasm(writer(1)))
    tasks = [wasm.Assignment(bytes([n]) * 32, CommandInput().encode(), n) for n in range(4)]
    outcomes, fuel = wasm.WasmRuntime(module).run(tasks, Limits())
    assert [o.task for o in outcomes] == [t.task for t in tasks[:2]]
    assert fuel == sum(o.fuel for o in outcomes)
    assert wasm.WasmRuntime(module).run(tasks[2:], Limits())[0][0].output == outcomes[0].output


def large(size):
    return bytes(size)


@pytest.mark.slow
def test_the_same_through_the_pool(box: Slots) -> None:
    size = CHUNK_OUTPUT // 2 + 1
    limits = Limits(Fuel(10**12), output=Bytes(MAX_OUTPUT))
    result, values = box.chunk(large, size, size, size, limits=limits)
    assert [len(value) for value in values] == [size, size]
    assert [o.status for o in result.outcomes] == [RETURNED] * 2


def test_what_a_chunk_may_answer_can_be_sent_and_kept() -> None:
    """The outputs before the one that fills a chunk, and that one: less than each vessel on their way."""
    most = CHUNK_OUTPUT + max(MAX_OUTPUT, MAX_COMMAND)
    assert most < min(MAX_RESULT, MAX_FRAME, SQLITE_ROW)
