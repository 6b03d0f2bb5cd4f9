"""When to try again what failed: later each time, each thing for itself, and never never. Pure."""

from collections.abc import Hashable
from dataclasses import dataclass, field

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 60.0
MATERIAL_PERCENT = 1
"""A figure that moved by more than this may change what failed; by less, anybody moves it for nothing."""

Figures = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Failure:
    """count: since it last went well. streak: of those, since its figures last moved. at: the last one."""

    count: int
    streak: int
    at: float
    pause: float
    figures: Figures


@dataclass(slots=True)
class Backoff:
    """Times are seconds of any one clock. figures: what a thing's chances hang on. Once they move, it is due
    `first` seconds after it failed, and its pauses are short again: so what somebody moves all the time is
    tried once in `first` seconds, and no oftener."""

    first: float = FIRST_SECONDS
    longest: float = LONGEST_SECONDS
    _failures: dict[Hashable, _Failure] = field(default_factory=dict)

    def failed(self, key: Hashable, now: float, figures: Figures = ()) -> float:
        """Note a failure; the seconds until `key` is due again: doubled each time, up to the longest."""
        last = self._failures.get(key)
        count = last.count + 1 if last else 1
        streak = last.streak + 1 if last and not _moved(last.figures, figures) else 1
        pause = min(self.longest, self.first * 2.0 ** min(streak - 1, 64))
        self._failures[key] = _Failure(count, streak, now, pause, figures)
        return pause

    def succeeded(self, key: Hashable) -> None:
        """Forget the failures of `key`."""
        self._failures.pop(key, None)

    def remaining(self, key: Hashable, now: float, figures: Figures = ()) -> float:
        """Seconds until `key` is due; 0 when it is."""
        last = self._failures.get(key)
        if last is None:
            return 0.0
        pause = self.first if _moved(last.figures, figures) else last.pause
        return max(0.0, last.at + pause - now)

    def failures(self, key: Hashable) -> int:
        last = self._failures.get(key)
        return last.count if last else 0


def _moved(before: Figures, after: Figures) -> bool:
    pairs = zip(before, after, strict=False)
    return any(abs(new - old) * 100 > max(old, new) * MATERIAL_PERCENT for old, new in pairs)
