"""The ask, kept on the chain as it should be: there while this machine takes leases, else gone."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from enum import Enum, auto

import structlog

from surge.chain.client import Chain
from surge.model.ask import Ask
from surge.model.errors import Underfunded
from surge.model.units import Address, Wei, show_surge
from surge.net.ticket import read_ticket
from surge.provider.aside import aside
from surge.provider.config import ProviderConfig
from surge.provider.duty.outage import Outage

GLANCE_SECONDS = 2.0
"""Between looks at this machine: its addresses, its room, its owner's wishes."""
LOOK_SECONDS = 60.0
"""Between looks at the chain."""
LOCAL_SECONDS = 10.0
"""Where it is on this machine."""
SETTLED_SECONDS = 10.0
"""New addresses that hold so long are published."""
OFTEN_SECONDS = 300.0
"""Once in this time at most: each takes gas, and some networks change addresses all the time."""

log = structlog.get_logger("surge.provider")


class Step(Enum):
    PUBLISH = auto()
    WITHDRAW = auto()
    REST = auto()


def next_step(offered: bool, wanted: bool, moved: bool) -> Step:
    """offered: the ask is on the chain as it should be; wanted: it should be; moved: its ticket is old."""
    if not wanted:
        return Step.WITHDRAW if offered else Step.REST
    return Step.REST if offered and not moved else Step.PUBLISH


def written(ask: Ask) -> Ask:
    """Without what the chain writes itself."""
    return replace(ask, load=0, reputation=0, active=0, index=0)


class Moved:
    """Whether the addresses in a ticket differ from those published at `now`, for SETTLED_SECONDS."""

    def __init__(self, ticket: str, now: float) -> None:
        self._published = _places(ticket)
        self._seen, self._since = self._published, now
        self._not_before = now + OFTEN_SECONDS

    def look(self, ticket: str, now: float) -> bool:
        places = _places(ticket)
        if places != self._seen:
            self._seen, self._since = places, now
        settled = now - self._since >= SETTLED_SECONDS and now >= self._not_before
        return settled and places != self._published


def _places(ticket: str) -> tuple[str | None, frozenset[str]]:
    address = read_ticket(ticket, loopback=False)
    return address.relay_url(), frozenset(address.direct_addresses())


class Offer:
    """ticket: this machine's as it is now. hindrance: why it takes no new leases now (empty: it does)."""

    def __init__(
        self,
        chain: Chain,
        config: ProviderConfig,
        runtime: int,
        ticket: Callable[[], str],
        hindrance: Callable[[], str],
        outage: Outage,
        local: bool,
    ) -> None:
        self._chain, self._config = chain, config
        self._every = LOCAL_SECONDS if local else LOOK_SECONDS
        self._ask = config.ask(runtime)
        self._ticket, self._hindrance, self._outage = ticket, hindrance, outage
        self._moved = Moved(ticket(), time.monotonic())
        self._hindered = ""
        self._looked_at = float("-inf")
        self._offered = False

    @property
    def standing(self) -> bool:
        """Whether the ask was on the chain when this looked last."""
        return self._offered

    def publish(self) -> None:
        """Stake what the slots need, and offer them. Raises Underfunded with what is missing."""
        ticket = self._ticket()
        ensure_stake(self._chain, self._config)
        payee = Address(self._config.payee) if self._config.payee else self._chain.address
        if self._chain.asks.payee_of(self._chain.address) != payee:
            self._chain.asks.set_payee(payee)
        self._chain.asks.publish(self._ask, ticket)
        self._moved, self._offered = Moved(ticket, time.monotonic()), True

    async def begin(self) -> bool:
        """Publish for the first time, unless something hinders; whether it did. Raises as `publish`."""
        self._hindered = await asyncio.to_thread(self._hindrance)
        if self._hindered:
            log.warning("no ask is published", reason=self._hindered)
            return False
        await aside(self.publish)
        self._looked_at = time.monotonic()
        return True

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.sleep(GLANCE_SECONDS)
            with self._outage.guarding("looking after the ask"):
                await self._glance(time.monotonic())

    async def _glance(self, now: float) -> None:
        hindered = await asyncio.to_thread(self._hindrance)
        moved = self._moved.look(self._ticket(), now)
        fresh = now - self._looked_at < self._every
        if fresh and not moved and hindered == self._hindered:
            return
        self._looked_at = now  # what fails is tried again after a while
        there = await aside(self._chain.asks.of, self._chain.address)
        self._outage.answered()
        gone = self._offered and not there.active
        self._offered = bool(there.active)
        as_wanted = self._offered and (bool(hindered) or written(there) == self._ask)
        match next_step(as_wanted, not hindered, moved):
            case Step.PUBLISH:
                await aside(self.publish)
                log.warning("published the ask again", reason=_why(gone, moved, self._hindered))
            case Step.WITHDRAW:
                await aside(self._chain.asks.withdraw)
                self._offered = False
                log.warning("withdrew the ask", reason=hindered)
        self._hindered = hindered


def _why(gone: bool, moved: bool, hindered: str) -> str:
    if hindered:
        return "what hindered it is over"
    if gone:
        return "it was gone from the chain"
    return "this machine's addresses changed" if moved else "another one stood there"


def ensure_stake(chain: Chain, config: ProviderConfig) -> None:
    """Stake what the slots need. Raises Underfunded with the amount that is missing."""
    needed = max(config.slots * chain.book.parameters.stake_per_slot, config.extra_stake)
    missing = needed - chain.asks.stake_of(chain.address)
    if missing <= 0:
        return
    balance = chain.money.surge(chain.address)
    if balance < missing:
        raise Underfunded(
            f"{config.slots} slots need a stake of {show_surge(needed)} SURGE and {chain.address} is short "
            f"of {show_surge(missing - balance)}; send it there, or offer fewer slots"
        )
    chain.asks.stake(Wei(missing))
