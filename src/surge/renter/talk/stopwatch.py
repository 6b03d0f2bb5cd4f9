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
    """Of one lease: `ask` when a chunk or an image is sent for, `check_…` what comes back. clock: seconds."""

    def __init__(self, slots: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._free = [clock()] * slots
        """When each slot can have begun with what it delivers next."""
        self._asked: dict[bytes, float] = {}
        self._loaded: dict[tuple[bytes, bytes, Limits], int] = {}
        self._untold = 0

    def ask(self, name: bytes) -> None:
        """A chunk, or an image's spec, by its id; asked for again it is no later one."""
        self._asked.setdefault(name, self._clock())

    def check_image(self, spec: bytes, fuel: Fuel) -> None:
        """Raises Distrusted for a setup that can't have burned so much yet."""
        now = self._clock()
        self._check(fuel, now - self._asked.get(spec, now), "making an image")

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
        untold = sum(one.status == TRAPPED and one.fuel == limit for one in outcomes)
        self._untold += untold
        burned = sum(one.fuel for one in outcomes) + max(0, loading - FREE_LOADING)
        if self._untold <= MAX_UNTOLD:
            burned -= untold * limit
        now, slot = self._clock(), self._free.index(min(self._free))
        began = max(self._asked.pop(chunk, now), self._free[slot])
        self._free[slot] = now
        self._check(burned, now - began, "a chunk")

    def _check(self, fuel: int, seconds: float, what: str) -> None:
        if fuel > seconds * FASTEST:
            raise Distrusted(
                f"{what} is billed with {fuel:,} fuel after {seconds:.3f} s, and no machine burns more than "
                f"{FASTEST // 10**9} Gfuel a second; refuse it"
            )
