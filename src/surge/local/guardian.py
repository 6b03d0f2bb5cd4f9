"""`python -m surge.local.guardian HOME [TEMPORARY]`: ends a network whose program was killed.

The program that opened the network holds the other end of our stdin, and the kernel closes that with it,
however it ends. A program that brings its network down itself says so first. TEMPORARY: a folder to remove.
"""

import shutil
import sys
from pathlib import Path

from surge.local.guard import ALL_IS_DOWN
from surge.local.network import LocalNetwork


def main() -> int:
    if sys.stdin.buffer.read().endswith(ALL_IS_DOWN):
        return 0
    home, *temporary = sys.argv[1:]
    LocalNetwork(home=home).stop()
    for folder in temporary:
        shutil.rmtree(Path(folder), ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
