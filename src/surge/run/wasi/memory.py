"""Access to a guest's linear memory that checks every pointer and length before a byte is touched."""

import ctypes
import mmap
import os
import sys
from functools import cache
from pathlib import Path

import wasmtime

PAGE = 1 << 16
MOST = 1 << 32
"""Bytes that 32-bit addresses reach."""


class OutOfBounds(Exception):
    """A guest handed over a range that isn't all inside its memory."""


def check_room(size: int) -> None:
    """Raises OSError unless this process could still be given so many bytes that it may write to."""
    if size > 0:
        mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()


class Stencil:
    """Bytes to lay over a guest's memory many times. On Linux they are mapped copy-on-write, so that a
    restore costs what the guest touches; elsewhere they are copied."""

    def __init__(self, content: bytes) -> None:
        self.size = len(content)
        self._file: int | None = None
        self._content = content
        if sys.platform == "linux":
            self._file = os.memfd_create("surge-image")
            with open(self._file, "wb", closefd=False) as file:
                file.write(content)
            self._content = b""

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def lay(self, address: int) -> None:
        """Over `size` bytes at a page-aligned address of this process, which must be mapped and ours."""
        if self._file is None:
            ctypes.memmove(address, self._content, self.size)
            return
        map_private(address, self.size, self._file, 0)


_MAP_FIXED = 0x10
PROT_NONE = 0
NEVER_MORE = "2"


def map_private(address: int, size: int, file: int, offset: int) -> None:
    """Map a part of an open file copy-on-write over mapped memory of ours."""
    protection, flags = mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE | _MAP_FIXED
    if _libc_mmap()(address, size, protection, flags, file, offset) != address:
        raise OSError(ctypes.get_errno(), "the image can't be mapped; this machine is out of memory")


@cache
def _libc_mmap() -> "ctypes._NamedFuncPointer":
    call = ctypes.CDLL(None, use_errno=True).mmap
    call.restype = ctypes.c_void_p
    call.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_longlong]
    return call


@cache
def _libc_mprotect() -> "ctypes._NamedFuncPointer":
    call = ctypes.CDLL(None, use_errno=True).mprotect
    call.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    return call


@cache
def is_strict() -> bool:
    """Whether this system promises no more memory than it has, and so may refuse what a guest may have. To be
    asked first before a worker may read no such files."""
    policy = Path("/proc/sys/vm/overcommit_memory")
    return policy.exists() and policy.read_text().strip() == NEVER_MORE


class GuestMemory:
    """Reads and writes at 32-bit addresses. The engine reserves the whole 4 GiB, so the base stays put."""

    def __init__(self, memory: wasmtime.Memory, store: wasmtime.Store) -> None:
        self._memory, self._store = memory, store
        self.address = ctypes.addressof(memory.data_ptr(store).contents)
        self.size = memory.data_len(store)

    def refresh(self) -> int:
        """The size in bytes now; it only ever grows."""
        self.size = self._memory.data_len(self._store)
        return self.size

    def pledge(self, limit: int) -> None:
        """Have the host set aside what the memory may still grow to, so that it can't refuse it later.
        Raises OSError if it can't.

        A strict Linux counts memory as promised from when it was writable and touched, also where it is
        closed again; so a guest that goes behind its memory's end still ends there. Others refuse nothing."""
        begin, rest = self.address + self.refresh(), min(limit, MOST) // PAGE * PAGE - self.size
        if rest <= 0 or not is_strict():
            return
        if _libc_mprotect()(begin, rest, mmap.PROT_READ | mmap.PROT_WRITE):
            raise OSError(ctypes.get_errno(), "so much memory can't be set aside")
        ctypes.memset(begin, 0, 1)
        if _libc_mprotect()(begin, rest, PROT_NONE):
            raise OSError(ctypes.get_errno(), "memory that was set aside can't be closed")

    def grow_to(self, size: int) -> None:
        """Grow to `size` bytes (a multiple of 64 KiB). Raises wasmtime.WasmtimeError past the limit."""
        if size > self.refresh():
            self._memory.grow(self._store, (size - self.size) // PAGE)
            self.refresh()

    def _at(self, address: int, length: int) -> int:
        address &= 0xFFFFFFFF
        if length < 0 or (address + length > self.size and address + length > self.refresh()):
            raise OutOfBounds(f"{length} bytes at {address}")
        return self.address + address

    def check(self, address: int, length: int) -> None:
        """Raises OutOfBounds if the range isn't all inside."""
        self._at(address, length)

    def read(self, address: int, length: int) -> bytes:
        return ctypes.string_at(self._at(address, length), length)

    def view(self, address: int, length: int) -> memoryview:
        """The guest's own bytes, not copied."""
        return memoryview((ctypes.c_char * length).from_address(self._at(address, length))).cast("B")

    def write(self, address: int, content: bytes) -> None:
        ctypes.memmove(self._at(address, len(content)), content, len(content))

    def lay(self, stencil: Stencil) -> None:
        """Replace the whole memory, which must be as large as the stencil, by the stencil's bytes."""
        if stencil.size != self.refresh():
            raise OutOfBounds(f"an image of {stencil.size} bytes for a memory of {self.size}")
        stencil.lay(self.address)

    def dump(self) -> bytes:
        return self.read(0, self.refresh())
