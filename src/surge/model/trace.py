"""The lines of a trace: what happened in one job, in the order in which it happened.

Each line is a JSON object with its kind in `what`, and `at` in unix seconds. No key, no input and no result
goes in; of an exception of the renter's own code its type and the beginning of what it says.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Pid = Annotated[int, Meta(ge=1, le=2**31 - 1)]


class _Line(msgspec.Struct, frozen=True, tag_field="what", omit_defaults=True, kw_only=True):
    at: float = 0.0


class Began(_Line, frozen=True, tag="job"):
    """The job: how many leases it wants, and which program runs it (its process and that one's birth)."""

    id: str
    wanted: Count
    program: Pid
    program_began: float


class Stimulus(_Line, frozen=True, tag="event"):
    """The scheduler was given an event, by its name and fields; `number` counts from 1."""

    number: Count
    event: str
    fields: dict[str, Any]


class SpanBegan(_Line, frozen=True, tag="begin"):
    """A piece of work, part of another one (None: of none). What began and hasn't ended is waited for."""

    span: Count
    name: str
    part_of: Count | None = None
    lease: Count | None = None
    provider: str | None = None
    count: Count | None = None


class SpanEnded(_Line, frozen=True, tag="end"):
    span: Count
    error: str | None = None


class ChunkSent(_Line, frozen=True, tag="sent"):
    """A chunk left; `id` is the one that the provider knows, in hex."""

    lease: Count
    chunk: Count
    id: str


class LinkBroke(_Line, frozen=True, tag="interrupted"):
    lease: Count
    reason: str


class LinkResumed(_Line, frozen=True, tag="resumed"):
    lease: Count


class LeaseGivenUp(_Line, frozen=True, tag="lost"):
    lease: Count
    reason: str


class LeaseLeftOpen(_Line, frozen=True, tag="left-open"):
    """It could not be closed together with its provider: its escrow comes back later."""

    lease: Count
    reason: str


class TaskFailed(_Line, frozen=True, tag="failed"):
    """The task's future got this error: its type, and the first line of what it says."""

    task: Count
    error: str


class Closed(_Line, frozen=True, tag="closed"):
    """Every lease of the job has been closed, or told of."""


Line = (
    Began
    | Stimulus
    | SpanBegan
    | SpanEnded
    | ChunkSent
    | LinkBroke
    | LinkResumed
    | LeaseGivenUp
    | LeaseLeftOpen
    | TaskFailed
    | Closed
)
