"""A graft takes the place of functions by name, keeps the original callable, and refuses what doesn't fit."""

from collections.abc import Sequence

import pytest
import wasmtime

from surge.run.graft.binary import GraftError, instructions, number, packed, packed_signed, read, signed
from surge.run.graft.splice import Edit, Grafting

STOCK = """
(module
  (memory (export "memory") 1)
  (global $stack (mut i32) (i32.const 1024))
  (table 2 funcref)
  (elem (i32.const 0) $twice $caller)
  (data (i32.const 8) "stock")
  (func $twice (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
  (func $caller (export "caller") (param i32) (result i32) (call $twice (local.get 0)))
  (func $pointed (export "pointed") (param i32) (result i32)
    (call_indirect (param i32) (result i32) (local.get 0) (i32.const 0)))
  (func $seven (export "seven") (result i32) (i32.const 7)))
"""
GRAFT = """
(module
  (import "env" "memory" (memory 1))
  (import "env" "stack" (global $stack (mut i32)))
  (import "env" "data" (global $data i32))
  (import "original" "f" (func $original (param i32) (result i32)))
  (import "stock" "seven" (func $seven (result i32)))
  (data (i32.const 0) "ab") (data (i32.const 4) "c")
  (func $plus (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func $other_seven (result i32) (i32.load8_u offset=4 (global.get $data)))
  (func (export "twice") (param i32) (result i32)
    (call $plus (call $original (local.get 0)) (i32.add (call $seven) (global.get $stack)))))
"""


class Whole:
    """A stock with its graft, instantiated."""

    def __init__(
        self, graft: str, edits: Sequence[Edit] = (), spread: dict[str, list[str]] | None = None
    ) -> None:
        engine = wasmtime.Engine()
        stock, part = (bytes(wasmtime.wat2wasm(text)) for text in (STOCK, graft))
        module = wasmtime.Module(engine, Grafting(stock, part, spread or {}).result(edits))
        self.store = wasmtime.Store(engine)
        self.exports = wasmtime.Instance(self.store, module, []).exports(self.store)

    def __call__(self, name: str, *args: int) -> int:
        called = self.exports[name]
        assert isinstance(called, wasmtime.Func)
        return int(called(self.store, *args))

    def memory(self) -> bytes:
        found = self.exports["memory"]
        assert isinstance(found, wasmtime.Memory)
        return bytes(found.read(self.store, 0, 2 << 16))


def test_calls_and_tables_reach_what_replaces() -> None:
    called = Whole(GRAFT)
    assert called("caller", 5) == called("pointed", 5) == 5 * 2 + 7 + 1024
    content = called.memory()
    assert content[8:13] == b"stock"
    assert content[1 << 16 :][:5] == b"ab\0\0c"


def test_edits_change_single_instructions() -> None:
    constant = Edit("seven", lambda step, _: step.raw == b"\x41\x07", b"\x41\x09", 1)
    assert Whole(GRAFT, [constant])("caller", 5) == 5 * 2 + 9 + 1024
    call = Edit("seven", lambda step, _: step.raw == b"\x41\x07", "other_seven", 1)
    assert Whole(GRAFT, [call])("seven") == ord("c")


def test_one_body_may_replace_several() -> None:
    text = GRAFT.replace('(export "twice")', '(export "more")')
    called = Whole(text, spread={"more": ["twice", "caller"]})
    assert called("pointed", 5) == 10 + 7 + 1024
    assert called("caller", 5) == (10 + 7 + 1024) + 7 + 1024


@pytest.mark.parametrize(
    ("graft", "edits", "says"),
    [
        (GRAFT.replace('"seven"', '"eight"'), [], "no function eight"),
        (GRAFT.replace('(export "twice")', '(export "seven")'), [], "seven has another type"),
        (GRAFT, [Edit("seven", lambda *_: False, b"", 1)], "0 instructions fit, not 1"),
    ],
)
def test_what_does_not_fit_is_refused(graft: str, edits: list[Edit], says: str) -> None:
    with pytest.raises(GraftError, match=says):
        Whole(graft, edits)


def test_numbers() -> None:
    for value in (0, 1, 63, 64, 127, 128, 300, 2**31 - 1, 2**32 - 1):
        assert number(packed(value), 0)[0] == value
        assert signed(packed_signed(value), 0)[0] == value
        assert signed(packed_signed(-value), 0)[0] == -value


def test_instructions_put_together_again_are_the_body() -> None:
    module = read(bytes(wasmtime.wat2wasm(STOCK)))
    for body in module.bodies:
        locals_, steps = instructions(body)
        assert locals_ + b"".join(step.raw for step in steps) == body
