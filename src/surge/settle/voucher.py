"""When to believe a signature: the renter's voucher, the provider's receipt and word to close.

Each check returns nothing and raises `Distrusted` with one sentence. What passes here can be redeemed: the
Market refuses the same vouchers (invariant M2) but for their sequence, which it records and does not compare.
Else a renter could void an earned voucher by settling a later one over less.
"""

from surge.model.errors import BadInput, Distrusted
from surge.model.lease import Lease
from surge.model.receipt import Receipt
from surge.model.signature import recover
from surge.model.task import amount_of
from surge.model.typed import Domain
from surge.model.units import Address, LeaseId, MicroUsd, show_usd
from surge.model.voucher import MAX_AMOUNT, MAX_SEQUENCE, Close, Voucher
from surge.settle.merkle import EMPTY_ROOT

_WORD = 2**256


def unpaid(lease: LeaseId) -> Voucher:
    """What stands before a lease's first voucher: nothing signed, nothing owed. Never signed itself."""
    return Voucher(lease, 0, MicroUsd(0), EMPTY_ROOT)


def next_voucher(previous: Voucher, amount: MicroUsd, root: bytes) -> Voucher:
    """The one to sign after `previous` (`unpaid(lease)` at first): `amount` is cumulative.

    Raises BadInput if the amount does not grow or a field is full.
    """
    if amount <= previous.amount:
        raise BadInput(
            f"lease {previous.lease}: {show_usd(previous.amount)} is signed already; "
            f"sign again when more than that is owed, not {show_usd(amount)}"
        )
    if previous.sequence >= MAX_SEQUENCE or amount > MAX_AMOUNT:
        raise BadInput(f"lease {previous.lease}: a voucher holds no more; close it and open another lease")
    return Voucher(previous.lease, previous.sequence + 1, amount, root)


def check_voucher(
    voucher: Voucher, signature: bytes, previous: Voucher | None, lease: Lease, domain: Domain
) -> None:
    """Whether `voucher` can replace `previous` (None before the first) and be redeemed.

    Warning: `lease.terms.escrow` must be the escrow that the chain holds, top-ups included.
    """
    before = previous or unpaid(lease.id)
    if voucher.lease != lease.id:
        raise Distrusted(f"the voucher is for lease {voucher.lease}, not {lease.id}; sign one for this lease")
    if not before.sequence < voucher.sequence:
        raise Distrusted(
            f"the voucher's sequence is {voucher.sequence}; "
            f"it must be above {before.sequence}, so sign a newer one"
        )
    if not before.amount < voucher.amount:
        raise Distrusted(
            f"the voucher's amount is {show_usd(voucher.amount)}; "
            f"it must be above {show_usd(before.amount)}, which is signed already"
        )
    if voucher.sequence > MAX_SEQUENCE:
        raise Distrusted(
            f"the voucher's sequence {voucher.sequence} needs more than 24 bits; close the lease"
        )
    if voucher.amount > MAX_AMOUNT:
        raise Distrusted(
            f"the voucher's amount {show_usd(voucher.amount)} needs more than 40 bits; sign less"
        )
    if voucher.amount > lease.terms.escrow:
        raise Distrusted(
            f"the voucher's amount {show_usd(voucher.amount)} is above the escrow "
            f"of {show_usd(lease.terms.escrow)}; top up the lease first"
        )
    if len(voucher.root) != 32:
        raise Distrusted(f"the voucher's root has {len(voucher.root)} bytes; it must have 32")
    _signed_by("voucher", "renter", lease.terms.renter, domain.digest(voucher.struct_hash), signature)


def check_receipt(receipt: Receipt, signature: bytes, lease: Lease, domain: Domain) -> None:
    """Whether the lease's provider signed this bill and priced it by the lease's terms.

    Warning: it says nothing of `position`, `chunk` and `outcomes`; the caller knows which chunk it sent.
    """
    if receipt.lease != lease.id:
        raise Distrusted(
            f"the receipt is for lease {receipt.lease}, not {lease.id}; ask for this lease's receipt"
        )
    numbers = (receipt.position, receipt.fuel, receipt.moved_bytes, receipt.millijoules, receipt.amount)
    if any(not 0 <= number < _WORD for number in numbers) or len(receipt.chunk + receipt.outcomes) != 64:
        raise Distrusted(
            "the receipt has a field out of range, so nobody can have signed it; ask for it again"
        )
    due = amount_of(receipt.fuel, receipt.moved_bytes, lease.terms.price_gfuel, lease.terms.price_gib)
    if receipt.amount != due:
        raise Distrusted(
            f"the receipt asks for {show_usd(receipt.amount)}; "
            f"the lease's prices make it {show_usd(due)}, so pay only a corrected one"
        )
    _signed_by("receipt", "provider", lease.terms.provider, domain.digest(receipt.struct_hash), signature)


def check_close(close: Close, signature: bytes, latest: Voucher | None, lease: Lease, domain: Domain) -> None:
    """Whether the provider agrees that `latest` (None: nothing) is all that it is owed."""
    owed = latest or unpaid(lease.id)
    if close != Close(lease.id, owed.sequence, owed.amount):
        raise Distrusted(
            f"the close names lease {close.lease}, sequence {close.sequence}, {show_usd(close.amount)}; "
            f"the latest voucher is lease {lease.id}, sequence {owed.sequence}, {show_usd(owed.amount)}, "
            "so ask again for that"
        )
    _signed_by("close", "provider", lease.terms.provider, domain.digest(close.struct_hash), signature)


def _signed_by(noun: str, role: str, expected: Address, digest: bytes, signature: bytes) -> None:
    signer = recover(digest, signature)
    if signer.lower() != expected.lower():
        raise Distrusted(
            f"the {noun} is signed by {signer}, not by the {role} {expected}; "
            "check the chain, the Market and the lease that it was signed for"
        )
