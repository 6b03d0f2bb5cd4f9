"""What nodes for many people say instead of an answer, and how long to wait then. Pure, but for the waiting.

They limit requests a second, stand behind balancers of which one member lags, and know no pending block.
"""

import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

FIRST_SECONDS, LONGEST_SECONDS = 0.25, 4.0
MOST_WAITS = 5
"""In a row, for nothing."""
MOST_SECONDS = 30.0
"""In all, for what is asked at once."""
BUSY_STATUS = (429, 502, 503)
_LIMIT_EXCEEDED = -32005
_BUSY_CODES = (_LIMIT_EXCEEDED, -32016, -32029, 429)
_BUSY = ("rate limit", "too many requests", "request limit", "compute units per second", "capacity exceeded")
_LAGS = (
    "header not found",
    "unknown block",
    "block not found",
    "header for hash not found",
    "beyond current",
)


def is_busy(method: str, code: object, message: str) -> bool:
    """Whether the node would answer later. Of logs, a limit that is exceeded is that of their number: later
    there are as many."""
    if any(sign in message.lower() for sign in _BUSY):
        return True
    return code in _BUSY_CODES and not (method == "eth_getLogs" and code == _LIMIT_EXCEEDED)


def lags(message: str) -> bool:
    """Whether a block that others have is not there yet."""
    text = message.lower()
    return "revert" not in text and any(sign in text for sign in _LAGS)


def knows_no_pending(code: int, message: str) -> bool:
    """Whether this is the refusal of a node that has no pending block."""
    text = message.lower()
    return code != 3 and "revert" not in text and "pending" in text


def retry_after(header: str | None) -> float | None:
    """Seconds that an HTTP answer asks to wait; None where it asks for none."""
    if not header:
        return None
    try:
        return max(0.0, float(header)) if header.strip().isdigit() else _until(header)
    except (TypeError, ValueError, OverflowError):
        return None


def _until(date: str) -> float:
    return max(0.0, parsedate_to_datetime(date).timestamp() - time.time())


@dataclass(slots=True)
class Patience:
    """How long has been waited for what is asked at once."""

    waits: int = 0
    waited: float = 0.0

    def wait(self, asked: float | None = None) -> bool:
        """As long as the node asks, or longer each time; False, at once, where that is too long."""
        pause = min(FIRST_SECONDS * 2.0**self.waits, LONGEST_SECONDS) if asked is None else asked
        if self.waits >= MOST_WAITS or self.waited + pause > MOST_SECONDS:
            return False
        self.waits, self.waited = self.waits + 1, self.waited + pause
        time.sleep(pause)
        return True

    def renew(self) -> None:
        """Something was answered."""
        self.waits = 0
