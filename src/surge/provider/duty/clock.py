"""Chain time, and what the chain has settled, for every lease that is served."""

import asyncio
import time
from collections.abc import Callable, Collection

import structlog

from surge.chain.client import Chain
from surge.model.units import LeaseId
from surge.provider.aside import aside
from surge.provider.duty.outage import Outage
from surge.provider.lease.steps import Tick

TICK_SECONDS = 2.0
CALM_SECONDS = 10.0
"""Between ticks while nothing happens in any lease."""
STIR_SECONDS = 20.0
"""After an event, ticks are quick for so long."""

log = structlog.get_logger("surge.provider")


class Clock:
    """open_leases: those that are served now; with none, the chain isn't asked. tick: takes a lease's."""

    def __init__(
        self,
        chain: Chain,
        outage: Outage,
        open_leases: Callable[[], Collection[LeaseId]],
        tick: Callable[[LeaseId, Tick], None],
    ) -> None:
        self._chain, self._outage = chain, outage
        self._open_leases, self._tick = open_leases, tick
        self._stirred = asyncio.Event()
        self._quick_until = 0.0

    def stir(self) -> None:
        """Something happens in a lease: look at the chain often for a while."""
        self._quick_until = time.monotonic() + STIR_SECONDS
        self._stirred.set()

    async def run(self) -> None:
        """Tick until it is cancelled; a chain that is away is asked again."""
        while True:
            with self._outage.guarding("watching the leases"):
                if leases := list(self._open_leases()):
                    for lease, tick in (await aside(self._look, leases)).items():
                        self._tick(lease, tick)
                    self._outage.answered()
            await self._pause()

    def _look(self, leases: list[LeaseId]) -> dict[LeaseId, Tick]:
        now = self._chain.now()
        states = self._chain.leases.states(leases)
        return {
            lease: Tick(now, state.settled if state.open else None)
            for lease, state in zip(leases, states, strict=True)
        }

    async def _pause(self) -> None:
        """TICK_SECONDS at least; longer while all is calm, until something stirs."""
        self._stirred.clear()
        await asyncio.sleep(TICK_SECONDS)
        if time.monotonic() >= self._quick_until:
            try:
                async with asyncio.timeout(CALM_SECONDS - TICK_SECONDS):
                    await self._stirred.wait()
            except TimeoutError:
                pass
