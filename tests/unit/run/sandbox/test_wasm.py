"""Commands of the wasm runtime: what they get, how they end, what they may not do."""

import hashlib
import json

import pytest

from sandboxes import Slots, run_wat
from surge.model.command import CommandInput, CommandOutput
from surge.model.errors import BadInput, NotDeterministic
from surge.model.task import OUT_OF_FUEL, RETURNED, TRAPPED, Limits
from surge.model.units import Bytes, Fuel
from surge.run.kernels import kernel
from surge.run.sandbox.wasm import MAX_MODULE, check_module

WASI = "wasi_snapshot_preview1"
HEAD = f"""
(import "{WASI}" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
(import "{WASI}" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
(import "{WASI}" "random_get" (func $random (param i32 i32) (result i32)))
(import "{WASI}" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
(import "{WASI}" "proc_exit" (func $exit (param i32)))
(memory (export "memory") 2)
(data (i32.const 0) "\\40\\00\\00\\00\\04\\00\\00\\00")
(data (i32.const 64) "abcd")
"""
SAY = "(drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)))"


def command(body: str, extra: str = "") -> str:
    return f'(module {HEAD} {extra} (func (export "_start") (local $i i32) {body}))'


def test_hashes_agree_with_the_standard_librarys(box: Slots) -> None:
    texts = [b"", b"abc", b"a" * 119, bytes(range(256)) * 5]
    inputs = [CommandInput(("1",), text) for text in texts]
    result = box.command(kernel("sha256"), *inputs)
    said = [CommandOutput.decode(o.output).stdout.decode().strip() for o in result.outcomes]
    assert said == [hashlib.sha256(text).hexdigest() for text in texts]


def test_neighbours_agree_with_a_plain_count(box: Slots) -> None:
    rows = [[(7 * i * j + i) % 11 for j in range(4)] for i in range(60)]
    labels = [sum(row) % 3 for row in rows]
    text = "\n".join(",".join(map(str, [*row, label])) for row, label in zip(rows, labels, strict=True))
    result = box.command(kernel("knn"), CommandInput(("3",), text.encode()))
    answer = json.loads(CommandOutput.decode(result.outcomes[0].output).stdout)
    right = 0
    for i, row in enumerate(rows):
        near = sorted(
            (sum((a - b) ** 2 for a, b in zip(row, other, strict=True)), j)
            for j, other in enumerate(rows)
            if j != i
        )[:3]
        votes = [labels[j] for _, j in near]
        right += min(set(votes), key=lambda v: (-votes.count(v), v)) == labels[i]
    assert answer == {"rows": 60, "features": 4, "k": 3, "right": right, "accuracy": round(right / 60, 6)}


def test_the_exit_code_is_part_of_the_output(box: Slots) -> None:
    result = box.command(kernel("knn"), CommandInput(("0",)), CommandInput(("1",), b"1,x"))
    outputs = [CommandOutput.decode(o.output) for o in result.outcomes]
    assert [o.status for o in result.outcomes] == [RETURNED, RETURNED]
    assert [o.exit_code for o in outputs] == [2, 2]
    assert b"k must lie between" in outputs[0].stderr


def test_the_same_command_gives_the_same_bytes_and_fuel(box: Slots) -> None:
    one = box.command(kernel("nbody"), CommandInput(("1000",)))
    two = box.command(kernel("nbody"), CommandInput(("1000",)))
    assert (one.chunk, one.fuel, one.outcomes) == (two.chunk, two.fuel, two.outcomes)
    assert one.fuel == one.outcomes[0].fuel > 10**6


def test_stdout_and_exit() -> None:
    outcome = run_wat(command(f"{SAY} (call $exit (i32.const 7))"))
    assert CommandOutput.decode(outcome.output) == CommandOutput(7, b"abcd", b"")


@pytest.mark.parametrize(
    ("body", "words", "exact"),
    [
        ("unreachable", "an abort", True),
        ("(drop (i32.load (i32.const -8)))", "outside the memory", False),
        ("(drop (i32.div_s (i32.const 1) (i32.const 0)))", "division by zero", False),
        ("(throw $oops)", "nothing caught", False),
    ],
)
def test_traps_are_told_and_never_free(body: str, words: str, exact: bool) -> None:
    loop = (
        "(loop $l (local.set $i (i32.add (local.get $i) (i32.const 1)))"
        " (br_if $l (i32.lt_u (local.get $i) (i32.const 1000000))))"
    )
    limits = Limits(Fuel(10**8))
    outcome = run_wat(command(loop + body, "(tag $oops)"), limits=limits)
    assert outcome.status == TRAPPED
    assert words in outcome.output.decode()
    assert outcome.fuel >= 8_000_000
    assert (outcome.fuel < limits.fuel) == exact


def test_fuel_ends_an_endless_loop() -> None:
    outcome = run_wat(command("(loop $l (br $l))"), limits=Limits(Fuel(10**7)))
    assert (outcome.status, outcome.fuel) == (OUT_OF_FUEL, 10**7)


def test_calls_to_the_host_cost_fuel() -> None:
    body = "(loop $l (drop (call $clock (i32.const 0) (i64.const 0) (i32.const 128))) (br $l))"
    outcome = run_wat(command(body), limits=Limits(Fuel(10**7)))
    assert (outcome.status, outcome.fuel) == (OUT_OF_FUEL, 10**7)


def test_output_above_the_limit_is_no_result() -> None:
    outcome = run_wat(command(SAY * 3), limits=Limits(output=Bytes(10)))
    assert outcome.status == TRAPPED
    assert "output limit of 10 bytes" in outcome.output.decode()


def test_memory_above_the_limit_is_not_given() -> None:
    grow = "(if (i32.eq (memory.grow (i32.const 100)) (i32.const -1)) (then (call $exit (i32.const 9))))"
    outcome = run_wat(command(grow), limits=Limits(memory=Bytes(4 << 20)))
    assert CommandOutput.decode(outcome.output).exit_code == 9


def test_native_recursion_yields_no_outcome(box: Slots) -> None:
    import wasmtime

    module = wasmtime.wat2wasm(command("(call $again)", "(func $again (call $again) (call $again))"))
    with pytest.raises(NotDeterministic, match="native stack"):
        box.command(bytes(module), CommandInput())


@pytest.mark.parametrize("address", [-1, -4, 131072, 131070, 2**31 - 1])
def test_addresses_outside_the_memory_are_answered_with_an_error(address: int) -> None:
    checks = " ".join(
        f"(if (i32.ne (call {call}) (i32.const 21)) (then (call $exit (i32.const {n}))))"
        for n, call in enumerate(
            (
                f"$write (i32.const 1) (i32.const {address}) (i32.const 1) (i32.const 32)",
                f"$read (i32.const 0) (i32.const {address}) (i32.const 1) (i32.const 32)",
                f"$random (i32.const {address}) (i32.const 8)",
                f"$clock (i32.const 0) (i64.const 0) (i32.const {address})",
            ),
            start=1,
        )
    )
    assert CommandOutput.decode(run_wat(command(checks)).output).exit_code == 0


def test_randomness_comes_from_the_seed() -> None:
    body = f"(drop (call $random (i32.const 64) (i32.const 4))) {SAY}"
    said = [CommandOutput.decode(run_wat(command(body), seed=s).output).stdout for s in (1, 1, 2)]
    assert said[0] == said[1] != said[2]


def test_files_are_given_and_stay_the_renters(box: Slots) -> None:
    path_open = (
        f'(import "{WASI}" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))'
    )
    text = f"""(module {path_open} {HEAD}
      (data (i32.const 80) "in/a.txt") (data (i32.const 16) "\\80\\00\\00\\00\\10\\00\\00\\00")
      (func (export "_start")
        (if (i32.ne (call $open (i32.const 3) (i32.const 0) (i32.const 80) (i32.const 8) (i32.const 0)
              (i64.const 2) (i64.const 2) (i32.const 0) (i32.const 40)) (i32.const 0))
          (then (call $exit (i32.const 1))))
        (drop (call $read (i32.load (i32.const 40)) (i32.const 16) (i32.const 1) (i32.const 44)))
        (i32.store (i32.const 0) (i32.const 128)) (i32.store (i32.const 4) (i32.load (i32.const 44)))
        {SAY}))"""
    outcome = run_wat(text, CommandInput(files={"in/a.txt": b"hello"}))
    assert CommandOutput.decode(outcome.output) == CommandOutput(0, b"hello", b"")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no WebAssembly module"),
        (b"#!/bin/sh\necho", "no WebAssembly module"),
        (b"\0asm\x0d\0\1\0", "component"),
        (b"\0asm\1\0\0\0" + bytes(MAX_MODULE), "is the most"),
    ],
    ids=["empty", "script", "component", "huge"],
)
def test_what_is_no_module_is_refused_before_it_is_compiled(content: bytes, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        check_module(content)


def test_a_broken_module_is_refused(box: Slots) -> None:
    with pytest.raises(BadInput, match="compiling the wasm module failed"):
        box.command(b"\0asm\1\0\0\0\xff\xff", CommandInput())


def test_unknown_imports_are_named() -> None:
    with pytest.raises(BadInput, match=r"env\.launch"):
        run_wat(
            '(module (import "env" "launch" (func)) (memory (export "memory") 1) (func (export "_start")))'
        )


def test_a_library_is_no_command() -> None:
    with pytest.raises(BadInput, match="no command"):
        run_wat('(module (memory (export "memory") 1) (func (export "add")))')


def test_an_input_that_is_no_command_input_ends_its_task_alone(box: Slots) -> None:
    import wasmtime

    from surge.run.sandbox.engine import engine
    from surge.run.sandbox.feed import Assignment
    from surge.run.sandbox.wasm import WasmRuntime

    runtime = WasmRuntime(wasmtime.Module(engine(), wasmtime.wat2wasm(command(SAY))))
    tasks = [Assignment(b"a" * 32, b"\xc1", 0), Assignment(b"b" * 32, CommandInput().encode(), 0)]
    outcomes, fuel = runtime.run(tasks, Limits())
    assert [o.status for o in outcomes] == [TRAPPED, RETURNED]
    assert fuel == outcomes[1].fuel


WASI = "wasi_snapshot_preview1"


@pytest.mark.parametrize(
    "imported",
    [
        '"fd_close" (func (param i64) (result i32))',
        '"fd_close" (func (param i32))',
        '"proc_exit" (func (param i32) (result i32))',
        '"sched_yield" (global i32)',
        '"fd_datasync" (memory 1)',
    ],
)
def test_a_call_of_another_type_is_refused_before_anything_runs(imported: str) -> None:
    """Found by test_wasm_fuzz.py: it ended as if this machine had been the reason, unbilled."""
    memory = "" if "memory" in imported else '(memory (export "memory") 1)'
    export = '(export "memory" (memory 0))' if not memory else ""
    with pytest.raises(BadInput, match="other parameters than WASI's"):
        run_wat(f'(module (import "{WASI}" {imported}) {memory} {export} (func (export "_start")))')
