"""A provider: it serves leases over encrypted links, runs their chunks in sandboxes and gets paid.

The thinking is in lease/session.py; this actor performs its instructions: sandbox, store, links and chain.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, assert_never

import structlog
from coincurve import PrivateKey

from surge.chain.client import Chain
from surge.model.errors import Distrusted, SurgeError
from surge.model.lease import Lease
from surge.model.signature import address_of, sign
from surge.model.task import ImageSpec
from surge.model.units import Address, Bytes, LeaseId
from surge.net.blobs import Assembly
from surge.net.endpoint import Endpoint
from surge.net.errors import LinkClosed
from surge.net.link import Link
from surge.net.messages import (
    SESSION_LIMIT,
    FromRenter,
    GiveUp,
    HaveBlobs,
    Hello,
    Message,
    PayVoucher,
    PrepareImage,
    PutBlob,
    Refusal,
    RequestClose,
    RunChunk,
    SeekBlobs,
    Sorry,
    decode_all,
    encode_all,
)  # fmt: skip
from surge.net.results import result_messages
from surge.provider.blobs import keep, lacks
from surge.provider.config import ProviderConfig
from surge.provider.door import Door, turned_away
from surge.provider.duty.clock import Clock
from surge.provider.duty.gas import Gas
from surge.provider.duty.outage import Outage
from surge.provider.duty.redeemer import Redeemer
from surge.provider.duty.unmet import Unmet
from surge.provider.journal import defect, tell
from surge.provider.lease.policy import Policy
from surge.provider.lease.session import LeaseSession
from surge.provider.lease.steps import (
    Answer,
    Deliver,
    DeliverImage,
    EndLease,
    Event,
    Execute,
    Forget,
    Instruction,
    KeepClosing,
    KeepVoucher,
    LinkLost,
    MakeImage,
    NoteGivenUp,
    Redeem,
    Redeliver,
    Shun,
    Stop,
    Tick,
    ToppedUp,
)
from surge.provider.pending import PendingLinks
from surge.provider.regard import Regard
from surge.provider.runner import Runner
from surge.provider.served import Served
from surge.run.slots.pool import Pool
from surge.store.blobs import BlobStore, blob_folder
from surge.store.provider import Kept, ProviderStore

HELLO_SECONDS = 10.0
SEND_SECONDS = 30.0
"""A renter that does not read for so long is hung up on; its answers are kept."""

log = structlog.get_logger("surge.provider")


class Agent:
    """Run it with `serve`; `stop` ends it and leaves every lease resumable. lack: why it has no room for new
    work now (empty: it has)."""

    def __init__(
        self,
        *,
        config: ProviderConfig,
        key: PrivateKey,
        chain: Chain,
        store: ProviderStore,
        pool: Pool,
        endpoint: Endpoint,
        outage: Outage | None = None,
        lack: Callable[[], str] = lambda: "",
    ) -> None:
        self.address = address_of(key)
        self.dropped: Counter[str] = Counter()
        self._key, self._lack = key, lack
        self._policy = Policy(config.credit_limit, config.redeem_limit, Bytes(config.memory_mib << 20))
        self._domain, self._store, self._regard = chain.book.domain, store, Regard(store)
        self._runner = Runner(pool, config.wall_seconds)
        self._redeemer = Redeemer(chain, store, Gas(chain, config.scales))
        self._endpoint = endpoint
        self._served: dict[LeaseId, Served] = {}
        self._blobs = BlobStore(blob_folder(store.path), config.disk_mib << 20, self._renters)
        self._pending = PendingLinks(self.dropped)
        self._door = Door(chain, store, self.address, endpoint.id, self._give_back, self._pending)
        outage = outage or Outage()
        self._unmet = Unmet(chain, self.address, self._slots, self._give_back, outage)
        self._clock = Clock(chain, outage, self._served.keys, self._tick)
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

    async def serve(self) -> None:
        """Until `stop`. Resumes the leases that the store holds."""
        for lease in self._store.open_leases():
            self._served[lease.id] = self._new(lease)
        self._clock.stir()
        stopping = asyncio.create_task(self._stopping.wait())
        work = (self._clock.run(), self._accept(), self._unmet.watch())
        duties = [stopping, *map(asyncio.create_task, work)]
        try:
            done, _ = await asyncio.wait(duties, return_when=asyncio.FIRST_COMPLETED)
            for duty in done:
                duty.result()  # raises what ended a duty that should never end
        finally:
            tasks = [*duties, *self._tasks]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def stop(self) -> None:
        self._stopping.set()

    @property
    def idle(self) -> bool:
        """Whether no lease is served."""
        return not self._served

    def _slots(self) -> dict[LeaseId, int]:
        return {lease: served.session.lease.terms.slots for lease, served in self._served.items()}

    def _renters(self) -> set[Address]:
        return {served.session.lease.terms.renter for served in [*self._served.values()]}  # in any thread

    def _new(self, lease: Lease) -> Served:
        return Served(self._session(lease), self._blobs.of(lease.terms.renter))

    def _session(self, lease: Lease) -> LeaseSession:
        kept = self._store.voucher(lease.id)
        return LeaseSession(
            lease,
            self._domain,
            lambda message: sign(message, self._key),
            self._policy,
            [one.receipt for one in self._store.receipts(lease.id)],
            kept.voucher if kept else None,
            self._store.is_closing(lease.id),
        )

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a lease begins again from what was kept", **defect(error))

    # Links

    async def _accept(self) -> None:
        while True:
            link = await self._endpoint.accept()
            self._spawn(self._converse(link) if self._pending.enter(link) else link.close())

    async def _converse(self, link: Link) -> None:
        """One link, from hello to hang-up. Nothing that a peer sends ends more than its own link (N1)."""
        served: Served | None = None
        try:
            served = await self._greet(link)
            link.limit = SESSION_LIMIT
            assembler = Assembly()
            while served.link is link:
                await self._take(served, link, assembler, await link.receive())
        except LinkClosed:
            pass  # the renter hung up; what is open is resumed on its next link
        except (Distrusted, TimeoutError) as error:
            self._drop(link, type(error).__name__, str(error) or "no hello")
        except SurgeError as error:
            self._drop(link, type(error).__name__, str(error))
        except Exception as error:  # noqa: BLE001 - a defect of ours, or a full disk: other leases go on
            log.error("a link failed", peer=link.remote.hex()[:10], **defect(error))
            self._drop(link, type(error).__name__, repr(error))
        finally:
            self._pending.leave(link)
            if served is not None and served.link is link:
                served.link = None
            await link.close()
        if served is not None:
            await self._handle(served, LinkLost())

    def _drop(self, link: Link, kind: str, reason: str) -> None:
        self.dropped[kind] += 1
        log.warning("dropped a link", peer=link.remote.hex()[:10], reason=reason)
        link.abort("dropped")

    async def _greet(self, link: Link) -> Served:
        async with asyncio.timeout(HELLO_SECONDS):
            hello = await link.receive()
        if not isinstance(hello, Hello):
            raise Distrusted(f"{type(hello).__name__} before hello")
        served = await self._admit(link, hello)
        self._pending.leave(link)
        if served.link is not None:
            served.link.abort("the renter has a newer link")
        await self._handle(served, hello, link)  # its first answer is the welcome, and none goes before it
        return served

    async def _admit(self, link: Link, hello: Hello) -> Served:
        """The lease that this peer proves to hold, as the chain has it now. Raises Distrusted."""
        terms, lease_id = self._door.holder(link, hello), LeaseId(hello.lease)
        served = self._served.get(lease_id)
        if served is None or served.session.lease.terms != terms:
            lease = await self._door.admit(link, lease_id, terms, known=served is not None)
            served = await self._take_over(lease)
        return served

    def _give_back(self, lease: Lease) -> None:
        """Close a lease that isn't served, so that its slots are free again."""
        self._store.put_lease(lease)
        self._spawn(self._redeemer.close(lease.id))

    async def _take_over(self, lease: Lease) -> Served:
        """Serve a lease, new or with a larger escrow, as the chain has it."""
        self._store.put_lease(lease)
        served = self._served.get(lease.id)
        if served is None:
            served = self._served[lease.id] = self._new(lease)
            log.info("lease", lease=lease.id, renter=lease.terms.renter, slots=lease.terms.slots)
        elif served.session.lease != lease:
            await self._handle(served, ToppedUp(lease))
        return served

    async def _take(self, served: Served, link: Link, assembler: Assembly, message: Message) -> None:
        if not isinstance(message, FromRenter):
            said = f"{type(message).__name__} is not a renter's to send"
            await self._answer(served, Sorry(Refusal.UNEXPECTED, said))
            return
        match message:
            case SeekBlobs(digests):
                await link.send(HaveBlobs(served.blobs.having(digests)))
            case PutBlob():
                if (whole := assembler.add(message)) is not None:
                    arrived, answer = await keep(served.blobs, message.digest, whole)
                    if arrived is not None:
                        await self._handle(served, arrived)
                    await self._answer(served, answer)
            case RunChunk() | PrepareImage() if said := self._lack():
                await self._answer(served, turned_away(message, said))
            case RunChunk() | PrepareImage() if refusal := lacks(served.blobs, message):
                await self._answer(served, refusal)
            case Hello():
                if await self._admit(link, message) is not served:
                    raise Distrusted("a second lease on one link; use a link for each")
                await self._handle(served, message)
            case PrepareImage() | RunChunk() | PayVoucher() | GiveUp() | RequestClose():
                await self._handle(served, message)
            case _:
                assert_never(message)

    # Instructions

    async def _handle(self, served: Served, event: Event, link: Link | None = None) -> None:
        """Feed the session and perform what it says, one event at a time; `link` replaces the old one."""
        async with served.turn:
            served.link = link or served.link
            if isinstance(event, LinkLost) and served.link is not None:
                return  # a newer one is there
            if not isinstance(event, Tick):
                self._clock.stir()
            try:
                instructions = served.session.handle(event)
                served.stimuli += 1
                tell(served.session.lease.id, served.stimuli, event, instructions)
                await self._perform(served, instructions)
            except Exception:
                # What was not kept must not be billed: begin again from what was.
                served.session = self._session(served.session.lease)
                if served.link is not None:
                    served.link.abort("this lease begins again from what was kept")
                raise

    async def _perform(self, served: Served, instructions: list[Instruction]) -> None:
        lease = served.session.lease.id
        for instruction in instructions:
            match instruction:
                case Answer(message):
                    await self._answer(served, message)
                case MakeImage(spec):
                    self._spawn(self._make_image(served, spec))
                case Execute(chunk):
                    served.running[chunk] = self._spawn(self._execute(served, instruction))
                case Stop(chunk):
                    if (running := served.running.pop(chunk, None)) is not None:
                        running.cancel()
                case DeliverImage(receipt, signature, ready):
                    self._store.put_receipt(Kept(receipt, signature, encode_all([ready])))
                    await self._answer(served, ready)
                case Deliver(receipt, signature, outcomes):
                    messages = list(result_messages(receipt, signature, outcomes))
                    self._store.put_receipt(Kept(receipt, signature, encode_all(messages)))
                    for message in messages:
                        await self._answer(served, message)
                case Redeliver(position):
                    await self._redeliver(served, position)
                case KeepVoucher(voucher, signature, paid_below):
                    self._store.put_voucher(voucher, signature)
                    self._store.drop_answers(lease, paid_below)
                case KeepClosing():
                    self._store.keep_closing(lease)
                case Shun() | NoteGivenUp():
                    self._regard.note(lease, instruction)
                case Redeem():
                    self._spawn(self._redeemer.redeem(lease))
                case EndLease():
                    self._spawn(self._redeemer.close(lease))
                case Forget():
                    await self._forget(served)
                case _:
                    assert_never(instruction)

    async def _answer(self, served: Served, message: Message) -> None:
        """To the renter, if it is there and reads; else it is in the store, and sent after the next hello."""
        link = served.link
        if link is None:
            return
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await link.send(message)
        except LinkClosed:
            served.link = None
        except TimeoutError:
            self._drop(link, "unread", "the renter does not read")
            served.link = None

    async def _redeliver(self, served: Served, position: int) -> None:
        kept = self._store.receipt(served.session.lease.id, position)
        if kept.answer is None:
            said = "that result was paid for and dropped"
            await self._answer(served, Sorry(Refusal.PAID, said, kept.receipt.chunk))
            return
        for message in decode_all(kept.answer):
            await self._answer(served, message)

    # Sandbox

    async def _make_image(self, served: Served, spec: ImageSpec) -> None:
        await self._handle(served, await self._runner.make(spec, served.blobs))

    async def _execute(self, served: Served, work: Execute) -> None:
        event = await self._runner.run(work, served.blobs, partial(self._answer, served))
        served.running.pop(work.chunk, None)
        await self._handle(served, event)

    # Chain

    def _tick(self, lease: LeaseId, tick: Tick) -> None:
        """Fed beside the others: one lease that is held up must not hold up them."""
        served = self._served.get(lease)
        if served is not None and not served.ticking:
            served.ticking = True
            self._spawn(self._feed(served, tick))

    async def _feed(self, served: Served, tick: Tick) -> None:
        try:
            await self._handle(served, tick)
        finally:
            served.ticking = False

    async def _forget(self, served: Served) -> None:
        lease = served.session.lease.id
        if lease in self._served and await self._redeemer.record_end(lease):
            del self._served[lease]
            log.info("lease over", lease=lease, earned=served.session.signed.amount)
            if (link := served.link) is not None:
                asyncio.get_running_loop().call_later(served.session.lingers, link.abort, "the lease is over")
