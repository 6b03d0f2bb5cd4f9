"""What a renter's session tells the job actor, in the order in which it happened."""

from dataclasses import dataclass

from surge.model.errors import SurgeError
from surge.model.task import Outcome


@dataclass(frozen=True, slots=True)
class Delivered:
    """A chunk came back, checked and paid for."""

    chunk: bytes
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Wrote:
    """A task of a watched chunk, by its place there, wrote this, as its provider says."""

    chunk: bytes
    number: int
    stream: str
    offset: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Declined:
    """The provider would not or could not run a chunk."""

    chunk: bytes
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The conversation is over for good."""

    error: SurgeError


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The link broke, and the provider is dialled again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Resumed:
    """It is there again, and all that is open is asked for once more."""


@dataclass(frozen=True, slots=True)
class Preparing:
    """The provider works on an image; `total` 0 means unknown."""

    done: int
    total: int


Notice = Delivered | Wrote | Declined | Ended | Interrupted | Resumed | Preparing
