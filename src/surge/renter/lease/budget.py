"""What a job may still commit. Pure.

Invariant: what is committed (escrows and reservations, less what came back) never exceeds the total.
"""

from surge.model.errors import Underfunded
from surge.model.units import MicroUsd, counted, show_usd

MIN_ESCROW = 1_000
"""Millionths of a dollar: below this a lease could hardly pay its first chunk."""
WARY = 8
"""The part of a share that a lease begins with where providers took leases and said nothing."""


def least(wanted: int, reservation: MicroUsd) -> MicroUsd:
    """The least budget for so many leases, and one share in reserve."""
    return MicroUsd((wanted + 1) * (MIN_ESCROW + reservation))


class Budget:
    """Millionths of a dollar. One share more than leases are wanted: the rest tops up or replaces."""

    def __init__(self, total: MicroUsd, wanted: int) -> None:
        self.total = total
        self.committed = MicroUsd(0)
        self._wanted = wanted

    @property
    def spare(self) -> MicroUsd:
        return MicroUsd(self.total - self.committed)

    @property
    def share(self) -> MicroUsd:
        """The escrow of one lease, as long as there is enough."""
        return MicroUsd(self.total // (self._wanted + 1))

    def take_for_leases(self, count: int, reservation: MicroUsd, wary: bool = False) -> MicroUsd:
        """Commit `count` escrows with a reservation each; the escrow. wary: a small one, to be made whole by
        `take_for_top_up`. Raises Underfunded."""
        share = max(self.share // WARY, MIN_ESCROW) if wary else self.share
        escrow = min(share, self.spare // count - reservation)
        if escrow < MIN_ESCROW:
            raise Underfunded(
                f"the budget of {show_usd(self.total)} is too small: {show_usd(self.committed)} is "
                f"committed, and {counted(self._wanted, 'lease')} cost at least "
                f"{show_usd(least(self._wanted, reservation))}; give a larger budget"
            )
        self.committed = MicroUsd(self.committed + count * (escrow + reservation))
        return MicroUsd(escrow)

    def take_for_top_up(self, reason: str, held: MicroUsd | None = None) -> MicroUsd:
        """Commit one more escrow, or what is left; for a lease that holds so little yet, what makes it whole.
        Raises Underfunded."""
        extra = min(self.share - (held or 0), self.spare)
        if extra < MIN_ESCROW:
            raise Underfunded(
                f"the budget of {show_usd(self.total)} is spent ({reason}); run the rest with a larger one"
            )
        self.committed = MicroUsd(self.committed + extra)
        return MicroUsd(extra)

    def give_back(self, amount: MicroUsd) -> None:
        """`amount` was not taken after all, or came back when a lease closed."""
        if not 0 <= amount <= self.committed:
            raise ValueError(f"{amount} can't come back where {self.committed} is committed")
        self.committed = MicroUsd(self.committed - amount)
