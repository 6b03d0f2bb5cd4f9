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
