"""A Vault over markets of Credit, the shipped bytecode in a bare EVM, and ways to use and to break it."""

from dataclasses import astuple
from typing import Any

from contracts.worlds.bare_evm import Machine, Reverted, machine, mock, shipped
from surge.chain.network.artifacts import artifact
from surge.credit import vault as twin
from surge.model.credit import MarketId, MarketParams, MarketState, market_id
from surge.model.units import WAD, Address, Seconds, Wad

OWNER = "0x" + "0a" * 20
GUARDIAN = "0x" + "0b" * 20
LENDERS = ("0x" + "a1" * 20, "0x" + "a2" * 20, "0x" + "a3" * 20)
LENDER, OTHER, CHEATER = LENDERS
BORROWER = "0x" + "b1" * 20
LIQUIDATOR = "0x" + "b2" * 20
FEES = "0x" + "f1" * 20
RESERVE = "0x" + "f2" * 20
ZERO = "0x" + "00" * 20

MAX = 2**256 - 1
USD = 10**6
SHARE = 10**12
"""Of the vault: what a dollar buys at first."""
RICH = 10**9 * USD
COLLATERAL = 10**30
SCALE = 10**36
TIMELOCK = 86_400
CAP = 1_000_000 * USD
PART = WAD // (365 * 86_400)
"""A rate of 100% a year, in WAD a second."""


class Contract:
    """A deployed contract of the project: `contract("name", *arguments, sender=...)`."""

    def __init__(self, chain: Machine, name: str, *arguments: Any):
        self.machine, self.artifact = chain, artifact(name)
        encoded = bytes.fromhex(self.artifact.creation(arguments)[2:])[len(self.artifact.bytecode) :]
        self.address = chain.deploy(shipped(name).bytecode + encoded, OWNER)

    def message(self, name: str, *arguments: Any) -> bytes:
        return bytes.fromhex(self.artifact.function(name, len(arguments)).encode(arguments)[2:])

    def __call__(self, name: str, *arguments: Any, sender: str = LENDER) -> Any:
        answer = self.machine.call(sender, self.address, self.message(name, *arguments))
        return self.artifact.function(name, len(arguments)).decode("0x" + answer.hex())


class VaultPots:
    """One asset, some markets of it, and a vault that lends to them in their order.

    Collateral is worth one unit of the asset each; nothing is borrowed yet; no interest.
    """

    def __init__(
        self, markets: int = 3, asset: str = "PlainToken", caps: int = CAP, timelock: int = TIMELOCK
    ):
        self.machine = machine()
        decimals = (6,) if asset == "PlainToken" else ()
        self.asset = mock(asset).deploy(self.machine, *decimals)
        self.collateral = mock("PlainToken").deploy(self.machine, 6)
        self.credit = Contract(self.machine, "Credit", RESERVE)
        self.params: list[MarketParams] = []
        self.oracles: list[Any] = []
        self.irms: list[Any] = []
        for _ in range(markets):
            self.open_market()
        arguments = self.credit.address, self.asset.address, "Vault of dollars", "vTUSD", OWNER, timelock
        self.vault = Contract(self.machine, "Vault", *arguments)
        for account in (*LENDERS, BORROWER, LIQUIDATOR):
            self.asset("mint", account, RICH)
            self.collateral("mint", account, COLLATERAL)
            for token in (self.asset, self.collateral):
                for spender in (self.credit, self.vault):
                    token("approve", spender.address, MAX, sender=account)
        for id in self.ids:
            if caps:
                self.raise_cap(id, caps)

    @property
    def ids(self) -> list[MarketId]:
        return [market_id(params) for params in self.params]

    def open_market(self, loan: Any = None, min_debt: int = USD, irm: Any = None) -> MarketId:
        oracle = mock("SettableOracle").deploy(self.machine, SCALE)
        irm = irm or mock("FailingIrm").deploy(self.machine, 0)
        params = MarketParams(
            loan_token=Address((loan or self.asset).address),
            collateral_token=Address(self.collateral.address),
            oracle=Address(oracle.address),
            irm=Address(irm.address),
            max_ltv=Wad(70 * WAD // 100),
            lltv=Wad(80 * WAD // 100),
            target_health=Wad(115 * WAD // 100),
            min_debt=min_debt,
            reserve_factor=Wad(WAD // 10),
        )
        self.credit("create_market", astuple(params))
        self.oracles.append(oracle)
        self.irms.append(irm)
        self.params.append(params)
        return market_id(params)

    def raise_cap(self, id: MarketId, cap: int) -> None:
        self.vault("submit_cap", id, cap, sender=OWNER)
        self.machine.wait(int(self.vault("TIMELOCK")))
        self.vault("accept_cap", id)

    # Lenders

    def deposit(self, account: str, assets: int) -> int:
        return int(self.vault("deposit", assets, account, sender=account))

    def withdraw(self, account: str, assets: int) -> int:
        return int(self.vault("withdraw", assets, account, account, sender=account))

    def redeem(self, account: str, shares: int) -> int:
        return int(self.vault("redeem", shares, account, account, sender=account))

    def redeem_in_kind(self, account: str, shares: int) -> int:
        return int(self.vault("redeem_in_kind", shares, account, account, sender=account))

    def shares(self, account: str) -> int:
        return int(self.vault("balanceOf", account))

    def balance(self, account: str) -> int:
        return int(self.asset("balanceOf", account))

    # Markets

    def borrow(self, number: int, assets: int) -> None:
        """By the borrower, at an LTV of 69%."""
        self.credit(
            "add_collateral", self.market(number), assets * 100 // 69 + 10, BORROWER, b"", sender=BORROWER
        )
        self.credit("borrow", self.market(number), assets, 0, BORROWER, BORROWER, sender=BORROWER)

    def repay_all(self, number: int) -> None:
        shares = self.credit("position", self.ids[number], BORROWER)[1]
        self.credit("repay", self.market(number), 0, shares, BORROWER, b"", sender=BORROWER)

    def lose(self, number: int, left: int) -> int:
        """The price falls to `left` thousandths, or next to nothing, the borrower is liquidated; what that
        costs the lenders."""
        before = self.credit("accrued", self.market(number))
        self.oracles[number]("set_price", max(1, SCALE * left // 1_000))
        self.credit("liquidate", self.market(number), BORROWER, MAX, 0, b"", sender=LIQUIDATOR)
        self.oracles[number]("set_price", SCALE)
        after = self.credit("accrued", self.market(number))
        return int(before[0] - before[4] - (after[0] - after[4]))

    def set_rate(self, number: int, rate: int) -> None:
        self.credit("accrue", self.market(number))
        self.irms[number]("set_rate", rate)

    def market(self, number: int) -> tuple[Any, ...]:
        return astuple(self.params[number])

    # What is there

    def sight(self) -> twin.Sight:
        """What the twin goes by, from what Credit and the vault's storage say."""
        queue, order = self.vault("queues")
        flows = {told[0]: told[8] - told[9] for told in self.vault("holdings")}
        holdings = tuple(self._holding(MarketId(id), flows[id]) for id in order)
        idle, supply = self.vault("idle"), self.vault("totalSupply")
        total = idle + sum(holding.worth for holding in holdings)
        fee = self.vault("fee")
        if fee:
            supply += twin.fee_shares(total, supply, Wad(fee), self.vault("high_water"))
        return twin.Sight(holdings, tuple(MarketId(id) for id in queue), idle, supply, self.vault("drawn"))

    def _holding(self, id: MarketId, flow: int) -> twin.Holding:
        live = True
        try:
            raw = self.credit("accrued", self.market(self.ids.index(id)))
        except Reverted:
            live, raw = False, self.credit("market", id)
        supplied, shares, borrowed, debt, reserve, updated = raw
        state = MarketState(supplied, shares, borrowed, debt, reserve, Seconds(updated))
        return twin.holding(id, self.vault("held", id), state, self.vault("cap", id), live, flow)

    @property
    def price(self) -> tuple[int, int]:
        """The share price as a fraction, before a fee that is due: (assets, shares)."""
        sight = self.sight()
        return sight.total + 1, sight.supply + 10**6


def refused(call: Any, *arguments: Any, **options: Any) -> str:
    """The reason for which a call is refused; that it is."""
    try:
        answer = call(*arguments, **options)
    except Reverted as reverted:
        return reverted.reason
    raise AssertionError(f"it went through and answered {answer!r}")
