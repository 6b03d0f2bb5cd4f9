"""What a provider remembers of renters for whom it has worked for nothing, from one lease to the next.

Whoever stops a run with Ctrl-C gives work up, and a machine may die before it signs. Nobody may live on that.
"""

from dataclasses import replace

import structlog

from surge.model.units import Address, Fuel, LeaseId, Seconds
from surge.provider.lease.steps import NoteGivenUp, Shun
from surge.store.provider import ProviderStore, Standing

SHUN_SECONDS = 3_600
"""The first time; each later one is twice as long."""
MAX_SHUN = 86_400
FORGIVE_AFTER = 7 * 86_400
"""Seconds without a fault after which the next one counts as the first."""
LEAST, MOST = 30, 600
"""Seconds that giving up running work counts as, however long it ran on however many slots."""
FREE_SECONDS = 4 * MOST
"""Of work given up that cost its renter nothing: four long runs, or eighty short ones."""
FUEL_OF_A_SECOND = 10 * 10**9
"""Paid work that makes up for a second of work given up."""

log = structlog.get_logger("surge.provider")


class Regard:
    """Kept in the provider's store."""

    def __init__(self, store: ProviderStore) -> None:
        self._store = store

    def note(self, lease: LeaseId, said: Shun | NoteGivenUp) -> None:
        if isinstance(said, Shun):
            self.shun(said.renter, lease, said.now)
        else:
            self.gave_up(said.renter, lease, said.seconds, said.now)

    def gave_up(self, renter: Address, lease: LeaseId, seconds: Seconds, now: Seconds) -> None:
        """A renter stopped work that had run for so long, all slots together."""
        before = self._store.standing(renter)
        after = replace(before, given_up=Seconds(before.given_up + min(max(seconds, LEAST), MOST)))
        if is_too_much(after.given_up, self._store.paid_fuel(renter)):
            after = shunned(after, lease, now)
        self._keep(renter, lease, before, after)

    def shun(self, renter: Address, lease: LeaseId, now: Seconds) -> None:
        """Take no more of a renter's leases for a while."""
        before = self._store.standing(renter)
        self._keep(renter, lease, before, shunned(before, lease, now))

    def _keep(self, renter: Address, lease: LeaseId, before: Standing, after: Standing) -> None:
        self._store.put_standing(renter, after)
        if after.until != before.until:
            log.warning("a renter is shunned", lease=lease, renter=renter, until=after.until)


def is_too_much(given_up: Seconds, paid: Fuel) -> bool:
    return given_up > FREE_SECONDS + paid // FUEL_OF_A_SECOND


def shunned(standing: Standing, lease: LeaseId, now: Seconds) -> Standing:
    """Once for each lease, whatever happened in it, and longer each time."""
    if standing.lease == lease:
        return standing
    times = 1 if now > standing.until + FORGIVE_AFTER else standing.times + 1
    length = min(SHUN_SECONDS << min(times - 1, 10), MAX_SHUN)
    return replace(standing, until=Seconds(now + length), times=times, lease=lease)
