"""What a renter's session sends: images, chunks, payments; and the blobs that they need, each once a link."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field

from surge.model.errors import Distrusted, Refused, SurgeError
from surge.model.lease import Lease
from surge.model.task import ImageSpec
from surge.model.typed import Domain
from surge.model.units import MicroUsd
from surge.model.voucher import Close, Session, SignedVoucher, Voucher
from surge.net.blobs import parts_of
from surge.net.messages import (
    MAX_SOUGHT,
    CloseGranted,
    HaveBlobs,
    Hello,
    Message,
    PayVoucher,
    PrepareImage,
    RequestClose,
    RunChunk,
    SeekBlobs,
    Sorry,
    TermsMessage,
    Welcome,
)
from surge.renter.talk.bill import ChunkRequest, LeaseBill
from surge.settle.voucher import check_close


def hello_message(lease: Lease, session: Session, sign: Callable[[bytes], bytes]) -> Hello:
    """`sign` takes the struct hash of the session."""
    return Hello(lease.id, TermsMessage.of(lease.terms), sign(session.struct_hash))


def check_welcome(answer: Message, lease: Lease, bill: LeaseBill) -> None:
    """Raises Refused, or Distrusted for other books than ours."""
    provider = lease.terms.provider
    if isinstance(answer, Sorry):
        refused = Refused(f"provider {provider} refused lease {lease.id}: {answer.reason}")
        raise refused.about(lease.id, provider, answer.code)
    if not isinstance(answer, Welcome):
        raise Distrusted(f"provider {provider} broke the protocol; it is not asked again")
    bill.check_books(answer.receipts, answer.last_sequence)


def check_grant(granted: CloseGranted, bill: LeaseBill, domain: Domain) -> None:
    """Raises Distrusted unless it is the provider's word that the latest voucher is all."""
    close = Close(bill.lease.id, granted.sequence, MicroUsd(granted.amount))
    check_close(close, granted.signature, bill.latest.voucher if bill.latest else None, bill.lease, domain)


def prepare_message(spec: ImageSpec) -> PrepareImage:
    return PrepareImage(spec.runtime, spec.runtime_digest, list(spec.modules), spec.module)


def run_message(asked: ChunkRequest) -> RunChunk:
    limits = asked.tasks[0].limits
    return RunChunk(
        asked.id,
        asked.image,
        asked.tasks[0].code,
        [task.seed for task in asked.tasks],
        [task.input for task in asked.tasks],
        limits.fuel,
        limits.memory,
        limits.output,
        asked.watched,
        [list(task.blobs) for task in asked.tasks] if asked.blobs else [],
    )


def pay_message(paid: SignedVoucher) -> PayVoucher:
    voucher = paid.voucher
    return PayVoucher(voucher.sequence, voucher.amount, voucher.root, paid.signature)


def close_message(signed: Voucher) -> RequestClose:
    """`signed`: the latest voucher; sequence 0 before the first."""
    return RequestClose(signed.sequence, signed.amount)


@dataclass(slots=True)
class ImageRequest:
    """An image that chunks wait for. `ready` resolves to its digest."""

    spec: ImageSpec
    blobs: Mapping[bytes, bytes]
    ready: asyncio.Future[bytes] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    asked: bool = False
    """On this link."""


class Uploads:
    """Which blobs the provider has, as far as this link knows. One upload at a time; `tell` hears of each,
    with its size."""

    def __init__(
        self, send: Callable[[Message], Awaitable[None]], tell: Callable[[bytes, int], None]
    ) -> None:
        self._send, self._tell = send, tell
        self._known: set[bytes] = set()
        self._answer: asyncio.Future[HaveBlobs] | None = None
        self._turn = asyncio.Lock()

    def has(self, names: Collection[bytes]) -> bool:
        return self._known.issuperset(names)

    async def put(self, blobs: Mapping[bytes, bytes]) -> None:
        """Send what the provider lacks. Raises what `interrupt` was told."""
        async with self._turn:
            lacking = [name for name in blobs if name not in self._known]
            for at in range(0, len(lacking), MAX_SOUGHT):
                await self._put(lacking[at : at + MAX_SOUGHT], blobs)

    async def _put(self, names: list[bytes], blobs: Mapping[bytes, bytes]) -> None:
        self._answer = asyncio.get_running_loop().create_future()
        await self._send(SeekBlobs(names))
        have = set((await self._answer).digests)
        for name in names:
            if name not in have:
                self._tell(name, len(blobs[name]))
                for part in parts_of(blobs[name]):
                    await self._send(part)
            self._known.add(name)

    def take(self, have: HaveBlobs) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(have)

    def forget(self) -> None:
        """Forget which blobs the provider has: it may have dropped them."""
        self._known.clear()

    def interrupt(self, error: SurgeError) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
            self._answer.exception()  # perhaps nobody waits any more
