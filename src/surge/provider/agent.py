"""A provider: it serves leases over encrypted links, runs their chunks in sandboxes and gets paid.

The thinking is in session.py; this actor performs its instructions: sandbox, store, links and chain.
"""

import asyncio
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from typing import Any

import structlog
from coincurve import PrivateKey

from surge.chain.client import Chain
from surge.model.errors import Distrusted, SurgeError
from surge.model.lease import Lease
from surge.model.signature import address_of, recover, sign
from surge.model.task import WASM, ImageSpec
from surge.model.units import LeaseId
from surge.model.voucher import Session
from surge.net.blobs import Assembly
from surge.net.endpoint import Endpoint
from surge.net.errors import LinkClosed, Malformed
from surge.net.link import Link
from surge.net.messages import (
    SESSION_LIMIT,
    HaveBlobs,
    Hello,
    Message,
    PrepareImage,
    PutBlob,
    SeekBlobs,
    Sorry,
    decode,
    encode,
)
from surge.net.results import result_messages
from surge.provider.config import ProviderConfig
from surge.provider.session import LeaseSession, Policy
from surge.provider.steps import (
    Answer,
    ChunkBroke,
    ChunkRan,
    Deliver,
    DeliverImage,
    EndLease,
    Event,
    Execute,
    Forget,
    ImageMade,
    KeepVoucher,
    MakeImage,
    Redeem,
    Redeliver,
    Tick,
    ToppedUp,
)
from surge.run.pool import Job, Pool
from surge.store.provider import Kept, ProviderStore

HELLO_SECONDS = 10.0
BLOB_BYTES = 512 << 20
"""Renters' code and modules held in memory, over all leases; the oldest go first."""
TICK_SECONDS = 2.0

log = structlog.get_logger("surge.provider")


@dataclass(slots=True)
class _Served:
    """A lease being served, and the link that it is served over (the newest one, if any)."""

    session: LeaseSession
    link: Link | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    ending: bool = False


class Agent:
    """Run it with `serve`; `stop` ends it and leaves every lease resumable."""

    def __init__(
        self,
        *,
        config: ProviderConfig,
        key: PrivateKey,
        chain: Chain,
        store: ProviderStore,
        pool: Pool,
        endpoint: Endpoint,
    ) -> None:
        self.address = address_of(key)
        self.dropped: Counter[str] = Counter()
        self._config = config
        self._key = key
        self._chain = chain
        self._domain = chain.book.domain
        self._store = store
        self._pool = pool
        self._endpoint = endpoint
        self._served: dict[LeaseId, _Served] = {}
        self._blobs: OrderedDict[bytes, bytes] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

    async def serve(self) -> None:
        """Until `stop`. Resumes the leases that the store holds."""
        for lease in self._store.open_leases():
            self._served[lease.id] = _Served(self._session(lease))
        watch = asyncio.create_task(self._watch())
        accept = asyncio.create_task(self._accept())
        await self._stopping.wait()
        for task in (watch, accept, *self._tasks):
            task.cancel()
        await asyncio.gather(watch, accept, *self._tasks, return_exceptions=True)

    def stop(self) -> None:
        self._stopping.set()

    def _session(self, lease: Lease) -> LeaseSession:
        kept = self._store.voucher(lease.id)
        return LeaseSession(
            lease,
            self._domain,
            lambda message: sign(message, self._key),
            Policy(self._config.credit_limit, self._config.redeem_limit),
            [one.receipt for one in self._store.receipts(lease.id)],
            kept.voucher if kept else None,
        )

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Links

    async def _accept(self) -> None:
        while True:
            self._spawn(self._converse(await self._endpoint.accept()))

    async def _converse(self, link: Link) -> None:
        """One link, from hello to hang-up. Nothing that a peer sends ends more than its own link."""
        served: _Served | None = None
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                hello = await link.receive()
            served = await self._admit(link, hello)
            link.limit = SESSION_LIMIT
            assembler = Assembly()
            await self._handle(served, hello)
            while True:
                message = await link.receive()
                if isinstance(message, Hello):
                    await self._admit(link, message)
                await self._take(served, link, assembler, message)
        except LinkClosed:
            pass  # the renter hung up; what is open is resumed on its next link
        except (Malformed, Distrusted, TimeoutError) as error:
            self.dropped[type(error).__name__] += 1
            log.warning("dropped a link", peer=link.remote.hex()[:10], reason=str(error) or "no hello")
            link.abort("dropped")
        except SurgeError as error:
            log.warning("ended a link", peer=link.remote.hex()[:10], reason=str(error))
        finally:
            if served is not None and served.link is link:
                served.link = None
            await link.close()

    async def _admit(self, link: Link, hello: Message) -> _Served:
        """The lease that this peer proves to hold. Raises Distrusted."""
        if not isinstance(hello, Hello):
            raise Distrusted(f"{type(hello).__name__} before hello")
        terms, lease_id = hello.terms.terms(), LeaseId(hello.lease)
        session = Session(lease_id, link.remote, self._endpoint.id)
        if recover(self._domain.digest(session.struct_hash), hello.signature) != terms.renter:
            raise Distrusted(f"the hello for lease {lease_id} is not signed by its renter")
        served = self._served.get(lease_id)
        if served is None or served.session.lease.terms != terms:
            lease = await asyncio.to_thread(self._chain.lease, lease_id)
            if lease.terms != terms or terms.provider != self.address:
                await link.send(Sorry("no-lease", f"lease {lease_id} is not open here with these terms"))
                raise Distrusted(f"lease {lease_id} is not open here with the terms of the hello")
            self._store.put_lease(lease)
            if served is None:
                served = self._served.setdefault(lease_id, _Served(self._session(lease)))
                log.info("lease", lease=lease_id, renter=terms.renter, slots=terms.slots)
            else:
                served.session.handle(ToppedUp(lease))
        served.link = link
        return served

    async def _take(self, served: _Served, link: Link, assembler: Assembly, message: Message) -> None:
        match message:
            case SeekBlobs(digests):
                await link.send(HaveBlobs([name for name in digests if name in self._blobs]))
            case PutBlob():
                if (whole := assembler.add(message)) is not None:
                    self._hold(message.digest, whole)
                    await link.send(HaveBlobs([message.digest]))
            case PrepareImage() if message.module and message.module not in self._blobs:
                await link.send(Sorry("no-blob", "send the module before its image"))
            case _:
                await self._handle(served, message)

    def _hold(self, name: bytes, content: bytes) -> None:
        self._blobs[name] = content
        while sum(map(len, self._blobs.values())) > BLOB_BYTES:
            self._blobs.popitem(last=False)

    # Instructions

    async def _handle(self, served: _Served, event: Event) -> None:
        """Feed the session and perform what it says, one event at a time."""
        async with served.turn:
            lease = served.session.lease.id
            for instruction in served.session.handle(event):
                match instruction:
                    case Answer(message):
                        await self._answer(served, message)
                    case MakeImage(spec):
                        self._spawn(self._make_image(served, spec))
                    case Execute():
                        self._spawn(self._execute(served, instruction))
                    case DeliverImage(receipt, signature, ready):
                        self._store.put_receipt(Kept(receipt, signature, encode(ready)))
                        await self._answer(served, ready)
                    case Deliver(receipt, signature, outcomes):
                        messages = list(result_messages(receipt, signature, outcomes))
                        self._store.put_receipt(Kept(receipt, signature, _join(messages)))
                        for message in messages:
                            await self._answer(served, message)
                    case Redeliver(position):
                        await self._redeliver(served, position)
                    case KeepVoucher(voucher, signature, paid_below):
                        self._store.put_voucher(voucher, signature)
                        self._store.drop_answers(lease, paid_below)
                    case Redeem():
                        self._spawn(self._redeem(served))
                    case EndLease():
                        self._spawn(self._end(served))
                    case Forget():
                        self._forget(served)

    async def _answer(self, served: _Served, message: Message) -> None:
        if served.link is None:
            return  # it is in the store, and resent after the next hello
        try:
            await served.link.send(message)
        except LinkClosed:
            served.link = None

    async def _redeliver(self, served: _Served, position: int) -> None:
        kept = self._store.receipts(served.session.lease.id)[position]
        if kept.answer is None:
            await self._answer(
                served, Sorry("paid", "that result was paid for and dropped", kept.receipt.chunk)
            )
            return
        for message in _parts(kept.answer):
            await self._answer(served, message)

    # Sandbox

    async def _make_image(self, served: _Served, spec: ImageSpec) -> None:
        try:
            image = await self._pool.image(spec, self._blobs.get(spec.module) if spec.module else None)
        except SurgeError as error:
            await self._handle_answer(served, Sorry("no-image", str(error)))
            return
        made = ImageMade(spec, image.digest, image.fuel, image.joules, image.measured)
        await self._handle(served, made)

    async def _handle_answer(self, served: _Served, message: Message) -> None:
        async with served.turn:
            await self._answer(served, message)

    async def _execute(self, served: _Served, work: Execute) -> None:
        first = work.tasks[0]
        code = b"" if work.spec.runtime == WASM else self._blobs.get(first.code)
        if code is None:
            await self._handle(served, ChunkBroke(work.chunk, "no-blob", "send the code before its tasks"))
            return
        ids = [task.id(work.spec) for task in work.tasks]
        job = Job(
            spec=work.spec,
            code=code,
            tasks=[(name, task.input, task.seed) for name, task in zip(ids, work.tasks, strict=True)],
            limits=first.limits,
            wall_seconds=self._config.wall_seconds,
        )
        try:
            result = await self._pool.run(job)
        except SurgeError as error:
            await self._handle(served, ChunkBroke(work.chunk, "failed", str(error)))
            return
        await self._handle(served, ChunkRan(result))

    # Chain

    async def _watch(self) -> None:
        """Feed chain time to every lease; a chain that is away is asked again."""
        while True:
            try:
                now = await asyncio.to_thread(self._chain.now)
                for served in list(self._served.values()):
                    state = await asyncio.to_thread(self._chain.lease_state, served.session.lease.id)
                    await self._handle(served, Tick(now, state.settled if state.open else None))
            except SurgeError as error:
                log.warning("the chain can't be asked", reason=str(error))
            await asyncio.sleep(TICK_SECONDS)

    async def _redeem(self, served: _Served) -> None:
        kept = self._store.voucher(served.session.lease.id)
        if kept is None or served.ending:
            return
        served.ending = True
        try:
            await asyncio.to_thread(self._chain.settle, served.session.lease, kept.voucher, kept.signature)
            self._store.mark_redeemed(served.session.lease.id, kept.voucher.amount)
        except SurgeError as error:
            log.warning("redeeming failed; tried again", lease=served.session.lease.id, reason=str(error))
        finally:
            served.ending = False

    async def _end(self, served: _Served) -> None:
        """The provider alone closes an expired lease with the latest voucher."""
        if served.ending:
            return
        served.ending = True
        kept = self._store.voucher(served.session.lease.id)
        paid = (kept.voucher, kept.signature) if kept else (None,)
        try:
            await asyncio.to_thread(self._chain.close_lease, served.session.lease, *paid)
        except SurgeError as error:
            log.warning("closing failed; tried again", lease=served.session.lease.id, reason=str(error))
        finally:
            served.ending = False

    def _forget(self, served: _Served) -> None:
        lease = served.session.lease.id
        if self._served.pop(lease, None) is None:
            return
        if (kept := self._store.voucher(lease)) is not None:
            self._store.mark_redeemed(lease, kept.voucher.amount)
        self._store.end_lease(lease)
        log.info("lease over", lease=lease, earned=served.session.signed.amount)


def _join(messages: list[Message]) -> bytes:
    frames = [encode(message) for message in messages]
    return b"".join(len(frame).to_bytes(4, "little") + frame for frame in frames)


def _parts(joined: bytes) -> list[Message]:
    messages = []
    while joined:
        size = int.from_bytes(joined[:4], "little")
        messages.append(decode(joined[4 : 4 + size]))
        joined = joined[4 + size :]
    return messages
