"""When a lease ends: at its expiry, or before, so that its slots are for others."""

from surge.model.units import Seconds

ALONE_SECONDS = 120
"""A renter that is gone so long and owes nothing has left: its slots are for others."""
OWING_SECONDS = 600
"""One that owes may come back to sign; what it owes is little."""
OWED_COUNTS = Seconds(600)
"""What a lease that ends with unsigned results stands for, in seconds of work given up: machines die, so that
the first times are forgiven."""
IDLE_SECONDS = 300
"""A renter that is there and gives no work for so long keeps the slots from others."""
CLOSE_SECONDS = 120
"""A lease that takes no more work is its renter's to close for so long, then its provider closes it."""
LAST_CALL = 30
"""Seconds after expiry that unpaid work waits for its voucher, within the Market's grace."""


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


class Ending:
    """In chain time. closing: the lease takes no more work; kept: that was said before a restart, so that its
    renter has had its time to close it."""

    def __init__(self, kept: bool) -> None:
        self.closing, self._kept = kept, kept
        self.company = Company()
        self._quiet_since: Seconds | None = None
        """Of the first tick after the last work."""

    def stir(self) -> None:
        """Something came of the lease: a bill, or what the work needs."""
        self._quiet_since = None

    def is_due(self, now: Seconds, end: Seconds, works: bool, owes: bool) -> bool:
        """With each tick: whether its provider closes the lease now. end: when it is over anyway."""
        left = self.company.has_left(now, owes)
        if works:
            self._quiet_since = None
        elif self._quiet_since is None:
            self._quiet_since = now
        if now >= end:
            return now >= end + LAST_CALL or not (works or owes)
        return not works and (left or self._is_idle(now, owes))

    def _is_idle(self, now: Seconds, owes: bool) -> bool:
        patience = IDLE_SECONDS
        if self.closing:
            patience = 0 if self._kept else CLOSE_SECONDS
        return self._quiet_since is not None and now - self._quiet_since >= (
            OWING_SECONDS if owes else patience
        )
