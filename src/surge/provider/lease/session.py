"""One lease, as its provider sees it. A state machine without I/O.

`LeaseSession.handle(event) -> list[instruction]`. Events are the renter's messages, results of the
sandbox and ticks of chain time; the provider's agent performs the instructions in order, so that a
receipt is kept before its answer leaves (P3).
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import assert_never

from surge.model.errors import Distrusted
from surge.model.lease import Lease
from surge.model.receipt import Receipt, setup_chunk, setup_outcome, task_leaf
from surge.model.task import ChunkResult, ImageSpec, Outcome, amount_of, chunk_id
from surge.model.typed import Domain
from surge.model.units import Bytes, Fuel, MicroUsd, MilliJoules, Seconds, show_usd
from surge.model.voucher import Close, Voucher
from surge.net.messages import (
    CloseGranted,
    GiveUp,
    Hello,
    ImageReady,
    PayVoucher,
    PrepareImage,
    ReceiptMessage,
    Refusal,
    RequestClose,
    RunChunk,
    VoucherAccepted,
    Welcome,
)
from surge.provider.lease.asked import limits_of, spec_of, tasks_of
from surge.provider.lease.bill import MAX_SENT_AGAIN, Bill
from surge.provider.lease.ending import OWED_COUNTS, Ending
from surge.provider.lease.policy import MAX_REMADE, Patience, Policy
from surge.provider.lease.steps import (
    Answer,
    BlobArrived,
    ChunkBroke,
    ChunkRan,
    Deliver,
    DeliverImage,
    EndLease,
    Event,
    Execute,
    Forget,
    ImageBroke,
    ImageMade,
    Instruction,
    KeepClosing,
    KeepVoucher,
    LinkLost,
    MakeImage,
    NoteGivenUp,
    Redeem,
    Redeliver,
    Running,
    Shun,
    Stop,
    Tick,
    ToppedUp,
    sorry,
)
from surge.settle.merkle import root_of

MAX_QUEUE = 64
"""Chunks of one lease that wait for a slot or for a voucher."""
MAX_QUEUED_BYTES = 256 << 20
"""Inputs of those chunks."""
MAX_MAKING = 4
"""Images of one lease that are made, or wait for that."""


class LeaseSession:
    """Resumes from what was kept: `receipts` in order of position, the latest voucher, and whether it was
    `closing`: then it takes no more work, and ends soon."""

    def __init__(
        self,
        lease: Lease,
        domain: Domain,
        sign: Callable[[bytes], bytes],
        policy: Policy,
        receipts: Iterable[Receipt] = (),
        voucher: Voucher | None = None,
        closing: bool = False,
    ) -> None:
        self.lease = lease
        self._domain, self._sign, self._policy = domain, sign, policy
        self._bill = Bill(lease.id, receipts, voucher)
        self._images: dict[bytes, ImageSpec] = {}
        self._early: list[RunChunk] = []
        self._queue: OrderedDict[bytes, Execute] = OrderedDict()
        self._running: dict[bytes, Running] = {}
        self._arrived: dict[bytes, int] = {}
        """Blobs that this lease brought and that no receipt has billed yet: size by name."""
        self._billed: set[bytes] = set()
        self._making: dict[bytes, ImageSpec] = {}
        self._to_make: deque[ImageSpec] = deque()
        self._ending, self._patience = Ending(closing), Patience()
        self._remade, self._noted, self._short = 0, False, False
        self._now = Seconds(0)
        self._knows_billed = self.receipts == 0
        """Whether it made all receipts: they don't tell which blobs they billed, and none is twice."""

    @property
    def signed(self) -> Voucher:
        """The latest voucher; sequence 0 before the first."""
        return self._bill.signed

    @property
    def lingers(self) -> Seconds:
        """How long a renter whose lease was closed may find out here, from a refusal of its next work."""
        return Seconds(max(self.lease.terms.expiry - self._now, 0) if self._ending.closing else 0)

    @property
    def receipts(self) -> int:
        return self._bill.receipts

    def handle(self, event: Event) -> list[Instruction]:
        """What to do now that `event` happened, in this order."""
        match event:
            case PrepareImage():
                return self._prepare(event)
            case ImageMade():
                return self._bill_image(event) + self._start() + self._accept_early()
            case ImageBroke(spec, reason, blame):
                self._making.pop(spec, None)
                ended = [sorry(Refusal.NO_IMAGE if blame else Refusal.NO_ROOM, reason, spec)]
                ended += self._count_unbilled() if blame else []
                return [*ended, *self._start(), *self._accept_early()]
            case RunChunk():
                return self._accept(event)
            case Hello():
                self._ending.company.comes()
                return self._welcome() + self._start()
            case LinkLost():
                self._ending.company.goes()
                return []
            case ChunkRan(result):
                return self._bill_chunk(result) + self._start()
            case ChunkBroke(chunk, code, reason, blame):
                self._running.pop(chunk, None)
                unbilled = self._count_unbilled() if blame and code == Refusal.FAILED else []
                return [sorry(code, reason, chunk), *unbilled, *self._start()]
            case PayVoucher():
                return self._take_voucher(event) + self._start()
            case GiveUp():
                return self._give_up()
            case BlobArrived(name, size):
                if name not in self._billed and self._knows_billed:
                    self._arrived[name] = size
                self._ending.stir()
                return []
            case RequestClose(sequence, amount):
                return self._grant(sequence, amount)
            case ToppedUp(lease):
                self.lease, self._short = lease, False
                return self._start()
            case Tick(now, settled):
                return self._tick(now, settled)
            case _:
                assert_never(event)

    def _welcome(self) -> list[Instruction]:
        """Where the books stand, and again every answer that no voucher has paid: the renter may lack it.

        What the renter has already it ignores, and a chunk that is asked for again is not run again, so a
        conversation can be resumed on a new link at any point.
        """
        signed, terms = self.signed, self.lease.terms
        welcome = Welcome(
            signed.sequence, signed.amount, self.receipts, terms.slots, self._policy.credit_limit
        )
        return [Answer(welcome), *self._redeliver(self._bill.unpaid)]

    def _redeliver(self, positions: list[int]) -> list[Instruction]:
        """Answers once more, as often as a bad link may need it: sending is work that nobody pays for."""
        if not self._bill.may_send_again(positions):
            return [sorry(Refusal.UNPAID, f"an answer was sent {MAX_SENT_AGAIN} times; sign for it", None)]
        return [Redeliver(position) for position in positions]

    # Images

    def _prepare(self, request: PrepareImage) -> list[Instruction]:
        spec = spec_of(request)
        if spec.id in self._making:
            return []
        if refusal := self._refusal():
            return [sorry(*refusal, spec.id)]
        if len(self._making) >= MAX_MAKING:
            return [sorry(Refusal.BUSY, "wait for the images under way, then ask for this one", spec.id)]
        self._making[spec.id] = spec
        self._to_make.append(spec)
        return self._start()

    def _bill_image(self, made: ImageMade) -> list[Instruction]:
        if made.spec.id not in self._making:
            return []
        del self._making[made.spec.id]
        self._images[made.image] = made.spec
        again = self._bill.position(setup_chunk(made.spec)) is not None  # this machine's cache has lost it
        if not made.fuel or again:
            self._remade += bool(made.fuel)
            closing = self._close() if self._remade > MAX_REMADE else []
            return [*closing, Answer(ImageReady(made.spec.id, made.image, None, b""))]
        outcome = setup_outcome(made.spec, made.image, made.fuel)
        receipt = self._receipt(
            setup_chunk(made.spec), (outcome,), made.fuel, Bytes(0), made.joules, made.measured
        )
        if receipt is None:
            return [sorry(Refusal.ESCROW_SPENT, self._spent(), made.spec.id)]
        signature = self._sign(self._domain.digest(receipt.struct_hash))
        ready = ImageReady(made.spec.id, made.image, ReceiptMessage.of(receipt), signature)
        return [DeliverImage(receipt, signature, ready)]

    # Chunks

    def _accept(self, request: RunChunk) -> list[Instruction]:
        spec = self._images.get(request.image)
        if spec is None and self._making and not self._is_full():
            self._early.append(request)  # its image may be the one that is being made
            return []
        if spec is None:
            return [sorry(Refusal.NO_IMAGE, "prepare the image first", request.chunk)]
        if (position := self._bill.position(request.chunk)) is not None:
            return self._redeliver([position])
        if request.chunk in self._running or request.chunk in self._queue:
            return []
        if refusal := self._refusal():
            return [sorry(*refusal, request.chunk)]
        if self._is_full():
            return [sorry(Refusal.BUSY, "too many chunks wait already; send this one later", request.chunk)]
        if request.memory > self._policy.memory:
            offered, asked = self._policy.memory >> 20, request.memory >> 20
            said = f"the chunk asks for {asked} MiB a task, and {offered} are offered here"
            return [sorry(Refusal.TOO_MUCH, said, request.chunk)]
        tasks = tasks_of(request)
        if chunk_id(request.image, [task.id(spec) for task in tasks], limits_of(request)) != request.chunk:
            return [sorry(Refusal.WRONG_CHUNK, "the chunk's id is not that of its tasks", request.chunk)]
        self._queue[request.chunk] = Execute(request.chunk, spec, tasks, request.watched)
        return self._start()

    def _count_unbilled(self) -> list[Instruction]:
        """One more ended without a bill. When there were too many, no more work is taken; with the next
        tick the renter is remembered, and the lease ends as soon as its bill is signed."""
        if not self._patience.loses(self.receipts):
            return []
        waiting = [*self._queue, *(request.chunk for request in self._early)]
        for spec in self._to_make:
            waiting.append(spec.id)
            del self._making[spec.id]
        for held in (self._queue, self._early, self._to_make):
            held.clear()
        said = f"{self._patience.count} chunks or images of this lease ended without a result; it is over"
        return [*self._close(), *(sorry(Refusal.OVER, said, chunk) for chunk in waiting)]

    def _give_up(self) -> list[Instruction]:
        """Drop all that is not delivered; what comes of it later is nobody's, and isn't billed. After that
        the lease takes no more work: else a renter could let it work and never pay."""
        closing = self._close() if self._running or self._making else []
        stopped: list[Instruction] = [Stop(chunk) for chunk in sorted(self._running)]
        if self._running:
            seconds = Seconds(sum(self._now - running.since for running in self._running.values()))
            stopped.append(NoteGivenUp(self.lease.terms.renter, seconds, self._now))
        for waiting in (self._queue, self._early, self._running, self._making, self._to_make):
            waiting.clear()
        return [*closing, *stopped]

    def _close(self) -> list[Instruction]:
        """From now on the lease takes no more work."""
        if self._ending.closing:
            return []
        self._ending.closing = True
        return [KeepClosing()]

    def _is_full(self) -> bool:
        """Whether what waits is all that may wait."""
        held = sum(len(task.input) for one in self._queue.values() for task in one.tasks)
        held += sum(len(given) for request in self._early for given in request.inputs)
        return len(self._queue) + len(self._early) >= MAX_QUEUE or held > MAX_QUEUED_BYTES

    def _accept_early(self) -> list[Instruction]:
        early, self._early = self._early, []
        return [instruction for request in early for instruction in self._accept(request)]

    def _refusal(self) -> tuple[Refusal, str] | None:
        """Why no new work is taken."""
        if self._ending.closing or self._now >= self.lease.terms.expiry:
            return Refusal.OVER, "the lease is over; open another one"
        if self._short or self._bill.owed >= self.lease.terms.escrow:
            return Refusal.ESCROW_SPENT, self._spent()
        return None

    def _has_credit(self) -> bool:
        return self._bill.unsigned <= self._policy.credit_limit

    def _start(self) -> list[Instruction]:
        """Take waiting images and chunks up while the renter is there, and a free slot and credit are. What
        runs goes on to its end without the renter."""
        started: list[Instruction] = []
        if not self._ending.company.here:
            return started
        while self._to_make and self._has_credit():
            started.append(MakeImage(self._to_make.popleft()))
        while self._queue and len(self._running) < self.lease.terms.slots and self._has_credit():
            chunk, execution = self._queue.popitem(last=False)
            self._running[chunk] = Running.of(execution, self._now)
            started.append(execution)
        return started

    def _bill_chunk(self, result: ChunkResult) -> list[Instruction]:
        if result.chunk not in self._running:
            return []  # nothing was asked for under this name: nothing is billed (P2)
        new = self._running.pop(result.chunk).blobs & self._arrived.keys()
        receipt = self._receipt(
            result.chunk,
            result.outcomes,
            result.fuel,
            Bytes(result.moved_bytes + sum(self._arrived[name] for name in new)),
            result.joules,
            result.joules_measured,
        )
        if receipt is None:
            waiting, self._queue = list(self._queue), OrderedDict()
            return [sorry(Refusal.ESCROW_SPENT, self._spent(), chunk) for chunk in (result.chunk, *waiting)]
        self._billed |= new
        for name in new:
            del self._arrived[name]
        signature = self._sign(self._domain.digest(receipt.struct_hash))
        return [Deliver(receipt, signature, result.outcomes)]

    # Money

    def _receipt(
        self,
        chunk: bytes,
        outcomes: tuple[Outcome, ...],
        fuel: Fuel,
        moved: Bytes,
        joules: MilliJoules,
        measured: bool,
    ) -> Receipt | None:
        """The next receipt, entered in the bill; None if the escrow can't pay it."""
        terms = self.lease.terms
        amount = MicroUsd(amount_of(fuel, moved, terms.price_gfuel, terms.price_gib))
        if self._bill.owed + amount > terms.escrow:
            self._short = True  # no more work for nothing, until it is topped up
            return None
        root = root_of(task_leaf(outcome) for outcome in outcomes)
        receipt = Receipt(self.lease.id, self.receipts, chunk, root, fuel, moved, joules, measured, amount)
        self._bill.enter(receipt)
        self._ending.stir()
        return receipt

    def _take_voucher(self, paid: PayVoucher) -> list[Instruction]:
        voucher = Voucher(self.lease.id, paid.sequence, MicroUsd(paid.amount), paid.root)
        try:
            paid_below = self._bill.take(voucher, paid.signature, self.lease, self._domain)
        except Distrusted as error:
            return [sorry(Refusal.BAD_VOUCHER, str(error), None)]
        if paid_below is None:
            return [Answer(VoucherAccepted(self.signed.sequence))]  # again, or late: the newest one counts
        return [KeepVoucher(voucher, paid.signature, paid_below), Answer(VoucherAccepted(paid.sequence))]

    def _grant(self, sequence: int, amount: int) -> list[Instruction]:
        signed = self.signed
        new = any(self._bill.position(setup_chunk(spec)) is None for spec in self._making.values())
        if self._bill.unpaid or self._running or self._queue or new or self._early:
            owed = show_usd(self._bill.unsigned)
            return [sorry(Refusal.UNPAID, f"{owed} is owed and not signed, or work is under way", None)]
        if (sequence, amount) != (signed.sequence, signed.amount):
            reason = f"the latest voucher is {signed.sequence} over {show_usd(signed.amount)}"
            return [sorry(Refusal.BAD_CLOSE, reason, None)]
        close = Close(self.lease.id, sequence, MicroUsd(amount))
        granted = CloseGranted(sequence, amount, self._sign(self._domain.digest(close.struct_hash)))
        return [*self._close(), Answer(granted)]

    def _tick(self, now: Seconds, settled: MicroUsd | None) -> list[Instruction]:
        self._now = now
        if settled is None:
            return [Forget()]
        lost = self._patience.tick(now)
        end = min(self.lease.terms.expiry, self._patience.since or self.lease.terms.expiry)
        works, owes = bool(self._running) or len(self._making) > len(self._to_make), bool(self._bill.unpaid)
        is_due = self._ending.is_due(now, end, works, owes)
        ended: list[Instruction] = []
        if lost or (is_due and owes and not self._noted):
            self._noted, renter = True, self.lease.terms.renter
            ended.append(Shun(renter, now) if lost else NoteGivenUp(renter, OWED_COUNTS, now))
        if is_due:  # a renter that is there and idle may give work until the chain has closed it
            ended += [*(self._close() if self._ending.company.here and now < end else []), EndLease()]
        if not ended and self.signed.amount - settled >= self._policy.redeem_at:
            return [Redeem()]
        return ended

    def _spent(self) -> str:
        escrow = show_usd(self.lease.terms.escrow)
        return f"the escrow of {escrow} does not cover the work; top the lease up or open another"
