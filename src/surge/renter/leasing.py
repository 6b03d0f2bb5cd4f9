"""A job's leases: chosen, opened, topped up and closed. The only place where a renter's money moves."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass

from surge.chain.client import Chain, Sent
from surge.model.ask import Offer
from surge.model.demand import Demand
from surge.model.errors import NoProvider, SurgeError, Underfunded
from surge.model.lease import Lease
from surge.model.units import Address, MicroUsd, show_usd
from surge.net.endpoint import Endpoint
from surge.renter.lessee import Lessee
from surge.renter.market import rank
from surge.store.renter import JobRow, RenterStore

MIN_ESCROW = 1_000
"""Millionths of a dollar: below this a lease could hardly pay its first chunk."""
PROBE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What the renter wants: how many leases at once, what it may cost, what a node must have.

    budget: millionths of a dollar, the most that all escrows and reservations together may take.
    loopback: providers are reached on this machine only.
    """

    name: str
    wanted: int
    budget: MicroUsd
    demand: Demand
    loopback: bool = True


class Leasing:
    """Use it from the job's event loop. `stage` hears what goes on, for a display."""

    def __init__(
        self,
        settings: Settings,
        chain: Chain,
        store: RenterStore,
        job: JobRow,
        stage: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._chain = chain
        self._store = store
        self._job = job
        self._stage = stage
        self._committed = 0
        self._endpoint: Endpoint | None = None

    async def open(self, count: int, shunned: set[Address]) -> tuple[list[Lease], dict[Address, str]]:
        """Open up to `count` leases in one transaction, on providers that answer; with all tickets."""
        settings = self._settings
        demand = settings.demand
        self._stage("choosing providers")
        offers = [o for o in await asyncio.to_thread(self._chain.offers) if o.provider not in shunned]
        ranked = await self._reachable(rank(offers, demand))
        count = min(count, sum(offer.ask.free_slots // demand.slots for offer in ranked))
        price = self._chain.book.parameters.reservation_price
        reservation = demand.slots * demand.duration * price
        spare = settings.budget - self._committed
        escrow = min(settings.budget // (settings.wanted + 1), spare // count - reservation)
        if escrow < MIN_ESCROW:
            least = (settings.wanted + 1) * (MIN_ESCROW + reservation)
            raise Underfunded(
                f"the budget of {show_usd(settings.budget)} is too small: "
                f"{show_usd(self._committed)} is committed, and {settings.wanted} leases need "
                f"{show_usd(least)}; give a larger budget"
            )
        cost = count * (escrow + reservation)
        balance = await asyncio.to_thread(self._chain.balance_usd, self._job.renter)
        if balance < cost:
            raise Underfunded(
                f"{self._job.renter} holds {show_usd(balance)} and needs {show_usd(cost)}; "
                "fund it (on a local network: surge wallet --faucet 100), or give a smaller budget"
            )
        self._committed += cost
        self._stage("opening leases")
        try:
            leases, sent = await asyncio.to_thread(
                self._chain.open_leases, demand, MicroUsd(escrow), [o.provider for o in ranked[:8]], count
            )
        except SurgeError:
            self._committed -= cost
            raise
        for lease in leases:
            self._store.put_lease(self._job.id, lease)
        self._record(sent, "open leases")
        return leases, {offer.provider: offer.ticket for offer in offers}

    async def _reachable(self, ranked: list[Offer]) -> list[Offer]:
        """Those that answer a dial, in order: no lease is opened on a machine that is off."""
        endpoint = await self.own_endpoint()

        async def answers(ticket: str) -> bool:
            try:
                link = await endpoint.dial(ticket, PROBE_SECONDS)
            except SurgeError:
                return False
            await link.close()
            return True

        alive = await asyncio.gather(*(answers(offer.ticket) for offer in ranked[:16]))
        reachable = [offer for offer, up in zip(ranked, alive, strict=False) if up]
        if not reachable:
            raise NoProvider(
                f"{len(ranked)} asks fit, but none of their providers answers; try again later (surge asks)"
            )
        return reachable

    async def own_endpoint(self) -> Endpoint:
        if self._endpoint is None:
            self._endpoint = await Endpoint.bind(os.urandom(32), loopback=self._settings.loopback)
        return self._endpoint

    async def top_up(self, lease: Lease, reason: str) -> Lease:
        """More escrow for a lease that has spent its own, from what the budget has left."""
        settings = self._settings
        spare = settings.budget - self._committed
        extra = min(spare, settings.budget // (settings.wanted + 1))
        if extra < MIN_ESCROW:
            raise Underfunded(f"the budget of {show_usd(settings.budget)} is spent: {reason}")
        self._committed += extra
        try:
            renewed, sent = await asyncio.to_thread(self._chain.top_up, lease, MicroUsd(extra))
        except SurgeError:
            self._committed -= extra
            raise
        self._store.put_lease(self._job.id, renewed)
        self._record(sent, "top up")
        return renewed

    async def close(self, lessee: Lessee, gone: SurgeError | None, warnings: list[str]) -> None:
        """Close together with the provider, so that the change comes back at once."""
        try:
            if gone is not None:
                raise gone
            granted = await lessee.close()
            latest = lessee.bill.latest
            sent = await asyncio.to_thread(
                self._chain.close_lease,
                lessee.lease,
                latest.voucher if latest else None,
                latest.signature if latest else b"",
                granted.signature,
            )
        except (SurgeError, TimeoutError) as error:
            warnings.append(
                f"lease {lessee.lease.id} stays open until its provider closes it or, after expiry and "
                f"grace, you reclaim it (surge leases --reclaim): {error}"
            )
            return
        self._record(sent, "close lease")

    async def end(self) -> None:
        if self._endpoint is not None:
            await self._endpoint.close()

    def _record(self, sent: Sent, purpose: str) -> None:
        self._store.put_transaction(self._job.id, sent.hash, purpose, sent.gas)
