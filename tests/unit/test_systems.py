"""Where Surge runs, and what is said elsewhere."""

import subprocess
import sys

import pytest

from surge import _unsupported


@pytest.mark.parametrize(
    ("system", "machine", "libc"),
    [("linux", "x86_64", "glibc 2.36"), ("linux", "aarch64", "glibc 2.28"), ("darwin", "arm64", "")],
)
def test_it_runs_where_all_its_parts_do(system, machine, libc):
    assert _unsupported(system, machine, libc) is None


@pytest.mark.parametrize(
    ("system", "machine", "libc"),
    [
        ("win32", "", ""),
        ("darwin", "x86_64", ""),
        ("linux", "x86_64", "another libc"),
        ("linux", "riscv64", "glibc 2.40"),
        ("freebsd14", "amd64", ""),
    ],
)
def test_elsewhere_one_sentence_says_where_it_runs(system, machine, libc):
    said = _unsupported(system, machine, libc)
    assert said is not None
    assert f"for {' '.join(filter(None, (system, machine, libc)))}: on Windows use WSL 2" in said


def test_an_import_elsewhere_ends_with_that_sentence():
    script = "import sys; sys.platform = 'win32'; import surge"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("ImportError: Surge runs on Linux with glibc")
