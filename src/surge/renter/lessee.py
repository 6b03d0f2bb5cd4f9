"""The renter's end of one lease: the conversation with its provider, resumed when the link breaks.

It tells the job actor what happened through `notify`; all checking and signing is the bill's.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from coincurve import PrivateKey

from surge.model.errors import Distrusted, ProviderLost, SurgeError, Unavailable
from surge.model.lease import Lease
from surge.model.signature import sign
from surge.model.task import ImageSpec, Outcome
from surge.model.typed import Domain
from surge.model.voucher import Session
from surge.net.blobs import parts_of
from surge.net.endpoint import Endpoint
from surge.net.errors import LinkClosed
from surge.net.link import Link
from surge.net.messages import (
    SESSION_LIMIT,
    AskClose,
    ChunkDone,
    ChunkPart,
    CloseGranted,
    HaveBlobs,
    Hello,
    ImageReady,
    Message,
    PayVoucher,
    PrepareImage,
    Progress,
    RunChunk,
    SeekBlobs,
    Sorry,
    TermsMessage,
    VoucherAccepted,
    Welcome,
)
from surge.net.results import Gathering
from surge.renter.bill import AskedChunk, LeaseBill
from surge.store.renter import SignedReceipt, SignedVoucher

REDIALS = 3
ANSWER_SECONDS = 30.0


# What a lessee tells the job actor


@dataclass(frozen=True, slots=True)
class Delivered:
    """A chunk came back, checked and paid for."""

    chunk: bytes
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Declined:
    """The provider would not or could not run a chunk."""

    chunk: bytes
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The conversation is over for good."""

    error: SurgeError


@dataclass(frozen=True, slots=True)
class Preparing:
    """The provider works on an image; `total` 0 means unknown."""

    done: int
    total: int


Notice = Delivered | Declined | Ended | Preparing


@dataclass(slots=True)
class _Image:
    spec: ImageSpec
    blobs: Mapping[bytes, bytes]
    ready: asyncio.Future[bytes] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Lessee:
    """Use it from one event loop. `keep` stores a paid receipt (with its chunk, None for a setup) before
    the voucher leaves; `notify` is called in the order in which things happened."""

    def __init__(
        self,
        *,
        lease: Lease,
        ticket: str,
        endpoint: Endpoint,
        key: PrivateKey,
        domain: Domain,
        keep: Callable[[SignedReceipt, SignedVoucher, AskedChunk | None, tuple[Outcome, ...]], None],
        notify: Callable[["Lessee", Notice], None],
    ) -> None:
        self.lease = lease
        self.bill = LeaseBill(lease, domain, lambda digest: sign(digest, key))
        self._ticket = ticket
        self._endpoint = endpoint
        self._key = key
        self._domain = domain
        self._keep = keep
        self._notify = notify
        self._link: Link | None = None
        self._images: dict[bytes, _Image] = {}
        self._asked: dict[bytes, AskedChunk] = {}
        self._gathering = Gathering()
        self._closing: asyncio.Future[CloseGranted] | None = None
        self._have: asyncio.Future[HaveBlobs] | None = None
        self._blob_lock = asyncio.Lock()
        self._reader: asyncio.Task[None] | None = None
        self._again: asyncio.Task[None] | None = None
        self._redials = 0

    async def open(self) -> Welcome:
        """Dial and prove that the lease is ours. Raises ProviderLost or Distrusted."""
        welcome = await self._dial()
        self._reader = asyncio.create_task(self._read())
        return welcome

    async def image(self, spec: ImageSpec, blobs: Mapping[bytes, bytes]) -> bytes:
        """The digest of the image made from `spec`; `blobs` are what it and its tasks need (digest → bytes).

        Raises what ended the conversation, or Unavailable if the provider can't make it.
        """
        image = self._images.setdefault(spec.id, _Image(spec, {}))
        image.blobs = {**image.blobs, **blobs}
        await self._upload(blobs)
        if not image.ready.done():
            await self._send(_prepare(spec))
        return await asyncio.shield(image.ready)

    async def run(self, asked: AskedChunk) -> None:
        """Send a chunk; its end comes as Delivered or Declined."""
        self._asked[asked.id] = asked
        await self._send(_run(asked))

    async def refresh(self, lease: Lease) -> None:
        """Tell the provider that the escrow has grown."""
        self.lease = self.bill.lease = lease
        await self._send(self._hello())

    async def close(self) -> CloseGranted:
        """The provider's signed word that the latest voucher is all. Raises Unavailable."""
        self._closing = asyncio.get_running_loop().create_future()
        signed = self.bill.signed
        async with asyncio.timeout(ANSWER_SECONDS):
            await self._send(AskClose(signed.sequence, signed.amount))
            return await self._closing

    async def hang_up(self) -> None:
        """End the conversation; idempotent."""
        for task in (self._reader, self._again):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        self._reader = self._again = None
        if self._link is not None:
            await self._link.close()
            self._link = None

    # The link

    async def _dial(self) -> Welcome:
        link = await self._endpoint.dial(self._ticket)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                link.limit = SESSION_LIMIT
                self._link = link
                await link.send(self._hello())
                answer = await link.receive()
        except TimeoutError as error:
            link.abort("no welcome")
            raise ProviderLost(
                f"provider {self.lease.terms.provider} did not answer for lease {self.lease.id}; "
                "its work goes elsewhere"
            ) from error
        if isinstance(answer, Sorry):
            raise ProviderLost(f"provider {self.lease.terms.provider} refused: {answer.reason}")
        if not isinstance(answer, Welcome):
            raise Distrusted(
                f"provider {self.lease.terms.provider} broke the protocol; it is not asked again"
            )
        return answer

    def _hello(self) -> Hello:
        session = Session(self.lease.id, self._endpoint.id, self._live().remote)
        proof = sign(self._domain.digest(session.struct_hash), self._key)
        return Hello(self.lease.id, TermsMessage.of(self.lease.terms), proof)

    def _live(self) -> Link:
        if self._link is None:
            raise ProviderLost(f"the link of lease {self.lease.id} is closed; open another lease")
        return self._link

    async def _send(self, message: Message) -> None:
        try:
            await self._live().send(message)
        except LinkClosed:
            # The reader notices the same and redials; what is asked for is asked again then.
            return

    async def _read(self) -> None:
        while True:
            try:
                while True:
                    await self._take(await self._live().receive())
            except LinkClosed as lost:
                try:
                    await self._resume(lost)
                except SurgeError:
                    self._end(lost)
                    return
            except SurgeError as error:
                self._live().abort("the conversation broke the rules")
                self._end(error)
                return

    async def _resume(self, lost: LinkClosed) -> None:
        """Redial, say hello, and ask again for all that is open: each ask is idempotent."""
        while True:
            self._redials += 1
            if self._redials > REDIALS:
                raise lost
            try:
                welcome = await self._dial()
                break
            except Unavailable:
                continue
        self._gathering = Gathering()
        if welcome.last_sequence < self.bill.signed.sequence and self.bill.latest is not None:
            await self._send(_pay(self.bill.latest))
        self._again = asyncio.create_task(self._ask_again())

    async def _ask_again(self) -> None:
        for image in list(self._images.values()):
            await self._upload(image.blobs)
            await self._send(_prepare(image.spec))
        for asked in list(self._asked.values()):
            await self._send(_run(asked))

    def _end(self, error: SurgeError) -> None:
        for image in self._images.values():
            if not image.ready.done():
                image.ready.set_exception(error)
                image.ready.exception()  # the caller may have gone
        for waiting in (self._closing, self._have):
            if waiting is not None and not waiting.done():
                waiting.set_exception(error)
                waiting.exception()
        self._notify(self, Ended(error))

    async def _upload(self, blobs: Mapping[bytes, bytes]) -> None:
        if not blobs:
            return
        async with self._blob_lock:
            self._have = asyncio.get_running_loop().create_future()
            await self._send(SeekBlobs(list(blobs)))
            have = await self._have
            for name, content in blobs.items():
                if name in have.digests:
                    continue
                for part in parts_of(content):
                    await self._send(part)

    # What comes in

    async def _take(self, message: Message) -> None:
        match message:
            case ChunkPart() | ChunkDone():
                if (outcomes := self._gathering.add(message)) is not None and isinstance(message, ChunkDone):
                    await self._take_chunk(message, outcomes)
            case ImageReady():
                await self._take_image(message)
            case HaveBlobs():
                if self._have is not None and not self._have.done():
                    self._have.set_result(message)
            case Progress(_, done, total):
                self._notify(self, Preparing(done, total))
            case CloseGranted():
                if self._closing is not None and not self._closing.done():
                    self._closing.set_result(message)
            case Sorry(code, reason, chunk):
                self._take_refusal(code, reason, chunk)
            case VoucherAccepted() | Welcome():
                pass  # the next voucher supersedes this one anyway; a refresh is welcomed again
            case _:
                raise Distrusted(
                    f"lease {self.lease.id}: {type(message).__name__} is not a provider's to send"
                )

    async def _take_chunk(self, done: ChunkDone, outcomes: tuple[Outcome, ...]) -> None:
        receipt = done.receipt.receipt()
        if receipt.position < self.bill.receipts:
            return  # delivered again after a broken link
        asked = self._asked.get(done.chunk)
        if asked is None:
            raise Distrusted(
                f"lease {self.lease.id}: a result came for a chunk that nobody asked for; refuse it"
            )
        signed, paid = self.bill.take_chunk(asked, receipt, done.signature, outcomes)
        del self._asked[done.chunk]
        self._redials = 0
        self._keep(signed, paid, asked, outcomes)
        await self._send(_pay(paid))
        self._notify(self, Delivered(done.chunk, outcomes))

    async def _take_image(self, ready: ImageReady) -> None:
        image = self._images.get(ready.spec)
        if image is None:
            raise Distrusted(f"lease {self.lease.id}: an image came that nobody asked for; refuse it")
        if ready.receipt is not None and ready.receipt.position >= self.bill.receipts:
            signed, paid = self.bill.take_setup(
                image.spec, ready.image, ready.receipt.receipt(), ready.signature
            )
            self._keep(signed, paid, None, ())
            await self._send(_pay(paid))
        if image.ready.done():
            if image.ready.result() != ready.image:
                raise Distrusted(f"lease {self.lease.id}: the same image has two digests; refuse it")
        else:
            image.ready.set_result(ready.image)

    def _take_refusal(self, code: str, reason: str, chunk: bytes | None) -> None:
        if chunk is not None and chunk in self._asked:
            del self._asked[chunk]
            self._notify(self, Declined(chunk, code, reason))
            return
        error = Unavailable(f"provider {self.lease.terms.provider} refused ({code}): {reason}")
        if code in {"unpaid", "bad-close"} and self._closing is not None and not self._closing.done():
            self._closing.set_exception(error)
            return
        raise Distrusted(str(error)) if code == "bad-voucher" else error


def _prepare(spec: ImageSpec) -> PrepareImage:
    return PrepareImage(spec.runtime, spec.runtime_digest, list(spec.modules), spec.module)


def _run(asked: AskedChunk) -> RunChunk:
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
    )


def _pay(paid: SignedVoucher) -> PayVoucher:
    voucher = paid.voucher
    return PayVoucher(voucher.sequence, voucher.amount, voucher.root, paid.signature)
