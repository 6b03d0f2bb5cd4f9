"""Renters' code and modules in memory: each lease has room of its own, so that none pushes out another's."""

from collections import OrderedDict
from collections.abc import Iterable

from surge.net.messages import MAX_BLOB


class LeaseBlobs:
    """At most `room` bytes; the ones that were not asked for longest go first."""

    def __init__(self, room: int = MAX_BLOB) -> None:
        self._room = room
        self._held: OrderedDict[bytes, bytes] = OrderedDict()
        self._size = 0

    @property
    def size(self) -> int:
        """Bytes of all blobs that are held."""
        return self._size

    def put(self, name: bytes, content: bytes) -> None:
        self._size += len(content) - len(self._held.pop(name, b""))
        self._held[name] = content
        while self._size > self._room:
            _, gone = self._held.popitem(last=False)
            self._size -= len(gone)

    def get(self, name: bytes) -> bytes | None:
        content = self._held.get(name)
        if content is not None:
            self._held.move_to_end(name)
        return content

    def having(self, names: Iterable[bytes]) -> list[bytes]:
        """Which of these digests are here."""
        return [name for name in names if name in self._held]
