"""A chunk whose blobs are not here is refused without a look at the disk."""

from pathlib import Path

import pytest

from surge.model.digest import blob_digest
from surge.model.units import Address
from surge.net.messages import MAX_NAMED, Refusal, RunChunk
from surge.provider.blobs import lacks
from surge.store.blobs import BlobStore

D = b"d" * 32


def naming(names: list[bytes]) -> RunChunk:
    each = [names[at : at + 256] for at in range(0, len(names), 256)]
    return RunChunk(D, D, D, [1] * len(each), [b""] * len(each), 1, 1, 1, False, each)


def test_only_the_index_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs = BlobStore(tmp_path, 1 << 20).of(Address("0x" + "a" * 40))
    blobs.put(blob_digest(b"here"), b"here")
    monkeypatch.setattr("os.utime", None)
    monkeypatch.setattr("os.stat", None)
    assert lacks(blobs, naming([blob_digest(b"here")])) is None
    refusal = lacks(blobs, naming([n.to_bytes(32, "big") for n in range(MAX_NAMED)]))
    assert refusal is not None
    assert refusal.code == Refusal.NO_BLOB
