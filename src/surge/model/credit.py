"""An isolated lending market, as Credit.vy keeps it. Fields and their order are those of its structs.

Amounts are in the smallest unit of their token; LTVs, target health and reserve factor are WAD; a price is
"collateral in loan units", scaled 1e36.
"""

from dataclasses import astuple, dataclass
from typing import NewType

from surge.model.digest import keccak
from surge.model.typed import word
from surge.model.units import Address, Seconds, Wad

MarketId = NewType("MarketId", bytes)
"""32 bytes: keccak-256 of the ABI encoding of the market's parameters."""

PRICE_SCALE = 10**36
FEED_DECIMALS = 8
"""Of a price feed that answers in dollars."""


@dataclass(frozen=True, slots=True)
class MarketParams:
    """What makes a market; it never changes.

    0 < max_ltv < lltv <= 0.98, 1 < target_health <= 2, lltv / target_health <= max_ltv, min_debt > 0 in loan
    units, reserve_factor <= 0.5 of the interest.
    """

    loan_token: Address
    collateral_token: Address
    oracle: Address
    irm: Address
    max_ltv: Wad
    lltv: Wad
    target_health: Wad
    min_debt: int
    reserve_factor: Wad


@dataclass(frozen=True, slots=True)
class MarketState:
    """What a market holds. Supplied assets include the reserve; the lenders own the rest."""

    supply_assets: int
    supply_shares: int
    borrow_assets: int
    borrow_shares: int
    reserve: int
    last_update: Seconds

    @property
    def lent_assets(self) -> int:
        """The lenders' part of what is supplied: the share price goes by this."""
        return self.supply_assets - self.reserve

    @property
    def cash(self) -> int:
        """What can be withdrawn or borrowed now."""
        return self.supply_assets - self.borrow_assets


@dataclass(frozen=True, slots=True)
class Position:
    """What one account has in one market."""

    supply_shares: int
    borrow_shares: int
    collateral: int


def market_id(params: MarketParams) -> MarketId:
    """The name of the market with these parameters."""
    return MarketId(keccak(*(word(member) for member in astuple(params))))
