"""An image: the memory of an interpreter that has imported what a chunk needs, and its place in the cache."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import zstandard

from surge.model.digest import digest
from surge.model.units import Fuel

LEVEL = 3


@dataclass(frozen=True, slots=True)
class MemoryImage:
    """Linear memory, the World's state and the fuel that it took to get there."""

    memory: bytes
    state: dict[str, Any]
    fuel: Fuel

    @property
    def digest(self) -> bytes:
        """32 bytes over all that a chunk starts from."""
        return digest("memory", self.memory, msgspec.msgpack.encode(self.state, order="deterministic"))

    def save(self, path: Path) -> bytes:
        """Write it compressed, under a name that appears only when it is whole. Its digest."""
        named = self.digest
        packed = zstandard.ZstdCompressor(level=LEVEL).compress(self.memory)
        body = msgspec.msgpack.encode(
            {
                "digest": named,
                "fuel": self.fuel,
                "state": self.state,
                "size": len(self.memory),
                "memory": packed,
            }
        )
        partial = path.with_suffix(f".{os.getpid()}.partial")  # several may make the same one
        partial.write_bytes(body)
        partial.replace(path)
        return named

    @classmethod
    def load(cls, path: Path) -> "MemoryImage | None":
        """The stored image; None if there is none, or a damaged one, which is removed."""
        try:
            body = msgspec.msgpack.decode(path.read_bytes())
            memory = zstandard.ZstdDecompressor().decompress(body["memory"], max_output_size=body["size"])
            image = cls(memory, body["state"], Fuel(body["fuel"]))
            if image.digest == body["digest"]:
                return image
        except FileNotFoundError:
            return None
        except (msgspec.DecodeError, zstandard.ZstdError, KeyError, TypeError):
            pass
        path.unlink(missing_ok=True)
        return None
