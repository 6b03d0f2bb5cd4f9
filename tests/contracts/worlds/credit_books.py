"""What Credit remembers, and its formulas, as plain Python: the ground that credit_model.py stands on.

Written from the rules and not from the contract or its twins, so that a mistake has to be made twice to pass.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from eth_hash.auto import keccak

from contracts.worlds.bare_evm import word

WAD = 10**18
SCALE = 10**36
MAX = 2**256 - 1
MAX_RATE = 10 * WAD // (365 * 86_400)
VIRTUAL_SHARES, VIRTUAL_ASSETS = 10**6, 1
ZERO = "0x" + "00" * 20


class Refused(Exception):
    """With the words in which the contract refuses."""


def require(holds: object, otherwise: str) -> None:
    if not holds:
        raise Refused(f"Credit: {otherwise}")


class Params(NamedTuple):
    loan_token: str
    collateral_token: str
    oracle: str
    irm: str
    max_ltv: int
    lltv: int
    target_health: int
    min_debt: int
    reserve_factor: int

    @property
    def id(self) -> bytes:
        return _id(self)

    @property
    def unit(self) -> int:
        return max(1, self.min_debt >> 24)


@cache
def _id(params: Params) -> bytes:
    return keccak(b"".join(map(word, params)))


@dataclass
class Market:
    supply_assets: int = 0
    supply_shares: int = 0
    borrow_assets: int = 0
    borrow_shares: int = 0
    reserve: int = 0
    last_update: int = 0

    @property
    def lent(self) -> int:
        """What the lenders own."""
        return self.supply_assets - self.reserve

    @property
    def words(self) -> tuple[int, ...]:
        supply = self.supply_assets, self.supply_shares
        return *supply, self.borrow_assets, self.borrow_shares, self.reserve, self.last_update


@dataclass
class Position:
    supply_shares: int = 0
    borrow_shares: int = 0
    collateral: int = 0

    @property
    def words(self) -> tuple[int, ...]:
        return self.supply_shares, self.borrow_shares, self.collateral


class Out(NamedTuple):
    """Tokens leave Credit. `lacking`: why not, where it has fewer."""

    token: str
    to: str
    amount: int
    lacking: str = "Token: balance too small"


class In(NamedTuple):
    token: str
    payer: str
    amount: int


class Callback(NamedTuple):
    name: str
    heard: tuple[Any, ...]


Step = Out | In | Callback
Operation = Iterator[Step]


@dataclass
class Quote:
    """A feed's answer: None when it refuses. cautious: a lower one to lend by; None is the same."""

    price: int | None
    safe: bool = True
    cautious: int | None = None

    @property
    def borrow_price(self) -> int:
        price = self.price or 0
        return price if self.cautious is None else min(price, self.cautious)


def shares_down(assets: int, total_assets: int, total_shares: int) -> int:
    return assets * (total_shares + VIRTUAL_SHARES) // (total_assets + VIRTUAL_ASSETS)


def shares_up(assets: int, total_assets: int, total_shares: int) -> int:
    return -(-assets * (total_shares + VIRTUAL_SHARES) // (total_assets + VIRTUAL_ASSETS))


def assets_down(shares: int, total_assets: int, total_shares: int) -> int:
    return shares * (total_assets + VIRTUAL_ASSETS) // (total_shares + VIRTUAL_SHARES)


def assets_up(shares: int, total_assets: int, total_shares: int) -> int:
    return -(-shares * (total_assets + VIRTUAL_ASSETS) // (total_shares + VIRTUAL_SHARES))


def growth(rate: int, elapsed: int) -> int:
    x = min(rate, MAX_RATE) * elapsed
    second = x * x // (2 * WAD)
    return x + second + second * x // (3 * WAD)


@dataclass
class Books:
    """All that Credit remembers, and what everybody holds of each token."""

    markets: dict[bytes, Market] = field(default_factory=dict)
    positions: dict[tuple[bytes, str], Position] = field(default_factory=dict)
    authorised: set[tuple[str, str]] = field(default_factory=set)
    balances: dict[tuple[str, str], int] = field(default_factory=dict)
    # By market and token: what came in for it, less what went out.
    flows: dict[tuple[bytes, str], int] = field(default_factory=dict)
    fee_recipient: str = ZERO
    # By market: the debt that the reserve's target goes by, and when it last followed.
    followed: dict[bytes, tuple[int, int]] = field(default_factory=dict)

    def clone(self) -> "Books":
        return Books(
            {id: Market(*market.words) for id, market in self.markets.items()},
            {key: Position(*position.words) for key, position in self.positions.items()},
            set(self.authorised),
            dict(self.balances),
            dict(self.flows),
            self.fee_recipient,
            dict(self.followed),
        )


class Sale(NamedTuple):
    """What a liquidation may do."""

    bonus: int
    repaid: int
    insolvent: bool
    price: int


def terms(params: Params, collateral: int, price: int, debt: int) -> Sale:
    value = collateral * price // SCALE
    lltv, h = params.lltv, params.target_health
    require(debt > value * lltv // WAD, "not past the LLTV")
    factor = min(115 * WAD // 100, WAD * WAD // (WAD - 3 * WAD // 10 * (WAD - lltv) // WAD))
    bonus = factor - WAD
    if value:
        halfway = (WAD * WAD // factor - lltv) // 2
        depth = debt * WAD // value - lltv
        if depth < halfway:
            bonus = bonus * depth // halfway
    if debt * (WAD + bonus) > value * WAD:
        ceiling = -(-collateral * price // SCALE)
        return Sale(bonus, min(debt, -(-ceiling * WAD // (WAD + bonus))), True, price)
    part = (h * debt - lltv * value) * WAD // (h * WAD - (WAD + bonus) * lltv)
    return Sale(bonus, debt if debt - part < params.min_debt else part, False, price)


def one_of(assets: int, shares: int) -> None:
    require((assets == 0) != (shares == 0), "give either assets or shares")
    require(max(assets, shares) < 2**120, "amount too large")
