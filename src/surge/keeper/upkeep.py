"""What keeps markets in order and pays nobody: observations of the oracles' pairs, interest up to date."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from surge.chain.network.artifacts import artifact
from surge.chain.network.connection import View
from surge.chain.node.sender import Call
from surge.model.credit import market_id
from surge.model.units import NOBODY, Address, Seconds

if TYPE_CHECKING:
    from surge.chain.client import Chain

ACCRUE_SECONDS = 86_400
"""Interest of a market with debt is written down at least so often: reserve and rate follow from it."""


@dataclass(frozen=True, slots=True)
class Guard:
    """An oracle with a second source. window, longest: seconds, of its average."""

    name: str
    address: Address
    window: int
    longest: int

    def due(self, now: int, last: int) -> bool:
        """Two windows after the last observation, or at half of the longest average: so that one of the right
        age is always there, and the average follows the price soon."""
        return now - last >= min(2 * self.window, max(self.window, self.longest // 2))


class Upkeep:
    """Chores of the markets and oracles in the address book."""

    def __init__(self, chain: "Chain") -> None:
        self._chain = chain
        self._oracles: dict[str, Address] = {}
        self._guards: list[Guard] = []

    def due(self, now: Seconds) -> list[tuple[str, Call]]:
        """(kind, transaction) of what is due. Raises Unavailable."""
        return [*(("observe", call) for call in self.observations(now)), *self._accruals(now)]

    @property
    def guards(self) -> list[Guard]:
        """All oracles of the address book that have a second source; asked for once."""
        oracles = self._chain.credit.book.oracles
        if self._oracles != oracles:
            self._guards, self._oracles = self._read(oracles), oracles
        return self._guards

    def _read(self, oracles: dict[str, Address]) -> list[Guard]:
        names = ("PAIR", "WINDOW", "LONGEST")
        found = self._chain.look(
            [View("OracleGuard", oracle, n, may_fail=True) for oracle in oracles.values() for n in names]
        )
        rows = zip(oracles.items(), found[::3], found[1::3], found[2::3], strict=True)
        return [
            Guard(name, oracle, window, longest)
            for (name, oracle), pair, window, longest in rows
            if window is not None and pair not in (None, NOBODY)
        ]

    def observations(self, now: Seconds) -> list[Call]:
        """Of the guards whose last one is old enough. Raises Unavailable."""
        guards = self.guards
        newest = self._chain.look([View("OracleGuard", guard.address, "newer") for guard in guards])
        calldata = artifact("OracleGuard").function("observe", 0).encode(())
        return [
            Call(f"observing the pair of {guard.name}", guard.address, calldata)
            for guard, (last, _) in zip(guards, newest, strict=True)
            if guard.due(now, last)
        ]

    def _accruals(self, now: Seconds) -> list[tuple[str, Call]]:
        markets = list(self._chain.credit.book.markets.values())
        credit = self._chain.book.addresses["Credit"]
        states = self._chain.look([View("Credit", credit, "market", (market_id(each),)) for each in markets])
        return [
            ("accrue", self._chain.credit.accruing(params))
            for params, (_, _, borrowed, _, _, updated) in zip(markets, states, strict=True)
            if borrowed and now - updated >= ACCRUE_SECONDS
        ]
