"""The leases that a job holds: greeted, fed with chunks, topped up, replaced and closed."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from coincurve import PrivateKey

from surge.model.errors import (
    Distrusted,
    NoProvider,
    ProviderLost,
    SurgeError,
    Unavailable,
    Underfunded,
)
from surge.model.lease import Lease
from surge.model.receipt import SignedReceipt
from surge.model.task import Outcome
from surge.model.trace import ChunkSent, LeaseGivenUp, LinkBroke, LinkResumed
from surge.model.typed import Domain
from surge.model.units import Address, LeaseId
from surge.model.voucher import SignedVoucher
from surge.net.messages import Refusal
from surge.renter.lease.chunks import Held, Sent, task_rows
from surge.renter.lease.ending import Ending
from surge.renter.lease.funding import Funding, Voice
from surge.renter.lease.images import Images, make_here
from surge.renter.lease.topping import ToppingUp
from surge.renter.lease.watch import Watch
from surge.renter.talk.bill import ChunkRequest
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
from surge.renter.talk.session import ANSWER_SECONDS, RenterSession
from surge.renter.work.board import Board, Group
from surge.renter.work.steps import (
    ChunkDone,
    ChunkFailed,
    Event,
    GroupFailed,
    GroupKey,
    LeaseEnding,
    LeaseLost,
    LeaseReady,
    NoLease,
    Send,
    Withdrawn,
)
from surge.store.renter import RenterStore, TaskRow
from surge.store.trace import Trace

MAX_FRUITLESS = 12
"""Leases that may end one after the other without a single chunk delivered."""
BUSY_SECONDS = 0.5
"""Until a provider that makes other images is asked again."""
HURRY_SECONDS = 1.0
"""That a provider, and a transaction under way, get when a person wants the end now."""


class HeldLeases:
    """Use it from the job's event loop. `feed` takes events to the scheduler; `warn` hears what a person
    should know."""

    def __init__(
        self,
        *,
        job: str,
        funding: Funding,
        store: RenterStore,
        key: PrivateKey,
        domain: Domain,
        board: Board,
        groups: Mapping[GroupKey, Group],
        feed: Callable[[Event], None],
        warn: Callable[[str], None],
        trace: Trace,
    ) -> None:
        self._job, self._trace, self._funding, self._store = job, trace, funding, store
        self._board, self._groups, self._feed, self._warn = board, groups, feed, warn
        self._held: dict[LeaseId, Held] = {}
        self._images = Images(make_here)
        self._voice = Voice(key, domain, self._keep, self._hear)
        self._ending = Ending(funding, trace, warn)
        self._topping = ToppingUp(funding, board)
        self._watch = Watch(self._held, funding, feed, self._lose)
        self._fruitless = 0
        self._opening: set[asyncio.Task[None]] = set()
        self._background: set[asyncio.Task[None]] = set()
        self._decoding: set[asyncio.Task[None]] = set()
        self._watcher: asyncio.Task[None] | None = None

    def send(self, send: Send) -> None:
        self._held[send.lease].outbox.put_nowait(send)

    def release(self, lease: LeaseId) -> None:
        """Close a lease that has nothing left to do."""
        _spawn(self._close([self._held[lease]], ANSWER_SECONDS), self._background)

    def straggle(self, lease: LeaseId, seconds: float) -> None:
        """What it holds is done elsewhere, too, and its provider isn't asked again while there are others."""
        provider = self._held[lease].session.lease.terms.provider
        self._funding.choosing.lost.add(provider)
        self._warn(
            f"lease {lease}: provider {provider} has delivered nothing for {seconds:.0f} s; its work is done "
            "elsewhere, too"
        )

    def need(self, count: int) -> None:
        """Open so many more leases, or say why not."""
        if self._watcher is None:
            self._watcher = asyncio.get_running_loop().create_task(self._watch.run())
        _spawn(self._open(count), self._opening)

    async def end(self, hurry: bool = False) -> None:
        """Close every lease together with its provider, and hang up. In a hurry, what runs is given up, and
        who doesn't answer at once is left to close alone."""
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)
        while under_way := self._opening | self._background | self._decoding:  # to the chain, and back
            await asyncio.wait(under_way, timeout=HURRY_SECONDS if hurry else None)
            if hurry:
                break
        if hurry:
            await asyncio.gather(*(h.session.give_up() for h in self._held.values() if h.gone is None))
        within = HURRY_SECONDS if hurry else ANSWER_SECONDS
        await self._close(list(self._held.values()), within)
        await self._funding.end()

    # Leases

    async def _open(self, count: int) -> None:
        try:
            if self._fruitless >= MAX_FRUITLESS:
                raise NoProvider(
                    f"{self._fruitless} leases ended one after the other and none delivered anything; "
                    "see the job's warnings, and try again later (surge asks --alive)"
                )
            leases, tickets = await self._open_or_wait(count)
        except SurgeError as error:
            self._feed(NoLease(error, count))
            return
        except Exception as error:  # noqa: BLE001 - a full disk, say: the tasks that wait are told
            self._feed(NoLease(Unavailable(f"no lease could be opened ({error!r}); see the cause"), count))
            return
        await asyncio.gather(*(self._greet(lease, tickets) for lease in leases))
        if missing := count - len(leases):
            few = NoProvider(
                f"only {len(leases)} of {count} slots were free at a price near the best; ask again later, "
                "or name a price for dearer ones (max_price=…, --max-price)"
            )
            self._feed(NoLease(few, missing))

    async def _open_or_wait(self, count: int) -> tuple[list[Lease], dict[Address, str]]:
        try:
            return await self._funding.open(count)
        except Underfunded:
            if not self._background:
                raise
        await asyncio.gather(*self._background)  # leases that end give their change back
        return await self._funding.open(count)

    async def _greet(self, lease: Lease, tickets: Mapping[Address, str]) -> None:
        held = self._held[lease.id] = Held(await self._funding.converse(lease, tickets, self._voice))
        try:
            objection = self._funding.choosing.objection(lease)
        except NoProvider as error:
            self._refuse(held, error)
            self._feed(NoLease(error, 1))
            return
        if objection is not None:
            self._refuse(held, objection)
            self._feed(LeaseLost(lease.id, False, time.monotonic()))
            return
        try:
            with self._trace.span("dial the provider", lease=lease.id, provider=lease.terms.provider):
                await held.session.open()
            if (filled := await self._funding.fill(lease)) is not None:
                await held.session.refresh(filled)
        except SurgeError as error:
            if isinstance(error, ProviderLost):
                self._funding.silent(lease)
            self._lose(held, error)
            return
        held.sender = asyncio.get_running_loop().create_task(self._send_all(lease.id, held))
        self._board.tally.leases += 1
        self._feed(LeaseReady(lease.id, lease.terms.slots, time.monotonic()))

    def _refuse(self, held: Held, why: SurgeError) -> None:
        """Close a lease unused."""
        held.gone = why
        self._warn(str(why))
        self._trace.write(LeaseGivenUp(lease=held.session.lease.id, reason=str(why)))
        _spawn(self._close([held], ANSWER_SECONDS), self._background)

    def _lose(self, held: Held, error: SurgeError, shun: bool = True) -> None:
        """It serves no more, and its unfinished tasks go elsewhere. At the end it is closed, if it can be."""
        if held.gone is not None:
            return
        lease = held.session.lease
        self._fruitless += not held.delivered
        held.gone = error.about(lease.id, lease.terms.provider)
        if shun:
            bad = isinstance(error, Distrusted)
            choosing = self._funding.choosing
            (choosing.distrusted if bad else choosing.lost).add(lease.terms.provider)
            self._warn(f"lease {lease.id}: {error}")
        if held.sender is not None:
            held.sender.cancel()
            held.sender = None
            self._board.tally.leases -= 1
        _spawn(held.session.hang_up(), self._background)
        self._trace.write(LeaseGivenUp(lease=lease.id, reason=str(error)))
        self._feed(LeaseLost(lease.id, isinstance(error, Distrusted), time.monotonic()))

    # Work

    async def _send_all(self, lease: LeaseId, held: Held) -> None:
        while True:
            send = await held.outbox.get()
            try:
                await self._send(lease, held, send)
            except SurgeError as error:
                error.about(lease, held.session.lease.terms.provider)
                blame = error.refusal != Refusal.BUSY
                self._feed(ChunkFailed(lease, send.chunk, error, time.monotonic(), blame))

    async def _send(self, lease: LeaseId, held: Held, send: Send) -> None:
        kept = [key for key in send.tasks if self._board.start(key)]
        if gone := tuple(key for key in send.tasks if key not in kept):
            self._feed(Withdrawn(lease, send.chunk, gone, time.monotonic()))
        if not kept:
            return
        group = self._groups[send.group]
        try:
            with self._trace.span("send code and wait for the image", lease=lease):
                image = await held.session.image(group.spec, group.blobs)
        except Unavailable as error:
            if held.session.over is None:
                await self._go_elsewhere(held, send.group, error)
            raise
        await self._check_image(held, group, image)
        self._store.put_image(self._job, group.spec, image)
        self._board.tally.stage = "running"
        tasks = {key: task for key in kept if (task := self._board.task(key)) is not None}
        if not tasks:  # all ended elsewhere while the image was made
            self._feed(Withdrawn(lease, send.chunk, tuple(kept), time.monotonic()))
            return
        watched = any(self._board.is_watched(key) for key in tasks)
        blobs = {blob.name: blob for key in tasks for blob in self._board.blobs(key)}
        asked = ChunkRequest.of(
            group.spec, image, list(tasks.values()), group.code_size, watched=watched, blobs=blobs
        )
        held.chunks[asked.id] = Sent(send.chunk, tuple(tasks), held.session.lease.terms.escrow)
        self._trace.write(ChunkSent(lease=lease, chunk=send.chunk, id=asked.id.hex()))
        await held.session.run(asked)

    def _avoid(self, held: Held, code: str) -> None:
        """A lease that is over ends. Who broke a chunk, or had done nothing yet, is asked again only when
        there are no others, and its other leases end, too."""
        provider, now = held.session.lease.terms.provider, time.monotonic()
        if code != Refusal.OVER or not held.session.bill.receipts:
            self._funding.choosing.lost.add(provider)
        ending = [held]
        if code != Refusal.OVER:
            same = [one for one in self._held.values() if one.session.lease.terms.provider == provider]
            ending = same if self._funding.choosing.others else []
        for one in ending:
            self._feed(LeaseEnding(one.session.lease.id, now))

    async def _go_elsewhere(self, held: Held, group: GroupKey, error: Unavailable) -> None:
        """A provider makes no image: others are asked, until several refused or there are no more."""
        lease = held.session.lease
        if error.refusal == Refusal.BUSY:
            await asyncio.sleep(BUSY_SECONDS)
            return
        self._funding.choosing.lost.add(lease.terms.provider)
        if self._images.refuse(group, lease.terms.provider) or not self._funding.choosing.others:
            self._feed(GroupFailed(group, error))
        self._feed(LeaseEnding(lease.id, time.monotonic()))

    async def _check_image(self, held: Held, group: Group, image: bytes) -> None:
        """Raises Distrusted if this provider says other of the image than is true; other liars are lost."""
        module = group.blobs.get(group.spec.module) if group.spec.module else None
        own = held.session.lease.terms.provider
        liars = await self._images.liars(group.spec, module, image, own)
        for other in list(self._held.values()):
            if (provider := other.session.lease.terms.provider) in liars:
                error = Distrusted(
                    f"provider {provider} works with another image than it was asked for; what it has "
                    "answered in this job may be false: run it again"
                )
                self._lose(other, error)
        if own in liars:
            raise held.gone or Distrusted(f"provider {own} works with another image; it is not asked again")

    def _keep(
        self,
        signed: SignedReceipt,
        paid: SignedVoucher,
        asked: ChunkRequest | None,
        outcomes: tuple[Outcome, ...],
    ) -> None:
        """Store a paid receipt with its tasks before the voucher leaves (P3)."""
        rows: list[TaskRow] = []
        if asked is None:
            provider = self._held[signed.receipt.lease].session.lease.terms.provider
            self._images.bill(signed.receipt.chunk, provider, signed.receipt.fuel)
        else:
            keys = self._held[signed.receipt.lease].chunks[asked.id].tasks
            rows = task_rows(self._job, signed.receipt, keys, asked, outcomes)
        self._store.put_receipt(self._job, signed, rows, paid)
        self._board.tally.signed += signed.receipt.amount

    def _hear(self, session: RenterSession, notice: Notice) -> None:
        lease = session.lease.id
        held = self._held[lease]
        now = time.monotonic()
        match notice:
            case Preparing():
                self._board.tally.stage = "preparing the image"
            case Wrote(chunk, number, stream, offset, content):
                if (running := held.chunks.get(chunk)) is not None:
                    self._board.hear(running.tasks[number], stream, offset, content)
            case Delivered(chunk, outcomes):
                sent, held.delivered, self._fruitless = held.chunks.pop(chunk), now, 0
                done = sent.tasks[: len(outcomes)]
                _spawn(self._board.resolve_all(done, outcomes, session.lease), self._decoding)
                self._feed(ChunkDone(lease, sent.key, done, now))
            case Declined(chunk, Refusal.ESCROW_SPENT, reason):
                _spawn(self._top_up(held, chunk, reason), self._background)
            case Declined(chunk, code, reason):
                provider = session.lease.terms.provider
                if code in (Refusal.OVER, Refusal.FAILED):
                    self._avoid(held, code)
                error = Unavailable(f"provider {provider} ({code}): {reason}").about(lease, provider, code)
                key = held.chunks.pop(chunk).key
                self._feed(ChunkFailed(lease, key, error, now, blame=code == Refusal.FAILED))
            case Interrupted(reason):
                self._trace.write(LinkBroke(lease=lease, reason=reason))
            case Resumed():
                self._trace.write(LinkResumed(lease=lease))
            case Ended(error):
                self._lose(held, error)

    async def _top_up(self, held: Held, chunk: bytes, reason: str) -> None:
        """More escrow for a lease that could not pay a chunk, unless it grew since that was sent."""
        async with held.topping:
            sent = held.chunks.pop(chunk, None)
            if sent is None or held.gone is not None:
                return
            lease, spent = held.session.lease, False
            provider, code = lease.terms.provider, Refusal.ESCROW_SPENT
            error: SurgeError = Unavailable(f"provider {provider} ({code}): {reason}")
            error.about(lease.id, provider, code)
            if lease.terms.escrow == sent.escrow:
                try:
                    await self._topping.grow(held, sent, reason)
                except (Distrusted, ProviderLost) as untrue:
                    self._feed(ChunkFailed(lease.id, sent.key, error, time.monotonic(), blame=False))
                    self._lose(held, untrue)
                    return
                except SurgeError as refused:
                    error, spent = refused, True
        if spent:
            self._feed(LeaseEnding(lease.id, time.monotonic()))
        self._feed(ChunkFailed(lease.id, sent.key, error, time.monotonic(), blame=spent))

    async def _close(self, leases: list[Held], within: float) -> None:
        """For good, and nothing more is sent."""
        self._fruitless += sum(not held.delivered and held.gone is None for held in leases)
        await self._ending.close(leases, within)
        for held in leases:
            if held.sender is not None:
                held.sender.cancel()
                await asyncio.gather(held.sender, return_exceptions=True)
                held.sender = None
                self._board.tally.leases -= 1
            await held.session.hang_up()


def _spawn(work: Coroutine[Any, Any, None], kept: "set[asyncio.Task[None]]") -> None:
    task = asyncio.get_running_loop().create_task(work)
    kept.add(task)
    task.add_done_callback(kept.discard)
