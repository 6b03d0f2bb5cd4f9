"""A Python file as a job: what it prints, how it exits, what it may import."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guests import Guest, NativeGuest, SandboxGuest
from surge.model import command
from surge.model.command import CommandInput, CommandOutput
from surge.model.errors import BadInput, CannotShip
from surge.model.tagged.codec import encode
from surge.renter.ship.inside import PACKAGES
from surge.renter.ship.script import ship_script
from surge.run.guest.program import script as guest_script


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
    path = written(tmp_path, "print(open('data/in.txt').read())\nopen('out.txt', 'w').write('x')\n")
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


AS_CPYTHON = {
    "an exception hook": ("import sys\nsys.excepthook = lambda t, v, tb: print('handled', v)\n1 / 0\n", 1),
    "a hook that breaks": ("import sys\nsys.excepthook = lambda *a: 1 / 0\nraise ValueError('x')\n", 1),
    "a hook that exits": ("import sys\nsys.excepthook = lambda *a: sys.exit(9)\nraise ValueError('x')\n", 9),
    "open files": ("f = open('out.txt', 'w')\nf.write('hello')\n", 0),
    "open archives": (
        "import csv, gzip\ncsv.writer(open('o.csv', 'w')).writerow([1])\nz = gzip.open('g', 'w')\n",
        0,
    ),
    "objects of the end": ("class A:\n    def __del__(self): print('bye')\na = A()\n", 0),
    "generators of the end": ("def g():\n    try: yield\n    finally: print('fin')\nx = g(); next(x)\n", 0),
    "streams by number": (
        "import os, sys\nos.write(1, b'raw\\n')\nprint(os.read(0, 3), open(0, closefd=False).read())\n"
        "with open(1, 'w', closefd=False) as f: f.write('one\\n')\n"
        "sys.__stdout__.write('two\\n')\nsys.__stderr__.write('three\\n')\n",
        0,
    ),
    "what streams are": (
        "import sys\nprint([(s.name, s.encoding, s.errors, s.fileno()) for s in (sys.stdin, sys.stdout)])\n",
        0,
    ),
    "stdout elsewhere": ("import sys\nsys.stdout = open('log', 'w')\nprint('hello')\n", 0),
    "stdout and back": (
        "import io, sys\nsys.stdout = io.StringIO()\nprint('kept')\nx = sys.stdout.getvalue()\n"
        "sys.stdout = sys.__stdout__\nprint('got', x)\n",
        0,
    ),
    "a large code": ("raise SystemExit(2 ** 70)\n", 255),
    "a code that can't be said": (
        "class X:\n    def __str__(self): raise ValueError\nraise SystemExit(X())\n",
        1,
    ),
    "where it is": (
        "import os, sys\nfrom pathlib import Path\nprint(sorted(os.listdir()))\n"
        "print((Path(__file__).parent / 'in.txt').read_text(), Path(__file__).read_text()[:6])\n",
        0,
    ),
    "exit": ("print('x'); open('f', 'w').write('1'); exit(4)\n", 4),
    "quit": ("print('x')\nquit()\n", 0),
    "files that others hold": (
        "import builtins, json, sys\nfrom functools import partial\n"
        "builtins.log = partial(print, file=open('a.txt', 'w'))\nlog('one')\n"
        "json.out = open('b.txt', 'w')\njson.out.write('two')\n"
        "class Tee:\n    def __init__(self): self.file = open('c.txt', 'w'); self.err = sys.stdout\n"
        "    def write(self, x): self.file.write(x); self.err.write(x)\n"
        "    def flush(self): pass\n"
        "sys.stdout = Tee()\nprint('three')\n",
        0,
    ),
    "ends of lines": ("import sys\nprint(repr(sys.stdin.read()), file=open(1, 'w', closefd=False))\n", 0),
    "the null device": (
        "import os\nfrom contextlib import redirect_stdout\nfrom pathlib import Path\n"
        "with open(os.devnull, 'w') as f, redirect_stdout(f): print('gone')\n"
        "print(open('/dev/null').read(), Path(os.devnull).read_bytes())\n",
        0,
    ),
    "times of files": (
        "import os\nfor n in 'bac': open(n + '.ckpt', 'w').write(n)\n"
        "print(max(['a.ckpt', 'b.ckpt', 'c.ckpt'], key=os.path.getmtime))\n"
        "os.utime('a.ckpt', (10**9, 2 * 10**9))\nprint(os.path.getmtime('a.ckpt'))\n"
        "print(os.path.getmtime('b.ckpt') < os.path.getmtime('c.ckpt'))\n",
        0,
    ),
    "an interrupt": ("print(1)\nraise KeyboardInterrupt\n", 130),
    "an abort": ("import os\nprint('before', flush=True)\nos.abort()\n", 134),
}


@pytest.mark.parametrize("name", AS_CPYTHON)
def test_it_ends_as_in_cpython(sandbox: Guest, tmp_path: Path, name: str) -> None:
    """The same file run here, in a folder of its own."""
    source, code = AS_CPYTHON[name]
    path = written(tmp_path, source)
    (tmp_path / "in.txt").write_bytes(b"data")
    here = subprocess.run(
        [sys.executable, path.name], cwd=tmp_path, input=b"stdin text\r\n", capture_output=True, check=False
    )
    found = run(sandbox, path, CommandInput((), b"stdin text\r\n", {"in.txt": b"data"}))
    assert found.stdout == here.stdout
    ended = here.returncode if here.returncode >= 0 else 128 - here.returncode
    assert found.exit_code == ended == code
    if "Error" not in here.stderr.decode():  # tracebacks name other lines of the interpreter's own
        assert found.stderr.splitlines()[-1:] == here.stderr.splitlines()[-1:]
    made = {one.name: one.read_bytes() for one in tmp_path.iterdir() if one.name not in ("in.txt", "job.py")}
    assert set(found.files) == set(made)
    assert all(found.files[name] == body for name, body in made.items() if name != "g")


def test_what_differs_there_is_told_before(tmp_path: Path) -> None:
    written(
        tmp_path, "from threading import Thread\ndef go():\n    Thread(target=print).start()\n", "beside.py"
    )
    path = written(tmp_path, "import beside\nprint(sum([0.1] * 10))\nbeside.go()\n")
    warnings = ship_script(path).warnings
    assert any(line.startswith("beside, line 3: Thread starts threads") for line in warnings)
    expected = sys.version_info < (3, 12)
    assert any(line.startswith("job.py, line 2: sum() of floats") for line in warnings) == expected


def test_what_a_program_removed_is_told(sandbox: Guest, tmp_path: Path) -> None:
    path = written(tmp_path, "import os\nos.remove('in.txt')\nos.rename('b', 'c')\n")
    found = run(sandbox, path, CommandInput(files={"in.txt": b"1", "b": b"2"}))
    assert (found.gone, found.files) == (["b", "in.txt"], {"c": b"2"})


def test_a_file_in_the_encoding_that_it_declares(sandbox: Guest, tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_bytes(b"# coding: latin-1\nword = '\xe4'\n")
    path = tmp_path / "job.py"
    path.write_bytes(
        b"# -*- coding: latin-1 -*-\nimport beside\nprint('\xe9', beside.word, beside.__file__)\n"
    )
    assert run(sandbox, path).stdout.decode() == "é ä /job/beside.py\n"


def test_files_outside_its_folder_come_back_too(sandbox: Guest, tmp_path: Path) -> None:
    source = "open('/tmp/x', 'w').write('1')\nopen('/y', 'w').write('2')\nopen('y', 'w').write('3')\n"
    found = run(sandbox, written(tmp_path, source))
    assert found.files == {"tmp/x": b"1", "outside/y": b"2", "y": b"3"}


def test_os_exit_keeps_what_was_printed(sandbox: Guest, tmp_path: Path) -> None:
    source = "import os\nprint('before')\nopen('k', 'w').write('k')\nos._exit(7)\n"
    found = run(sandbox, written(tmp_path, source))
    assert (found.exit_code, found.stdout, found.files) == (7, b"before\n", {"k": b"k"})


def test_a_missing_file_says_how_to_bring_it(sandbox: Guest, tmp_path: Path) -> None:
    found = run(sandbox, written(tmp_path, "open('data/in.csv')\n"))
    assert found.exit_code == 1
    assert b"surge run --file data/in.csv" in found.stderr


def test_large_files_stay_and_are_named(tmp_path: Path) -> None:
    files, left, gone = command.written({"a": b"1"}, {"a": b"1", "b": b"2", "c": bytes(command.MAX_WRITTEN)})
    assert files == {"b": b"2"}
    assert left == {"c": command.MAX_WRITTEN}
    assert gone == []
    assert command.written({"a": b"1", "b": b""}, {"a": b"1"})[2] == ["b"]


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


def test_packages_that_are_stubs_there_are_absent(sandbox: Guest, tmp_path: Path) -> None:
    source = (
        "try:\n    import matplotlib\nexcept ModuleNotFoundError as error:\n    print(error, error.name)\n"
    )
    found = run(sandbox, written(tmp_path, source))
    assert found.stdout == b"No module named 'matplotlib' matplotlib\n"


CONTENTS = st.dictionaries(st.sampled_from("abcdef"), st.binary(max_size=9), max_size=6)


@given(CONTENTS, CONTENTS)
def test_both_sides_choose_the_same_files(before: dict[str, bytes], after: dict[str, bytes]) -> None:
    """The guest's own for Python files, the host's for wasm commands."""
    with pytest.MonkeyPatch.context() as patch:
        for side in (command, guest_script):
            patch.setattr(side, "MAX_WRITTEN", 20)
            patch.setattr(side, "MAX_FILES", 3)
        assert guest_script.written(before, after) == command.written(before, after)


def test_both_sides_have_the_same_bounds() -> None:
    assert (guest_script.MAX_WRITTEN, guest_script.MAX_FILES) == (command.MAX_WRITTEN, command.MAX_FILES)
