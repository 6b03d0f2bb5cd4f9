"""Content-addressed blobs (code, wasm modules, large arguments), in parts and put together under caps.

A blob's name is `model.digest.digest("blob", content)`; nothing is used before its name is checked.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from surge.model.digest import MAX_BLOB, blob_digest
from surge.net.errors import Malformed
from surge.net.messages import MAX_PART, PutBlob


def parts_of(content: bytes) -> Iterator[PutBlob]:
    """A blob's parts, in order; an empty blob is one empty part."""
    name = blob_digest(content)
    for offset in range(0, max(len(content), 1), MAX_PART):
        yield PutBlob(name, len(content), offset, content[offset : offset + MAX_PART])


@dataclass(slots=True)
class _Open:
    total: int
    content: bytearray = field(default_factory=bytearray)


class Assembly:
    """Blobs under way of one peer. Pure: parts in, whole blobs out.

    max_total: bytes of one blob; max_open: blobs under way at once; max_held: bytes of all those
    together, as announced. Memory follows what has arrived, never what is announced.
    """

    def __init__(self, max_total: int = MAX_BLOB, max_open: int = 4, max_held: int = MAX_BLOB) -> None:
        self._max_total = max_total
        self._max_open = max_open
        self._max_held = max_held
        self._open: dict[bytes, _Open] = {}

    @property
    def held(self) -> int:
        """Bytes of unfinished blobs in memory."""
        return sum(len(blob.content) for blob in self._open.values())

    def add(self, part: PutBlob) -> bytes | None:
        """The whole blob when this part completes it, its digest checked; else None.

        Offset 0 starts a blob (again). Raises Malformed, and forgets the blob, for a part out of order
        or beyond a cap and for content that does not have its name.
        """
        blob = self._start(part) if part.offset == 0 else self._open.get(part.digest)
        name = part.digest.hex()[:10]
        if blob is None:
            raise Malformed(f"a part of blob {name} came before its start; send it from offset 0")
        left = blob.total - len(blob.content)
        in_order = part.offset == len(blob.content) and part.total == blob.total
        if not in_order or len(part.part) > left or (left and not part.part):
            del self._open[part.digest]
            raise Malformed(f"a part of blob {name} is out of order or too long; send it from offset 0")
        blob.content += part.part
        if len(blob.content) < blob.total:
            return None
        del self._open[part.digest]
        content = bytes(blob.content)
        if blob_digest(content) != part.digest:
            raise Malformed(f"blob {name} has other content than its name says; send the right one")
        return content

    def _start(self, part: PutBlob) -> _Open:
        self._open.pop(part.digest, None)
        name = part.digest.hex()[:10]
        announced = sum(blob.total for blob in self._open.values())
        if part.total > self._max_total or announced + part.total > self._max_held:
            raise Malformed(f"blob {name} of {part.total} bytes is over the cap; send less at once")
        if len(self._open) >= self._max_open:
            raise Malformed(f"blob {name} is one too many under way ({self._max_open}); finish others first")
        blob = self._open[part.digest] = _Open(part.total)
        return blob
