"""A provider's own rules of a lease."""

from dataclasses import dataclass

from surge.model.task import DEFAULT_MEMORY
from surge.model.units import Bytes, MicroUsd


@dataclass(frozen=True, slots=True)
class Policy:
    """Money in millionths of a dollar.

    credit_limit: unsigned work after which it waits for a voucher. redeem_at: signed and not yet settled
    money at which it goes to the chain before the lease ends.
    memory: in bytes, what a task may ask for.
    """

    credit_limit: MicroUsd = MicroUsd(50_000)
    redeem_at: MicroUsd = MicroUsd(5_000_000)
    memory: Bytes = DEFAULT_MEMORY
