"""Ways out of collateral: what an amount of it brings in the loan token. Pure."""

from dataclasses import dataclass
from typing import Protocol

from surge.credit import exchange
from surge.credit.exchange import Reserves
from surge.model.credit import PRICE_SCALE
from surge.model.units import Address


class Exit(Protocol):
    """A way out of collateral: what an amount of it brings in loan units. A route of the exchange is one."""

    def proceeds(self, amount: int) -> int: ...


@dataclass(frozen=True, slots=True)
class Burn:
    """LP tokens of the pair of the loan token and `other`: burned, and the other token sold to the pair.

    pair: as a sale of `other` sees it. supply: of LP tokens.
    """

    other: Address
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


@dataclass(frozen=True, slots=True)
class AtPrice:
    """Collateral that is kept, and counted at the oracle's price."""

    price: int

    def proceeds(self, amount: int) -> int:
        return amount * self.price // PRICE_SCALE
