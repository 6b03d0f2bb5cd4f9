"""iroh's generated binding copies outgoing bytes one by one in Python; this copies them at once.

Warning: replaces a private method of `iroh==1.2.0` (`_UniffiRustBufferBuilder.write`). With any other
version nothing is replaced: slow, and right. A test fails when the name or its fields move.
"""

import ctypes
from importlib.metadata import version
from typing import Any

import iroh.iroh_ffi as binding

PINNED = "1.2.0"


def write(builder: Any, value: bytes | bytearray | memoryview) -> None:
    """Append `value` to the builder's buffer."""
    size = len(value)
    with builder._reserve(size):
        if size:
            start = ctypes.addressof(builder.rbuf.data.contents) + builder.rbuf.len
            ctypes.memmove(start, bytes(value), size)


def install() -> bool:
    """Replace the writer once for this Python process; says whether it is in place."""
    if version("iroh") != PINNED:
        return False
    binding._UniffiRustBufferBuilder.write = write  # type: ignore[method-assign]
    return True
