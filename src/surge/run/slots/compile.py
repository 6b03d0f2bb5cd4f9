"""`python -m surge.run.slots.compile SOURCE.wasm TARGET`: native code of a module, for cache.py alone.

The source `interpreter` is the installed one, with what is grafted onto it.
"""

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


def compile_module(source: bytes) -> bytes:
    """Serialised native code. Raises wasmtime.WasmtimeError if the module isn't valid."""
    return bytes(wasmtime.Module(engine(), source).serialize())


def _content(source: str) -> bytes:
    if source != INTERPRETER:
        return Path(source).read_bytes()
    found = interpreter()
    return grafted(read_checked(found.snapshot, found.snapshot_digest))


def main() -> int:
    die_with_parent()
    target = Path(sys.argv[2])
    try:
        target.write_bytes(compile_module(_content(sys.argv[1])))
    except (wasmtime.WasmtimeError, GraftError, Unavailable) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        print(": ".join(lines[-2:]), file=sys.stderr)  # noqa: T201 the parent reads this line
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
