"""Every reason that a contract gives is met in a test, and begins with the contract's name."""

import re
from pathlib import Path

import pytest

from places import CONTRACTS, TESTS

_REASON = re.compile(r"(?:assert\b[^\n]*,|raise)\s*\"(?P<reason>[^\"\n]+)\"")
_BARE = re.compile(r"^\s*(?:assert\b(?![^\n]*,\s*\"[^\"]+\"\s*(?:#.*)?$).*|raise)$", re.MULTILINE)
_BORROWED = {"Market: no eligible provider"}
"""Registry gives this one to the Market's caller."""

SOURCES = sorted(CONTRACTS.rglob("*.vy"))


def name_of(path: Path) -> str:
    return path.stem


def speaker(path: Path) -> str:
    """A module that is a part of a contract beside it speaks for that: vault/rules for Vault."""
    if not path.stem.islower():
        return path.stem
    imported = re.compile(rf"^import {path.stem}\b", re.MULTILINE)
    contracts = (each for each in path.parent.glob("*.vy") if not each.stem.islower())
    return next((each.stem for each in contracts if imported.search(each.read_text())), path.stem)


def reasons(source: str) -> list[str]:
    return [match["reason"] for match in _REASON.finditer(source)]


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_every_reason_is_met(path: Path) -> None:
    tests = "".join(
        each.read_text() for each in (TESTS / "contracts").rglob("test_*.py") if each != Path(__file__)
    )
    missed = [reason for reason in reasons(path.read_text()) if f'"{reason}"' not in tests]
    assert not missed


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_every_refusal_says_why(path: Path) -> None:
    source = path.read_text()
    assert not _BARE.findall(source)
    given = set(reasons(source)) - _BORROWED
    assert all(reason.startswith(f"{speaker(path)}: ") for reason in given)


def test_a_refusal_without_a_reason_is_seen() -> None:
    assert _BARE.findall('    assert a > 0\n    assert b, "X: no b"\n') == ["    assert a > 0"]
    assert reasons('    assert f(a, b), "X: no f"\n    raise "X: never"\n') == ["X: no f", "X: never"]
