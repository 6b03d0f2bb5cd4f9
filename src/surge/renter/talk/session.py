"""The renter's end of one lease: the conversation with its provider, resumed when the link breaks.

It tells the job actor what happened through `notify`; all checking and signing is the bill's.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, assert_never, cast

from coincurve import PrivateKey

from surge.model.errors import Distrusted, ProviderLost, SurgeError, Unavailable
from surge.model.lease import Lease
from surge.model.receipt import SignedReceipt
from surge.model.signature import sign
from surge.model.task import ImageSpec, Outcome
from surge.model.typed import Domain
from surge.model.voucher import Session, SignedVoucher
from surge.net.endpoint import Endpoint
from surge.net.errors import LinkClosed
from surge.net.link import Link
from surge.net.messages import (
    SESSION_LIMIT,
    ChunkDone,
    ChunkPart,
    CloseGranted,
    FromProvider,
    GiveUp,
    HaveBlobs,
    Hello,
    ImageReady,
    Message,
    OutputPart,
    Printed,
    Progress,
    Refusal,
    Sorry,
    VoucherAccepted,
    Welcome,
)  # fmt: skip
from surge.net.results import Gathering
from surge.renter.talk.bill import ChunkRequest, LeaseBill
from surge.renter.talk.notices import (
    Declined,
    Delivered,
    Ended,
    Interrupted,
    Notice,
    Preparing,
    Resumed,
    Wrote,
)
from surge.renter.talk.redial import redial
from surge.renter.talk.requests import (
    ImageRequest,
    Uploads,
    check_grant,
    check_welcome,
    close_message,
    hello_message,
    pay_message,
    prepare_message,
    run_message,
)
from surge.renter.talk.stopwatch import Stopwatch

ANSWER_SECONDS = 30.0
DIAL_SECONDS = CROSSING_SECONDS = 5.0
MAX_RESUMES, MAX_DECLINES = 8, 32
"""Broken links, and chunks declined, in a row without one chunk delivered."""


class RenterSession:
    """Use it from one event loop. `keep` stores a paid receipt (with its chunk, None for a setup) before
    the voucher leaves; `notify` is called in the order in which things happened. `find_ticket` tells where
    the provider is now (None: nobody knows)."""

    def __init__(
        self,
        *,
        lease: Lease,
        ticket: str,
        find_ticket: Callable[[], Awaitable[str | None]],
        endpoint: Endpoint,
        key: PrivateKey,
        domain: Domain,
        keep: Callable[[SignedReceipt, SignedVoucher, ChunkRequest | None, tuple[Outcome, ...]], None],
        notify: Callable[["RenterSession", Notice], None],
    ) -> None:
        self.lease = lease
        self.bill = LeaseBill(lease, domain, lambda digest: sign(digest, key), Stopwatch(lease.terms.slots))
        self._sign = lambda struct_hash: sign(domain.digest(struct_hash), key)
        self.over: SurgeError | None = None
        """Why the conversation ended."""
        self._ticket, self._find_ticket = ticket, find_ticket
        self._endpoint = endpoint
        self._domain = domain
        self._keep = keep
        self._notify = notify
        self._link: Link | None = None
        self._images: dict[bytes, ImageRequest] = {}
        self._asked: dict[bytes, ChunkRequest] = {}
        self._gathering = Gathering()
        self._closing: asyncio.Future[CloseGranted | None] | None = None
        self._uploads = Uploads(self._send, self.bill.sent)
        self._paid = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None
        self._again: asyncio.Task[None] | None = None
        self._resumes = self._declines = 0
        self._given_up = float("inf")

    async def open(self) -> Welcome:
        """Dial and prove that the lease is ours; once more after the end, for a last word.
        Raises ProviderLost, Refused or Distrusted."""
        if self.over is not None:
            await self.hang_up()
            await self._look_up()
        welcome = await self._dial()
        self.over = None
        await self._catch_up(welcome)
        self._reader = asyncio.create_task(self._read())
        return welcome

    async def image(self, spec: ImageSpec, blobs: Mapping[bytes, bytes]) -> bytes:
        """The digest of the image made from `spec`; `blobs` are what it and its tasks need (digest → bytes).

        Raises what ended the conversation, or Unavailable if the provider can't make it.
        """
        self._check_open()
        image = self._images.setdefault(spec.id, ImageRequest(spec, {}))
        image.blobs = {**image.blobs, **blobs}
        if not (image.ready.done() and self._uploads.has(blobs)):
            try:
                await self._uploads.put(blobs)
                if not image.ready.done():
                    await self._prepare(image)
            except LinkClosed:
                pass  # all that is open is asked for again on the next link
        return await asyncio.shield(image.ready)

    async def _prepare(self, image: ImageRequest) -> None:
        image.asked = True
        self.bill.asked_for_image(image.spec.id)
        await self._send(prepare_message(image.spec))

    async def run(self, asked: ChunkRequest) -> None:
        """Send a chunk; its end comes as Delivered or Declined."""
        self._check_open()
        self._asked[asked.id] = asked
        self.bill.asked(asked.id)
        image = self._images.get(asked.spec.id)
        if image is None or image.ready.done():  # else it is asked for once this link has the image
            await self._request(asked)

    async def _request(self, asked: ChunkRequest) -> None:
        with suppress(LinkClosed):  # it is asked for again on the next link
            await self._uploads.put({name: blob.content for name, blob in asked.blobs.items()})
            await self._send(run_message(asked))

    async def refresh(self, lease: Lease) -> None:
        """Tell the provider that the escrow has grown."""
        self.lease = self.bill.lease = lease
        if self._link is not None:
            await self._send(self._hello(self._link))

    async def give_up(self) -> None:
        """Nothing more is wanted; what was delivered before, or crosses this, is still paid."""
        self._given_up = asyncio.get_running_loop().time()
        await self._send(GiveUp())

    async def close(self, within: float = ANSWER_SECONDS) -> CloseGranted:
        """The provider's signed word that the latest voucher is all. Raises Unavailable, Distrusted."""
        try:
            async with asyncio.timeout(within):
                while (granted := await self._ask_to_close()) is None:
                    await self._paid.wait()  # what it is owed arrives, and then it is asked again
        except TimeoutError as error:
            raise ProviderLost(
                f"provider {self.lease.terms.provider} gave no word to close lease {self.lease.id}; "
                "it can close it alone, or you after expiry and grace"
            ) from error
        check_grant(granted, self.bill, self._domain)
        return granted

    async def _ask_to_close(self) -> CloseGranted | None:
        """The provider's word; None when something is owed or under way."""
        self._check_open()
        self._paid.clear()
        self._closing = asyncio.get_running_loop().create_future()
        await self._send(close_message(self.bill.signed))
        return await self._closing

    async def hang_up(self) -> None:
        """End the conversation; idempotent."""
        tasks = [task for task in (self._reader, self._again) if task is not None]
        self._reader = self._again = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        link, self._link = self._link, None
        if link is not None:
            await link.close()
        self.over = self.over or ProviderLost(f"the link of lease {self.lease.id} was closed here")
        self._wake(self.over)

    # The link

    def _check_open(self) -> None:
        if self.over is not None:
            raise self.over

    async def _dial(self) -> Welcome:
        provider = self.lease.terms.provider
        link = await self._endpoint.dial(self._ticket, DIAL_SECONDS)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                link.limit = SESSION_LIMIT
                await link.send(self._hello(link))
                answer = await link.receive()
            check_welcome(answer, self.lease, self.bill)
        except BaseException as error:
            link.abort("no session")
            await link.close()
            if isinstance(error, TimeoutError):
                raise ProviderLost(
                    f"provider {provider} did not answer for lease {self.lease.id}; its work goes elsewhere"
                ) from error
            raise
        old, self._link = self._link, link
        if old is not None:
            await old.close()
        self._gathering = Gathering()
        self._uploads.forget()
        return cast(Welcome, answer)

    def _hello(self, link: Link) -> Hello:
        return hello_message(self.lease, Session(self.lease.id, self._endpoint.id, link.remote), self._sign)

    async def _send(self, message: Message) -> None:
        if self._link is None:
            return
        with suppress(LinkClosed):  # the reader notices the same, redials, and asks again for what is open
            await self._link.send(message)

    async def _read(self) -> None:
        try:
            while self._link is not None:
                try:
                    await self._take(await self._link.receive())
                except LinkClosed as lost:
                    await self._resume(lost)
        except SurgeError as error:
            self._end(error)
        except Exception as error:  # noqa: BLE001 - a full disk, say: it ends this lease and is told
            self._end(Unavailable(f"lease {self.lease.id} can't go on ({error!r}); its work goes elsewhere"))

    async def _resume(self, lost: LinkClosed) -> None:
        """Redial, say hello, and ask again for all that is open: each ask is idempotent."""
        self._resumes += 1
        if self._resumes > MAX_RESUMES:
            raise lost
        self._uploads.interrupt(lost)
        self._notify(self, Interrupted(str(lost)))
        welcome = await redial(self._dial, self._look_up, lost, self.lease.terms.provider)
        self._notify(self, Resumed())
        self._uploads.interrupt(lost)  # what began on the dead link
        for image in self._images.values():
            image.asked = False
            if image.ready.done():
                image.ready = asyncio.get_running_loop().create_future()
        await self._catch_up(welcome)
        if self._again is not None:
            self._again.cancel()
        self._again = asyncio.create_task(self._ask_again())

    async def _look_up(self) -> None:
        """Where the provider is now."""
        self._ticket = await self._find_ticket() or self._ticket

    async def _catch_up(self, welcome: Welcome) -> None:
        """Send the latest voucher again if the provider lacks it."""
        if self.bill.latest is not None and welcome.last_sequence < self.bill.signed.sequence:
            await self._send(pay_message(self.bill.latest))

    async def _ask_again(self) -> None:
        try:
            for image in list(self._images.values()):
                await self._uploads.put(image.blobs)
                await self._prepare(image)
                with suppress(Unavailable):  # whoever asked for the image is told
                    await asyncio.shield(image.ready)
        except LinkClosed:
            return  # again; the next link begins anew
        for asked in list(self._asked.values()):
            await self._request(asked)
        if self._closing is not None and not self._closing.done():
            await self._send(close_message(self.bill.signed))

    def _end(self, error: SurgeError) -> None:
        self.over = error
        if self._link is not None:
            self._link.abort("the conversation is over")
        self._wake(error)
        self._notify(self, Ended(error))

    def _wake(self, error: SurgeError) -> None:
        """Fail every future that somebody waits for."""
        self._uploads.interrupt(error)
        self._paid.set()
        waiting: list[asyncio.Future[Any] | None] = [image.ready for image in self._images.values()]
        for future in (*waiting, self._closing):
            if future is not None and not future.done():
                future.set_exception(error)
                future.exception()  # the caller may have gone

    # What comes in

    async def _take(self, message: Message) -> None:
        if not isinstance(message, FromProvider):
            raise Distrusted(f"lease {self.lease.id}: {type(message).__name__} is not a provider's to send")
        match message:
            case OutputPart() | ChunkPart() | ChunkDone():
                outcomes = self._gathering.add(message, self._asked)
                if outcomes is not None and isinstance(message, ChunkDone):
                    await self._take_chunk(message, outcomes)
            case ImageReady():
                await self._take_image(message)
            case HaveBlobs():
                self._uploads.take(message)
            case Progress(_, done, total):
                self._notify(self, Preparing(done, total))
            case Printed(chunk, number, stream, offset, content):
                asked = self._asked.get(chunk)
                if asked is not None and asked.watched and number < len(asked.tasks):
                    self._notify(self, Wrote(chunk, number, stream, offset, content))
            case CloseGranted():
                if self._closing is not None and not self._closing.done():
                    self._closing.set_result(message)
            case Sorry():
                self._take_refusal(message)
            case VoucherAccepted() | Welcome():
                pass  # the next voucher supersedes this one anyway; a refresh is welcomed again
            case _:
                assert_never(message)

    async def _take_chunk(self, done: ChunkDone, outcomes: tuple[Outcome, ...]) -> None:
        receipt = done.receipt.receipt()
        if receipt.position < self.bill.receipts:
            return  # delivered again after a broken link
        asked = self._asked.get(done.chunk)
        if asked is None:
            raise Distrusted(f"lease {self.lease.id}: a result came that nobody asked for; refuse it")
        if asyncio.get_running_loop().time() > self._given_up + CROSSING_SECONDS:
            raise Distrusted(f"lease {self.lease.id}: given-up work is billed; refuse it")
        signed, paid = self.bill.take_chunk(asked, receipt, done.signature, outcomes)
        del self._asked[done.chunk]
        self._resumes = self._declines = 0
        self._keep(signed, paid, asked, outcomes)
        await self._send(pay_message(paid))
        self._paid.set()
        self._notify(self, Delivered(done.chunk, outcomes))

    async def _take_image(self, ready: ImageReady) -> None:
        image = self._images.get(ready.spec)
        if image is None:
            raise Distrusted(f"lease {self.lease.id}: an image came that nobody asked for; refuse it")
        if ready.receipt is not None and ready.receipt.position >= self.bill.receipts:
            receipt = ready.receipt.receipt()
            signed, paid = self.bill.take_setup(image.spec, ready.image, receipt, ready.signature)
            self._keep(signed, paid, None, ())
            await self._send(pay_message(paid))
            self._paid.set()
        if image.ready.done():
            if image.ready.result() != ready.image:
                raise Distrusted(f"lease {self.lease.id}: the same image has two digests; refuse it")
        elif image.asked:  # else it is an old answer, sent again: this session has no image yet
            image.ready.set_result(ready.image)

    def _take_refusal(self, sorry: Sorry) -> None:
        lease, provider, subject = self.lease.id, self.lease.terms.provider, sorry.subject
        code, reason = sorry.code, sorry.reason
        error = Unavailable(f"provider {provider} refused ({code}): {reason}").about(lease, provider, code)
        if subject is not None:
            if code in (Refusal.NO_BLOB, Refusal.NO_IMAGE):
                self._uploads.forget()
            self._declines += 1
            if self._declines > MAX_DECLINES:
                raise ProviderLost(f"provider {provider} declines everything ({code}: {reason})")
            if self._asked.pop(subject, None) is not None:
                self._notify(self, Declined(subject, code, reason))
            elif (image := self._images.pop(subject, None)) is not None and not image.ready.done():
                image.ready.set_exception(error)
                image.ready.exception()  # the caller may have gone
            self._paid.set()
        elif code in (Refusal.UNPAID, Refusal.BAD_CLOSE) and self._closing is not None:
            if not self._closing.done():
                self._closing.set_result(None)
        else:
            raise Distrusted(str(error)) if code == Refusal.BAD_VOUCHER else error
