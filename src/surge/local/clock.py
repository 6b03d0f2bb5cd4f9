"""Moves the clock of a local chain, and tells what has become due by it."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from surge.chain.network.connection import View
from surge.keeper.upkeep import Upkeep
from surge.model.credit import market_id
from surge.model.errors import BadInput
from surge.model.units import LeaseId, MicroUsd, Seconds

if TYPE_CHECKING:
    from surge.chain.client import Chain
    from surge.credit.market import MarketView, Token

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400}
_SPAN = re.compile(r"(\d{1,9})([smhdw])")
LAST = Seconds(4_102_444_800)
"""The first second of 2100: contracts keep some times in 32 bits."""


@dataclass(frozen=True, slots=True)
class Owed:
    """What a market's borrowers owe, and how much of it the leap added; smallest units of its loan token."""

    market: str
    loan: "Token"
    debt: int
    interest: int


@dataclass(frozen=True, slots=True)
class Leap:
    """Chain seconds before and after. over: open leases that ended meanwhile. fees: what a bidder may buy."""

    before: Seconds
    after: Seconds
    owed: list[Owed]
    over: list[LeaseId]
    fees: MicroUsd


def parse_span(text: str) -> Seconds:
    """`"30d"` → seconds: a whole number and one of s, m, h, d, w. Raises BadInput."""
    match = _SPAN.fullmatch(text.strip().lower())
    if match is None or not int(match[1]):
        raise BadInput(
            f"{text!r} is no span of time that a clock goes forward by; write 90s, 45m, 12h, 30d or 4w"
        )
    return Seconds(int(match[1]) * _UNITS[match[2]])


def move_clock(chain: "Chain", seconds: Seconds) -> Leap:
    """Move the chain's clock on by so much, and have the oracles' second sources of the right age there, as a
    keeper would. Raises BadInput when that goes too far."""
    before = chain.now()
    if before + seconds > LAST:
        raise BadInput(
            f"the chain's clock ends with the year 2099; move it by {(LAST - before) // 86_400} days at most"
        )
    credit = chain.book.credit
    views = _listed(chain) if credit else []
    upkeep = Upkeep(chain)
    last = max((guard.window for guard in upkeep.guards), default=0) if credit else 0
    first = max(0, seconds - last)
    if first:
        _leap(chain, first)
        if last:
            chain.send(*upkeep.observations(chain.now()))
    _leap(chain, seconds - first)
    after = chain.now()
    owed = [
        Owed(view.name, view.loan, later.borrowed, later.borrowed - view.borrowed)
        for view in views
        if view.borrowed and (later := view.at(after))
    ]
    fees = chain.rewards.pot() if chain.rewards.next_auction() <= after else MicroUsd(0)
    return Leap(before, after, owed, _over(chain, before, after), fees)


def _listed(chain: "Chain") -> "list[MarketView]":
    listed = [market_id(each) for each in chain.credit.book.markets.values()]
    return chain.credit.market_views(listed, present=True)


def settle_averages(chain: "Chain") -> int:
    """Where an oracle's second source has no average of the right age, as in a new network and one that was
    down, observe its pool and let one window pass. How many seconds passed: 0 when all were there."""
    guards = Upkeep(chain).guards
    told = chain.look([View("OracleGuard", guard.address, "second_price") for guard in guards])
    lacking = [guard for guard, (_, there) in zip(guards, told, strict=True) if not there]
    if not lacking:
        return 0
    chain.send(*Upkeep(chain).observations(chain.now()))
    window = max(guard.window for guard in lacking)
    _leap(chain, window)
    return window


def _leap(chain: "Chain", seconds: int) -> None:
    chain.rpc.call("evm_increaseTime", seconds)
    chain.rpc.call("evm_mine")


def _over(chain: "Chain", before: int, after: int) -> list[LeaseId]:
    ended = [lease.id for lease in chain.leases.all() if before < lease.terms.expiry <= after]
    states = chain.leases.states(ended)
    return [lease for lease, state in zip(ended, states, strict=True) if state.open]
