"""Whether the work that a lease bills can have been done since it was asked for.

A bound, no proof: it keeps a false bill within a few times an honest one. What was really computed is for
`surge verify` and the audits to say.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence

from surge.model.errors import Distrusted
from surge.model.task import TRAPPED, Limits, Outcome
from surge.model.units import Address, Fuel

FASTEST = 100 * 10**9
"""Fuel that no slot burns in a second: five times the most that was measured (benchmarks/host_calls.py)."""
FREE_LOADING = 10 * 10**9
"""What loading code may bill at once: a provider may hold the memory in which it loaded it before."""
QUORUM = 2
"""Providers that agree on what loading burns: a third who bills another sum is disbelieved."""
NOBODY = Address("")
MAX_UNTOLD = 2
"""Tasks of a lease that may bill their whole limit for a trap, however soon: the engine can't always tell."""


class Loadings:
    """What providers bill for loading the same code: the same, as it burns the same on every machine (P1)."""

    def __init__(self) -> None:
        self._said: dict[tuple[bytes, bytes, Limits], dict[Address, int]] = {}

    def check(self, code: tuple[bytes, bytes, Limits], provider: Address, fuel: int) -> None:
        """Raises Distrusted for other fuel than before, or than two others agree on."""
        said = self._said.setdefault(code, {})
        known = said.setdefault(provider, fuel)
        votes = Counter(other for name, other in said.items() if name != provider)
        most, agreeing = votes.most_common(1)[0] if votes else (fuel, 0)
        right = known if fuel != known else most if agreeing >= QUORUM else fuel
        if fuel != right:
            raise Distrusted(
                f"provider {provider} bills {fuel:,} fuel for loading what takes {right:,}; refuse its bill"
            )


class Stopwatch:
    """Of one lease: `ask` when a chunk or an image is sent for, `check_…` what comes back. clock: seconds.

    Answers may be held up on their way and arrive together, so that not the time since the last one counts,
    but all the time in which something was asked for: what comes spends it, and the last one ends it.
    """

    def __init__(
        self,
        slots: int,
        clock: Callable[[], float] = time.monotonic,
        provider: Address = NOBODY,
        loadings: Loadings | None = None,
    ) -> None:
        """loadings: of all leases of a job."""
        self._slots, self._clock = slots, clock
        self._provider, self._loadings = provider, loadings or Loadings()
        self._asked: dict[bytes, float] = {}
        self._chunks: set[bytes] = set()
        self._allowed, self._counted_at = 0.0, clock()
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
        self._loadings.check(code, self._provider, loading)
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
