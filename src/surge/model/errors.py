"""One error tree. Each error says what happened, to what, and what to do next.

SurgeError
├── BadInput            what was given can't be used; nothing was spent        exit code 2
│   ├── CannotShip      a function reaches something that can't leave this machine
│   └── CorruptState    a file of SURGE_HOME is damaged
├── Unavailable         something outside is missing or unreachable            exit code 3
│   ├── NoNetwork       the chain or its address book can't be reached
│   ├── NoProvider      no ask fits the demand (carries every reason)
│   ├── ProviderLost    a provider stopped answering
│   └── NotDeterministic  a sandbox ended for a reason of this machine (wall time, host memory,
│                       a lost worker): nothing can be receipted
├── Refused             the other side, or the chain, said no                  exit code 4
│   ├── Underfunded     too little money, stake or budget
│   ├── Reverted        a transaction reverted, with the contract's reason
│   └── Distrusted      a signature, digest, amount or order is wrong
└── JobFailed           the renter's own code failed                           exit code 1
    ├── RemoteError     an exception inside the sandbox whose type has no twin here
    └── LimitExceeded   fuel, memory, time or output ran out
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import ClassVar, Self


def printable(text: str, keep: str = "\n\t") -> str:
    """`text` with a "�" for whatever would move a terminal's cursor or change its colours: much of what an
    error tells was said by somebody else."""
    return "".join(letter if letter.isprintable() or letter in keep else "�" for letter in text)


def coloured(text: str) -> str:
    """`text` with letters, line ends, tabs and colours as they are, and a "�" for each other control
    character: for a terminal, of what a stranger says that a program has written."""
    parts = _COLOUR.split(text)
    return "".join(part if n % 2 else printable(part, _KEPT) for n, part in enumerate(parts))


_COLOUR = re.compile("(\x1b\\[[0-9;:]{0,31}m)")
_KEPT = "\n\r\t\u00a0\u200d\u3000"


class SurgeError(Exception):
    """Root of every error that Surge raises on purpose.

    lease, provider: what it is about, where it is about one. refusal: the provider's code for why it said no
    (net/messages.py has them).
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str = "") -> None:
        super().__init__(printable(message))

    lease: int | None = None
    provider: str | None = None
    refusal: str | None = None

    def about(self, lease: int, provider: str, refusal: str | None = None) -> Self:
        """The same error, with these fields."""
        self.lease, self.provider, self.refusal = lease, provider, refusal or self.refusal
        return self

    @property
    def fields(self) -> dict[str, int | str]:
        """The fields that are set, by name."""
        told = {"lease": self.lease, "provider": self.provider, "refusal": self.refusal}
        return {name: value for name, value in told.items() if value is not None}


class Interrupted(KeyboardInterrupt):
    """Somebody pressed Ctrl-C, and by then these transactions had been handed to the node: hashes in hex."""

    def __init__(self, sent: Iterable[str]) -> None:
        self.sent = tuple(dict.fromkeys(sent))
        super().__init__(f"interrupted; sent by then: {', '.join(self.sent)}")


@contextmanager
def naming(sent: Callable[[], Iterable[str]]) -> Iterator[None]:
    """An interrupt in here names what `sent` gives then, before what it names itself."""
    try:
        yield
    except KeyboardInterrupt as stop:
        named = (*sent(), *(stop.sent if isinstance(stop, Interrupted) else ()))
        if not named:
            raise
        raise Interrupted(named) from stop


class BadInput(SurgeError):
    exit_code = 2


class CannotShip(BadInput):
    pass


class CorruptState(BadInput):
    pass


class Unavailable(SurgeError):
    exit_code = 3


class NoNetwork(Unavailable):
    pass


class NoProvider(Unavailable):
    pass


class ProviderLost(Unavailable):
    pass


class NotDeterministic(Unavailable):
    pass


class Refused(SurgeError):
    exit_code = 4


class Underfunded(Refused):
    pass


class Reverted(Refused):
    """gas: what it took when it was mined all the same."""

    gas: int = 0


class Distrusted(Refused):
    pass


class JobFailed(SurgeError):
    exit_code = 1


class RemoteError(JobFailed):
    pass


class LimitExceeded(JobFailed):
    pass
