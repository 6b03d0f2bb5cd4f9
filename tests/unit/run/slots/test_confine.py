"""What a process may still do after it was confined as a worker is: each attempt in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandboxes import slots
from surge.run.slots import confine
from surge.run.slots.confine import environment

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the layers are the Linux kernel's")
PROGRAM = """
import sys
from pathlib import Path
from surge.run.slots.confine import confine
layers = confine([Path(sys.argv[1])], [Path(sys.argv[2])])
try:
    exec(sys.argv[3])
except OSError as error:
    print("refused", error.errno)
else:
    print("done")
print(", ".join(layers))
"""


def attempt(tmp_path: Path, code: str) -> tuple[str, str]:
    """("done" or "refused", the layers) of some code, confined to tmp_path/readable and tmp_path/writable."""
    folders = [tmp_path / "readable", tmp_path / "writable"]
    for folder in (*folders, tmp_path / "secret"):
        folder.mkdir(exist_ok=True)
        (folder / "file").write_text("text")
    command = [sys.executable, "-c", PROGRAM, *map(str, folders), code.replace("HERE", str(tmp_path))]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    said, layers = ran.stdout.splitlines()
    return said.split()[0], layers


@LINUX
@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("open('HERE/readable/file').read()", "done"),
        ("open('HERE/writable/file', 'w').write('x')", "done"),
        ("import os; os.replace('HERE/writable/file', 'HERE/writable/other')", "done"),
        ("import decimal, sqlite3, statistics", "done"),
        ("import subprocess, sys; subprocess.run([sys.executable, '-c', 'import json'], check=True)", "done"),
        ("open('/proc/self/pagemap', 'rb').read(8)", "done"),
        ("open('HERE/readable/file', 'a')", "refused"),
        ("open('HERE/secret/file')", "refused"),
        ("import os; os.listdir('HERE')", "refused"),
        ("import os; open(os.path.expanduser('~/.profile'), 'a')", "refused"),
        ("import os; open(f'/proc/{os.getppid()}/environ').read()", "refused"),
        ("import os; os.rename('HERE/writable/file', 'HERE/readable/new')", "refused"),
        ("import socket; socket.socket()", "refused"),
        ("import socket; socket.socket(socket.AF_UNIX)", "refused"),
        ("import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)", "refused"),
    ],
)
def test_what_is_left(tmp_path: Path, code: str, said: str) -> None:
    found, layers = attempt(tmp_path, code)
    if "Landlock" not in layers and ("open(" in code or "os." in code):
        pytest.skip("this kernel has no Landlock")
    assert found == said


@LINUX
def test_another_process_can_not_be_signalled(tmp_path: Path) -> None:
    found, layers = attempt(tmp_path, "import os; os.kill(os.getppid(), 0)")
    if "Landlock" not in layers:
        pytest.skip("this kernel has no Landlock")
    assert found == "refused"


@LINUX
def test_workers_are_confined_and_know_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURGE_PASSWORD", "a password of the owner's")
    with slots() as box:
        assert box.chunk(abs, -1)[1] == [1]
        assert box.pool.layers[0] == "no new privileges"
        (slot,) = box.pool._all
        number = slot._child.pid
        environ = Path(f"/proc/{number}/environ").read_bytes()
        status = Path(f"/proc/{number}/status").read_text()
    assert b"SURGE" not in environ
    assert b"HOME=" not in environ
    assert "NoNewPrivs:\t1" in status
    assert "Seccomp:\t2" in status or "seccomp" not in box.pool.layers


def test_of_the_environment_only_names_that_python_needs_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", "/bin")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    assert environment() == {"PATH": "/bin"}


def test_every_refused_call_has_its_number_on_each_machine() -> None:
    first, second = (set(calls) for calls in confine._CALLS.values())
    assert first == second
    for machine, calls in confine._CALLS.items():
        assert len(set(calls.values())) == len(calls)
        assert len(confine._program(machine)) == 8 * (len(calls) + 7)
