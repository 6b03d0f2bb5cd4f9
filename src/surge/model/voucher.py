"""What a renter signs to pay, what both sign to close, and what opens a session."""

from dataclasses import dataclass

from surge.model.typed import struct_hash
from surge.model.units import LeaseId, MicroUsd

VOUCHER_TYPE = "Voucher(uint256 lease,uint256 sequence,uint256 amount,bytes32 root)"
CLOSE_TYPE = "Close(uint256 lease,uint256 sequence,uint256 amount)"
SESSION_TYPE = "Session(uint256 lease,bytes32 renterEndpoint,bytes32 providerEndpoint)"

MAX_SEQUENCE = 2**24 - 1
MAX_AMOUNT = 2**40 - 1


@dataclass(frozen=True, slots=True)
class Voucher:
    """Cumulative: the latest of a lease wins. `sequence` and `amount` strictly grow; `root` is the
    Merkle root over the struct hashes of all the lease's receipts so far. Signed by the renter."""

    lease: LeaseId
    sequence: int
    amount: MicroUsd
    root: bytes

    @property
    def struct_hash(self) -> bytes:
        return struct_hash(VOUCHER_TYPE, self.lease, self.sequence, self.amount, self.root)


@dataclass(frozen=True, slots=True)
class SignedVoucher:
    """signature: the renter's, 65 bytes, over the voucher in the Market's domain."""

    voucher: Voucher
    signature: bytes


@dataclass(frozen=True, slots=True)
class Close:
    """The provider's word that nothing beyond this voucher is owed: the lease can end before its expiry."""

    lease: LeaseId
    sequence: int
    amount: MicroUsd

    @property
    def struct_hash(self) -> bytes:
        return struct_hash(CLOSE_TYPE, self.lease, self.sequence, self.amount)


@dataclass(frozen=True, slots=True)
class Session:
    """The renter's word, bound to both ends of one encrypted connection, that it holds the lease."""

    lease: LeaseId
    renter_endpoint: bytes
    provider_endpoint: bytes

    @property
    def struct_hash(self) -> bytes:
        return struct_hash(SESSION_TYPE, self.lease, self.renter_endpoint, self.provider_endpoint)
