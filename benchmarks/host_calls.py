"""What host calls cost in fuel for the time that they take: each within ten times of pure wasm.

    python benchmarks/host_calls.py          prints a table, writes benchmarks/results/host_calls.json

Every function of WASI is called over and over from a module of its own, with the arguments that make it work
hardest. ratio: gigafuel per second of a loop of plain arithmetic, divided by that of the calls; above 10,
whoever calls it gets a machine for less than a tenth of its price.
"""

import json
import sys
import time
from pathlib import Path

import wasmtime

from surge.model.command import CommandInput
from surge.model.task import Limits
from surge.model.units import Bytes, Fuel
from surge.run.sandbox.engine import engine
from surge.run.sandbox.feed import Assignment
from surge.run.sandbox.wasm import WasmRuntime
from surge.run.wasi import abi

HERE = Path(__file__).parent
MOST = 10.0
ROUNDS = 3
FILES = 1_000
"""In the folder that is listed, with names of 200 characters."""
AT, OUT, PATH, DEEP = 1 << 16, 1 << 20, 1 << 12, 1 << 13
"""Places in the guest's memory: vectors (all zeros: empty), results, a short path, one of 2,000 parts."""
SLOW = {"fd_readdir", "path_remove_directory", "path_rename", "path_unlink_file", "path_create_directory"}


def number(value: int, kind: str) -> str:
    return f"({'i32' if kind == abi.I32 else 'i64'}.const {value})"


HARD: dict[str, tuple[int, ...]] = {
    "poll_oneoff": (AT, OUT, 1024, 8),
    "fd_read": (0, AT, 1024, 8),
    "fd_write": (1, AT, 1024, 8),
    "fd_pread": (4, AT, 1024, 0, 8),
    "fd_pwrite": (4, AT, 1024, 0, 8),
    "random_get": (OUT, 1 << 16),
    "fd_readdir": (3, OUT, 1 << 18, 0, 8),
    "fd_filestat_set_size": (4, 0),
    "fd_seek": (4, 0, 0, 8),
    "fd_tell": (4, 8),
    "fd_renumber": (4, 4),
    "fd_close": (99,),
    "path_filestat_get": (3, 0, DEEP, 4000, OUT),
    "path_open": (3, 0, DEEP, 4000, 0, 0, 0, 0, 8),
    "path_rename": (3, DEEP, 4000, 3, DEEP, 4000),
    "path_create_directory": (3, DEEP, 4000),
    "path_remove_directory": (3, DEEP, 4000),
    "path_unlink_file": (3, DEEP, 4000),
    "path_readlink": (3, DEEP, 4000, OUT, 64, 8),
    "path_filestat_set_times": (3, 0, DEEP, 4000, 0, 0, 4),
    "args_get": (OUT, OUT + 65536),
    "environ_get": (OUT, OUT + 65536),
}


def module(name: str, times: int) -> str:
    signature = abi.SIGNATURES[name]
    words = {abi.I32: "i32", "I": "i64"}
    parameters = " ".join(words[kind] for kind in signature)
    values = HARD.get(name) or tuple(
        4 if n == 0 and name.startswith("fd") else OUT for n in range(len(signature))
    )
    given = " ".join(number(value, kind) for value, kind in zip(values, signature, strict=True))
    return f"""(module (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "{name}" (func $call (param {parameters}) (result i32)))
      (memory (export "memory") 64) (data (i32.const {PATH}) "f") (data (i32.const {DEEP}) "{"a/" * 2000}")
      (func (export "_start") (local $n i32)
        (drop (call $open (i32.const 3) (i32.const 0) (i32.const {PATH}) (i32.const 1) (i32.const 1)
          (i64.const -1) (i64.const -1) (i32.const 0) (i32.const 8)))
        (loop $more (drop (call $call {given}))
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (br_if $more (i32.lt_u (local.get $n) (i32.const {times}))))))"""


PURE = """(module (memory (export "memory") 1) (func (export "_start") (local $n i32) (local $x i64)
  (loop $more
    (local.set $x (i64.mul (local.get $x) (i64.const 6364136223846793005)))
    (local.set $x (i64.xor (local.get $x) (i64.extend_i32_u (local.get $n))))
    (i64.store (i32.and (local.get $n) (i32.const 65528)) (local.get $x))
    (local.set $n (i32.add (local.get $n) (i32.const 1)))
    (br_if $more (i32.lt_u (local.get $n) (i32.const 20000000))))))"""


def speed(text: str, files: dict[str, bytes]) -> tuple[float, int]:
    """(the best gigafuel per second of some rounds, fuel of one)"""
    runtime = WasmRuntime(wasmtime.Module(engine(), wasmtime.wat2wasm(text)))
    given = CommandInput(("x" * 100,) * 50, b"in", files).encode()
    best, fuel = 0.0, 0
    for _ in range(ROUNDS):
        began = time.perf_counter()
        (outcome,), _ = runtime.run([Assignment(b"t" * 32, given, 1)], Limits(Fuel(10**13), Bytes(1 << 28)))
        taken = time.perf_counter() - began
        if outcome.status != "returned":
            raise SystemExit(f"{outcome.status}: {outcome.output!r}")
        fuel = outcome.fuel
        best = max(best, fuel / taken / 1e9)
    return best, fuel


def main() -> int:
    pure, _ = speed(PURE, {})
    found = {"arithmetic": pure}
    names = {f"{n:03}{'x' * 197}": b"" for n in range(FILES)}
    for name in sorted(abi.SIGNATURES):
        if name == "proc_exit":
            continue
        files = names if name in SLOW else {}
        found[name], _ = speed(module(name, 100 if name in SLOW else 2_000), files)
    ratios = {name: round(pure / one, 1) for name, one in found.items()}
    rows = [
        {"call": name, "gfuel_per_second": round(found[name], 2), "ratio": ratio}
        for name, ratio in sorted(ratios.items(), key=lambda item: -item[1])
    ]
    for row in rows:
        print("  ".join(f"{key}={value}" for key, value in row.items()))
    (HERE / "results" / "host_calls.json").write_text(json.dumps(rows, indent=1) + "\n")
    worst = max(ratios.values())
    print(f"the worst is {worst} times cheaper than arithmetic; {MOST} is allowed")
    return worst > MOST


if __name__ == "__main__":
    sys.exit(main())
