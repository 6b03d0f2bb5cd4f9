"""`python -m surge.local.guardian HOME [TEMPORARY]`: ends a network whose program was killed.

The program that opened the network holds the other end of our stdin, and the kernel closes that with it,
however it ends. A program that brings its network down itself says so first. TEMPORARY: a folder to remove.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import IO

from surge.store.home import Home

ALL_IS_DOWN = b"down\n"


def guard(home: Home, temporary: str | None) -> "subprocess.Popen[bytes]":
    """Start a guardian of the network in `home`, in a session of its own."""
    command = [
        sys.executable,
        "-m",
        "surge.local.guardian",
        str(home.root),
        *([temporary] if temporary else []),
    ]
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def dismiss(guardian: "subprocess.Popen[bytes]") -> None:
    """The network is down: the guardian may go."""
    pipe: IO[bytes] | None = guardian.stdin
    if pipe is not None:
        try:
            pipe.write(ALL_IS_DOWN)
            pipe.close()
        except BrokenPipeError:
            pass  # somebody ended it
    guardian.wait()


def main() -> int:
    if sys.stdin.buffer.read().endswith(ALL_IS_DOWN):
        return 0
    from surge.local.network import LocalNetwork

    home, *temporary = sys.argv[1:]
    LocalNetwork(home=home).stop()
    for folder in temporary:
        shutil.rmtree(Path(folder), ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
