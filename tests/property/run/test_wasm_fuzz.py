"""Whatever a renter sends as a module: it is refused, or ends in an outcome, always the same (P1, P2, P5).

The modules are made and run in a child, because a hole would end the process: then the child's end fails the
test, and the module is told.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from places import SRC

NIGHTLY = settings().max_examples > 100
MODULES = 500 if NIGHTLY else 100
"""For each of the 2,000 seeds of `make nightly`, a million; of the 100 of `make test`, ten thousand."""
WAYS = {"refused", "no outcome", "returned", "trapped", "out-of-fuel"}
seen: dict[str, int] = {}


class Child:
    def __init__(self, place: Path) -> None:
        self._place = place
        command = [sys.executable, str(Path(__file__).with_name("wasm_worker.py")), str(place)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": str(SRC)}
        )

    def run(self, seed: int, count: int) -> dict[str, int]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([seed, count]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"the process ended with {self._process.wait()}, of {self._place.read_bytes().hex()}"
        found: dict[str, int] = json.loads(line)
        return found

    def end(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="module")
def child(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    one = Child(tmp_path_factory.mktemp("modules") / "last.wasm")
    yield one
    one.end()


@given(seed=st.integers(0, 2**64))
def test_every_module_ends_well(child: Child, seed: int) -> None:
    found = child.run(seed, MODULES)
    assert found.keys() <= WAYS
    assert sum(found.values()) == MODULES
    for way, count in found.items():
        seen[way] = seen.get(way, 0) + count


def test_all_ways_to_end_were_met(child: Child) -> None:
    """Else the modules are all broken, or all tame."""
    for seed in range(3):
        for way, count in child.run(seed, 200).items():
            seen[way] = seen.get(way, 0) + count
    assert seen.keys() >= WAYS - {"no outcome"}
    assert seen["returned"] > 5
