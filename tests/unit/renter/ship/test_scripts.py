"""A Python file as a job: what it prints, how it exits, what it may import."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from guests import Guest, NativeGuest, SandboxGuest
from surge.model import command
from surge.model.command import CommandInput, CommandOutput
from surge.model.errors import BadInput, CannotShip
from surge.model.tagged.codec import encode
from surge.renter.ship.inside import PACKAGES
from surge.renter.ship.script import ship_script


@pytest.fixture(scope="module")
def native() -> Iterator[Guest]:
    guest = NativeGuest()
    yield guest
    guest.close()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Guest]:
    guest = SandboxGuest()
    yield guest
    guest.close()


def run(guest: Guest, path: Path, given: CommandInput | None = None) -> CommandOutput:
    shipped = ship_script(path)
    ((status, output),) = guest.outcomes(shipped.code, [(given or CommandInput()).encode()], shipped.modules)
    assert status == "returned"
    return CommandOutput.decode(output)


def written(folder: Path, source: str, name: str = "job.py") -> Path:
    path = folder / name
    path.write_text(source)
    return path


TALKS = """
import sys
from pathlib import Path
if __name__ == "__main__":
    print(sys.argv[1:], sys.stdin.read())
    print("apart", file=sys.stderr)
    sys.stdout.buffer.write(b"raw\\n")
"""


def test_arguments_and_streams(native: Guest, tmp_path: Path) -> None:
    found = run(native, written(tmp_path, TALKS), CommandInput(("a", "b"), b"in"))
    assert found == CommandOutput(0, b"['a', 'b'] in\nraw\n", b"apart\n")


@pytest.mark.parametrize(
    ("end", "code", "error"),
    [
        ("", 0, b""),
        ("raise SystemExit", 0, b""),
        ("raise SystemExit(3)", 3, b""),
        ("raise SystemExit(-1)", 255, b""),
        ("raise SystemExit('why')", 1, b"why\n"),
        ("import sys; sys.exit(True)", 1, b""),
    ],
)
def test_exit_codes(native: Guest, tmp_path: Path, end: str, code: int, error: bytes) -> None:
    assert run(native, written(tmp_path, end)) == CommandOutput(code, b"", error)


def test_an_uncaught_exception(native: Guest, tmp_path: Path) -> None:
    path = written(tmp_path, "x = 1\nprint('before')\nprint(x / 0)\n")
    found = run(native, path)
    assert (found.exit_code, found.stdout) == (1, b"before\n")
    told = found.stderr.decode()
    assert told.startswith("Traceback (most recent call last):\n")
    assert f'File "{path}", line 3, in <module>' in told
    assert "print(x / 0)" in told
    assert "surge/run/guest" not in told


def test_modules_beside_it(native: Guest, tmp_path: Path) -> None:
    written(tmp_path, "from deeper import two\ndef one():\n    return two() - 1\n", "beside.py")
    (tmp_path / "deeper").mkdir()
    written(tmp_path, "def two():\n    return 2\n", "deeper/__init__.py")
    path = written(tmp_path, "import beside\nprint(beside.one())\n")
    assert run(native, path).stdout == b"1\n"


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("import requests", "job.py → requests → .* reaches the module socket"),
        ("import subprocess", "job.py reaches the module subprocess, which the sandbox lacks"),
        ("def (", "is no Python that can run"),
        ("x = '\0'", "is no Python that can run"),
    ],
)
def test_refused(tmp_path: Path, source: str, sentence: str) -> None:
    with pytest.raises(CannotShip, match=sentence):
        ship_script(written(tmp_path, source))


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(CannotShip, match="can't be read"):
        ship_script(tmp_path / "absent.py")


def test_images(tmp_path: Path) -> None:
    assert ship_script(written(tmp_path, "import json, numpy as np\n")).modules == ("numpy",)


@pytest.mark.slow
def test_files_in_the_sandbox(sandbox: Guest, tmp_path: Path) -> None:
    path = written(tmp_path, "print(open('/data/in.txt').read())\nopen('out.txt', 'w').write('x')\n")
    found = run(sandbox, path, CommandInput(files={"data/in.txt": b"content"}))
    assert found == CommandOutput(0, b"content\n", b"", {"out.txt": b"x"})


@pytest.mark.slow
def test_the_sandbox_has_its_packages(sandbox: Guest, tmp_path: Path) -> None:
    source = f"import importlib, sys\nfor name in {list(PACKAGES)!r}:\n"
    source += "    try:\n        importlib.import_module(name)\n"
    source += "    except BaseException as error:\n        print(name, repr(error))\n"
    found = run(sandbox, written(tmp_path, source))
    assert found.stdout == b""
    assert found.exit_code == 0


def test_the_blob_is_data(tmp_path: Path) -> None:
    path = written(tmp_path, "pass\n")
    assert ship_script(path).code == encode(["script", {}, str(path), "pass\n", []])


WRITES = """
import atexit, os
atexit.register(print, "bye")
open("out.csv", "w").write("a")
os.makedirs("plots", exist_ok=True)
open("plots/x.bin", "wb").write(b"12345")
open("in.csv", "a").write("more")
print(open("same.csv").read())
"""


@pytest.mark.parametrize("where", ["native", "sandbox"])
def test_files_come_back_and_atexit_runs(request: pytest.FixtureRequest, tmp_path: Path, where: str) -> None:
    guest = request.getfixturevalue(where)
    given = CommandInput(files={"in.csv": b"1,2\n", "same.csv": b"same"})
    found = run(guest, written(tmp_path, WRITES), given)
    assert found.stdout == b"same\nbye\n"
    assert found.files == {"out.csv": b"a", "plots/x.bin": b"12345", "in.csv": b"1,2\nmore"}
    assert found.left == {}
    places = found.save(tmp_path / "got")
    assert (tmp_path / "got" / "plots" / "x.bin").read_bytes() == b"12345"
    assert len(places) == 3


def test_os_exit_keeps_what_was_printed(sandbox: Guest, tmp_path: Path) -> None:
    source = "import os\nprint('before')\nopen('k', 'w').write('k')\nos._exit(7)\n"
    found = run(sandbox, written(tmp_path, source))
    assert (found.exit_code, found.stdout, found.files) == (7, b"before\n", {"k": b"k"})


def test_a_missing_file_says_how_to_bring_it(sandbox: Guest, tmp_path: Path) -> None:
    found = run(sandbox, written(tmp_path, "open('data/in.csv')\n"))
    assert found.exit_code == 1
    assert b"surge run --file data/in.csv" in found.stderr


def test_large_files_stay_and_are_named(tmp_path: Path) -> None:
    files, left = command.written({"a": b"1"}, {"a": b"1", "b": b"2", "c": bytes(command.MAX_WRITTEN)})
    assert files == {"b": b"2"}
    assert left == {"c": command.MAX_WRITTEN}


@pytest.mark.parametrize("name", ["../out", "/etc/x", "a/../../b", "", "a//b"])
def test_no_file_leaves_its_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput):
        CommandOutput(0, b"", b"", {"fine": b"1", name: b"x"}).save(tmp_path / "got")
    assert not (tmp_path / "got").exists()


def test_a_link_leads_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "got").mkdir()
    (tmp_path / "got" / "out").symlink_to(tmp_path)
    with pytest.raises(BadInput, match="can't be written below"):
        CommandOutput(0, b"", b"", {"out/x": b"1"}).save(tmp_path / "got")
