"""Whether the work that a lease bills can have been done since it was asked for.

A bound, no proof: it keeps a false bill within a few times an honest one. What was really computed is for
`surge verify` and the audits to say.
"""

import time
from collections.abc import Callable, Sequence

from surge.model.errors import Distrusted
from surge.model.task import TRAPPED, Limits, Outcome
from surge.model.units import Fuel

FASTEST = 100 * 10**9
"""Fuel that no slot burns in a second: five times the most that was measured (benchmarks/host_calls.py)."""
FREE_LOADING = 50 * 10**9
"""What loading code may bill at once: a provider may hold the memory in which it loaded it before."""
MAX_UNTOLD = 2
"""Tasks of a lease that may bill their whole limit for a trap, however soon: the engine can't always tell."""


class Stopwatch:
    """Of one lease: `ask` when a chunk or an image is sent for, `check_…` what comes back. clock: seconds.

    Answers may be held up on their way and arrive together, so that not the time since the last one counts,
    but all the time in which something was asked for: what comes spends it, and the last one ends it.
    """

    def __init__(self, slots: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._slots, self._clock = slots, clock
        self._asked: dict[bytes, float] = {}
        self._chunks: set[bytes] = set()
        self._allowed, self._counted_at = 0.0, clock()
        self._loaded: dict[tuple[bytes, bytes, Limits], int] = {}
        self._untold = 0

    def ask_image(self, spec: bytes) -> None:
        """By its id; asked for again it is no later one."""
        self._asked.setdefault(spec, self._clock())

    def ask(self, chunk: bytes) -> None:
        """By its id; asked for again it is no later one."""
        now = self._count()
        self._chunks.add(chunk)
        self._asked.setdefault(chunk, now)

    def check_image(self, spec: bytes, fuel: Fuel) -> None:
        """Raises Distrusted for a setup that can't have burned so much yet."""
        now = self._clock()
        self._check(fuel, (now - self._asked.get(spec, now)) * FASTEST, "making an image")

    def check_chunk(
        self,
        chunk: bytes,
        code: tuple[bytes, bytes, Limits],
        loading: int,
        outcomes: Sequence[Outcome],
    ) -> None:
        """code: image, code and limits, whose loading burns the same each time. loading: what is billed for
        it. Raises Distrusted for fuel that can't have been burned yet, or is other than the last time."""
        known = self._loaded.setdefault(code, loading)
        if loading != known:
            raise Distrusted(
                f"loading the same code is billed with {loading:,} fuel and before with {known:,}; refuse it"
            )
        limit = code[2].fuel
        loaded = max(0, loading - FREE_LOADING)
        bills = [*(one.fuel for one in outcomes), loaded]
        if outcomes[-1].status == TRAPPED and limit in (outcomes[-1].fuel, loading):
            self._untold += 1
            if self._untold <= MAX_UNTOLD:
                bills.remove(limit if limit in bills else loaded)
        burned = sum(bills)
        now = self._count()
        of_one_slot = (now - self._asked.pop(chunk, now)) * FASTEST
        self._check(burned, min(self._allowed, of_one_slot), "a chunk")
        self._chunks.discard(chunk)
        self._allowed = self._allowed - burned if self._chunks else 0.0

    def _count(self) -> float:
        """Add what the time since the last count allows, if something was asked for; now."""
        now = self._clock()
        if self._chunks:
            self._allowed += (now - self._counted_at) * self._slots * FASTEST
        self._counted_at = now
        return now

    def _check(self, fuel: int, allowed: float, what: str) -> None:
        if fuel > allowed:
            raise Distrusted(
                f"{what} is billed with {fuel:,} fuel for {allowed / FASTEST:.3f} s, and no machine burns "
                f"more than {FASTEST // 10**9} Gfuel a second; refuse it"
            )
