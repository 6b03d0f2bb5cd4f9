"""The folder of keys and receipts is its owner's alone, and one process at a time offers from a folder."""

import stat
import subprocess
import sys

import pytest

from surge.store.files import held_alone, write_atomically
from surge.store.home import HOME_VARIABLE, Home


@pytest.mark.parametrize("mode", [None, 0o755, 0o777])
def test_nobody_else_may_enter_it(tmp_path, monkeypatch, mode):
    root = tmp_path / "home"
    if mode is not None:
        root.mkdir()
        (root / "networks").mkdir()
        root.chmod(mode)
    monkeypatch.setenv(HOME_VARIABLE, str(root))
    assert Home.default().root == root
    if mode is None:
        assert not root.exists(), "reading creates nothing"
        write_atomically(Home.default().provider / "key.json", b"{}")
        assert stat.S_IMODE((root / "provider").stat().st_mode) == 0o700
    assert stat.S_IMODE(root.stat().st_mode) == 0o700


def test_a_folder_that_is_none_of_ours_stays_as_it_is(tmp_path, monkeypatch):
    """SURGE_HOME=/ would lock everybody out."""
    tmp_path.chmod(0o755)
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    Home.default()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_lock_is_held_by_one_process_and_ends_with_it(tmp_path):
    path = tmp_path / "place" / "lock"
    script = (
        "import sys; from pathlib import Path; from surge.store.files import held_alone\n"
        "with held_alone(Path(sys.argv[1])) as alone: print(alone, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "True\n"
        with held_alone(path) as alone:
            assert not alone
        other.kill()
        other.wait()
        with held_alone(path) as alone:
            assert alone
    assert path.exists()
