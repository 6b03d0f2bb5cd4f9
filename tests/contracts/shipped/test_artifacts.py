"""The compiled contracts that ship are those of the sources."""

import json
import runpy
from pathlib import Path

import pytest

from places import SCRIPTS

SCRIPT = runpy.run_path(str(SCRIPTS / "build_contracts.py"))
SOURCES = SCRIPT["deployables"]()
ARTIFACTS = SCRIPT["ARTIFACTS"]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_the_artifact_matches_its_source(source: Path) -> None:
    shipped = json.loads((ARTIFACTS / f"{source.stem}.json").read_text())
    compiled = json.loads(json.dumps(SCRIPT["compile_one"](source)))
    assert shipped == compiled, "run `make contracts`"


def test_every_artifact_has_a_source() -> None:
    assert {path.stem for path in ARTIFACTS.glob("*.json")} == {path.stem for path in SOURCES}


def test_sources_are_pinned_to_one_compiler() -> None:
    for source in SOURCES:
        lines = source.read_text().splitlines()
        assert "# pragma version 0.4.3" in lines, source.stem
        assert "# SPDX-License-Identifier: AGPL-3.0-only" in lines, source.stem
