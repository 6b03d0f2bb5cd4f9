"""Leverage and Batch as they ship, on an EVM without layers: for tests that make thousands of calls.

ETH at 2,000 USD: a market each way, one pair, a vault of USD, and traders that have authorised Leverage.
"""

from functools import cache, cached_property
from math import isqrt
from typing import Any

from contracts.worlds.bare_evm import Bare, Reverted, machine, mock, shipped, word
from surge.chain.deploy.blueprint import blueprint_creation
from surge.chain.network.artifacts import artifact
from surge.credit.exchange import amount_out

USD, ETHER = 10**6, 10**18
MAX = 2**256 - 1
WAD = 10**18
SCALE = 10**36
UNBOUND = (MAX, MAX, 0)
LENDER = "0x" + "a1" * 20
TRADERS = tuple("0x" + f"{each:02x}" * 20 for each in (0xB1, 0xB2, 0xB3))
TRUSTING = TRADERS[-1]
"""Trusts Batch by mistake: an authorisation in Credit, and allowances of all it has."""


class LeverageWorld:
    def __init__(self) -> None:
        self.machine = machine()
        self.usd, self.eth = self.mock("PlainToken", 6), self.mock("PlainToken", 18)
        self.vault = self.mock("PlainVault", self.usd.address)
        self.credit = shipped("Credit").deploy(self.machine, LENDER)
        irm = shipped("AdaptiveCurveIrm").deploy(self.machine)
        self.long_price = self.mock("SettableOracle", 2_000 * USD * SCALE // ETHER)
        self.short_price = self.mock("SettableOracle", SCALE * ETHER // (2_000 * USD))
        usd, eth, model = self.usd.address, self.eth.address, irm.address
        shared = (WAD // 10,)
        self.long = (
            usd, eth, self.long_price.address, model,
            7 * WAD // 10, 8 * WAD // 10, 115 * WAD // 100, 10 * USD, *shared,
        )  # fmt: skip
        self.short = (
            eth, usd, self.short_price.address, model,
            8 * WAD // 10, 86 * WAD // 100, 108 * WAD // 100, ETHER // 200, *shared,
        )  # fmt: skip
        self.ids = tuple(word(self.credit("create_market", each)) for each in (self.long, self.short))
        self.exchange, self.router, self.pair = self._exchange()
        self.leverage = shipped("Leverage").deploy(self.machine, self.credit.address, self.router.address)
        self.batch = shipped("Batch").deploy(self.machine, self.credit.address)
        self.buying = [usd, eth]
        self._fund()

    def mock(self, name: str, *arguments: Any) -> Bare:
        return mock(name).deploy(self.machine, *arguments)

    def _exchange(self) -> tuple[Bare, Bare, Bare]:
        creation = blueprint_creation(shipped("Pair").bytecode)
        blueprint = self.machine.deploy(creation, LENDER)
        exchange = shipped("Exchange").deploy(self.machine, blueprint)
        router = shipped("Router").deploy(self.machine, exchange.address, bytes(32))
        made = exchange("createPair", self.usd.address, self.eth.address)
        pair = Bare(self.machine, "0x" + made.to_bytes(20, "big").hex(), shipped("Pair"))
        self.usd("mint", pair.address, 10_000_000 * USD)
        self.eth("mint", pair.address, 5_000 * ETHER)
        pair("mint", LENDER)
        return exchange, router, pair

    def _fund(self) -> None:
        for token, market, amount in (
            (self.usd, self.long, 10**7 * USD),
            (self.eth, self.short, 5_000 * ETHER),
        ):
            token("mint", LENDER, amount)
            token("approve", self.credit.address, MAX, sender=LENDER)
            self.credit("supply", market, amount, 0, LENDER, b"", sender=LENDER)
        for trader in TRADERS:
            self.usd("mint", trader, 10**6 * USD)
            self.eth("mint", trader, 10**3 * ETHER)
            self.credit("authorize", self.leverage.address, True, sender=trader)
            for token in self.tokens:
                token("approve", self.leverage.address, MAX, sender=trader)
        self.credit("authorize", self.batch.address, True, sender=TRUSTING)
        for token in self.tokens:
            token("approve", self.batch.address, MAX, sender=TRUSTING)

    @cached_property
    def tokens(self) -> tuple[Bare, Bare, Bare]:
        return self.usd, self.eth, self.vault

    def message(self, name: str, function: str, *arguments: Any) -> bytes:
        """A call with dynamic arguments, by the artefact's ABI."""
        return bytes.fromhex(artifact(name).function(function, len(arguments)).encode(arguments)[2:])

    def attempt(self, sender: str, contract: Bare, message: bytes) -> str | None:
        """None when it went through, else the reason."""
        try:
            self.machine.call(sender, contract.address, message)
        except Reverted as error:
            return error.reason
        return None

    def position(self, market: int, account: str) -> tuple[int, int, int]:
        """Supply shares, borrow shares, collateral."""
        return self.credit("position", self.ids[market], account)  # type: ignore[no-any-return]

    def owned(self, account: str) -> tuple[Any, ...]:
        """All that a call of somebody else must leave as it is."""
        return (
            [self.position(market, account) for market in (0, 1)],
            [token("balanceOf", account) for token in self.tokens],
            [token("allowance", account, self.leverage.address) for token in self.tokens],
            [token("allowance", account, self.batch.address) for token in self.tokens],
            [self.credit("is_authorized", account, each.address) for each in (self.leverage, self.batch)],
        )

    def trade_to(self, usd: int) -> None:
        """ETH costs this many dollars at both oracles, and arbitrage has moved the pair there."""
        self.long_price("set_price", usd * USD * SCALE // ETHER)
        self.short_price("set_price", SCALE * ETHER // (usd * USD))
        reserve0, reserve1, _ = self.pair("getReserves")
        first = self.pair("token0") == int(self.usd.address, 16)
        dollars, ether = (reserve0, reserve1) if first else (reserve1, reserve0)
        wanted = isqrt(dollars * ether * usd * USD // ETHER)
        if wanted == dollars:
            return
        token, into, out, target = self.usd, dollars, ether, wanted
        if wanted < dollars:
            token, into, out, target = self.eth, ether, dollars, dollars * ether // wanted
        sold = (target - into) * 1_000 // 997
        bought = amount_out(sold, into, out)
        if not bought:
            return
        token("mint", self.pair.address, sold)
        to_first = (token is self.usd) != first
        self.pair("swap", bought if to_first else 0, 0 if to_first else bought, LENDER, b"")


@cache
def shared_world() -> LeverageWorld:
    """One for all tests: each saves and restores its machine."""
    return LeverageWorld()
