"""What a provider signs for a chunk that it ran."""

from dataclasses import dataclass

from surge.model.digest import digest, keccak
from surge.model.task import ImageSpec, Outcome
from surge.model.typed import struct_hash, word
from surge.model.units import Bytes, Fuel, LeaseId, MicroUsd, MilliJoules

RECEIPT_TYPE = (
    "Receipt(uint256 lease,uint256 position,bytes32 chunk,bytes32 outcomes,"
    "uint256 fuel,uint256 bytes,uint256 millijoules,bool measured,uint256 amount)"
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Of one chunk. `position` counts the lease's receipts from 0; `outcomes` is the Merkle root over
    the tasks' leaves (see `task_leaf`); `amount` in millionths of a dollar, `model.task.amount_of`."""

    lease: LeaseId
    position: int
    chunk: bytes
    outcomes: bytes
    fuel: Fuel
    moved_bytes: Bytes
    millijoules: MilliJoules
    measured: bool
    amount: MicroUsd

    @property
    def struct_hash(self) -> bytes:
        """The leaf of the lease's receipt tree, and (in a Domain) what the provider signs."""
        return struct_hash(
            RECEIPT_TYPE,
            self.lease,
            self.position,
            self.chunk,
            self.outcomes,
            self.fuel,
            self.moved_bytes,
            self.millijoules,
            int(self.measured),
            self.amount,
        )


@dataclass(frozen=True, slots=True)
class SignedReceipt:
    """signature: the provider's, 65 bytes, over the receipt in the Market's domain."""

    receipt: Receipt
    signature: bytes


def task_leaf(outcome: Outcome) -> bytes:
    """One leaf per task: its id, how it ended, its output's digest and its fuel."""
    return keccak(outcome.task, keccak(outcome.status.encode()), outcome.output_digest, word(outcome.fuel))


SETUP = "setup"


def setup_chunk(spec: ImageSpec) -> bytes:
    """The chunk id of a receipt that bills the making of an image."""
    return digest("setup", spec.id)


def setup_outcome(spec: ImageSpec, image: bytes, fuel: Fuel) -> Outcome:
    """What such a receipt is about: making this image from this spec took this fuel."""
    return Outcome(spec.id, SETUP, image, fuel)
