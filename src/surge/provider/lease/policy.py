"""A provider's own rules of a lease: what it trusts a renter with, and how long it bears with one.

Work may end without a bill (wall time, memory, an image that can't be made). An honest renter's does where
the machine is overloaded. Nobody may have it work for nothing again and again.
"""

from dataclasses import dataclass

from surge.model.task import DEFAULT_MEMORY
from surge.model.units import Bytes, MicroUsd, Seconds

MAX_UNBILLED = 4
"""Chunks and images of one lease, and one more for each BILLED_FOR_ONE receipts."""
BILLED_FOR_ONE = 16
MAX_REMADE = 16
"""Times in one lease that an image is made again, unbilled, as this machine has lost it."""


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


class Patience:
    """lost: for good; since: chain time of the first tick after that."""

    def __init__(self) -> None:
        self.count = 0
        self.lost = False
        self.since: Seconds | None = None

    def loses(self, receipts: int) -> bool:
        """One more ended without a bill: whether that was the last one."""
        self.count += 1
        if self.lost or self.count <= MAX_UNBILLED + receipts // BILLED_FOR_ONE:
            return False
        self.lost = True
        return True

    def tick(self, now: Seconds) -> bool:
        """Whether it is the first one since patience was lost."""
        if not self.lost or self.since is not None:
            return False
        self.since = now
        return True
