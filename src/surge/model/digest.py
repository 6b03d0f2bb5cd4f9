"""BLAKE3 digests with a domain tag each, over length-prefixed parts: no two nouns can collide."""

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
