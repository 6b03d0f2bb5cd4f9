"""A chunk's outcomes on the wire: many small ones in one message, large ones cut into several. Pure."""

from collections.abc import Iterator, Sequence

from surge.model.receipt import Receipt
from surge.model.task import Outcome
from surge.net.errors import Malformed
from surge.net.messages import (
    MAX_PART,
    MAX_TASKS,
    ChunkDone,
    ChunkPart,
    Message,
    OutcomeMessage,
    ReceiptMessage,
)

MAX_RESULT = 1 << 30
_OVERHEAD = 512


def result_messages(receipt: Receipt, signature: bytes, outcomes: Sequence[Outcome]) -> Iterator[Message]:
    """ChunkParts of about MAX_PART bytes (or one outcome), then the ChunkDone with the receipt."""
    group: list[OutcomeMessage] = []
    size = 0
    for outcome in outcomes:
        if group and size + len(outcome.output) > MAX_PART:
            yield ChunkPart(receipt.chunk, group)
            group, size = [], 0
        group.append(OutcomeMessage.of(outcome))
        size += len(outcome.output)
    yield ChunkDone(receipt.chunk, ReceiptMessage.of(receipt), signature, group)


class Gathering:
    """Outcomes of the chunks under way of one link.

    `max_held`: bytes of outputs (and _OVERHEAD a task) kept for unfinished chunks.
    """

    def __init__(self, max_held: int = MAX_RESULT) -> None:
        self._max_held = max_held
        self._parts: dict[bytes, list[OutcomeMessage]] = {}
        self._held = 0

    def add(self, message: ChunkPart | ChunkDone) -> tuple[Outcome, ...] | None:
        """All outcomes of the chunk once its ChunkDone is here. Raises Malformed beyond a cap.

        Whether the chunk was asked for, and whether the receipt fits the outcomes, is the caller's check.
        """
        parts = self._parts.setdefault(message.chunk, [])
        parts.extend(message.outcomes)
        self._held += _weight(message.outcomes)
        if self._held > self._max_held or len(parts) > MAX_TASKS:
            self.forget(message.chunk)
            raise Malformed(f"the results of chunk {message.chunk.hex()[:10]} are over the cap; hang up")
        if isinstance(message, ChunkPart):
            return None
        self.forget(message.chunk)
        return tuple(part.outcome() for part in parts)

    def forget(self, chunk: bytes) -> None:
        """Drop what is held of a chunk (it was refused, or runs elsewhere)."""
        self._held -= _weight(self._parts.pop(chunk, []))


def _weight(outcomes: list[OutcomeMessage]) -> int:
    return sum(_OVERHEAD + len(outcome.output) for outcome in outcomes)
