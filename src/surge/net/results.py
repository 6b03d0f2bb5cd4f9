"""A chunk's outcomes on the wire: many small ones in one message, large ones cut into several. Pure."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field

from surge.model.receipt import Receipt
from surge.model.task import Outcome
from surge.model.units import Fuel
from surge.net.errors import Malformed
from surge.net.messages import (
    MAX_OUTPUT,
    MAX_PART,
    MAX_TASKS,
    ChunkDone,
    ChunkPart,
    Message,
    OutcomeMessage,
    OutputPart,
    ReceiptMessage,
)

MAX_RESULT = 1 << 30
_OVERHEAD = 512


def result_messages(receipt: Receipt, signature: bytes, outcomes: Sequence[Outcome]) -> Iterator[Message]:
    """ChunkParts of about MAX_PART bytes, large outputs as OutputParts before, then the ChunkDone."""
    group: list[OutcomeMessage] = []
    size = 0
    for outcome in outcomes:
        if group and size + len(outcome.output) > MAX_PART:
            yield ChunkPart(receipt.chunk, group)
            group, size = [], 0
        message = OutcomeMessage.of(outcome)
        if message.in_parts:
            for at in range(0, len(outcome.output), MAX_PART):
                yield OutputPart(receipt.chunk, outcome.output[at : at + MAX_PART])
        group.append(message)
        size += len(message.output)
    yield ChunkDone(receipt.chunk, ReceiptMessage.of(receipt), signature, group)


@dataclass(slots=True)
class _Parts:
    """What is here of one chunk: outcomes, and the output that is under way."""

    outcomes: list[Outcome] = field(default_factory=list)
    output: bytearray = field(default_factory=bytearray)
    held: int = 0


class Gathering:
    """Outcomes of the chunks under way of one link.

    `max_held`: bytes of outputs (and _OVERHEAD a task or part) kept for unfinished chunks.
    """

    def __init__(self, max_held: int = MAX_RESULT) -> None:
        self._max_held = max_held
        self._parts: dict[bytes, _Parts] = {}
        self._held = 0

    def add(
        self, message: OutputPart | ChunkPart | ChunkDone, asked: Container[bytes] | None = None
    ) -> tuple[Outcome, ...] | None:
        """All outcomes of the chunk once its ChunkDone is here. Raises Malformed beyond a cap.

        Nothing is kept of a chunk that isn't `asked` for (None: any is), as one delivered again may be.
        Whether its ChunkDone may come, and whether the receipt fits the outcomes, is the caller's check.
        """
        if asked is not None:
            for gone in [chunk for chunk in self._parts if chunk not in asked]:
                self.forget(gone)
            if message.chunk not in asked and not isinstance(message, ChunkDone):
                return None
        parts = self._parts.setdefault(message.chunk, _Parts())
        if isinstance(message, OutputPart):
            self._hold(message.chunk, parts, _OVERHEAD + len(message.part))
            parts.output += message.part
            if len(parts.output) > MAX_OUTPUT:
                self._refuse(message.chunk)
            return None
        for one in message.outcomes:
            self._hold(message.chunk, parts, _OVERHEAD + len(one.output))
            output = one.output
            if one.in_parts:
                output, parts.output = bytes(parts.output), bytearray()
            parts.outcomes.append(Outcome(one.task, one.status, output, Fuel(one.fuel)))
        if len(parts.outcomes) > MAX_TASKS:
            self._refuse(message.chunk)
        if isinstance(message, ChunkPart):
            return None
        self.forget(message.chunk)
        return tuple(parts.outcomes)

    def _hold(self, chunk: bytes, parts: _Parts, size: int) -> None:
        parts.held += size
        self._held += size
        if self._held > self._max_held:
            self._refuse(chunk)

    def _refuse(self, chunk: bytes) -> None:
        self.forget(chunk)
        raise Malformed(f"the results of chunk {chunk.hex()[:10]} are over the cap; hang up")

    def forget(self, chunk: bytes) -> None:
        """Drop what is held of a chunk (it was refused, or runs elsewhere)."""
        parts = self._parts.pop(chunk, None)
        if parts is not None:
            self._held -= parts.held
