"""Messages as frames of a byte stream: a 4-byte little-endian length, then so many bytes. Pure."""

from surge.model.errors import BadInput
from surge.net.errors import Malformed

HEADER = 4


class Frames:
    """Cuts a byte stream into frames.

    `limit` (bytes) caps a frame and may be raised between frames. Nothing is allocated for a length
    that a peer only claims: memory held ≤ what has arrived ≤ limit + one read.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._held = bytearray()
        self._broken: str = ""

    def feed(self, received: bytes) -> None:
        self._held += received

    def take(self) -> bytes | None:
        """The next whole frame, or None until more is fed.

        Raises Malformed for an empty or too long frame, and ever after: no later byte of the stream
        can be trusted to start a frame.
        """
        if self._broken:
            raise Malformed(self._broken)
        if len(self._held) < HEADER:
            return None
        length = int.from_bytes(self._held[:HEADER], "little")
        if not 0 < length <= self.limit:
            self._held.clear()
            self._broken = (
                f"the peer announced a message of {length} bytes, allowed are 1 to {self.limit}; hang up"
            )
            raise Malformed(self._broken)
        if len(self._held) < HEADER + length:
            return None
        frame = bytes(memoryview(self._held)[HEADER : HEADER + length])
        del self._held[: HEADER + length]
        return frame

    @property
    def missing(self) -> int:
        """Bytes that the frame under way still needs, as far as known; 0 before its header."""
        if self._broken or len(self._held) < HEADER:
            return 0
        return max(0, HEADER + int.from_bytes(self._held[:HEADER], "little") - len(self._held))

    @property
    def partial(self) -> bool:
        """Whether the stream stands in the middle of a frame."""
        return len(self._held) > 0


def framed(payload: bytes, limit: int) -> bytes:
    """The payload with its header. Raises BadInput if no peer would take it."""
    if not 0 < len(payload) <= limit:
        raise BadInput(f"a message of {len(payload)} bytes can't be sent, {limit} is the most; cut it up")
    return len(payload).to_bytes(HEADER, "little") + payload
