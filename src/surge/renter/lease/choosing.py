"""Whom a job leases from: asks that fit, whose providers answer, at a price near the best; and whom not."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from surge.match.caps import near_best
from surge.model.ask import Ask, Offer
from surge.model.demand import Demand
from surge.model.errors import NoProvider, ProviderLost, SurgeError
from surge.model.lease import Lease
from surge.model.units import Address
from surge.renter.lease.ranking import rank, waves

CHOICE = 2
"""Providers that answer are enough for a choice, when they have the slots."""
MAX_OBJECTIONS = 8
"""Leases of a job that are closed unused; more of them would cost too much."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Offers whose providers answer, best first, and the demand with the caps that they may ask."""

    ranked: list[Offer]
    demand: Demand


def without_draws(demand: Demand) -> Demand:
    """All weights zero: to the chain all asks that fit are alike, and of such it takes the first candidate.
    Else it would prefer one that nobody answers, or that does no work, for being cheaper and idle."""
    return replace(demand, w_price=0, w_proximity=0, w_load=0, w_reputation=0, w_energy=0)


class Choosing:
    """Of one job. answers: whether a provider answers a dial. priced: whether the renter named the demand's
    caps itself, and so means to pay them where less isn't enough."""

    def __init__(self, demand: Demand, priced: bool, answers: Callable[[Offer], Awaitable[bool]]) -> None:
        self.lost: set[Address] = set()
        """Providers that didn't answer, or did no work: asked again only when there is nobody else."""
        self.distrusted: set[Address] = set()
        self.careful = False
        """Whether providers took leases and said nothing: then those with a name go first, at any price."""
        self._demand, self._priced, self._answers = demand, priced, answers
        self._fitting: set[Address] = set()
        self._asked: dict[Address, Ask] = {}
        self._objections = 0

    @property
    def others(self) -> set[Address]:
        """Providers that fit and haven't failed in this job."""
        return self._fitting - self.lost - self.distrusted

    async def choose(self, offers: list[Offer], proven: set[Address], count: int) -> Choice:
        """For `count` leases; lost providers are asked when there are no others. Raises NoProvider."""
        trusted = [offer for offer in offers if offer.provider not in self.distrusted]
        if offers and not trusted:
            raise NoProvider(
                f"all {len(offers)} providers broke the rules in this job (see its warnings); wait for others"
            )
        ranked = rank(trusted, self._demand)
        self._fitting = {offer.provider for offer in ranked}
        self._asked = {offer.provider: offer.ask for offer in offers}
        lost = [offer for offer in ranked if offer.provider in self.lost]
        found = await self._reachable([offer for offer in ranked if offer not in lost], proven, count)
        found = found or await self._reachable(lost, proven, count)
        if not found:
            raise NoProvider(
                f"{len(ranked)} asks fit, but none of their providers answers; try again later (surge asks)"
            )
        demand = near_best([offer.ask for offer in found], self._demand, count, self._priced)
        unwanted = self.lost or self.distrusted
        best = rank(found, demand)
        if self.careful:
            best.sort(key=lambda offer: (offer.provider not in proven, -offer.ask.reputation))
        return Choice(best, without_draws(demand) if unwanted else demand)

    async def _reachable(self, ranked: list[Offer], proven: set[Address], count: int) -> list[Offer]:
        """Those that answer a dial, asked in waves: no lease is opened on a machine that is off."""
        found: list[Offer] = []
        for wave in waves(ranked, proven, secrets.randbelow):
            answered = await asyncio.gather(*map(self._answers, wave))
            up = [offer for offer, answer in zip(wave, answered, strict=True) if answer]
            self.lost |= {offer.provider for offer in wave if offer not in up}
            self.lost -= {offer.provider for offer in up}
            found += up
            slots = sum(offer.ask.free_slots // self._demand.slots for offer in found)
            if len(found) >= CHOICE and slots >= count:
                break
        return found

    def objection(self, lease: Lease) -> SurgeError | None:
        """Why a lease that was just opened isn't used: its provider broke the rules before, or asks more than
        when it was chosen. Raises NoProvider when that happens again and again."""
        terms, provider = lease.terms, lease.terms.provider
        asked = self._asked.get(provider)
        if provider in self.distrusted:
            why = f"the chain drew provider {provider}, which broke the rules in this job"
        elif asked and (terms.price_gfuel > asked.price_gfuel or terms.price_gib > asked.price_gib):
            why = f"provider {provider} raised its price while the lease was opened"
            self.lost.add(provider)
        else:
            return None
        self._objections += 1
        if self._objections > MAX_OBJECTIONS:
            raise NoProvider(f"{why}, as {MAX_OBJECTIONS} did before; try again later (surge asks)")
        return ProviderLost(f"{why}; lease {lease.id} is closed unused")
