"""A lease's bill, as its renter keeps it: check each receipt, then sign for it. No I/O.

Nothing is paid that was not asked for, does not add up or is not signed by the lease's provider.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from surge.model.digest import Blob
from surge.model.errors import Distrusted
from surge.model.lease import Lease
from surge.model.receipt import Receipt, SignedReceipt, setup_chunk, setup_outcome, task_leaf
from surge.model.task import (
    SETTLED_STATUSES,
    ImageSpec,
    Limits,
    Outcome,
    Task,
    chunk_id,
    ends_chunk,
    moved_of,
)
from surge.model.typed import Domain
from surge.model.units import MicroUsd
from surge.model.voucher import SignedVoucher, Voucher
from surge.renter.talk.stopwatch import Stopwatch
from surge.settle.merkle import Frontier, root_of
from surge.settle.voucher import check_receipt, next_voucher, unpaid

MAX_SETUP_FUEL = 2_000 * 10**9
"""What the sandbox allows the imports of an image."""


@dataclass(frozen=True, slots=True)
class ChunkRequest:
    """What was sent to run: the tasks in order, the image that they start from, the size of their code."""

    id: bytes
    spec: ImageSpec
    image: bytes
    tasks: tuple[Task, ...]
    task_ids: tuple[bytes, ...]
    code_size: int
    watched: bool = False
    blobs: Mapping[bytes, Blob] = field(default_factory=dict)
    """Those that the tasks name."""

    @classmethod
    def of(
        cls, spec: ImageSpec, image: bytes, tasks: Sequence[Task], code_size: int, **more: Any
    ) -> "ChunkRequest":
        ids = [task.id(spec) for task in tasks]
        chunk = chunk_id(image, ids, tasks[0].limits)
        return cls(chunk, spec, image, tuple(tasks), tuple(ids), code_size, **more)

    @property
    def loads(self) -> tuple[bytes, bytes, Limits]:
        """What is loaded before its tasks run: into which image, which code, under which limits."""
        return self.image, self.tasks[0].code, self.tasks[0].limits


def check_outcomes(asked: ChunkRequest, receipt: Receipt, outcomes: Sequence[Outcome], sent: int = 0) -> None:
    """Whether the receipt bills just these outcomes of just this chunk, and at most `sent` bytes of blobs.
    Raises Distrusted."""
    if receipt.chunk != asked.id:
        raise Distrusted(
            f"the receipt is for chunk {receipt.chunk.hex()[:12]}, not {asked.id.hex()[:12]}; refuse it"
        )
    if not 0 < len(outcomes) <= len(asked.tasks):
        raise Distrusted(
            f"chunk {asked.id.hex()[:12]}: {len(outcomes)} outcomes for {len(asked.tasks)} tasks; refuse it"
        )
    if len(outcomes) < len(asked.tasks) and not ends_chunk(outcomes):
        raise Distrusted(
            f"chunk {asked.id.hex()[:12]} was cut short after {len(outcomes)} of {len(asked.tasks)} tasks; "
            "refuse it"
        )
    for place, (outcome, expected) in enumerate(zip(outcomes, asked.task_ids, strict=False)):
        if outcome.task != expected or outcome.status not in SETTLED_STATUSES:
            raise Distrusted(
                f"outcome {place} of chunk {asked.id.hex()[:12]} is not that of its task; refuse it"
            )
        limits = asked.tasks[place].limits
        if len(outcome.output) > limits.output:
            raise Distrusted(
                f"outcome {place} of chunk {asked.id.hex()[:12]} is over its output limit; refuse it"
            )
    if root_of(task_leaf(outcome) for outcome in outcomes) != receipt.outcomes:
        raise Distrusted(
            f"the outcomes of chunk {asked.id.hex()[:12]} are not those that its receipt signs; refuse it"
        )
    limit = asked.tasks[0].limits.fuel
    setup = receipt.fuel - sum(outcome.fuel for outcome in outcomes)
    if not 0 <= setup <= limit or any(outcome.fuel > limit for outcome in outcomes):
        raise Distrusted(
            f"the receipt of chunk {asked.id.hex()[:12]} bills fuel that its limits don't allow; refuse it"
        )
    moved = moved_of(asked.code_size, [task.input for task in asked.tasks], outcomes)
    if not moved <= receipt.moved_bytes <= moved + sent:
        raise Distrusted(f"the receipt bills {receipt.moved_bytes} bytes where {moved} were moved; refuse it")


class LeaseBill:
    """Checks receipts in order and signs one cumulative voucher after each (invariant M2)."""

    def __init__(
        self,
        lease: Lease,
        domain: Domain,
        sign: Callable[[bytes], bytes],
        stopwatch: Stopwatch | None = None,
    ) -> None:
        """stopwatch: None where nobody knows when what is billed was asked for."""
        self.lease = lease
        self.latest: SignedVoucher | None = None
        self._domain = domain
        self._sign = sign
        self.stopwatch = stopwatch
        self._tree = Frontier()
        self._unbilled: dict[bytes, int] = {}
        self._billed: set[bytes] = set()
        self._setups: set[bytes] = set()

    def resume(self, receipts: Sequence[SignedReceipt], latest: SignedVoucher | None) -> None:
        """Go on from books that were kept: receipts in order, and the voucher over all of them."""
        for signed in receipts:
            self._tree.append(signed.receipt.struct_hash)
        self.latest = latest

    def asked(self, chunk: bytes) -> None:
        """It is asked for now."""
        if self.stopwatch is not None:
            self.stopwatch.ask(chunk)

    def asked_for_image(self, spec: bytes) -> None:
        """It is asked for now."""
        if self.stopwatch is not None:
            self.stopwatch.ask_image(spec)

    def sent(self, blob: bytes, size: int) -> None:
        """It goes to the provider over this lease, which may bill it once, however often it goes."""
        if blob not in self._billed:
            self._unbilled[blob] = size

    @property
    def signed(self) -> Voucher:
        """The latest voucher; sequence 0 before the first."""
        return self.latest.voucher if self.latest else unpaid(self.lease.id)

    @property
    def receipts(self) -> int:
        """How many have been paid; the next one has this position."""
        return self._tree.size

    @property
    def left(self) -> MicroUsd:
        """What of the escrow is not yet signed away."""
        return MicroUsd(self.lease.terms.escrow - self.signed.amount)

    def check_books(self, receipts: int, sequence: int) -> None:
        """Whether a provider that has kept so much can go on with us. Raises Distrusted."""
        if receipts < self.receipts or sequence > self.signed.sequence:
            raise Distrusted(
                f"provider {self.lease.terms.provider} has other books for lease {self.lease.id} ({receipts} "
                f"receipts, voucher {sequence}) than ours ({self.receipts}, {self.signed.sequence}); "
                "it is not asked again"
            )

    def take_setup(
        self, spec: ImageSpec, image: bytes, receipt: Receipt, signature: bytes
    ) -> tuple[SignedReceipt, SignedVoucher]:
        """Pay for the making of an image. Raises Distrusted."""
        expected = root_of([task_leaf(setup_outcome(spec, image, receipt.fuel))])
        fits = receipt.chunk == setup_chunk(spec) and receipt.outcomes == expected
        if not fits or receipt.moved_bytes or receipt.fuel > MAX_SETUP_FUEL:
            raise Distrusted(
                f"the setup receipt of lease {self.lease.id} is not for the image asked for; refuse it"
            )
        if spec.id in self._setups:
            raise Distrusted(f"lease {self.lease.id}: the same image is billed twice; refuse it")
        if self.stopwatch is not None:
            self.stopwatch.check_image(spec.id, receipt.fuel)
        paid = self._pay(receipt, signature)
        self._setups.add(spec.id)
        return paid

    def take_chunk(
        self, asked: ChunkRequest, receipt: Receipt, signature: bytes, outcomes: Sequence[Outcome]
    ) -> tuple[SignedReceipt, SignedVoucher]:
        """Pay for a chunk. Raises Distrusted."""
        new = asked.blobs.keys() & self._unbilled.keys()
        check_outcomes(asked, receipt, outcomes, sum(self._unbilled[name] for name in new))
        if self.stopwatch is not None:
            loading = receipt.fuel - sum(outcome.fuel for outcome in outcomes)
            self.stopwatch.check_chunk(asked.id, asked.loads, loading, outcomes)
        paid = self._pay(receipt, signature)
        self._billed |= new
        for name in new:
            del self._unbilled[name]
        return paid

    def take_unseen(self, receipt: Receipt, signature: bytes) -> tuple[SignedReceipt, SignedVoucher]:
        """Pay for work of which only the provider still knows what was asked: its price is right, and no more
        can be said. Raises Distrusted."""
        return self._pay(receipt, signature)

    def _pay(self, receipt: Receipt, signature: bytes) -> tuple[SignedReceipt, SignedVoucher]:
        if receipt.position != self._tree.size:
            raise Distrusted(
                f"the receipt has position {receipt.position} where {self._tree.size} is next; refuse it"
            )
        check_receipt(receipt, signature, self.lease, self._domain)
        if receipt.amount > self.left:
            raise Distrusted(f"the receipt asks for more than lease {self.lease.id} has left; refuse it")
        self._tree.append(receipt.struct_hash)
        voucher = next_voucher(self.signed, MicroUsd(self.signed.amount + receipt.amount), self._tree.root)
        self.latest = SignedVoucher(voucher, self._sign(self._domain.digest(voucher.struct_hash)))
        return SignedReceipt(receipt, signature), self.latest
