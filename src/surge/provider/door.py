"""Who may talk to a provider: the renters of its open leases, but those that are shunned."""

import asyncio
from collections.abc import Callable

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


class Door:
    """give_back: what to do with a new lease of a renter that is shunned."""

    def __init__(
        self,
        chain: Chain,
        store: ProviderStore,
        provider: Address,
        node: bytes,
        give_back: Callable[[Lease], object],
    ) -> None:
        self._chain, self._store = chain, store
        self._provider, self._node, self._give_back = provider, node, give_back

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
        lease = await self._look(lease_id, terms)
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

    async def _look(self, lease_id: LeaseId, terms: Terms) -> Lease | None:
        """The lease, if the chain shows it with these terms now or within some seconds."""
        for pause in (0.0, *PAUSES):
            await asyncio.sleep(pause)
            lease = await aside(self._open_lease, lease_id)
            if terms.provider != self._provider:
                return None
            if lease is not None and lease.terms == terms:
                return lease
        return None

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
