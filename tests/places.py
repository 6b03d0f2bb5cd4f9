"""Where things are in the tree, for tests: told once."""

from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SRC = ROOT / "src"
TESTS = ROOT / "tests"
CONTRACTS = ROOT / "contracts"
MOCKS = TESTS / "contracts" / "mocks"
ARTIFACTS = SRC / "surge" / "chain" / "network" / "artifacts"
SCRIPTS = ROOT / "scripts"


@cache
def contract(name: str) -> Path:
    """The source of a contract of the project, by its name: no two have the same."""
    return _only(CONTRACTS, name)


@cache
def mock(name: str) -> Path:
    """The source of a contract for tests alone, likewise."""
    return _only(MOCKS, name)


def _only(folder: Path, name: str) -> Path:
    (path,) = folder.rglob(f"{name}.vy")
    return path
