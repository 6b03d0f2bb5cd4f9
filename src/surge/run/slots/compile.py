"""`python -m surge.run.slots.compile SOURCE.wasm TARGET`: native code of a module, for cache.py alone.

The source `interpreter` is the installed one, with what is grafted onto it. Any other one is a stranger's: it
is validated before it is compiled, by one thread, within limits of CPU time and memory.
"""

import resource
import sys
from pathlib import Path

import wasmtime

from surge.model.errors import Unavailable
from surge.run.graft.binary import GraftError
from surge.run.graft.wide import grafted
from surge.run.sandbox.engine import engine
from surge.run.sandbox.interpreter import interpreter, read_checked
from surge.run.slots.orphan import die_with_parent

INTERPRETER = "interpreter"


SECONDS_EACH = 4e-6
"""CPU time for each byte of a stranger's module: several times what compilers' output takes."""
SECONDS_BESIDE = 5.0
MEMORY, MEMORY_EACH = 1 << 30, 24
"""Bytes that a compiler may write to for a stranger's module, and more for each of its bytes."""


def compile_module(source: bytes) -> bytes:
    """Serialised native code. Raises wasmtime.WasmtimeError if the module isn't valid."""
    return bytes(wasmtime.Module(engine(), source).serialize())


def compile_strange(source: bytes) -> bytes:
    """As compile_module, in a process that ends when it takes too long or too much memory."""
    seconds = SECONDS_BESIDE + SECONDS_EACH * len(source)
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 1))
    if sys.platform == "linux":
        most = MEMORY + MEMORY_EACH * len(source)
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    one = engine(threads=1)
    wasmtime.Module.validate(one, source)
    return bytes(wasmtime.Module(one, source).serialize())


def _content(source: str) -> bytes:
    if source != INTERPRETER:
        return Path(source).read_bytes()
    found = interpreter()
    return grafted(read_checked(found.snapshot, found.snapshot_digest))


def main() -> int:
    die_with_parent()
    target = Path(sys.argv[2])
    try:
        own = sys.argv[1] == INTERPRETER
        target.write_bytes((compile_module if own else compile_strange)(_content(sys.argv[1])))
    except (wasmtime.WasmtimeError, GraftError, Unavailable) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        print(": ".join(lines[-2:]), file=sys.stderr)  # noqa: T201 the parent reads this line
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
