"""What can happen in a lease (besides the renter's messages), and what its provider then does."""

from dataclasses import dataclass

from surge.model.lease import Lease
from surge.model.receipt import Receipt
from surge.model.task import ChunkResult, ImageSpec, Outcome, Task
from surge.model.units import Address, Fuel, MicroUsd, MilliJoules, Seconds
from surge.model.voucher import Voucher
from surge.net.messages import (
    GiveUp,
    Hello,
    ImageReady,
    Message,
    PayVoucher,
    PrepareImage,
    Refusal,
    RequestClose,
    RunChunk,
    Sorry,
)

# Events


@dataclass(frozen=True, slots=True)
class ImageMade:
    """`fuel` is 0 when the image was there already: nothing ran, so nothing is billed (P2)."""

    spec: ImageSpec
    image: bytes
    fuel: Fuel
    joules: MilliJoules
    measured: bool


@dataclass(frozen=True, slots=True)
class ImageBroke:
    """The image of this spec id can't be made. blame: for what the renter asked, not for want of room."""

    spec: bytes
    reason: str
    blame: bool = True


@dataclass(frozen=True, slots=True)
class ChunkRan:
    """`result.moved_bytes` counts the code, and the inputs and outputs of the tasks that have an outcome."""

    result: ChunkResult


@dataclass(frozen=True, slots=True)
class ChunkBroke:
    """It ended in a way that isn't deterministic (or can't be run here): no receipt. blame: it may be for
    what the renter sent, and isn't for this machine's disk."""

    chunk: bytes
    code: Refusal
    reason: str
    blame: bool = True


@dataclass(frozen=True, slots=True)
class BlobArrived:
    """It was sent over this lease, and was not here before; `size` in bytes."""

    name: bytes
    size: int


@dataclass(frozen=True, slots=True)
class Tick:
    """Chain time, and what the chain has settled for this lease (None: the lease is gone)."""

    now: Seconds
    settled: MicroUsd | None


@dataclass(frozen=True, slots=True)
class ToppedUp:
    """The lease's escrow grew; `lease` has the new terms."""

    lease: Lease


@dataclass(frozen=True, slots=True)
class LinkLost:
    """The renter is on no link. A hello says that it is on one again."""


FromLease = Hello | PrepareImage | RunChunk | PayVoucher | GiveUp | RequestClose
"""The renter's messages that are the lease's to answer; blobs are the agent's."""
Event = FromLease | ImageMade | ImageBroke | ChunkRan | ChunkBroke | BlobArrived | Tick | ToppedUp | LinkLost


# Instructions


@dataclass(frozen=True, slots=True)
class Answer:
    message: Message


@dataclass(frozen=True, slots=True)
class MakeImage:
    spec: ImageSpec


@dataclass(frozen=True, slots=True)
class Execute:
    chunk: bytes
    spec: ImageSpec
    tasks: tuple[Task, ...]
    watched: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """End the execution of a chunk that nobody wants any more; nothing of it is billed."""

    chunk: bytes


@dataclass(frozen=True, slots=True)
class Deliver:
    """Keep the receipt with its outcomes, then send them."""

    receipt: Receipt
    signature: bytes
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class DeliverImage:
    """Keep the receipt of a setup with its answer, then send it."""

    receipt: Receipt
    signature: bytes
    answer: ImageReady


@dataclass(frozen=True, slots=True)
class KeepClosing:
    """Remember that the lease takes no more work, whatever restarts."""


@dataclass(frozen=True, slots=True)
class Shun:
    """Take no more leases of this renter's for a while: its work ended too often without a bill, or its lease
    ends with a bill that it didn't sign. now: in chain time."""

    renter: Address
    now: Seconds


@dataclass(frozen=True, slots=True)
class NoteGivenUp:
    """Remember that this renter stopped work that had run for so many seconds, all slots together."""

    renter: Address
    seconds: Seconds
    now: Seconds


@dataclass(frozen=True, slots=True)
class Redeliver:
    """Send a kept answer again; it is billed already."""

    position: int


@dataclass(frozen=True, slots=True)
class KeepVoucher:
    """Keep it; the answers of receipts below `paid_below` need not be kept any longer."""

    voucher: Voucher
    signature: bytes
    paid_below: int


@dataclass(frozen=True, slots=True)
class Redeem:
    """Settle the latest voucher on the chain, and go on."""


@dataclass(frozen=True, slots=True)
class EndLease:
    """The lease is over: close it on the chain with the latest voucher."""


@dataclass(frozen=True, slots=True)
class Forget:
    """The chain has closed the lease."""


Instruction = (
    Answer
    | MakeImage
    | Execute
    | Stop
    | Deliver
    | DeliverImage
    | Redeliver
    | KeepVoucher
    | KeepClosing
    | Redeem
    | Shun
    | NoteGivenUp
    | EndLease
    | Forget
)


def sorry(code: Refusal, reason: str, subject: bytes | None) -> Instruction:
    return Answer(Sorry(code, reason, subject))


@dataclass(frozen=True, slots=True)
class Running:
    """A chunk under way. blobs: that it names; since: chain time of the last tick before it began."""

    blobs: frozenset[bytes]
    since: Seconds

    @classmethod
    def of(cls, work: Execute, now: Seconds) -> "Running":
        return cls(frozenset(name for task in work.tasks for name in task.blobs), now)
