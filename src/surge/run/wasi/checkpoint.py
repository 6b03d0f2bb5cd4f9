"""A guest's memory between two tasks, kept so that the next one starts from the same bytes.

On Linux only the pages that the guest changed since its image was laid are kept, and going back costs what
the last task changed: they are mapped copy-on-write over the image. Elsewhere all is copied.
"""

import ctypes
import mmap
import os
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from surge.run.wasi.memory import GuestMemory, Stencil, map_private

SYSTEM_PAGE = mmap.PAGESIZE
PAGEMAP = Path("/proc/self/pagemap")
PRESENT, SWAPPED, OF_FILE = 1 << 7, 1 << 6, 1 << 5
"""Bits of an entry's highest byte: https://docs.kernel.org/admin-guide/mm/pagemap.html. A page that is there
and isn't the file's own any more was written to."""
CHANGED = bytes(bool(b & SWAPPED) or (bool(b & PRESENT) and not b & OF_FILE) for b in range(256))
"""By an entry's highest byte: 1 if the page differs from what was laid."""
NEAR = 4
"""Changed pages so close to each other are one run: a mapping costs more than a few pages."""
RUN = re.compile(b"\1(?:\0{0,%d}\1)*" % NEAR)
MADV_DONTNEED = 4


class Checkpoint:
    """What `memory` holds now, over the stencil that was laid into it before. Close it after use."""

    def __init__(self, memory: GuestMemory, stencil: Stencil) -> None:
        self.size = memory.refresh()
        self._stencil = stencil
        self._file: int | None = None
        self._laid = False  # in the memory that goes back: only when it first does, as it may never
        whole = sys.platform != "linux"
        runs = [(0, self.size)] if whole else _changed(memory.address, self.size)
        self._places = list(runs)
        self._contents = [memory.read(start, length) for start, length in self._places]
        self.weight = sum(length for _, length in self._places)

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def back(self, memory: GuestMemory) -> bool:
        """Put the bytes back; False if the memory has grown since, which can't be undone."""
        if memory.refresh() != self.size:
            return False
        if sys.platform != "linux":
            self._lay_runs(memory)
            return True
        if not self._laid:
            self._lay_runs(memory)
        if _libc().madvise(ctypes.c_void_p(memory.address), ctypes.c_size_t(self.size), MADV_DONTNEED):
            raise OSError(ctypes.get_errno(), "the guest's memory can't be put back")
        return True

    def lay(self, memory: GuestMemory) -> None:
        """Into the fresh memory of another guest."""
        memory.grow_to(self.size)
        if sys.platform == "linux":
            self._stencil.lay(memory.address)
        self._lay_runs(memory)

    def _lay_runs(self, memory: GuestMemory) -> None:
        self._laid = True
        if sys.platform != "linux":
            for (start, _), content in zip(self._places, self._contents, strict=True):
                memory.write(start, content)
            return
        if self._file is None:
            self._file = os.memfd_create("surge-checkpoint")
            os.truncate(self._file, self.size)
            for (start, _), content in zip(self._places, self._contents, strict=True):
                os.pwrite(self._file, content, start)
            self._contents.clear()
        for start, length in self._places:
            map_private(memory.address + start, length, self._file, start)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _changed(address: int, size: int) -> Iterator[tuple[int, int]]:
    """(start, length) of the runs of pages that differ from what was laid, or, behind it, from zeros."""
    for run in RUN.finditer(_highest(address, size).translate(CHANGED)):
        yield run.start() * SYSTEM_PAGE, (run.end() - run.start()) * SYSTEM_PAGE


def _highest(address: int, length: int) -> bytes:
    """The highest byte of each page's entry."""
    pages = length // SYSTEM_PAGE
    try:
        with PAGEMAP.open("rb", buffering=0) as file:
            file.seek(address // SYSTEM_PAGE * 8)
            content = file.read(pages * 8)
    except OSError:
        content = b""
    if len(content) != pages * 8:  # it may not be read here: all counts as changed
        return bytes([PRESENT]) * pages
    return content[7 if sys.byteorder == "little" else 0 :: 8]
