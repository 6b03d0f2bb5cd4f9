"""Ways out of collateral: what a sale brings in the loan token, and what it leaves for the next one. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

from surge.credit import exchange
from surge.credit.exchange import Reserves, Route
from surge.model.credit import PRICE_SCALE
from surge.model.units import Address

Pools = Mapping[tuple[Address, Address], Reserves]
"""By what goes in and what comes out."""


class Exit(Protocol):
    """A way out of collateral: what an amount of it brings in loan units. A route of the exchange is one."""

    def proceeds(self, amount: int) -> int: ...


@dataclass(frozen=True, slots=True)
class Burn:
    """LP tokens of the pair of the loan token and `other`: burned, and the other token sold to the pair.

    pair: as a sale of `other` sees it. supply: of LP tokens.
    """

    other: Address
    loan: Address
    pair: Reserves
    supply: int

    def parts(self, amount: int) -> tuple[int, int]:
        """(other, loan token) that the LP tokens are burned for."""
        return exchange.liquidity_burned(amount, self.pair.into, self.pair.out, self.supply)

    def proceeds(self, amount: int) -> int:
        other, loan = self.parts(amount)
        into, out = self.pair.into - other, self.pair.out - loan
        if not other or into <= 0 or out <= 0:
            return loan
        return loan + exchange.amount_out(other, into, out)

    def after(self, amount: int) -> Reserves:
        """The pair when the LP tokens were burned and the other token sold. It is never left empty."""
        other, loan = self.parts(amount)
        return Reserves(max(1, self.pair.into - other), max(1, self.pair.out - loan)).after(other)


@dataclass(frozen=True, slots=True)
class AtPrice:
    """Collateral that is kept, and counted at the oracle's price."""

    price: int

    def proceeds(self, amount: int) -> int:
        return amount * self.price // PRICE_SCALE


def after(exit: Exit, amount: int) -> Pools:
    """The pools of this way, as a sale of `amount` leaves them, seen from both sides."""
    left: dict[tuple[Address, Address], Reserves] = {}
    if isinstance(exit, Burn):
        left[exit.other, exit.loan] = exit.after(amount)
    elif isinstance(exit, Route):
        amounts = exchange.amounts_out(amount, list(exit.pairs))
        for side, pair, sold in zip(pairwise(exit.path), exit.pairs, amounts, strict=False):
            left[side] = pair.after(sold)
    return left | {(out, into): pair.reversed for (into, out), pair in left.items()}


def through(exit: Exit, pools: Pools) -> Exit:
    """The same way through these pools, where it takes one of them. How many LP tokens are left is not
    followed: a second burn is valued too low, until the next look."""
    if isinstance(exit, Burn):
        return replace(exit, pair=pools.get((exit.other, exit.loan), exit.pair))
    if isinstance(exit, Route):
        sides = zip(pairwise(exit.path), exit.pairs, strict=True)
        return Route(exit.path, tuple(pools.get(side, pair) for side, pair in sides))
    return exit
