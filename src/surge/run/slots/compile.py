"""`python -m surge.run.slots.compile SOURCE.wasm TARGET`: native code of a module, for cache.py alone."""

import sys
from pathlib import Path

import wasmtime

from surge.run.sandbox.engine import engine
from surge.run.slots.orphan import die_with_parent


def compile_module(source: bytes) -> bytes:
    """Serialised native code. Raises wasmtime.WasmtimeError if the module isn't valid."""
    return bytes(wasmtime.Module(engine(), source).serialize())


def main() -> int:
    die_with_parent()
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    try:
        target.write_bytes(compile_module(source.read_bytes()))
    except wasmtime.WasmtimeError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        print(": ".join(lines[-2:]), file=sys.stderr)  # noqa: T201 the parent reads this line
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
