"""What a guest makes the host do is paid from its first instruction on, and ends in an outcome (P2, P5)."""

import pytest

from sandboxes import Slots, run_wat
from surge.model.command import CommandInput, CommandOutput
from surge.model.errors import BadInput
from surge.model.task import OUT_OF_FUEL, RETURNED, TRAPPED, Limits, Outcome
from surge.model.units import Bytes, Fuel
from surge.run.wasi.calls import Wasi
from surge.run.wasi.world import ITEM_FUEL

WASI = "wasi_snapshot_preview1"
SPIN = """(local $i i32) (loop $more (local.set $i (i32.add (local.get $i) (i32.const 1)))
  (br_if $more (i32.lt_u (local.get $i) (i32.const 1000000))))"""
ZERO, THREE = "(i32.const 0)", "(i32.const 3)"
START = '(memory (export "memory") 1) (func (export "_start"))'


def module(imports: str, body: str) -> str:
    return f'(module {imports} (memory (export "memory") 2) (func (export "_start") {body}))'


def imported(name: str, parameters: str) -> str:
    return f'(import "{WASI}" "{name}" (func ${name} (param {parameters}) (result i32)))'


READ = imported("fd_read", "i32 i32 i32 i32")
WRITE = imported("fd_write", "i32 i32 i32 i32")
POLL = imported("poll_oneoff", "i32 i32 i32 i32")
LIST = imported("fd_readdir", "i32 i32 i32 i64 i32")


def test_a_start_section_costs_what_the_same_work_costs_elsewhere() -> None:
    inside = run_wat(f'(module (memory (export "memory") 1) (func (export "_start") {SPIN}))')
    before = run_wat(f"(module {START} (func $work {SPIN}) (start $work))")
    assert (inside.status, before.status) == (RETURNED, RETURNED)
    assert abs(before.fuel - inside.fuel) < 10 < inside.fuel


@pytest.mark.parametrize(
    ("rest", "status", "words"),
    [
        (f"(func $s {SPIN}) (start $s)", OUT_OF_FUEL, "out of fuel"),
        ("(func $s (loop $more (br $more))) (start $s)", OUT_OF_FUEL, "out of fuel"),
        ("(func $s unreachable) (start $s)", TRAPPED, "an abort"),
        ('(data (i32.const 65535) "ab")', TRAPPED, "outside the memory"),
        ("(table 2000000 funcref)", TRAPPED, "table limits"),
        ("(table 9 funcref)" * 5, TRAPPED, "table count"),
    ],
)
def test_what_goes_wrong_before_the_first_call_is_an_outcome(rest: str, status: str, words: str) -> None:
    outcome = run_wat(f"(module {START} {rest})", limits=Limits(Fuel(10**6)))
    assert outcome.status == status
    assert words in outcome.output.decode()
    assert outcome.fuel <= 10**6


def test_too_large_a_memory_is_an_outcome() -> None:
    outcome = run_wat(f"(module {START})".replace(" 1)", " 2)"), limits=Limits(memory=Bytes(1 << 16)))
    assert outcome.status == TRAPPED
    assert "raise the memory limit" in outcome.output.decode()


def test_a_start_section_reaches_neither_the_host_nor_another_guest() -> None:
    """The guest before wrote `abcd` at 64, which a stale pointer would show."""
    write = "(drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)))"
    text = '(data (i32.const 0) "\\40\\00\\00\\00\\04\\00\\00\\00") (data (i32.const 64) "%s")'
    first = run_wat(
        f'(module {WRITE} {text % "abcd"} (memory (export "memory") 1) (func (export "_start") {write}))'
    )
    assert CommandOutput.decode(first.output).stdout == b"abcd"
    second = run_wat(f"(module {WRITE} {START} (func $s {write}) (start $s))")
    assert second.status == TRAPPED
    assert b"may only compute" in second.output


@pytest.mark.parametrize(
    "start",
    [
        '(global (export "_start") i32 (i32.const 1))',
        '(export "_start" (memory 0))',
        '(func (export "_start") (param i32))',
        '(func (export "_start") (result f64) (f64.const 1))',
        '(func (export "_start") (result i32 i32) (i32.const 1) (i32.const 2))',
    ],
)
def test_a_start_that_is_no_command_is_refused(box: Slots, start: str) -> None:
    import wasmtime

    text = wasmtime.wat2wasm(f'(module (memory (export "memory") 1) {start})')
    with pytest.raises(BadInput, match="no command"):
        box.command(bytes(text), CommandInput())


@pytest.mark.parametrize("cookie", ["-5", "-9223372036854775808", "9223372036854775807", "1"])
def test_any_cookie_is_a_place_in_a_folder(cookie: str) -> None:
    text = module(
        LIST,
        f"(drop (call $fd_readdir {THREE} (i32.const 64) (i32.const 1000) (i64.const {cookie}) {ZERO}))",
    )
    assert run_wat(text).status == RETURNED


@pytest.mark.parametrize(
    ("imports", "call"),
    [
        (READ, "$fd_read (i32.const 0) (i32.const 1024) (i32.const 1000) (i32.const 0)"),
        (WRITE, "$fd_write (i32.const 1) (i32.const 1024) (i32.const 1000) (i32.const 0)"),
        (POLL, "$poll_oneoff (i32.const 1024) (i32.const 60000) (i32.const 1000) (i32.const 0)"),
    ],
    ids=["read", "write", "poll"],
)
def test_vectors_and_subscriptions_are_paid_one_by_one(imports: str, call: str) -> None:
    assert run_wat(module(imports, f"(drop (call {call}))")).fuel > 1000 * ITEM_FUEL


def listing(files: int, size: int) -> Outcome:
    """Of a folder of `files` names, 500 characters each, into a buffer of `size` bytes."""
    names = {f"{n:04}{'x' * 496}": b"" for n in range(files)}
    text = module(
        LIST,
        f"(drop (call $fd_readdir {THREE} (i32.const 64) (i32.const {size}) (i64.const 0) {ZERO}))",
    )
    return run_wat(text, CommandInput(files=names))


def test_a_listing_is_paid_by_the_names_that_are_looked_at_and_told() -> None:
    small, more, told = listing(100, 100), listing(200, 100), listing(200, 100_000)
    assert more.fuel - small.fuel > 100 * 1000
    assert told.fuel - more.fuel > 190 * (ITEM_FUEL + 500)


def test_a_fault_of_the_hosts_is_an_outcome_too(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: int) -> int:
        raise IndexError

    monkeypatch.setattr(Wasi, "_vectors", broken)
    outcome = run_wat(
        module(READ, "(drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0)))")
    )
    assert outcome.status == TRAPPED
    assert b"a fault of Surge's" in outcome.output
    assert outcome.fuel > 20_000
    assert "IndexError" in caplog.text
