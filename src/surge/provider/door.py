"""Who may talk to a provider: the renters of its open leases, but those that are shunned."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Container

from surge.chain.client import Chain
from surge.model.errors import Distrusted
from surge.model.lease import Lease, Terms
from surge.model.signature import recover
from surge.model.units import Address, LeaseId
from surge.model.voucher import Session
from surge.net.link import Link
from surge.net.messages import Hello, PrepareImage, Refusal, RunChunk, Sorry
from surge.provider.aside import aside
from surge.provider.lease.asked import spec_of
from surge.store.provider import ProviderStore

PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds between looks for a lease that its renter has seen opened: this provider's node may lag."""
LOOKS = 240
"""For leases of strangers in LOOKS_SECONDS: anybody can sign a hello, and each look asks the node."""
LOOKS_SECONDS = 60.0


class Door:
    """give_back: what to do with a new lease of a renter that is shunned. waiting: the links of strangers;
    one that isn't among them any more was dropped, and nothing is asked for it."""

    def __init__(
        self,
        chain: Chain,
        store: ProviderStore,
        provider: Address,
        node: bytes,
        give_back: Callable[[Lease], object],
        waiting: Container[Link],
    ) -> None:
        self._chain, self._store = chain, store
        self._provider, self._node, self._give_back = provider, node, give_back
        self._waiting = waiting
        self._looks: deque[float] = deque(maxlen=LOOKS)

    def holder(self, link: Link, hello: Hello) -> Terms:
        """The terms of the lease whose renter signed the hello for this link. Raises Distrusted."""
        terms, lease = hello.terms.terms(), LeaseId(hello.lease)
        session = Session(lease, link.remote, self._node)
        if recover(self._chain.book.domain.digest(session.struct_hash), hello.signature) != terms.renter:
            raise Distrusted(f"the hello for lease {lease} is not signed by its renter")
        return terms

    async def admit(self, link: Link, lease_id: LeaseId, terms: Terms, known: bool) -> Lease:
        """The lease as the chain has it; known: whether it is served already. Raises Distrusted, and tells
        the peer why, if it isn't open here with these terms."""
        lease = await self._look(link, lease_id, terms, known)
        if lease is None:
            await self._refuse(link, f"lease {lease_id} is not open here with these terms")
            raise Distrusted(f"lease {lease_id} is not open here with the terms of the hello")
        if not known and await aside(self._is_shunned, terms.renter):
            self._give_back(lease)
            await self._refuse(
                link, "too much of your work ended here without a result; the lease is given back"
            )
            raise Distrusted(f"lease {lease_id} is of a renter that is shunned")
        return lease

    async def _look(self, link: Link, lease_id: LeaseId, terms: Terms, known: bool) -> Lease | None:
        """The lease, if the chain shows it with these terms: now or, where the node may not know that yet,
        within some seconds. A lease that is known may have grown."""
        if terms.provider != self._provider:
            return None
        for pause in (0.0, *PAUSES):
            await asyncio.sleep(pause)
            if not known:
                self._count(link)
            if await aside(self._is_ahead, lease_id):
                continue
            lease = await aside(self._open_lease, lease_id)
            if lease is not None and lease.terms == terms:
                return lease
            if lease is None or not known or lease.terms.renter != terms.renter:
                return None
        return None

    def _count(self, link: Link) -> None:
        """One more look for a stranger. Raises Distrusted where that is too many, or its link is gone."""
        if link not in self._waiting:
            raise Distrusted("the link was dropped before its lease was found")
        now = time.monotonic()
        if len(self._looks) == LOOKS and now - self._looks[0] < LOOKS_SECONDS:
            raise Distrusted("too many strangers ask for leases; this one is not looked for")
        self._looks.append(now)

    def _is_ahead(self, lease: LeaseId) -> bool:
        """Whether the node knows of no such lease yet. Asked before the lease: it may show it then."""
        return lease > self._chain.leases.count()

    def _open_lease(self, lease: LeaseId) -> Lease | None:
        return self._chain.leases.find(lease) if self._chain.leases.state(lease).open else None

    def _is_shunned(self, renter: Address) -> bool:
        until = self._store.standing(renter).until
        return bool(until) and self._chain.now() < until

    async def _refuse(self, link: Link, said: str) -> None:
        await link.send(Sorry(Refusal.NO_LEASE, said))
        await link.close()


def turned_away(work: RunChunk | PrepareImage, said: str) -> Sorry:
    """The answer to new work of a lease that can't be done for a reason of this machine: elsewhere it can."""
    return Sorry(Refusal.OVER, said, work.chunk if isinstance(work, RunChunk) else spec_of(work).id)
