"""Credit on the real bytecode, with one market whose price, rate and tokens a test can set."""

from dataclasses import astuple, dataclass, field, replace
from typing import Any

import boa

from contracts.worlds.pots import deploy, deploy_mock
from surge.model.credit import MarketId, MarketParams, MarketState, Position, market_id
from surge.model.units import WAD, Address, Seconds, Wad

PRICE_SCALE = 10**36
YEAR = 365 * 86_400
USD = 10**6
ETHER = 10**18
MAX = 2**256 - 1
PLENTY = 10**12
"""Whole tokens that an actor gets: more than any test moves."""


def percent(part: float) -> Wad:
    """5.5 → 5.5% in WAD."""
    return Wad(round(part * 100) * WAD // 10_000)


def price_e36(usd: int, loan_decimals: int = 6, collateral_decimals: int = 18) -> int:
    """A price of the interface: one whole collateral token costs `usd` whole loan tokens."""
    return usd * PRICE_SCALE * 10**loan_decimals // 10**collateral_decimals


@dataclass
class CreditPots:
    """The contracts, the market's parameters, and the short ways to use them."""

    credit: Any
    loan: Any
    collateral: Any
    oracle: Any
    irm: Any
    fee_recipient: str
    params: MarketParams
    actors: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> MarketId:
        return market_id(self.params)

    @property
    def market(self) -> tuple[Any, ...]:
        """The parameters as an entry point takes them."""
        return astuple(self.params)

    def actor(self, role: str) -> str:
        """The address of a role, with plenty of both tokens and full allowances."""
        if role not in self.actors:
            address = str(boa.env.generate_address(role))
            for token in (self.loan, self.collateral):
                token.mint(address, PLENTY * 10 ** token.decimals())
                token.approve(self.credit, MAX, sender=address)
            self.actors[role] = address
        return self.actors[role]

    def state(self) -> MarketState:
        """The market at its last update."""
        return _state(self.credit.market(self.id))

    def accrued(self) -> MarketState:
        return _state(self.credit.accrued(self.market))

    def position(self, account: str) -> Position:
        shares, debt, collateral = self.credit.position(self.id, account)
        return Position(shares, debt, collateral)

    def supply(self, role: str, assets: int = 0, shares: int = 0, payload: bytes = b"") -> tuple[int, int]:
        account = self.actor(role)
        return self.credit.supply(self.market, assets, shares, account, payload, sender=account)  # type: ignore[no-any-return]

    def withdraw(self, role: str, assets: int = 0, shares: int = 0) -> tuple[int, int]:
        account = self.actor(role)
        return self.credit.withdraw(self.market, assets, shares, account, account, sender=account)  # type: ignore[no-any-return]

    def add_collateral(self, role: str, assets: int, payload: bytes = b"") -> None:
        account = self.actor(role)
        self.credit.add_collateral(self.market, assets, account, payload, sender=account)

    def remove_collateral(self, role: str, assets: int) -> None:
        account = self.actor(role)
        self.credit.remove_collateral(self.market, assets, account, account, sender=account)

    def borrow(self, role: str, assets: int = 0, shares: int = 0) -> tuple[int, int]:
        account = self.actor(role)
        return self.credit.borrow(self.market, assets, shares, account, account, sender=account)  # type: ignore[no-any-return]

    def repay(self, role: str, assets: int = 0, shares: int = 0, payload: bytes = b"") -> tuple[int, int]:
        account = self.actor(role)
        return self.credit.repay(self.market, assets, shares, account, payload, sender=account)  # type: ignore[no-any-return]

    def liquidate(
        self, role: str, borrower: str, assets: int = 0, shares: int = 0, payload: bytes = b"", least: int = 0
    ) -> tuple[int, int]:
        """(seized, repaid)"""
        account, owed = self.actor(role), self.actor(borrower)
        return self.credit.liquidate(  # type: ignore[no-any-return]
            self.market, owed, assets, shares, payload, least, sender=account
        )

    def open_loan(self, role: str, collateral: int, debt: int, lent: int | None = None) -> str:
        """A lender supplies `lent` (twice the debt unless told), the role borrows; its address."""
        self.supply("lender", 2 * debt if lent is None else lent)
        self.add_collateral(role, collateral)
        self.borrow(role, debt)
        return self.actor(role)

    def create(self, **changes: Any) -> "CreditPots":
        """Another market of the same contract: `changes` of the parameters."""
        other = replace(self, params=replace(self.params, **changes))
        self.credit.create_market(other.market)
        return other


def _state(raw: Any) -> MarketState:
    *amounts, last_update = raw
    return MarketState(*amounts, last_update=Seconds(last_update))


def deploy_credit(
    *,
    loan_decimals: int = 6,
    collateral_decimals: int = 18,
    price: int | None = None,
    rate: int = 0,
    loan: Any = None,
    collateral: Any = None,
    irm: Any = None,
    **changes: Any,
) -> CreditPots:
    """One market: collateral at 2,000, 70% / 80%, target health 1.15, minimum debt 10, reserve factor 10%.

    `rate`: WAD per second. `changes` of the parameters; a market that can't be made is left to the test.
    """
    loan = loan or deploy_mock("PlainToken", loan_decimals)
    collateral = collateral or deploy_mock("PlainToken", collateral_decimals)
    if price is None:
        price = price_e36(2_000, loan_decimals, collateral_decimals)
    oracle = deploy_mock("SettableOracle", price)
    irm = irm or deploy_mock("SettableIrm", rate)
    fee_recipient = str(boa.env.generate_address("fee recipient"))
    credit = deploy("Credit", fee_recipient)
    params = MarketParams(
        loan_token=Address(str(loan.address)),
        collateral_token=Address(str(collateral.address)),
        oracle=Address(str(oracle.address)),
        irm=Address(str(irm.address)),
        max_ltv=percent(70),
        lltv=percent(80),
        target_health=percent(115),
        min_debt=10 * 10**loan_decimals,
        reserve_factor=percent(10),
    )
    pots = CreditPots(credit, loan, collateral, oracle, irm, fee_recipient, replace(params, **changes))
    credit.create_market(pots.market)
    return pots
