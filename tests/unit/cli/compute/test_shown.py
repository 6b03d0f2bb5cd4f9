"""What a person sees of a program's output, whatever its provider tells."""

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surge.cli.compute import shown
from surge.cli.compute.shown import Shown
from surge.model.command import CommandOutput


class Screen:
    """Stands in for stdout and stderr."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.out, self.err = io.BytesIO(), io.BytesIO()
        patch.setattr(sys, "stdout", io.TextIOWrapper(self.out))
        patch.setattr(sys, "stderr", io.TextIOWrapper(self.err))


@given(st.binary(max_size=40), st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=12))
def test_all_of_it_is_shown_once(whole: bytes, pieces: list[tuple[int, int]]) -> None:
    """Pieces may be missing, come twice, or overlap, as after a broken link."""
    with pytest.MonkeyPatch.context() as patch:
        screen, live = Screen(patch), Shown()
        for offset, size in pieces:
            live.hear("stdout", offset, whole[offset : offset + size])
        live.finish(CommandOutput(0, whole, b""))
        assert screen.out.getvalue() == whole


def test_a_provider_that_showed_something_else_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, live = Screen(monkeypatch), Shown()
    live.hear("stdout", 0, b"you won\n")
    live.finish(CommandOutput(0, b"you lost\n", b""))
    assert screen.out.getvalue() == b"you won\nyou lost\n"
    sys.stderr.flush()
    assert b"its provider showed another stdout" in screen.err.getvalue()


def test_a_provider_may_not_show_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "MOST", 10)
    screen, live = Screen(monkeypatch), Shown()
    for n in range(100):
        live.hear("stdout", n, b"x")
    assert screen.out.getvalue() == b"x" * 10


class Terminal(Screen):
    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        super().__init__(patch)
        for stream in (sys.stdout, sys.stderr):
            patch.setattr(stream, "isatty", lambda: True)


HOSTILE = {
    "title": b"\x1b]0;hidden\x07",
    "open string": b"\x1b]8;;",
    "string of a device": b"\x1bP1$",
    "cursor": b"\x1b[2A\x1b[2K",
    "other screen": b"\x1b[?1049h",
    "reset": b"\x1bc",
    "eight bits": "\x9d0;hidden\x9c".encode(),
    "eight bits, raw": b"\x9d0;hidden\x9c",
    "bell and backspace": b"\x07\x08",
    "other direction": "\u202e".encode(),
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("size", [1, 2, 100])
def test_what_is_not_paid_yet_can_only_print(
    hostile: bytes, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen, live = Terminal(monkeypatch), Shown()
    told = b"\x1b[1;31mred\x1b[0m\tcaf\xc3\xa9 \xf0\x9f\x98\x80\r\n" + hostile + b"end"
    for at in range(0, len(told), size):
        live.hear("stdout", at, told[at : at + size])
    shown = screen.out.getvalue()
    assert shown.startswith(b"\x1b[1;31mred\x1b[0m\tcaf\xc3\xa9 \xf0\x9f\x98\x80\r\n")
    assert shown.endswith(b"end")
    rest = shown.decode().replace("\x1b[1;31m", "").replace("\x1b[0m", "").replace("\r\n", "")
    assert all(letter.isprintable() for letter in rest.replace("\t", ""))


def test_on_a_terminal_a_lie_ends_before_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, live = Terminal(monkeypatch), Shown()
    live.hear("stdout", 0, b"\x1b[8mconcealed")
    live.finish(CommandOutput(0, b"\x1b]0;paid\x07true\n", b""))
    sys.stderr.flush()
    assert screen.err.getvalue().startswith(b"\x1b\\\x1b[0m\nsurge: its provider showed another stdout")
    assert screen.out.getvalue() == "\x1b[8mconcealed�]0;paid�true\n".encode()


def test_an_error_after_unpaid_output_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, live = Terminal(monkeypatch), Shown()
    live.settle()
    assert screen.err.getvalue() == b""  # nothing was shown
    live.hear("stderr", 0, b"\x1b[8m\n")
    live.settle()
    sys.stderr.flush()
    assert screen.err.getvalue() == b"\x1b[8m\n\x1b\\\x1b[0m"


@given(st.binary(max_size=40), st.integers(1, 5), st.integers(0, 40))
def test_on_a_terminal_all_that_only_prints_is_shown_once(whole: bytes, size: int, until: int) -> None:
    whole = whole.decode(errors="ignore").encode()
    with pytest.MonkeyPatch.context() as patch:
        screen, live = Terminal(patch), Shown()
        for at in range(0, min(until, len(whole)), size):
            live.hear("stdout", at, whole[at : at + size])
        live.finish(CommandOutput(0, whole, b""))
        if whole.decode().replace("\n", "").replace("\t", "").replace("\r", "").isprintable():
            assert screen.out.getvalue() == whole
