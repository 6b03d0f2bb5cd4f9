"""The bill, checked: everything recomputed from the chain and the renter's receipts (invariant B1).

Nothing is taken on trust but the chain: signatures, task and chunk ids, output digests, prices, amounts,
Merkle inclusion under the root that the Market logged, fees, refunds and gas. Each line names its place.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from surge.model.digest import blob_digest
from surge.model.errors import BadInput, SurgeError
from surge.model.lease import Lease
from surge.model.receipt import Receipt, SignedReceipt, setup_chunk, setup_outcome, task_leaf
from surge.model.task import SETTLED_STATUSES, WASM, ImageSpec, Outcome, Task, chunk_id, ends_chunk, moved_of
from surge.model.units import MicroUsd, counted, show_usd
from surge.model.voucher import SignedVoucher, Voucher
from surge.settle.fees import split
from surge.settle.merkle import prove, root_of
from surge.settle.merkle import verify as included
from surge.settle.voucher import check_receipt, check_voucher
from surge.store.renter import JobRow, RenterStore, TaskRow, unseen_mark

if TYPE_CHECKING:
    from surge.chain.client import Chain


PURPOSES = {"open leases", "top up", "close lease", "close leases", "reclaim"}
"""Of a job's transactions."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the verification. place: what was checked; said: the finding, a sentence."""

    place: str
    ok: bool
    said: str


@dataclass(frozen=True, slots=True)
class _Books:
    """What the renter's store says of one job."""

    job: JobRow
    images: dict[bytes, tuple[ImageSpec, bytes]]
    codes: dict[bytes, int]


def verify(job_id: str, store: RenterStore, chain: "Chain") -> list[Check]:
    """Every check, in order, the failed ones included. Raises BadInput if there is no such job."""
    found = [(row, seal) for row, seal in store.jobs() if row.id == job_id]
    if not found:
        raise BadInput(f"there is no job {job_id} in {store.path}; `surge jobs` lists them")
    job, seal = found[0]
    checks = [_job(job, seal, chain)]
    if not checks[0].ok:
        return checks
    images: dict[bytes, tuple[ImageSpec, bytes]] = {}
    for stored, spec, image in store.images(job.id):
        images[stored] = spec, image
        checks.append(_check(f"image {stored.hex()[:12]}", _image, stored, spec))
    leases = store.leases(job)
    checks.append(_check(f"job {job.id}", _complete, job, leases, store))
    books = _Books(job, images, {})
    for lease in leases:
        checks += _lease(lease, books, store, chain)
    for hash_, purpose, gas in store.transactions(job.id):
        place = f"transaction 0x{hash_.hex()[:12]}"
        checks.append(_check(place, _transaction, hash_, purpose, gas, chain))
    return checks


def _check(place: str, body: Callable[..., str], *arguments: Any) -> Check:
    """Run one check: `body` returns what holds, or raises what doesn't."""
    try:
        return Check(place, True, body(*arguments))
    except (SurgeError, ValueError, TypeError, OverflowError, AttributeError, UnicodeError) as error:
        # A damaged row can hold anything: whatever it breaks, the place is what matters.
        return Check(place, False, str(error) or type(error).__name__)


def _need(holds: bool, otherwise: str) -> None:
    if not holds:
        raise BadInput(otherwise)


def _job(job: JobRow, seal: bytes, chain: "Chain") -> Check:
    def body() -> str:
        _need(seal == job.seal, "the row was changed after it was written")
        book = chain.book
        _need(
            (job.chain_id, job.market) == (book.chain_id, book.addresses["Market"]),
            f"it ran on chain {job.chain_id}, Market {job.market}; choose that --network",
        )
        return f"on chain {job.chain_id}, Market {job.market}, by {job.renter}"

    return _check(f"job {job.id}", body)


def _image(stored: bytes, spec: ImageSpec) -> str:
    _need(spec.id == stored, "its id is not that of its runtime and modules")
    return f"{spec.runtime} with {', '.join(spec.modules) or 'no modules'}: the id fits"


def _complete(job: JobRow, leases: list[Lease], store: RenterStore) -> str:
    orphans = store.orphans()
    _need(not orphans, f"rows of {', '.join(sorted(orphans))} name a job or lease that is not stored")
    opened = sum(purpose == "open leases" for _, purpose, _ in store.transactions(job.id))
    _need(bool(leases) or not opened, "leases were opened, but none is stored")
    return f"{counted(len(leases), 'lease')}, and nothing outside"


def _lease(lease: Lease, books: _Books, store: RenterStore, chain: "Chain") -> Iterator[Check]:
    place = f"lease {lease.id}"

    def opened() -> str:
        on_chain = chain.leases.find(lease.id)
        _need(on_chain == lease, "its terms, reservation or transaction are not those that the Market logged")
        escrow = show_usd(lease.terms.escrow)
        return f"opened with {lease.terms.provider}, escrow {escrow}, as the Market logged"

    yield _check(place, opened)
    receipts = store.receipts(books.job.id, lease.id)
    tasks: dict[int, list[TaskRow]] = {}
    for row in store.tasks(books.job.id, lease.id):
        tasks.setdefault(row.position, []).append(row)
    billed: set[bytes] = set()
    unseen = store.unseen(books.job.id, lease.id)
    for place_in_bill, signed in enumerate(receipts):
        rows = tasks.pop(signed.receipt.position, [])
        yield _check(
            f"{place}, receipt {place_in_bill}",
            _receipt,
            place_in_bill,
            signed,
            rows,
            lease,
            books,
            store,
            billed,
            unseen.get(signed.receipt.position),
            chain,
        )
    for position in tasks:
        yield Check(f"{place}, receipt {position}", False, "there are tasks for it, but no receipt")
    paid = store.voucher(books.job.id, lease.id)
    yield _check(f"{place}, voucher", _voucher, lease, receipts, paid, chain)
    yield _check(f"{place}, settlement", _settlement, lease, receipts, paid, chain)


def _receipt(
    place: int,
    signed: SignedReceipt,
    rows: list[TaskRow],
    lease: Lease,
    books: _Books,
    store: RenterStore,
    billed: set[bytes],
    unseen: bytes | None,
    chain: "Chain",
) -> str:
    """unseen: the mark of one that was paid after a crash, without what it bills."""
    receipt = signed.receipt
    _need(receipt.position == place, f"it has position {receipt.position}")
    check_receipt(receipt, signed.signature, lease, chain.book.domain)
    _need(unseen in (None, unseen_mark(receipt)), "its mark of being paid unseen is not that of this receipt")
    cost = f"{receipt.fuel:,} fuel and {receipt.moved_bytes:,} bytes make {show_usd(receipt.amount)}"
    if unseen is not None:
        _need(not rows, "it was paid unseen, but there are tasks for it")
        return (
            f"paid unseen after a crash: signature, price and place fit; what was asked is not known; {cost}"
        )
    if not rows:
        return f"signed by the provider; {_setup(receipt, books, billed)}; {cost}"
    outcomes = _tasks(rows, receipt, books, store, billed)
    return f"signed by the provider; {len(outcomes)} tasks, ids and outputs fit; {cost}"


def _setup(receipt: Receipt, books: _Books, billed: set[bytes]) -> str:
    for spec, image in books.images.values():
        if receipt.chunk == setup_chunk(spec):
            expected = root_of([task_leaf(setup_outcome(spec, image, receipt.fuel))])
            _need(receipt.outcomes == expected, "the image is not the one that it bills")
            _need(receipt.moved_bytes == 0, "a setup moves no bytes")
            _need(receipt.chunk not in billed, "it bills the making of an image that was billed before")
            billed.add(receipt.chunk)
            return f"setup of the image {image.hex()[:12]}"
    raise BadInput("it bills an image or tasks that are not stored")


def _tasks(
    rows: list[TaskRow], receipt: Receipt, books: _Books, store: RenterStore, billed: set[bytes]
) -> list[Outcome]:
    """`billed`: blobs and setups that earlier receipts of the lease could bill."""
    first = rows[0]
    _need(first.spec in books.images, f"task {first.number} names an image that is not stored")
    spec, image = books.images[first.spec]
    ids: list[bytes] = []
    outcomes: list[Outcome] = []
    for ordinal, row in enumerate(rows):
        name = f"task {row.number}"
        _need(row.ordinal == ordinal and row.job == books.job.id, f"{name} is out of its place")
        _need(
            (row.spec, row.code, row.limits) == (first.spec, first.code, first.limits),
            f"{name} is of another chunk",
        )
        _need(row.seed == books.job.task_seed(row.number), f"{name} has another seed than its number gives")
        task = Task(row.code, row.input, row.seed, row.limits, row.blobs)
        _need(task.id(spec) == row.id, f"{name}: the id is not that of its code, input, seed and limits")
        ids.append(row.id)
        if row.status is None or row.output is None or row.fuel is None:
            _need((row.status, row.output, row.fuel) == (None, None, None), f"{name} has half an outcome")
            continue
        _need(len(outcomes) == ordinal, f"{name} has an outcome after one without")
        _need(row.status in SETTLED_STATUSES, f"{name} ended in no way that there is: {row.status!r}")
        outcomes.append(Outcome(row.id, row.status, row.output, row.fuel))
    _need(chunk_id(image, ids, first.limits) == receipt.chunk, "the chunk is not that of its image and tasks")
    _need(
        root_of(task_leaf(outcome) for outcome in outcomes) == receipt.outcomes,
        f"an output, status or fuel of tasks {rows[0].number} to {rows[-1].number} is not the signed one",
    )
    _need(
        len(outcomes) == len(rows) or ends_chunk(outcomes),
        f"it ends after task {len(outcomes)} of {len(rows)}",
    )
    size = _size(first.code, books, store)
    size = 0 if spec.runtime == WASM else size
    moved = moved_of(size, [row.input for row in rows], outcomes)
    sizes = {name: _size(name, books, store) for row in rows for name in row.blobs}
    sent = sum(size for name, size in sizes.items() if name not in billed)
    billed.update(sizes)
    _need(
        moved <= receipt.moved_bytes <= moved + sent,
        f"it bills {receipt.moved_bytes} bytes where {moved} were moved",
    )
    loading = receipt.fuel - sum(o.fuel for o in outcomes)
    _need(loading >= 0, "its tasks burned more fuel than it bills")
    _need(loading <= first.limits.fuel, "it bills more fuel for loading the code than its limits allow")
    return outcomes


def _size(name: bytes, books: _Books, store: RenterStore) -> int:
    """Bytes of a stored blob, whose digest is checked once."""
    if name not in books.codes:
        content = store.blob(name)
        _need(content is not None, f"the blob {name.hex()[:12]} is not stored")
        _need(
            blob_digest(content or b"") == name, f"the blob {name.hex()[:12]} was changed after it was sent"
        )
        books.codes[name] = len(content or b"")
    return books.codes[name]


def _voucher(lease: Lease, receipts: list[SignedReceipt], paid: SignedVoucher | None, chain: "Chain") -> str:
    if paid is None:
        _need(not receipts, "there are receipts, but no voucher")
        return "none, and no receipt to pay"
    check_voucher(paid.voucher, paid.signature, None, lease, chain.book.domain)
    total = sum(signed.receipt.amount for signed in receipts)
    _need(
        paid.voucher.amount == total,
        f"it pays {show_usd(paid.voucher.amount)} for receipts of {show_usd(total)}",
    )
    root = root_of(signed.receipt.struct_hash for signed in receipts)
    _need(paid.voucher.root == root, "its root is not that of the receipts")
    return f"number {paid.voucher.sequence} pays {show_usd(total)}, just what {len(receipts)} receipts bill"


def _settlement(
    lease: Lease, receipts: list[SignedReceipt], paid: SignedVoucher | None, chain: "Chain"
) -> str:
    settlements = chain.leases.settlements(lease=lease.id)
    closing = chain.leases.closing(lease.id)
    if not settlements:
        _need(closing is None or paid is None, "the lease is closed, but its voucher was never paid")
        return "nothing to settle" if paid is None else "not settled yet; the provider can redeem its voucher"
    before = MicroUsd(0)
    for settlement in settlements:
        fee = split(before, settlement.amount, chain.book.parameters.fee_bps).fee
        _need(settlement.fee == fee, f"the Market kept {show_usd(settlement.fee)} instead of {show_usd(fee)}")
        before = settlement.amount
    last = settlements[-1]
    settled = Voucher(lease.id, last.sequence, last.amount, last.root)
    if closing is not None:
        _need(closing.paid == last.amount, "the Market closed it with another amount than it settled")
        _need(closing.paid + closing.refund == lease.terms.escrow, "paid and refund don't make the escrow")
        _need(
            paid is not None and settled == paid.voucher, "it was settled by another voucher than the latest"
        )
    leaves = [signed.receipt.struct_hash for signed in receipts]
    covered = next((n for n in range(1, len(leaves) + 1) if root_of(leaves[:n]) == last.root), None)
    _need(covered is not None, "the root on the chain is not that of the receipts")
    count = covered or 0
    for place in range(count):
        path = prove(leaves[:count], place)
        _need(
            included(leaves[place], place, count, path, last.root), f"receipt {place} is not under the root"
        )
    ended = f", {show_usd(closing.refund)} came back" if closing else ", the lease is still open"
    return f"{count} receipts lie under the root on the chain; {show_usd(last.amount)} paid{ended}"


def _transaction(hash_: bytes, purpose: str, gas: int, chain: "Chain") -> str:
    burned = chain.gas_of(hash_)
    _need(burned is not None, "the chain has no such transaction")
    _need(burned == gas, f"it took {burned:,} gas, not {gas:,}")
    _need(purpose in PURPOSES, f"{purpose!r} is no purpose")
    return f"{purpose}, {gas:,} gas"
