"""The wheel: whom it is for, the contracts' sources beside their bytecode, one version everywhere."""

import runpy
import tomllib
import zipfile
from email import message_from_bytes

import pytest
from hatchling.builders.wheel import WheelBuilder

import surge

from .tree import ROOT, files

SCRIPT = runpy.run_path(str(ROOT / "scripts" / "wheel.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built as `python -m build --wheel` does."""
    (path,) = WheelBuilder(str(ROOT)).build(
        directory=str(tmp_path_factory.mktemp("dist")), versions=["standard"]
    )
    with zipfile.ZipFile(path) as opened:
        yield opened


def test_it_has_the_sources_of_all_contracts_and_their_licence(wheel):
    """AGPL-3.0: whoever gets the bytecode gets the source."""
    sources = {path.relative_to(ROOT / "contracts").as_posix(): path for path in files(".vy", "contracts")}
    sources["LICENSE"] = ROOT / "contracts" / "LICENSE"
    for name, path in sources.items():
        assert wheel.read(f"{SCRIPT['SOURCES']}/{name}") == path.read_bytes()
    shipped = [name for name in wheel.namelist() if name.startswith(f"{SCRIPT['SOURCES']}/")]
    assert {name.rpartition(".")[2] for name in shipped if "." in name.rpartition("/")[2]} == {"vy", "md"}


def test_it_has_the_bytecode_and_all_that_is_read_from_the_package(wheel):
    names = set(wheel.namelist())
    for path in (ROOT / "src").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert path.relative_to(ROOT / "src").as_posix() in names


def test_its_tags_are_the_systems_that_surge_says_it_runs_on(wheel):
    (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/WHEEL")]
    tags = message_from_bytes(wheel.read(name)).get_all("Tag")
    assert tags == [f"py3-none-{system}" for system in SCRIPT["SYSTEMS"]]
    for tag in tags:
        system, machine = ("darwin", "arm64") if "macosx" in tag else ("linux", tag.partition("2_28_")[2])
        assert surge._unsupported(system, machine, "glibc 2.28") is None
    told = {one for one in PROJECT["classifiers"] if one.startswith("Operating System")}
    assert told == {"Operating System :: MacOS :: MacOS X", "Operating System :: POSIX :: Linux"}


def test_its_version_and_its_pythons_are_said_once(wheel):
    assert PROJECT["version"] == surge.__version__
    told = {
        one.rpartition(" ")[2] for one in PROJECT["classifiers"] if one.startswith("Programming Language")
    }
    assert told == {"Only", "3.11", "3.12", "3.13"}
    assert PROJECT["requires-python"] == ">=3.11,<3.14"


def test_every_bound_of_a_dependency_says_why():
    text = (ROOT / "pyproject.toml").read_text()
    lines = text[text.index("dependencies = [") : text.index("[project.optional-dependencies]")].splitlines()
    bound = [line for line in lines if "<" in line.partition("#")[0] or "==" in line.partition("#")[0]]
    assert len(bound) > 10
    assert [line for line in bound if "  # " not in line] == []
