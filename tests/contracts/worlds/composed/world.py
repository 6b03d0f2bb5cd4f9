"""Credit, a vault, an exchange, Leverage and flash loans together, with honest accounts and an intruder.

Four markets: two lend dollars against ether (RISKY, SAFE: both the vault's), one lends ether against dollars
(SHORT), one dollars against the vault's shares (PLEDGED), whose oracle asks the vault.
"""

from functools import cache
from typing import Any

from eth_abi import encode

from contracts.worlds.bare_evm import Bare, Reverted, machine, mock, shipped, word
from contracts.worlds.composed.programs import Program, encoded
from surge.chain.deploy.blueprint import blueprint_creation
from surge.chain.network.artifacts import artifact

USD, ETHER = 10**6, 10**18
MAX = 2**256 - 1
SCALE = 10**36
PERCENT = 10**16
ETH_PRICE = 2_000 * USD * SCALE // ETHER
RISKY, SAFE, SHORT, PLEDGED = range(4)
CAPS = {RISKY: 150_000 * USD, SAFE: 5_000_000 * USD}
"""Of what the vault lends."""
OWNER = "0x" + "0a" * 20
# Numbers of accounts. The intruder is a contract, as the vault is, which may be given things.
INTRUDER, RECKLESS, CAREFUL, SHORTER, PLEDGER, SAVER, LENDER, PROVIDER, KEEPER, FEES, VAULT = range(11)
HONEST = range(RECKLESS, VAULT)


class World:
    def __init__(self) -> None:
        self.machine = machine()
        self.usd, self.eth = self.mock("PlainToken", 6), self.mock("PlainToken", 18)
        self.accounts = ["", *("0x" + f"{0xA0 + number:02x}" * 20 for number in HONEST), ""]
        self.credit = shipped("Credit").deploy(self.machine, self.accounts[FEES])
        self.model = shipped("AdaptiveCurveIrm").deploy(self.machine)
        self.price = self.mock("SettableOracle", ETH_PRICE)
        self.inverse = self.mock("SettableOracle", SCALE * SCALE // ETH_PRICE)
        self.markets: list[tuple[Any, ...]] = []
        self.ids: list[bytes] = []
        self._open(self.usd, self.eth, self.price, 85, 90, 106, 10 * USD)
        self._open(self.usd, self.eth, self.price, 60, 70, 117, 10 * USD)
        self._open(self.eth, self.usd, self.inverse, 75, 80, 107, ETHER // 200)
        self.vault = self._vault()
        self.accounts[VAULT] = self.vault.address
        self.share_price = self.mock("ShareOracle", self.vault.address)
        self._open(self.usd, self.vault, self.share_price, 85, 90, 106, 10 * USD)
        self.tokens = (self.usd, self.eth, self.vault)
        self.pairs = self._exchange()
        self.intruder = self._intruder()
        self._begin()
        self.fresh = self.machine.save()

    def mock(self, name: str, *arguments: Any) -> Bare:
        return mock(name).deploy(self.machine, *arguments)

    def _open(self, loan: Bare, collateral: Bare, oracle: Bare, *terms: int) -> None:
        max_ltv, lltv, health, min_debt = terms
        addresses = loan.address, collateral.address, oracle.address, self.model.address
        ratios = max_ltv * PERCENT, lltv * PERCENT, health * PERCENT
        params = (*addresses, *ratios, min_debt, 10 * PERCENT)
        self.ids.append(word(self.credit("create_market", params)))
        self.markets.append(params)

    def _vault(self) -> Bare:
        """Risky is lent to first, safe is drawn on first; a tenth of the gains is the fee."""
        code = shipped("Vault")
        arguments = self.credit.address, self.usd.address, "Vault of dollars", "vUSD", OWNER, 0
        creation = code.bytecode + encode(code.arguments, arguments)
        vault = Bare(self.machine, self.machine.deploy(creation, OWNER), code)
        for market, cap in CAPS.items():
            vault("submit_cap", self.ids[market], cap, sender=OWNER)
            vault("accept_cap", self.ids[market])
        self._own(vault, "set_supply_queue", [self.ids[RISKY], self.ids[SAFE]])
        self._own(vault, "set_withdraw_queue", [self.ids[SAFE], self.ids[RISKY]])
        vault("set_fee", 10 * PERCENT, self.accounts[FEES], sender=OWNER)
        return vault

    def _own(self, vault: Bare, name: str, *arguments: Any) -> None:
        message = artifact("Vault").function(name, len(arguments)).encode(arguments)
        self.machine.call(OWNER, vault.address, bytes.fromhex(message[2:]))

    def _exchange(self) -> tuple[Bare, Bare]:
        """Pairs of ether and of vault shares, each with dollars."""
        code = shipped("Pair")
        blueprint = self.machine.deploy(blueprint_creation(code.bytecode), OWNER)
        exchange = shipped("Exchange").deploy(self.machine, blueprint)
        router = shipped("Router").deploy(self.machine, exchange.address, bytes(32))
        self.leverage = shipped("Leverage").deploy(self.machine, self.credit.address, router.address)
        first, second = (
            Bare(self.machine, "0x" + made.to_bytes(20, "big").hex(), code)
            for made in (exchange("createPair", self.usd.address, each.address) for each in self.tokens[1:])
        )
        return first, second

    def _intruder(self) -> Bare:
        around = (self.credit, self.vault, self.leverage, self.usd, self.eth, *self.pairs)
        intruder = self.mock("Intruder", *(each.address for each in around))
        self.accounts[INTRUDER] = intruder.address
        for number, params in enumerate(self.markets):
            intruder("know_market", number, params)
        for number, account in enumerate(self.accounts):
            intruder("know_account", number, account)
        self.usd("mint", intruder.address, 200_000 * USD)
        self.eth("mint", intruder.address, 100 * ETHER)
        return intruder

    def _begin(self) -> None:
        """Everybody at work: lenders, borrowers near what they may owe, liquidity in the pairs."""
        for number in HONEST:
            self.usd("mint", self.accounts[number], 10**7 * USD)
            self.eth("mint", self.accounts[number], 10**4 * ETHER)
            for token in self.tokens:
                for spender in (self.credit, self.vault):
                    self.must(number, token, "approve", spender.address, MAX)
        for number, dollars in ((SAVER, 400_000), (PLEDGER, 600_000), (PROVIDER, 100_000)):
            self.must(number, self.vault, "deposit", dollars * USD, self.accounts[number])
        wanted = [(self.ids[SAFE], 1_020_000 * USD), (self.ids[RISKY], 80_000 * USD)]
        self._own(self.vault, "reallocate", wanted)
        for market, lent in (
            (RISKY, 30_000 * USD),
            (SAFE, 50_000 * USD),
            (SHORT, 300 * ETHER),
            (PLEDGED, 600_000 * USD),
        ):
            self.must(
                LENDER, self.credit, "supply", self.markets[market], lent, 0, self.accounts[LENDER], b""
            )
        for number, market, collateral, debt in (
            (RECKLESS, RISKY, 63 * ETHER, 104_000 * USD),
            (CAREFUL, SAFE, 500 * ETHER, 400_000 * USD),
            (SHORTER, SHORT, 100_000 * USD, 35 * ETHER),
            (PLEDGER, PLEDGED, 540_000 * USD * USD, 450_000 * USD),
        ):
            self.owe(number, market, collateral, debt)
        for pair, amount in zip(self.pairs, (500 * ETHER, 90_000 * USD * USD), strict=True):
            token = self.eth if pair is self.pairs[0] else self.vault
            dollars = 1_000_000 * USD if token is self.eth else 90_000 * USD
            self.must(PROVIDER, token, "transfer", pair.address, amount)
            self.must(PROVIDER, self.usd, "transfer", pair.address, dollars)
            self.must(PROVIDER, pair, "mint", self.accounts[PROVIDER])

    def owe(self, number: int, market: int, collateral: int, debt: int) -> None:
        account, params = self.accounts[number], self.markets[market]
        self.must(number, self.credit, "add_collateral", params, collateral, account, b"")
        self.must(number, self.credit, "borrow", params, debt, 0, account, account)

    def reset(self) -> None:
        self.machine.restore(self.fresh)
        self.fresh = self.machine.save()

    # What can happen

    def must(self, number: int, contract: Bare, name: str, *arguments: Any) -> Any:
        return contract(name, *arguments, sender=self.accounts[number])

    def attempt(self, number: int, contract: Bare, name: str, *arguments: Any) -> bool:
        """By an honest account; whether it went through."""
        try:
            self.must(number, contract, name, *arguments)
        except Reverted:
            return False
        return True

    def strike(self, program: Program) -> list[tuple[str, tuple[int, ...]]]:
        """The intruder's transaction; what Credit logged in it."""
        self.intruder("run", encoded(program))
        return self.credit.events()

    def move_price(self, permille: int) -> None:
        """Ether, to so much of what it cost at first."""
        price = ETH_PRICE * permille // 1_000
        self.price("set_price", price)
        self.inverse("set_price", SCALE * SCALE // price)


@cache
def shared_world() -> World:
    """One for all: each test begins with `reset`."""
    return World()
