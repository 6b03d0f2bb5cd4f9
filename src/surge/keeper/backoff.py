"""When to try again what failed: later each time, each thing for itself, and never never. Pure."""

from collections.abc import Hashable
from dataclasses import dataclass, field

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 60.0


@dataclass(slots=True)
class Backoff:
    """Times are seconds of any one clock."""

    first: float = FIRST_SECONDS
    longest: float = LONGEST_SECONDS
    _failures: dict[Hashable, int] = field(default_factory=dict)
    _until: dict[Hashable, float] = field(default_factory=dict)

    def failed(self, key: Hashable, now: float) -> float:
        """Note a failure; the seconds until `key` is due again: doubled each time, up to the longest."""
        count = self._failures[key] = self._failures.get(key, 0) + 1
        pause = min(self.longest, self.first * 2.0 ** min(count - 1, 64))
        self._until[key] = now + pause
        return pause

    def succeeded(self, key: Hashable) -> None:
        """Forget the failures of `key`."""
        self._failures.pop(key, None)
        self._until.pop(key, None)

    def remaining(self, key: Hashable, now: float) -> float:
        """Seconds until `key` is due; 0 when it is."""
        return max(0.0, self._until.get(key, now) - now)

    def failures(self, key: Hashable) -> int:
        return self._failures.get(key, 0)
