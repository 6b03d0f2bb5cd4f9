"""Has a network end with the program that opened it: see guardian.py."""

import subprocess
import sys
from contextlib import suppress
from typing import IO

from surge.store.home import Home

ALL_IS_DOWN = b"down\n"


def guard(home: Home, temporary: str | None) -> "subprocess.Popen[bytes]":
    """Start a guardian of the network in `home`, in a session of its own."""
    folders = [str(home.root), *([temporary] if temporary else [])]
    return subprocess.Popen(
        [sys.executable, "-m", "surge.local.guardian", *folders],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def dismiss(guardian: "subprocess.Popen[bytes]") -> None:
    """The network is down: the guardian may go."""
    pipe: IO[bytes] | None = guardian.stdin
    if pipe is not None:
        with suppress(BrokenPipeError):  # somebody ended it
            pipe.write(ALL_IS_DOWN)
            pipe.close()
    guardian.wait()
