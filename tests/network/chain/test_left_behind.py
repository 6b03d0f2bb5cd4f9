"""A program that is killed with a network open leaves nothing running, and no folder."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from surge.local.left import running_homes
from surge.store.home import Home

DEADLINE = 60.0
OPENS = """
import sys
from surge.local.network import LocalNetwork
with LocalNetwork(0) as network:
    print(network.home.root, flush=True)
    sys.stdin.read()
"""


def until(condition) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "it is still there"
        time.sleep(0.05)


def of(root: Path) -> list[psutil.Process]:
    """Processes that name the folder in their command lines."""
    found = []
    for one in psutil.process_iter(["cmdline"]):
        if any(str(root) in word for word in one.info["cmdline"] or []):
            found.append(one)
    return found


def opened() -> tuple["subprocess.Popen[str]", Path]:
    script = subprocess.Popen(
        [sys.executable, "-c", OPENS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert script.stdout is not None
    return script, Path(script.stdout.readline().strip())


def test_after_a_kill_everything_ends_and_the_folder_is_gone():
    script, root = opened()
    assert Home(root) in running_homes()
    assert len(of(root)) >= 3  # a node, a keeper, and who guards them
    os.kill(script.pid, signal.SIGKILL)
    script.wait()
    script.stdin.close()
    script.stdout.close()
    until(lambda: not of(root) and not root.exists())
    assert Home(root) not in running_homes()


def test_after_an_orderly_end_too():
    script, root = opened()
    script.communicate("", timeout=DEADLINE)
    assert script.returncode == 0
    until(lambda: not of(root) and not root.exists())
