"""The other side of test_wasm_fuzz.py: it makes modules of a seed and runs them as a worker does.

`python wasm_worker.py FILE`: each line on the way in is a seed and a number of modules, each line on the way
out what came of them. The module at hand stands in FILE, for whoever finds this process dead.
"""

import json
import random
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import wasmtime

from surge.model.command import CommandInput
from surge.model.errors import BadInput, NotDeterministic
from surge.model.task import OUT_OF_FUEL, RETURNED, TRAPPED, Limits
from surge.model.units import Bytes, Fuel
from surge.run.sandbox.engine import THREAD_STACK, engine
from surge.run.sandbox.feed import Assignment
from surge.run.sandbox.wasm import WasmRuntime, check_module
from surge.run.wasi import abi

LIMITS = Limits(Fuel(200_000), Bytes(1 << 20), Bytes(1 << 16))
TASK = Assignment(b"t" * 32, CommandInput().encode(), 1)
CALLS = sorted(set(abi.SIGNATURES) - {"proc_exit"})
KINDS = {abi.I32: "i32", abi.I64: "i64"}
UNARY = ["i32.eqz", "i32.clz", "i32.popcnt", "i32.extend8_s"]
BINARY = [
    "add",
    "sub",
    "mul",
    "div_s",
    "div_u",
    "rem_s",
    "rem_u",
    "and",
    "shl",
    "shr_s",
    "rotl",
    "lt_u",
    "eq",
]
LOADS = ["i32.load", "i32.load8_s", "i32.load16_u"]
EDGES = [
    0,
    1,
    2,
    3,
    4,
    8,
    16,
    24,
    64,
    100,
    256,
    1000,
    -1,
    65535,
    65536,
    131071,
    131072,
    1 << 20,
    2**31 - 1,
    -(2**31),
]


def number(draw: random.Random, depth: int) -> str:
    """An expression that gives an i32."""
    if depth <= 0:
        return draw.choice([f"(i32.const {draw.choice(EDGES)})", f"(local.get {draw.randrange(3)})"])

    def one():
        return number(draw, depth - 1 - draw.randrange(2))

    way = draw.choice([*range(11), 0, 1, 2, 6, 6, 7, 8])
    if way < 4:
        return f"(i32.{draw.choice(BINARY)} {one()} {one()})"
    if way == 4:
        return f"({draw.choice(UNARY)} {one()})"
    if way == 5:
        return f"({draw.choice(LOADS)} offset={draw.choice([0, 4, 65536])} {one()})"
    if way == 6:
        name = draw.choice(CALLS)
        kinds = abi.SIGNATURES[name]
        return (
            f"(call ${name} {' '.join(one() if k == 'i' else f'(i64.extend_i32_s {one()})' for k in kinds)})"
        )
    if way == 7:
        return f"(if (result i32) {one()} (then {one()}) (else {one()}))"
    if way == 8:
        return draw.choice(
            [f"(memory.grow {one()})", "(memory.size)", f"(table.grow (ref.null func) {one()})"]
        )
    if way == 9:
        return f"(call_indirect (type $f) {one()} {one()})"
    return f"(i32.trunc_f64_s (f64.div (f64.convert_i32_s {one()}) (f64.convert_i32_u {one()})))"


def step(draw: random.Random, depth: int) -> str:

    def one():
        return number(draw, depth)

    return draw.choice(
        [
            lambda: f"(local.set {draw.randrange(3)} {one()})",
            lambda: f"(i32.store {one()} {one()})",
            lambda: f"(memory.fill {one()} {one()} {one()})",
            lambda: f"(memory.copy {one()} {one()} {one()})",
            lambda: f"(table.set {one()} (ref.func $f))",
            lambda: f"(block (br_if 0 {one()}) {step(draw, depth - 1)})" if depth > 0 else "(nop)",
            lambda: f"(loop (br_if 0 {one()}))",
            lambda: f"(call $exit {one()})" if draw.random() < 0.2 else f"(drop {one()})",
            lambda: f"(drop (call $f {one()}))",
        ]
    )()


def parameters(kinds: str) -> str:
    return " ".join(KINDS[kind] for kind in kinds)


def text(draw: random.Random) -> str:
    imports = [
        f'(import "{abi.MODULE}" "{name}" (func ${name} (param {parameters(kinds)}) (result i32)))'
        for name, kinds in abi.SIGNATURES.items()
        if name in CALLS
    ]
    steps = "\n".join(step(draw, draw.randrange(4)) for _ in range(draw.randrange(1, 6)))
    start = f"(func $s (local i32 i32 i32) {step(draw, 2)}) (start $s)" if draw.random() < 0.3 else ""
    filled = (
        f'(data (i32.const {draw.choice([*[0] * 9, 65530, 131070])}) "abcdef")' if draw.random() < 0.5 else ""
    )
    return f"""(module (type $f (func (param i32) (result i32))) {" ".join(imports)}
      (import "{abi.MODULE}" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") {draw.choice([0, 1, *[2] * 20, 17])})
      (table {draw.choice([0, *[3] * 20, 300000])} funcref)
      {filled}
      (func $f (type $f) (local i32 i32) {number(draw, 2)}) (elem declare func $f)
      {start} (func (export "_start") (local i32 i32 i32) {steps}))"""


def broken(draw: random.Random, module: bytes) -> bytes:
    held = bytearray(module)
    for _ in range(draw.randrange(1, 4)):
        at = draw.randrange(8, len(held) + 1) if draw.random() < 0.95 else draw.randrange(len(held))
        way = draw.random()
        if way < 0.7 and at < len(held):
            held[at] = draw.choice([draw.randrange(256), held[at] ^ 1, 0x0B, 0x10, 0x40, 0x7F, 0xFF, 0])
        elif way < 0.85:
            held[at:at] = held[at : at + draw.randrange(1, 9)]
        else:
            del held[at : at + draw.randrange(1, 4)]
    return bytes(held)


def ended(module: bytes) -> str:
    """How a module ends. Raises AssertionError for what is no way to end."""
    try:
        check_module(module)
        wasmtime.Module.validate(engine(), module)
        runtime = WasmRuntime(wasmtime.Module(engine(), module))
    except (BadInput, wasmtime.WasmtimeError):
        return "refused"
    try:
        (outcome,), fuel = runtime.run([TASK], LIMITS)
        again = runtime.run([TASK], LIMITS)
    except NotDeterministic as error:
        if "native stack" not in str(error):
            raise
        return "no outcome"
    finally:
        runtime.close()
    assert outcome.status in (RETURNED, TRAPPED, OUT_OF_FUEL), outcome
    assert b"a fault of Surge's" not in outcome.output, outcome
    assert (outcome.status != TRAPPED) <= fuel == outcome.fuel <= LIMITS.fuel, outcome
    assert len(outcome.output) <= LIMITS.output + 4096
    assert again == ([outcome], fuel), (outcome, again)
    return str(outcome.status)


def modules(draw: random.Random, count: int) -> Any:
    whole = wasmtime.wat2wasm(text(draw))
    for _ in range(count):
        if draw.random() < 0.15:
            whole = wasmtime.wat2wasm(text(draw))
            yield bytes(whole)
        else:
            yield broken(draw, bytes(whole))


def serve(place: Path) -> None:
    for line in sys.stdin:
        seed, count = json.loads(line)
        found: Counter[str] = Counter()
        for module in modules(random.Random(seed), count):
            place.write_bytes(module)
            try:
                found[ended(module)] += 1
            except BaseException as error:  # noqa: BLE001 the other side tells it
                found[f"wrong: {type(error).__name__}: {error} of {module.hex()}"] += 1
        print(json.dumps(found), flush=True)  # noqa: T201 the answer


if __name__ == "__main__":
    threading.stack_size(THREAD_STACK)
    thread = threading.Thread(target=serve, args=(Path(sys.argv[1]),))
    thread.start()
    thread.join()
