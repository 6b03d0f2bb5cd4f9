"""A stranger's module costs its machine no more than what is allowed for it, and is paid for."""

import subprocess
import sys
from pathlib import Path

import pytest
import wasmtime

from sandboxes import slots
from surge.model.command import CommandInput
from surge.model.errors import BadInput
from surge.run.sandbox.suite import wasm_spec
from surge.run.slots.cache import Cache
from surge.run.slots.worker import COMPILE_FUEL


def leb(number: int) -> bytes:
    out = b""
    while True:
        low, number = number & 0x7F, number >> 7
        if not number:
            return out + bytes([low])
        out += bytes([low | 0x80])


def section(code: int, body: bytes) -> bytes:
    return bytes([code]) + leb(len(body)) + body


def bomb(variables: int, loops: int) -> bytes:
    """A function in which every loop changes every variable: it takes the compiler long, and much memory."""
    each = b"".join(
        b"\x20" + leb(n) + b"\x20" + leb((n * 7 + 1) % variables) + b"\x7c\x21" + leb(n)
        for n in range(variables)
    )
    body = (b"\x03\x40" + each + b"\x20\x00\xa7\x0d\x00\x0b") * loops
    function = leb(1) + leb(variables) + b"\x7e" + body + b"\x0b"
    exports = leb(2) + leb(6) + b"memory\2\0" + leb(6) + b"_start\0\0"
    parts = section(1, leb(1) + b"\x60\0\0") + section(3, leb(1) + leb(0)) + section(5, b"\1\0\1")
    return (
        b"\0asm\1\0\0\0" + parts + section(7, exports) + section(10, leb(1) + leb(len(function)) + function)
    )


def test_a_bomb_is_stopped_and_leaves_nothing(tmp_path: Path) -> None:
    """6 MB that took 48 s of CPU and 1.4 GiB."""
    module, target = tmp_path / "bomb.wasm", tmp_path / "bomb.cwasm"
    module.write_bytes(bomb(4_000, 150))
    command = [sys.executable, "-m", "surge.run.slots.compile", str(module), str(target)]
    ran = subprocess.run(command, capture_output=True, timeout=200, check=False)
    assert ran.returncode != 0
    assert not target.exists()


def test_what_is_no_module_is_told_and_not_kept(tmp_path: Path) -> None:
    cache = Cache.open(tmp_path / "cache")
    named = cache.keep_module(b"\0asm\1\0\0\0\xff\xff")
    with pytest.raises(BadInput, match="compiling the wasm module failed"):
        cache.command(named)
    assert not list((tmp_path / "cache" / "modules").iterdir())


def test_compiling_is_paid_once_by_the_modules_size() -> None:
    text = '(module (memory (export "memory") 1) (func (export "_start") (drop (i32.const %d))))'
    module = bytes(wasmtime.wat2wasm(text % (id(text) & 0xFFFFFF)))
    with slots() as box:
        first = box.do(box.pool.image(wasm_spec(module), module))
        again = box.do(box.pool.image(wasm_spec(module), module))
        assert box.command(module, CommandInput()).outcomes[0].status == "returned"
    assert (first.fuel, again.fuel) == (COMPILE_FUEL * len(module), 0)
    assert first.digest == again.digest
