"""The conversation of a renter and a provider, one struct per step, in the order of the story.

Who sends what is told by the unions `FromRenter` and `FromProvider` at the end.

MessagePack arrays, first a tag, then the fields in order; every field has a type and a cap, nothing
may follow them. Digests, ids and roots have 32 bytes, addresses 20, signatures 65. Amounts are
millionths of a dollar.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from surge.model.digest import MAX_BLOB
from surge.model.errors import printable
from surge.model.lease import Terms
from surge.model.receipt import Receipt
from surge.model.signature import checksum
from surge.model.task import Outcome
from surge.model.units import Bytes, Fuel, LeaseId, MicroUsd, MilliJoules, Seconds
from surge.net.errors import Malformed

MAX_PART = 1 << 20
MAX_INPUT = 64 << 20
MAX_OUTPUT = 256 << 20
MAX_TASKS = 16_384
MAX_SOUGHT = 256
MAX_NAMED = 4_096
"""Blobs that the tasks of a chunk name, each counted once."""
OPENING_LIMIT = 4 << 10
"""Bytes of a frame before the session is authenticated."""
SESSION_LIMIT = MAX_INPUT + (4 << 20)
"""Bytes of a frame afterwards: a chunk's inputs."""

Digest = Annotated[bytes, Meta(min_length=32, max_length=32)]
DigestOrNothing = Annotated[bytes, Meta(max_length=32)]
RawAddress = Annotated[bytes, Meta(min_length=20, max_length=20)]
Signature = Annotated[bytes, Meta(min_length=65, max_length=65)]
U16 = Annotated[int, Meta(ge=0, le=2**16 - 1)]
U24 = Annotated[int, Meta(ge=0, le=2**24 - 1)]
U32 = Annotated[int, Meta(ge=0, le=2**32 - 1)]
Amount = Annotated[int, Meta(ge=0, le=2**40 - 1)]
Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Seed = Annotated[int, Meta(ge=0)]
Input = Annotated[bytes, Meta(max_length=MAX_INPUT)]
Blobs = Annotated[list[Digest], Meta(max_length=256)]
Name = Annotated[str, Meta(min_length=1, max_length=128)]


class _Fields(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A part of a message."""


class Message(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One step of the conversation."""


class TermsMessage(_Fields, frozen=True):
    renter: RawAddress
    provider: RawAddress
    slots: U16
    price_gfuel: U32
    price_gib: U32
    escrow: Amount
    expiry: Count

    @classmethod
    def of(cls, terms: Terms) -> "TermsMessage":
        return cls(
            bytes.fromhex(terms.renter[2:]),
            bytes.fromhex(terms.provider[2:]),
            terms.slots,
            terms.price_gfuel,
            terms.price_gib,
            terms.escrow,
            terms.expiry,
        )

    def terms(self) -> Terms:
        return Terms(
            checksum(self.renter),
            checksum(self.provider),
            self.slots,
            self.price_gfuel,
            self.price_gib,
            MicroUsd(self.escrow),
            Seconds(self.expiry),
        )


class ReceiptMessage(_Fields, frozen=True):
    lease: Count
    position: U32
    chunk: Digest
    outcomes: Digest
    fuel: Count
    moved_bytes: Count
    millijoules: Count
    measured: bool
    amount: Amount

    @classmethod
    def of(cls, receipt: Receipt) -> "ReceiptMessage":
        return cls(*(getattr(receipt, name) for name in cls.__struct_fields__))

    def receipt(self) -> Receipt:
        return Receipt(
            LeaseId(self.lease),
            self.position,
            self.chunk,
            self.outcomes,
            Fuel(self.fuel),
            Bytes(self.moved_bytes),
            MilliJoules(self.millijoules),
            self.measured,
            MicroUsd(self.amount),
        )


class OutcomeMessage(_Fields, frozen=True):
    task: Digest
    status: Literal["returned", "raised", "out-of-fuel", "trapped"]
    output: Annotated[bytes, Meta(max_length=MAX_PART)]
    fuel: Count
    in_parts: bool
    """The output is what came as OutputParts since the last such outcome."""

    @classmethod
    def of(cls, outcome: Outcome) -> "OutcomeMessage":
        in_parts = len(outcome.output) > MAX_PART
        output = b"" if in_parts else outcome.output
        return cls(outcome.task, outcome.status, output, outcome.fuel, in_parts)  # type: ignore[arg-type]


class Hello(Message, frozen=True, tag="hello"):
    """Opens the session: `signature` is the renter's over model Session(lease, both endpoints)."""

    lease: Count
    terms: TermsMessage
    signature: Signature


class SeekBlobs(Message, frozen=True, tag="seek-blobs"):
    """Which of these does the provider lack? Answered by HaveBlobs."""

    digests: Annotated[list[Digest], Meta(max_length=MAX_SOUGHT)]


class PutBlob(Message, frozen=True, tag="put-blob"):
    """One part of a blob, in order; `total` and `offset` in bytes. See net/blobs.py."""

    digest: Digest
    total: Annotated[int, Meta(ge=0, le=MAX_BLOB)]
    offset: Annotated[int, Meta(ge=0, le=MAX_BLOB)]
    part: Annotated[bytes, Meta(max_length=MAX_PART)]


class PrepareImage(Message, frozen=True, tag="prepare-image"):
    """The fields of model ImageSpec. Answered by Progress and ImageReady."""

    runtime: Name
    runtime_digest: Digest
    modules: Annotated[list[Name], Meta(max_length=256)]
    module: DigestOrNothing

    def __post_init__(self) -> None:
        if len(self.module) not in (0, 32):
            raise ValueError("a digest has 32 bytes")


class RunChunk(Message, frozen=True, tag="run-chunk"):
    """Run these inputs in order, from this image. `code` names a blob; fuel, memory (bytes) and output
    (bytes) are the limits of one task. Answered by ChunkPart… ChunkDone, or Sorry with the chunk; and by
    Printed while it runs, if it is `watched`."""

    chunk: Digest
    image: Digest
    code: Digest
    seeds: Annotated[list[Seed], Meta(min_length=1, max_length=MAX_TASKS)]
    inputs: Annotated[list[Input], Meta(min_length=1, max_length=MAX_TASKS)]
    fuel: Count
    memory: Count
    output: Annotated[int, Meta(ge=0, le=MAX_OUTPUT)]
    watched: bool
    blobs: Annotated[list[Blobs], Meta(max_length=MAX_TASKS)]
    """Of each task, the blobs that it names; empty if none does."""

    def __post_init__(self) -> None:
        if len(self.seeds) != len(self.inputs):
            raise ValueError("as many seeds as inputs")
        if self.blobs and len(self.blobs) != len(self.inputs):
            raise ValueError("as many lists of blobs as inputs")
        if len({name for names in self.blobs for name in names}) > MAX_NAMED:
            raise ValueError(f"no more than {MAX_NAMED} blobs in a chunk")


class PayVoucher(Message, frozen=True, tag="pay-voucher"):
    """A model Voucher of the session's lease with the renter's signature."""

    sequence: U24
    amount: Amount
    root: Digest
    signature: Signature


class RequestClose(Message, frozen=True, tag="ask-close"):
    """Nothing more will run: let the lease end at this voucher. Answered by CloseGranted or Sorry. Its tag is
    that of the first version, so that leases outlive an upgrade of either side."""

    sequence: U24
    amount: Amount


class GiveUp(Message, frozen=True, tag="give-up"):
    """The renter's: nothing that waits or runs is wanted any more, and nothing of it will be paid."""


class Welcome(Message, frozen=True, tag="welcome"):
    """The session stands: where the provider's books are (latest voucher, count of receipts), how many
    chunks may run side by side, and how far the provider works ahead of vouchers."""

    last_sequence: U24
    last_amount: Amount
    receipts: U32
    slots: U16
    credit_limit: Amount


class HaveBlobs(Message, frozen=True, tag="have-blobs"):
    """Those of the sought digests that the provider holds; also sent when a blob has arrived whole."""

    digests: Annotated[list[Digest], Meta(max_length=MAX_SOUGHT)]


class Progress(Message, frozen=True, tag="progress"):
    """Work under way on an image (its spec id) or a chunk; `done` of `total` (0: unknown) in any unit."""

    subject: Digest
    done: Count
    total: Count


class Printed(Message, frozen=True, tag="printed"):
    """What a task of a watched chunk wrote, from `offset` bytes of the stream on. For the eye only: the
    outcome holds all of it, and is what counts."""

    chunk: Digest
    number: Annotated[int, Meta(ge=0, le=MAX_TASKS)]
    stream: Literal["stdout", "stderr"]
    offset: Count
    content: Annotated[bytes, Meta(max_length=MAX_PART)]


class ImageReady(Message, frozen=True, tag="image-ready"):
    """`spec` is ImageSpec.id. With a signed receipt where the setup is billed."""

    spec: Digest
    image: Digest
    receipt: ReceiptMessage | None
    signature: Annotated[bytes, Meta(max_length=65)]


class OutputPart(Message, frozen=True, tag="output-part"):
    """The next bytes of an output too large for one message; its outcome follows the last of them."""

    chunk: Digest
    part: Annotated[bytes, Meta(min_length=1, max_length=MAX_PART)]


class ChunkPart(Message, frozen=True, tag="chunk-part"):
    """The first outcomes of a chunk too large for one message; see net/results.py."""

    chunk: Digest
    outcomes: Annotated[list[OutcomeMessage], Meta(min_length=1, max_length=MAX_TASKS)]


class ChunkDone(Message, frozen=True, tag="chunk-done"):
    """The last outcomes of a chunk and its signed receipt."""

    chunk: Digest
    receipt: ReceiptMessage
    signature: Signature
    outcomes: Annotated[list[OutcomeMessage], Meta(max_length=MAX_TASKS)]


class VoucherAccepted(Message, frozen=True, tag="voucher-accepted"):
    sequence: U24


class CloseGranted(Message, frozen=True, tag="close-granted"):
    """The provider's signature over model Close(lease, sequence, amount)."""

    sequence: U24
    amount: Amount
    signature: Signature


class Refusal(StrEnum):
    """Codes of Sorry; docs/protocol.md says what each means. A later version may know more."""

    NO_LEASE = "no-lease"
    NO_BLOB = "no-blob"
    NO_ROOM = "no-room"
    NO_IMAGE = "no-image"
    TOO_MUCH = "too-much"
    WRONG_CHUNK = "wrong-chunk"
    BUSY = "busy"
    FAILED = "failed"
    PAID = "paid"
    ESCROW_SPENT = "escrow-spent"
    BAD_VOUCHER = "bad-voucher"
    BAD_CLOSE = "bad-close"
    UNPAID = "unpaid"
    OVER = "over"
    UNEXPECTED = "unexpected"


class Sorry(Message, frozen=True, tag="sorry"):
    """A refusal: `code` (a Refusal) for the program, `reason` one sentence for the person, `subject` the id
    of the chunk, or of the image's spec, that it is about, if any."""

    code: Annotated[str, Meta(min_length=1, max_length=32)]
    reason: Annotated[str, Meta(max_length=1024)]
    subject: Digest | None = None

    def __post_init__(self) -> None:
        """A peer's words are shown to people and written to logs: one line, and no control characters."""
        msgspec.structs.force_setattr(self, "code", printable(self.code, keep=""))
        msgspec.structs.force_setattr(self, "reason", printable(self.reason, keep=""))


FromRenter = Hello | SeekBlobs | PutBlob | PrepareImage | RunChunk | PayVoucher | GiveUp | RequestClose
FromProvider = (
    Welcome
    | HaveBlobs
    | Progress
    | Printed
    | ImageReady
    | OutputPart
    | ChunkPart
    | ChunkDone
    | VoucherAccepted
    | CloseGranted
    | Sorry
)
"""What each side may send. Whoever takes a union apart ends with assert_never: no kind is forgotten."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(FromRenter | FromProvider)


def encode(message: Message) -> bytes:
    """The payload of a frame. Fields are checked where they are decoded, not here."""
    return _encoder.encode(message)


def decode(frame: bytes, limit: int = SESSION_LIMIT) -> Message:
    """Raises Malformed for anything but one whole message within `limit` bytes, and nothing else."""
    if len(frame) > limit:
        raise Malformed(f"a message of {len(frame)} bytes where {limit} are allowed; hang up")
    try:
        message: Message = _decoder.decode(frame)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"the peer sent what is no message of ours ({error}); hang up") from error
    return message


def encode_all(messages: Sequence[Message]) -> bytes:
    """Several messages as one string of bytes, each behind its size."""
    frames = [encode(message) for message in messages]
    return b"".join(len(frame).to_bytes(4, "little") + frame for frame in frames)


def decode_all(joined: bytes) -> list[Message]:
    """What `encode_all` was given. Raises Malformed."""
    messages = []
    while joined:
        size = int.from_bytes(joined[:4], "little")
        messages.append(decode(joined[4 : 4 + size]))
        joined = joined[4 + size :]
    return messages
