"""Links that have not said hello yet: strangers, few at a time, for a short while."""

from collections import Counter

from surge.net.link import Link

MAX_STRANGERS = 64
MAX_OF_ONE_PEER = 8


class PendingLinks:
    """One more than MAX_STRANGERS drops the one that has waited longest: an honest renter says hello at
    once. A peer has at most MAX_OF_ONE_PEER. `dropped` counts by reason."""

    def __init__(self, dropped: Counter[str]) -> None:
        self._dropped = dropped
        self._waiting: dict[Link, None] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, link: object) -> bool:
        return link in self._waiting

    def enter(self, link: Link) -> bool:
        """Whether the link may say hello; if not, it was hung up."""
        if sum(other.remote == link.remote for other in self._waiting) >= MAX_OF_ONE_PEER:
            self._drop(link)
            return False
        if len(self._waiting) >= MAX_STRANGERS:
            oldest = next(iter(self._waiting))
            self.leave(oldest)
            self._drop(oldest)
        self._waiting[link] = None
        return True

    def leave(self, link: Link) -> None:
        """A link is no longer pending: it has said hello, or is gone."""
        self._waiting.pop(link, None)

    def _drop(self, link: Link) -> None:
        self._dropped["crowded"] += 1
        link.abort("too many strangers")
