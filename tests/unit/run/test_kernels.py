"""The kernels in the package are what their sources give."""

import importlib.util
from pathlib import Path

import pytest

from places import ROOT
from surge.run.kernels import NAMES, kernel


@pytest.mark.slow
def test_the_modules_match_their_sources(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("build_kernels", ROOT / "scripts" / "build_kernels.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    made = {path.stem: path.read_bytes() for path in script.build(tmp_path)}
    assert made.keys() == set(NAMES)
    for name, module in made.items():
        assert module == kernel(name), f"run scripts/build_kernels.py: {name}.c has changed"
