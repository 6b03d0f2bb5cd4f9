"""A lease that is being served."""

import asyncio
from dataclasses import dataclass, field

from surge.net.link import Link
from surge.provider.lease.session import LeaseSession
from surge.store.blobs import RenterBlobs


@dataclass(slots=True)
class Served:
    """The lease's session and the link that it is served over (the newest one, if any)."""

    session: LeaseSession
    blobs: RenterBlobs
    link: Link | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    ticking: bool = False
    running: dict[bytes, "asyncio.Task[None]"] = field(default_factory=dict)
    stimuli: int = 0
    """Events so far: the number by which the log names each."""
