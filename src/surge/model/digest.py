"""BLAKE3 digests with a domain tag each, over length-prefixed parts: no two nouns can collide."""

from dataclasses import dataclass, field

from blake3 import blake3
from eth_hash.auto import keccak as _keccak


def digest(tag: str, *parts: bytes) -> bytes:
    """32 bytes: BLAKE3 of the tag and the length-prefixed parts."""
    state = blake3(f"surge/{tag}/1".encode())
    for part in parts:
        state.update(len(part).to_bytes(8, "little") + part)
    return state.digest()


def blob_digest(content: bytes) -> bytes:
    """The name of a content-addressed blob: code, a wasm module."""
    return digest("blob", content)


def keccak(*parts: bytes) -> bytes:
    """32 bytes: keccak-256 of the joined parts, for what a contract can check."""
    return bytes(_keccak(b"".join(parts)))


BLOB_FROM = 1 << 20
"""Bytes from which an argument, or a file, travels as a blob by itself."""
MAX_BLOB = 256 << 20


@dataclass(frozen=True, eq=False)
class Blob:
    """Encoded data under the name of its content. What a task gets in its place is the value."""

    name: bytes
    content: bytes = field(repr=False)

    @classmethod
    def of(cls, content: bytes) -> "Blob":
        return cls(blob_digest(content), content)

    def __repr__(self) -> str:
        return f"<Blob {self.name.hex()[:12]}, {self.size:,} bytes>"

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.content)
