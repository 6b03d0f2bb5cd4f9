"""A job's leases: chosen, opened, topped up and closed. The only place where a renter's money moves."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from coincurve import PrivateKey

from surge.chain.calls.leases import CANDIDATES, TOGETHER, Ending
from surge.chain.client import Chain
from surge.chain.node.sender import Sent
from surge.model.ask import Offer
from surge.model.demand import Demand
from surge.model.errors import Refused, Underfunded
from surge.model.lease import Lease
from surge.model.receipt import SignedReceipt
from surge.model.task import Outcome
from surge.model.typed import Domain
from surge.model.units import Address, LeaseId, MicroUsd, Seconds, counted, show_usd
from surge.model.voucher import SignedVoucher
from surge.net.endpoint import Endpoint
from surge.renter.lease.budget import MIN_ESCROW, Budget
from surge.renter.lease.choosing import Choosing
from surge.renter.talk.bill import ChunkRequest
from surge.renter.talk.notices import Notice
from surge.renter.talk.session import RenterSession
from surge.renter.talk.stopwatch import Loadings, Stopwatch
from surge.renter.work.board import Tally
from surge.store.renter import JobRow, RenterStore
from surge.store.trace import Trace

PROBE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What the renter wants: how many leases at once, what it may cost, what a node must have.

    budget: millionths of a dollar, the most that all escrows and reservations together may take; what a
    closed lease gives back may be used again. loopback: providers are reached on this machine only. seed: of
    the tasks' randomness; None: a new one. priced: whether the renter named the demand's caps itself.
    """

    name: str
    wanted: int
    budget: MicroUsd
    demand: Demand
    loopback: bool = True
    seed: int | None = None
    priced: bool = False


@dataclass(frozen=True, slots=True)
class Voice:
    """What a job's conversations share: who signs, who keeps and hears, and what loading was said to take."""

    key: PrivateKey
    domain: Domain
    keep: Callable[[SignedReceipt, SignedVoucher, ChunkRequest | None, tuple[Outcome, ...]], None]
    hear: Callable[[RenterSession, Notice], None]
    loadings: Loadings = field(default_factory=Loadings)


class Funding:
    """A job's money and its leases on the chain. Use it from the job's event loop."""

    def __init__(
        self,
        settings: Settings,
        chain: Chain,
        store: RenterStore,
        job: JobRow,
        tally: Tally,
        trace: Trace,
    ) -> None:
        self.budget = Budget(settings.budget, settings.wanted)
        self.choosing = Choosing(settings.demand, settings.priced, self._answers)
        self._silent: dict[LeaseId, Lease] = {}
        """Leases that were opened with providers who never answered."""
        self._settings = settings
        self._chain = chain
        self._store = store
        self._job = job
        self._tally = tally
        self._trace = trace
        self._endpoint: Endpoint | None = None

    @property
    def duration(self) -> int:
        """Seconds that a lease lasts at most."""
        return self._settings.demand.duration

    async def open(self, count: int) -> tuple[list[Lease], dict[Address, str]]:
        """Open up to `count` leases in one transaction, on providers that answer; with all tickets.

        Raises NoProvider, Underfunded, and what the chain says; then nothing was taken, except that with
        NoNetwork a transaction may still be on its way: its money stays committed.
        """
        self._tally.stage = "choosing providers"
        with self._trace.span("choose providers", count=count):
            offers = await asyncio.to_thread(self._chain.asks.offers)
            proven = await asyncio.to_thread(self._store.proven)
            choice = await self.choosing.choose(offers, proven, count)
        demand, ranked = choice.demand, choice.ranked
        count = min(count, TOGETHER, sum(offer.ask.free_slots // demand.slots for offer in ranked))
        reservation = self._chain.leases.reservation(demand)
        escrow = self._escrow(count, reservation)
        cost = MicroUsd(count * (escrow + reservation))
        try:
            await self._check_balance(cost)
            self._tally.stage = "opening leases"
            candidates = [offer.provider for offer in ranked[:CANDIDATES]]
            with self._trace.span("open leases on the chain", count=count):
                leases, sent = await asyncio.to_thread(
                    self._chain.leases.open_many, demand, escrow, candidates, count
                )
        except Refused:
            self.budget.give_back(cost)
            raise
        for lease in leases:
            self._store.put_lease(self._job.id, lease)
        self._record(sent, "open leases")
        return leases, {offer.provider: offer.ticket for offer in offers}

    def _escrow(self, count: int, reservation: MicroUsd) -> MicroUsd:
        try:
            return self.budget.take_for_leases(count, reservation, bool(self._silent))
        except Underfunded as error:
            if not self._silent:
                raise
            locked = show_usd(MicroUsd(sum(lease.terms.escrow for lease in self._silent.values())))
            last = max(lease.terms.expiry for lease in self._silent.values())
            back = datetime.fromtimestamp(last + self._chain.book.parameters.grace_seconds, UTC)
            leases = counted(len(self._silent), "lease")
            raise Underfunded(
                f"{error}; {locked} of it lie in {leases} with providers who never answered, "
                f"and come back by {back:%H:%M} UTC (surge leases --reclaim)"
            ) from error

    async def fill(self, lease: Lease) -> Lease | None:
        """The whole share for a lease that began with little, now that its provider has answered; None where
        it has that, or the budget has no more."""
        whole = lease.terms.escrow >= self.budget.share or self.budget.spare < MIN_ESCROW
        if whole or not self._silent:
            return None
        return await self.top_up(lease, "its provider answers", lease.terms.escrow)

    def silent(self, lease: Lease) -> None:
        """Its provider never answered: what it holds is out of reach until its time is over. From now on
        leases begin with little, and those who have proved themselves go first."""
        self._silent[lease.id] = lease
        self.choosing.lost.add(lease.terms.provider)
        self.choosing.careful = True

    async def _check_balance(self, cost: MicroUsd) -> None:
        balance = await asyncio.to_thread(self._chain.money.usd, self._job.renter)
        if balance < cost:
            raise Underfunded(
                f"{self._job.renter} holds {show_usd(balance)} and needs {show_usd(cost)}; "
                "fund it (on a local network: surge wallet --faucet 100), or give a smaller budget"
            )

    async def _answers(self, offer: Offer) -> bool:
        endpoint = await self.own_endpoint()
        with self._trace.span("see whether a provider answers", provider=offer.provider):
            return await endpoint.reaches(offer.ticket, PROBE_SECONDS)

    async def ticket_of(self, provider: Address) -> str | None:
        """As the chain has it now; None when it offers nothing at the moment."""
        offers = await asyncio.to_thread(self._chain.asks.offers)
        return next((offer.ticket for offer in offers if offer.provider == provider), None)

    async def converse(self, lease: Lease, tickets: Mapping[Address, str], voice: Voice) -> RenterSession:
        """A conversation about a lease, not opened yet."""
        provider = lease.terms.provider
        session = RenterSession(
            lease=lease,
            ticket=tickets.get(provider, ""),
            find_ticket=lambda: self.ticket_of(provider),
            endpoint=await self.own_endpoint(),
            key=voice.key,
            domain=voice.domain,
            keep=voice.keep,
            notify=voice.hear,
        )
        session.bill.stopwatch = Stopwatch(lease.terms.slots, provider=provider, loadings=voice.loadings)
        return session

    async def own_endpoint(self) -> Endpoint:
        if self._endpoint is None:
            self._endpoint = await Endpoint.bind(os.urandom(32), loopback=self._settings.loopback)
        return self._endpoint

    async def top_up(self, lease: Lease, reason: str, held: MicroUsd | None = None) -> Lease:
        """More escrow for a lease that has spent its own, or holds so little yet, out of the budget."""
        extra = self.budget.take_for_top_up(reason, held)
        try:
            with self._trace.span("top the lease up on the chain", lease=lease.id):
                renewed, sent = await asyncio.to_thread(self._chain.leases.top_up, lease, extra)
        except Refused:
            self.budget.give_back(extra)
            raise
        self._store.put_lease(self._job.id, renewed)
        self._record(sent, "top up")
        return renewed

    async def agree(self, session: RenterSession, within: float) -> Ending:
        """What closes a lease: its provider's word, for which it has so many seconds, and our voucher."""
        lease = session.lease
        with self._trace.span("agree to close the lease", lease=lease.id, provider=lease.terms.provider):
            granted = await session.close(within)
        latest = session.bill.latest
        voucher, signature = (latest.voucher, latest.signature) if latest else (None, b"")
        return Ending(session.lease, voucher, signature, granted.signature)

    async def close(self, agreed: Sequence[tuple[RenterSession, Ending]]) -> None:
        """Close up to 32 leases in one transaction, so that the change comes back at once."""
        endings, leases = [ending for _, ending in agreed], self._chain.leases
        with self._trace.span("close leases on the chain", count=len(endings)):
            if len(endings) == 1:
                sent = await asyncio.to_thread(leases.close, *endings[0])
            else:
                sent = await asyncio.to_thread(leases.close_many, endings)
        self._record(sent, "close lease" if len(endings) == 1 else "close leases")
        for session, _ in agreed:
            self.budget.give_back(session.bill.left)

    async def ended(self, lease: Lease, now: Seconds | None = None) -> bool:
        """Whether the chain has closed the lease without us; its change then counts for the budget. After
        expiry and grace, if the time is told, it is taken back."""
        closing = await asyncio.to_thread(self._chain.leases.closing, lease.id)
        over = lease.terms.expiry + self._chain.book.parameters.grace_seconds
        if closing is None and now is not None and now > over:
            with suppress(Refused):  # somebody was faster: then the next look shows it
                self._record(await asyncio.to_thread(self._chain.leases.reclaim, lease), "reclaim")
                closing = await asyncio.to_thread(self._chain.leases.closing, lease.id)
        if closing is not None:
            self._silent.pop(lease.id, None)
            self.budget.give_back(closing.refund)
        return closing is not None

    async def now(self) -> Seconds:
        """The chain's time."""
        return await asyncio.to_thread(self._chain.now)

    async def end(self) -> None:
        if self._endpoint is not None:
            await self._endpoint.close()

    def _record(self, sent: Sent, purpose: str) -> None:
        self._store.put_transaction(self._job.id, sent.hash, purpose, sent.gas)
