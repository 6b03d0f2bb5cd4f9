"""Whether the disks have room for renters' images, modules and results."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from surge.run.slots.cache import FREE_FLOOR

AGAIN = 640 << 20
"""Bytes that must be free before leases are taken again: an ask does not come and go with every file."""


class Room:
    """folders: on each disk that is written to."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders
        self._lacking: set[Path] = set()

    def lack(self) -> str:
        """Which disk is full, in a sentence; empty while none is."""
        said = ""
        for folder in self._folders:
            free = shutil.disk_usage(folder).free
            if free >= (AGAIN if folder in self._lacking else FREE_FLOOR):
                self._lacking.discard(folder)
                continue
            self._lacking.add(folder)
            said = said or (
                f"the disk of {folder} has {free >> 20} MiB left, and {FREE_FLOOR >> 20} are kept free; "
                "make room there"
            )
        return said
