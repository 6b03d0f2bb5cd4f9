"""Who owes something in which market, as Credit's events tell it. Pure.

Anybody can borrow and repay in one transaction, from as many accounts as he pays the gas of. Those who owe
nothing are kept apart: some of them are looked at each time, one after the other, should an event be missing.
"""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Protocol

from surge.model.credit import MarketId
from surge.model.units import Address

SOME = 16
"""Of a market's accounts without debt, those that are looked at each time."""

_CHANGES = {"Borrowed": ("on_behalf", 1), "Repaid": ("on_behalf", -1), "Liquidated": ("borrower", -1)}
"""Events that move shares of a debt: whose, and which way."""
EVENTS = tuple(_CHANGES)


class Told(Protocol):
    """An event; see `surge.chain.network.index.Event`."""

    @property
    def name(self) -> str: ...

    @property
    def members(self) -> Mapping[str, Any]: ...


class Borrowers:
    """Of all markets."""

    def __init__(self) -> None:
        self._shares: dict[MarketId, dict[Address, int]] = {}
        self._idle: dict[MarketId, dict[Address, None]] = {}
        self._found: dict[MarketId, set[Address]] = {}

    def follow(self, events: Iterable[Told]) -> None:
        """What happened since the last time, in the chain's order."""
        for event in events:
            whose, sign = _CHANGES[event.name]
            id_, account = MarketId(bytes.fromhex(event.members["id"][2:])), Address(event.members[whose])
            shares, idle = self._shares.setdefault(id_, {}), self._idle.setdefault(id_, {})
            own = shares.pop(account, 0) + sign * event.members["shares"]
            if own > 0:
                shares[account] = own
                idle.pop(account, None)
            else:
                idle[account] = None

    def due(self, id_: MarketId) -> list[Address]:
        """Whom to look at now: who owes something, and some of the others."""
        idle = self._idle.get(id_, {})
        some = list(islice(idle, SOME))
        for account in some:  # behind all the others
            idle[account] = idle.pop(account)
        return list(dict.fromkeys([*self._shares.get(id_, ()), *self._found.get(id_, ()), *some]))

    def seen(self, id_: MarketId, indebted: Iterable[Address]) -> None:
        """Who of them has a debt; whatever the events say, they are looked at until they have none."""
        self._found[id_] = set(indebted) - self._shares.get(id_, {}).keys()
