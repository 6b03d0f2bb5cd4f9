"""Surge's Credit, Morpho Blue and Aave v3 behind the same verbs.

Each verb returns the call (target, calldata) that an account of that protocol would send, or None where the
protocol has none. All have one loan token (6 decimals) and one collateral token (18) at an LLTV of 80%.
"""

from typing import Any, Protocol

from credit_bench import DEPLOYER, World, mock, role
from credit_packages import aave_contracts, morpho_contracts
from eth_abi.abi import encode

from surge.chain.network.artifacts import Artifact, artifact, parse_artifact
from surge.model.digest import keccak
from surge.model.units import Address

WAD = 10**18
LLTV = 80 * WAD // 100
ALL = 2**256 - 1
Call = tuple[Address, str]


class Peer(Protocol):
    name: str

    def deploy(self, world: World) -> None: ...
    def supply(self, lender: Address, assets: int) -> Call: ...
    def withdraw(self, lender: Address, assets: int) -> Call: ...
    def withdraw_all(self, lender: Address) -> Call: ...
    def add_collateral(self, borrower: Address, assets: int) -> Call: ...
    def remove_collateral(self, borrower: Address, assets: int) -> Call: ...
    def borrow(self, borrower: Address, assets: int) -> Call: ...
    def repay(self, borrower: Address, assets: int) -> Call: ...
    def repay_all(self, borrower: Address) -> Call: ...
    def liquidate(self, borrower: Address, assets: int) -> Call: ...
    def liquidate_insolvent(self, borrower: Address, collateral: int) -> Call | None: ...
    def flash_loan(self, assets: int) -> Call: ...


class Isolated:
    """What Surge and Morpho share: one contract, a market's parameters first in each call."""

    def __init__(self, contract: Artifact) -> None:
        self.contract = contract
        self.params: tuple[Any, ...] = ()
        self.id = b""

    def call(self, function: str, *arguments: Any) -> Call:
        given = (self.params, *arguments)
        return self.address, self.contract.function(function, len(given)).encode(given)

    def ask(self, function: str, *arguments: Any) -> Any:
        return self.world.bench.ask(self.contract, self.address, function, *arguments)

    def begin(self, world: World, owner: Address) -> None:
        self.world = world
        self.address = world.bench.deploy(self.contract, owner)
        world.allow(self.address)

    def supply(self, lender: Address, assets: int) -> Call:
        return self.call("supply", assets, 0, lender, b"")

    def withdraw(self, lender: Address, assets: int) -> Call:
        return self.call("withdraw", assets, 0, lender, lender)

    def borrow(self, borrower: Address, assets: int) -> Call:
        return self.call("borrow", assets, 0, borrower, borrower)

    def repay(self, borrower: Address, assets: int) -> Call:
        return self.call("repay", assets, 0, borrower, b"")

    def withdraw_all(self, lender: Address) -> Call:
        return self.call("withdraw", 0, self.position(lender)[0], lender, lender)

    def repay_all(self, borrower: Address) -> Call:
        return self.call("repay", 0, self.position(borrower)[1], borrower, b"")

    def position(self, account: Address) -> tuple[int, int, int]:
        found: tuple[int, int, int] = self.ask("position", self.id, account)
        return found


class Surge(Isolated):
    """Everything on: margin zone, Dutch bonus, target health, minimum debt, a reserve of 10% of interest."""

    name = "surge"

    def __init__(self, irm: str = "") -> None:
        """irm: a shipped rate model, instead of the mock that all share."""
        super().__init__(artifact("Credit"))
        self.irm = irm

    def deploy(self, world: World) -> None:
        self.begin(world, DEPLOYER)
        irm = world.bench.deploy(artifact(self.irm)) if self.irm else world.irm
        self.params = (
            world.loan, world.collateral, world.oracle, irm,
            70 * WAD // 100, LLTV, 115 * WAD // 100, 10 * 10**6, WAD // 10,
        )  # fmt: skip
        self.id = market_id(self.contract.function("create_market", 1).inputs[0], self.params)
        world.bench.do(DEPLOYER, self.contract, self.address, "create_market", self.params)

    def add_collateral(self, borrower: Address, assets: int) -> Call:
        return self.call("add_collateral", assets, borrower, b"")

    def remove_collateral(self, borrower: Address, assets: int) -> Call:
        return self.call("remove_collateral", assets, borrower, borrower)

    def liquidate(self, borrower: Address, assets: int) -> Call:
        return self.call("liquidate", borrower, assets, 0, b"")

    def liquidate_insolvent(self, borrower: Address, collateral: int) -> Call:
        return self.call("liquidate", borrower, ALL, 0, b"")

    def flash_loan(self, assets: int) -> Call:
        message = self.contract.function("flash_loan", 3).encode((self.world.loan, assets, b""))
        return flash_by_contract(self.world, self.address, message)


class Morpho(Isolated):
    """As it runs in practice: no fee."""

    name = "morpho"

    def __init__(self) -> None:
        super().__init__(parse_artifact("Morpho", morpho_contracts()["Morpho"]))

    def deploy(self, world: World) -> None:
        self.begin(world, DEPLOYER)
        self.params = (world.loan, world.collateral, world.oracle, world.irm, LLTV)
        self.id = market_id(self.contract.function("createMarket", 1).inputs[0], self.params)
        begin = (("enableIrm", world.irm), ("enableLltv", LLTV), ("createMarket", self.params))
        for function, argument in begin:
            world.bench.do(DEPLOYER, self.contract, self.address, function, argument)

    def add_collateral(self, borrower: Address, assets: int) -> Call:
        return self.call("supplyCollateral", assets, borrower, b"")

    def remove_collateral(self, borrower: Address, assets: int) -> Call:
        return self.call("withdrawCollateral", assets, borrower, borrower)

    def liquidate(self, borrower: Address, assets: int) -> Call:
        _, _, borrowed, borrow_shares, _, _ = self.ask("market", self.id)
        return self.call("liquidate", borrower, 0, assets * (borrow_shares + 10**6) // (borrowed + 1), b"")

    def liquidate_insolvent(self, borrower: Address, collateral: int) -> Call:
        return self.call("liquidate", borrower, self.position(borrower)[2], 0, b"")

    def flash_loan(self, assets: int) -> Call:
        message = self.contract.function("flashLoan", 3).encode((self.world.loan, assets, b""))
        return flash_by_contract(self.world, self.address, message)


class Aave:
    """Its own proxies, tokens and rate strategy; variable rate, reserve factor 10%, no flash loan premium."""

    name = "aave"
    variable = 2

    def __init__(self) -> None:
        self.contents = aave_contracts()
        self.libraries: dict[str, Address] = {}

    def contract(self, name: str) -> Artifact:
        """Linked with its libraries, which are deployed when they are first needed."""
        content = dict(self.contents[name])
        code = content["bytecode"].removeprefix("0x")
        for libraries in content["linkReferences"].values():
            for library, places in libraries.items():
                if library not in self.libraries:
                    self.libraries[library] = self.world.bench.deploy(self.contract(library))
                for place in places:
                    start = 2 * place["start"]
                    code = code[:start] + self.libraries[library][2:].lower() + code[start + 40 :]
        return parse_artifact(name, {**content, "bytecode": code})

    def deploy(self, world: World) -> None:
        self.world, bench = world, world.bench
        provider = self.contract("PoolAddressesProvider")
        book = bench.deploy(provider, "benchmark", DEPLOYER)
        pool, configurator = self.contract("Pool"), self.contract("PoolConfigurator")

        def told(function: str, *arguments: Any) -> None:
            bench.do(DEPLOYER, provider, book, function, *arguments)

        told("setACLAdmin", DEPLOYER)
        acl = self.contract("ACLManager")
        roles = bench.deploy(acl, book)
        told("setACLManager", roles)
        for grant in ("addPoolAdmin", "addAssetListingAdmin", "addRiskAdmin", "addEmergencyAdmin"):
            bench.do(DEPLOYER, acl, roles, grant, DEPLOYER)
        told("setPriceOracle", world.oracle)
        told("setPoolImpl", bench.deploy(pool, book))
        told("setPoolConfiguratorImpl", bench.deploy(configurator))
        self.pool, self.address = pool, bench.ask(provider, book, "getPool")
        self.configurator = configurator, bench.ask(provider, book, "getPoolConfigurator")
        self._list_reserves(book)
        world.allow(self.address)

    def _list_reserves(self, book: Address) -> None:
        world, bench = self.world, self.world.bench
        ray = 10**27
        variable = (ray * 80 // 100, 0, ray * 4 // 100, ray * 60 // 100)
        stable = (ray // 200, ray * 60 // 100, ray // 100, ray * 8 // 100, ray // 5)
        model = self.contract("DefaultReserveInterestRateStrategy")
        strategy = bench.deploy(model, book, *variable, *stable)
        tokens = [
            bench.deploy(self.contract(name), self.address)
            for name in ("AToken", "StableDebtToken", "VariableDebtToken")
        ]
        names = ("aToken", "a", "variable", "v", "stable", "s")
        nobody = "0x" + "00" * 20
        reserves = tuple(
            (*tokens, decimals, strategy, token, role("treasury"), nobody, *names, b"")
            for token, decimals in ((world.loan, 6), (world.collateral, 18))
        )
        self._configure("initReserves", reserves)
        for token in (world.loan, world.collateral):
            self._configure("configureReserveAsCollateral", token, 7_000, 8_000, 10_500)
            self._configure("setReserveFactor", token, 1_000)
            self._configure("setReserveFlashLoaning", token, True)
        self._configure("setReserveBorrowing", world.loan, True)

    def _configure(self, function: str, *arguments: Any) -> None:
        self.world.bench.do(DEPLOYER, *self.configurator, function, *arguments)

    def call(self, function: str, *arguments: Any) -> Call:
        return self.address, self.pool.function(function, len(arguments)).encode(arguments)

    def supply(self, lender: Address, assets: int) -> Call:
        return self.call("supply", self.world.loan, assets, lender, 0)

    def withdraw(self, lender: Address, assets: int) -> Call:
        return self.call("withdraw", self.world.loan, assets, lender)

    def withdraw_all(self, lender: Address) -> Call:
        return self.withdraw(lender, ALL)

    def add_collateral(self, borrower: Address, assets: int) -> Call:
        return self.call("supply", self.world.collateral, assets, borrower, 0)

    def remove_collateral(self, borrower: Address, assets: int) -> Call:
        return self.call("withdraw", self.world.collateral, assets, borrower)

    def borrow(self, borrower: Address, assets: int) -> Call:
        return self.call("borrow", self.world.loan, assets, self.variable, 0, borrower)

    def repay(self, borrower: Address, assets: int) -> Call:
        return self.call("repay", self.world.loan, assets, self.variable, borrower)

    def repay_all(self, borrower: Address) -> Call:
        return self.repay(borrower, ALL)

    def liquidate(self, borrower: Address, assets: int) -> Call:
        world = self.world
        return self.call("liquidationCall", world.collateral, world.loan, borrower, assets, False)

    def liquidate_insolvent(self, borrower: Address, collateral: int) -> None:
        """This version of Aave leaves bad debt where it is."""

    def flash_loan(self, assets: int) -> Call:
        _, message = self.call("flashLoanSimple", self.world.flash_borrower, self.world.loan, assets, b"", 0)
        return flash_by_contract(self.world, self.address, message)


def flash_by_contract(world: World, lender: Address, message: str) -> Call:
    """The transaction that makes the borrowing contract ask `lender`."""
    arguments = (lender, bytes.fromhex(message[2:]))
    return world.flash_borrower, mock("FlashBorrower").function("flash", 2).encode(arguments)


def market_id(kind: str, params: tuple[Any, ...]) -> bytes:
    return keccak(encode([kind], [params]))
