"""Access to a guest's linear memory that checks every pointer and length before a byte is touched."""

import ctypes

import wasmtime

PAGE = 1 << 16


class OutOfBounds(Exception):
    """A guest handed over a range that isn't all inside its memory."""


class GuestMemory:
    """Reads and writes at 32-bit addresses. The engine reserves the whole 4 GiB, so the base stays put."""

    def __init__(self, memory: wasmtime.Memory, store: wasmtime.Store) -> None:
        self._memory, self._store = memory, store
        self._base = ctypes.addressof(memory.data_ptr(store).contents)
        self.size = memory.data_len(store)

    def refresh(self) -> int:
        """The size in bytes now; it only ever grows."""
        self.size = self._memory.data_len(self._store)
        return self.size

    def grow_to(self, size: int) -> None:
        """Grow to `size` bytes (a multiple of 64 KiB). Raises wasmtime.WasmtimeError past the limit."""
        if size > self.refresh():
            self._memory.grow(self._store, (size - self.size) // PAGE)
            self.refresh()

    def _at(self, address: int, length: int) -> int:
        address &= 0xFFFFFFFF
        if length < 0 or (address + length > self.size and address + length > self.refresh()):
            raise OutOfBounds(f"{length} bytes at {address}")
        return self._base + address

    def check(self, address: int, length: int) -> None:
        """Raises OutOfBounds if the range isn't all inside."""
        self._at(address, length)

    def read(self, address: int, length: int) -> bytes:
        return ctypes.string_at(self._at(address, length), length)

    def write(self, address: int, content: bytes) -> None:
        ctypes.memmove(self._at(address, len(content)), content, len(content))

    def dump(self) -> bytes:
        return self.read(0, self.refresh())
