"""Fails when iroh moves the private names that fast_buffer replaces."""

import ctypes
import inspect
from importlib.metadata import version

import iroh.iroh_ffi as binding
import pytest

from surge.net import fast_buffer


def test_the_pinned_version_is_installed_and_the_writer_is_replaced() -> None:
    assert version("iroh") == fast_buffer.PINNED
    assert fast_buffer.install()
    assert binding._UniffiRustBufferBuilder.write is fast_buffer.write


def test_the_binding_still_has_what_the_writer_relies_on() -> None:
    source = inspect.getsource(binding._UniffiRustBufferBuilder)
    assert "with self._reserve(len(value)):" in source
    assert "self.rbuf.len += num_bytes" in source
    fields = dict(binding._UniffiRustBuffer._fields_)
    assert fields["len"] is ctypes.c_uint64
    assert fields["data"] is ctypes.POINTER(ctypes.c_char)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 4096, 1 << 20])
def test_it_writes_the_same_bytes(kind: type, size: int) -> None:
    content = bytes(n % 251 for n in range(size))
    builder = binding._UniffiRustBufferBuilder()
    builder.write_i32(size)
    fast_buffer.write(builder, kind(content))
    fast_buffer.write(builder, b"end")
    buffer = builder.finalize()
    try:
        assert buffer.data[: buffer.len] == size.to_bytes(4, "big") + content + b"end"
    finally:
        buffer.free()


def test_another_version_keeps_its_own_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast_buffer, "version", lambda _: "9.9.9")
    assert not fast_buffer.install()
