"""Every file in examples/ runs as its docstring says, in a SURGE_HOME of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from places import ROOT

EXAMPLES = ROOT / "examples"
PATIENCE = 240
SURGE = [sys.executable, "-m", "surge"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a machine where nothing has been set up; its network is brought down at the end."""
    environment = {**os.environ, "SURGE_HOME": str(tmp_path_factory.mktemp("home"))}
    yield environment
    subprocess.run([*SURGE, "down"], env=environment, check=True, timeout=PATIENCE, capture_output=True)


def run(environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(
        [*command], env=environment, timeout=PATIENCE, capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_all_examples_are_tested() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == {
        "pi.py",
        "primes.py",
        "notebook.py",
        "blobs.py",
        "words.py",
    }


def test_files_go_there_and_back(home: dict[str, str], tmp_path: Path) -> None:
    to = str(tmp_path / "results")
    printed = run(
        home, *SURGE, "run", "examples/words.py", "--file", "README.md", "--out", to, "--", "README.md"
    )
    assert "surge" in printed
    rows = (tmp_path / "results" / "words.csv").read_text().splitlines()
    assert rows[0] == "word,times"
    assert len(rows) > 100


def test_a_large_table_moves_once_to_each_provider(home: dict[str, str]) -> None:
    printed = run(home, sys.executable, "examples/blobs.py")
    assert "50 MiB back" in printed
    moved = float(printed.splitlines()[-1].split()[0])
    assert 32 + 61 < moved < 2 * 32 + 61 * 1.05 + 2  # MB: the table at most twice, and the results


def test_pi_starts_a_network_when_none_is_configured(home: dict[str, str]) -> None:
    printed = run(home, sys.executable, "examples/pi.py")
    assert "pi is about 3.1" in printed
    assert "40" in printed.split("tasks", 1)[1].splitlines()[0]


def test_primes_runs_as_a_plain_script(home: dict[str, str]) -> None:
    local = run(home, sys.executable, "examples/primes.py", "10000")
    leased = run(home, *SURGE, "run", "examples/primes.py", "--", "10000")
    assert leased == local == "1229 primes up to 10000, the last is 9973\n"


def test_the_network_inside_a_program(home: dict[str, str]) -> None:
    printed = run(home, sys.executable, "examples/notebook.py")
    assert " 20 Hz came back as 19.98 Hz" in printed
