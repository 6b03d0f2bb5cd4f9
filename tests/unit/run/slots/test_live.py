"""What tasks write is told while they run, in order, up to a bound, and is in the outcome whole."""

import threading
from pathlib import Path

import wasmtime

from sandboxes import Slots
from surge.model.command import CommandInput, CommandOutput
from surge.model.task import RETURNED, Task
from surge.renter.ship.script import ship_script
from surge.run.sandbox.suite import python_spec, wasm_spec
from surge.run.slots import live
from surge.run.slots.live import Live
from surge.run.slots.pipe import Printed
from surge.run.slots.pool import Job

WRITES = """
import os, sys
print("one")
print("two", file=sys.stderr)
os.write(1, b"three\\n")
print("four", end="", flush=True)
sys.stdout.buffer.write(b"\\xff")
for n in range(5000):
    print(n)
sys.stdout.close()
"""


def run_watched(box: Slots, source: str, path: Path) -> tuple[list[Printed], CommandOutput]:
    path.write_text(source)
    shipped = ship_script(path)
    spec, given, told = python_spec(shipped.modules), CommandInput().encode(), []
    name = Task(b"\0" * 32, given, 0).id(spec)
    result = box.do(box.pool.run(Job(spec, shipped.code, [(name, given, 0)], hear=told.append)))
    (outcome,) = result.outcomes
    assert outcome.status == RETURNED
    return told, CommandOutput.decode(outcome.output)


def joined(told: list[Printed], stream: str) -> bytes:
    whole = b""
    for one in told:
        if one.stream == stream:
            assert one.offset == len(whole)
            whole += one.content
    return whole


def test_a_script_is_heard_whole(box: Slots, tmp_path: Path) -> None:
    told, output = run_watched(box, WRITES, tmp_path / "writes.py")
    numbers = "".join(f"{n}\n" for n in range(5000)).encode()
    assert output.stdout == b"one\nthree\nfour\xff" + numbers == joined(told, "stdout")
    assert output.stderr == b"two\n" == joined(told, "stderr")


def test_nobody_hears_an_unwatched_script_and_it_burns_the_same(box: Slots, tmp_path: Path) -> None:
    path = tmp_path / "writes.py"
    path.write_text(WRITES)
    shipped = ship_script(path)
    spec, given = python_spec(shipped.modules), CommandInput().encode()
    told: list[Printed] = []
    tasks = [(Task(b"\0" * 32, given, 0).id(spec), given, 0)]
    quiet = box.do(box.pool.run(Job(spec, shipped.code, tasks)))
    loud = box.do(box.pool.run(Job(spec, shipped.code, tasks, hear=told.append)))
    assert told
    assert quiet.outcomes == loud.outcomes
    assert quiet.fuel == loud.fuel


HELLO = """(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\10\\00\\00\\00\\03\\00\\00\\00")
  (data (i32.const 16) "hi\\n")
  (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)))))"""


def test_a_command_is_heard(box: Slots) -> None:
    module = wasmtime.wat2wasm(HELLO)
    spec, given, told = wasm_spec(module), CommandInput().encode(), []
    box.do(box.pool.image(spec, module))
    tasks = [(bytes([n]) * 32, given, n) for n in range(2)]
    box.do(box.pool.run(Job(spec, b"", tasks, hear=told.append)))
    assert told == [Printed(0, "stdout", 0, b"hi\n"), Printed(1, "stdout", 0, b"hi\n")]


def test_pieces_wait_for_their_size_or_their_time() -> None:
    told: list[Printed] = []
    came = threading.Event()

    def tell(one: Printed) -> None:
        told.append(one)
        came.set()

    with Live(tell) as watching:
        watching.hear(0, "stdout", b"a")
        assert came.wait(60)
        assert told == [Printed(0, "stdout", 0, b"a")]
        watching.hear(0, "stdout", b"b" * (live.PIECE + 1))
        assert [len(one.content) for one in told[1:]] == [live.PIECE, 1]
        assert [one.offset for one in told[1:]] == [1, 1 + live.PIECE]


def test_more_than_the_most_is_not_told() -> None:
    told: list[Printed] = []
    with Live(told.append) as watching:
        for _ in range(10):
            watching.hear(0, "stdout", b"x" * (live.MOST // 4))
    assert sum(len(one.content) for one in told) == live.MOST
