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


ALONE_SECONDS = 120
"""A renter that is gone so long and owes nothing has left: its slots are for others."""
OWING_SECONDS = 600
"""One that owes may come back to sign; what it owes is little."""


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


class Company:
    """Whether the renter is on a link. since: chain time of the first tick without one."""

    def __init__(self) -> None:
        self.here = False
        self._since: Seconds | None = None

    def comes(self) -> None:
        self.here, self._since = True, None

    def goes(self) -> None:
        self.here = False

    def has_left(self, now: Seconds, owes: bool) -> bool:
        """With each tick: whether it is gone for good."""
        if self.here:
            return False
        if self._since is None:
            self._since = now
        return now - self._since >= (OWING_SECONDS if owes else ALONE_SECONDS)
