"""Submodules are there; installed packages of pure Python travel with their files; others are named."""

import concurrent.futures
import importlib
import sys
import urllib.parse
import xml.etree.ElementTree
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandboxes import Slots, slots
from surge.model.errors import CannotShip
from surge.renter.ship import inside, packages
from surge.renter.ship.call import ship
from surge.renter.ship.script import ship_script


@pytest.fixture(scope="module")
def box() -> Iterator[Slots]:
    with slots() as started:
        yield started


def quoted(x: str) -> tuple[str, str, str]:
    tag = xml.etree.ElementTree.fromstring("<a/>").tag  # noqa: S314 ours
    return urllib.parse.quote(x), tag, concurrent.futures.Future.__name__


def encoded(x: str) -> tuple[str, str]:
    import idna

    return idna.encode(x).decode(), idna.__version__


def certificates(x: int) -> list[Any]:
    import importlib.metadata
    import importlib.resources

    import certifi

    content = importlib.resources.files("certifi").joinpath("cacert.pem").read_text()
    beside = Path(certifi.where()).read_text()
    return [len(content), content == beside, importlib.metadata.version("certifi")]


@pytest.mark.parametrize(("function", "given"), [(quoted, "a b"), (encoded, "münchen.de"), (certificates, 1)])
def test_as_here(box: Slots, function: Callable[[Any], Any], given: Any) -> None:
    assert box.chunk(function, given)[1] == [function(given)]


def hashes(x: bytes) -> bytes:
    import blake3

    return bytes(blake3.blake3(x).digest())


def test_compiled_parts_are_named() -> None:
    with pytest.raises(CannotShip, match=r"blake3, which has parts compiled for this machine \(.*\.so\)"):
        ship(hashes)


def test_a_package_may_be_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "MAX_BYTES", 1000)
    with pytest.raises(CannotShip, match="certifi, whose files have 0 MiB"):
        ship(certificates)


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="this Python has no more cgi either")
def test_modules_that_python_has_no_more(tmp_path: Path) -> None:
    path = tmp_path / "old.py"
    path.write_text("import cgi\nprint(cgi)\n")
    with pytest.raises(CannotShip, match=r"the module cgi, which Python has no more; the sandbox runs 3\.15"):
        ship_script(path)


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="this Python has annotationlib, too")
def test_modules_that_only_the_sandbox_has(tmp_path: Path) -> None:
    path = tmp_path / "new.py"
    path.write_text("import annotationlib\nprint(annotationlib)\n")
    assert b"annotationlib" in ship_script(path).code
    (tmp_path / "annotationlib.py").write_text("MINE = 'mine'\n")
    assert b"MINE = 'mine'" in ship_script(path).code


def floats(xs: list[float]) -> float:
    return sum(xs)


def counted(xs: list[float]) -> int:
    return sum(1 for x in xs) + sum(len(str(x)) for x in xs)


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="sum is the same here")
def test_sums_of_floats_are_warned_of() -> None:
    (line,) = ship(floats).warnings
    assert "sum() of floats loses less to rounding in the sandbox's Python 3.15" in line
    assert ship(counted).warnings == ()


def test_scripts_bring_packages_too(tmp_path: Path) -> None:
    path = tmp_path / "job.py"
    path.write_text("import idna\nprint(idna.encode('a'))\n")
    assert b"idna/core.py" in ship_script(path).code


def test_the_versions_are_those_of_the_sandbox(box: Slots) -> None:
    names = {"scikit-learn": "sklearn"}

    def told(wanted: list[list[str]]) -> list[str]:
        import importlib
        import platform

        return [
            platform.python_version() if name == "Python" else importlib.import_module(module).__version__
            for name, module in wanted
        ]

    wanted = [[name, names.get(name, name)] for name in inside.VERSIONS]
    assert box.chunk(told, wanted)[1] == [list(inside.VERSIONS.values())]
    assert all(there != here for _, there, here in inside.differences())


def test_each_name_says_truly_whether_it_is_there(box: Slots) -> None:
    def missing(names: list[str]) -> list[str]:
        import importlib

        gone = []
        for name in names:
            try:
                importlib.import_module(name)
            except ImportError:
                gone.append(name)
        return gone

    private = {n for n in sys.stdlib_module_names if n.startswith("_")}
    names = sorted(
        n for n in sys.stdlib_module_names - private if inside.has(n) and n not in ("idlelib", "this")
    )
    assert box.chunk(missing, names)[1] == [[]]
    gone = sorted(set(inside.REMOVED) & sys.stdlib_module_names)
    assert box.chunk(missing, gone)[1] == [gone]


SETTINGS = """
RATE, TABLE, LIST = 1, {}, [1]
ALIAS = LIST

class Holder:
    def __init__(self): self.value = 1

HELD = Holder()

def get():
    return RATE, dict(TABLE), list(LIST), HELD.value, ALIAS is LIST
"""


def test_globals_of_modules_are_as_they_are_now(
    box: Slots, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the function reaches them: through the module, or by a name taken from it."""
    (tmp_path / "its_settings.py").write_text(SETTINGS)
    monkeypatch.syspath_prepend(tmp_path)
    its_settings: Any = importlib.import_module("its_settings")
    its_settings.RATE = 9
    its_settings.TABLE["x"] = 1
    its_settings.LIST.append(2)
    its_settings.HELD.value = 8
    taken = its_settings.get

    def through(_: int) -> Any:
        return its_settings.get()

    def by_name(_: int) -> Any:
        return taken()

    assert box.chunk(through, 1)[1] == box.chunk(by_name, 1)[1] == [(9, {"x": 1}, [1, 2], 8, True)]
