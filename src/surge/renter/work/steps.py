"""What happens to a job, and what its scheduler says to do about it."""

from dataclasses import dataclass
from typing import NewType

from surge.model.errors import SurgeError
from surge.model.units import LeaseId

TaskKey = NewType("TaskKey", int)
ChunkKey = NewType("ChunkKey", int)
GroupKey = NewType("GroupKey", int)


# Events


@dataclass(frozen=True, slots=True)
class Submitted:
    """Tasks of one group (same image, code and limits): key and size in bytes of each.

    `at_least`: the chunk size that the renter asked for (`map(chunksize=…)`), 1 to adapt.
    """

    group: GroupKey
    tasks: tuple[tuple[TaskKey, int], ...]
    now: float
    at_least: int = 1


@dataclass(frozen=True, slots=True)
class LeaseReady:
    lease: LeaseId
    slots: int
    now: float


@dataclass(frozen=True, slots=True)
class LeaseLost:
    """The provider is gone, misbehaved or its escrow is spent; its unfinished tasks go elsewhere."""

    lease: LeaseId
    blame: bool
    now: float


@dataclass(frozen=True, slots=True)
class LeaseEnding:
    """The lease takes no more work (its expiry is near, or its escrow is spent); what is in flight may
    still come back. Then it is released."""

    lease: LeaseId
    now: float


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed. `others`: whether there is a provider that could do what one holds up. `patience`:
    seconds that a chunk may take of which nobody knows how long it should."""

    now: float
    others: bool
    patience: float


@dataclass(frozen=True, slots=True)
class NoLease:
    """`count` of the leases that were needed can't be had. Final while no other lease is live."""

    error: SurgeError
    count: int


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Of these tasks, the ones that still wait need not run."""

    tasks: tuple[TaskKey, ...]


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Tasks of a chunk that were cancelled before they left."""

    lease: LeaseId
    chunk: ChunkKey
    tasks: tuple[TaskKey, ...]
    now: float


@dataclass(frozen=True, slots=True)
class ChunkDone:
    """A chunk came back with outcomes for `done`; its other tasks never ran."""

    lease: LeaseId
    chunk: ChunkKey
    done: tuple[TaskKey, ...]
    now: float


@dataclass(frozen=True, slots=True)
class ChunkFailed:
    """A chunk yielded no receipt (wall time, host memory, a refusal). `blame`: its tasks may be why. `final`:
    it would end so anywhere."""

    lease: LeaseId
    chunk: ChunkKey
    error: SurgeError
    now: float
    blame: bool = True
    final: bool = False


@dataclass(frozen=True, slots=True)
class GroupFailed:
    """None of the group's waiting tasks can run anywhere (its image can't be made)."""

    group: GroupKey
    error: SurgeError


Event = (
    Submitted
    | LeaseReady
    | LeaseLost
    | LeaseEnding
    | Tick
    | NoLease
    | Cancelled
    | Withdrawn
    | ChunkDone
    | ChunkFailed
    | GroupFailed
)


# Instructions


@dataclass(frozen=True, slots=True)
class Send:
    lease: LeaseId
    chunk: ChunkKey
    group: GroupKey
    tasks: tuple[TaskKey, ...]


@dataclass(frozen=True, slots=True)
class Fail:
    task: TaskKey
    error: SurgeError


@dataclass(frozen=True, slots=True)
class NeedLease:
    """There is work, and fewer leases than wanted."""

    count: int


@dataclass(frozen=True, slots=True)
class Release:
    """Nothing is in flight on this lease, and nothing will be: close it."""

    lease: LeaseId


@dataclass(frozen=True, slots=True)
class Straggles:
    """The lease has been silent for so many seconds: it gets no more work, and what it holds is done
    elsewhere, too. Whichever end comes first counts."""

    lease: LeaseId
    seconds: float


Instruction = Send | Fail | NeedLease | Release | Straggles
