"""Gas of a 3x long opened and closed in one transaction each, against the same by hand (anvil, Prague).

    python benchmarks/leverage_gas.py        writes benchmarks/results/leverage_gas.json

By hand: add the margin, then borrow to the max LTV (70%), swap, add what was bought, and again, until the
collateral is three times the margin; to close, remove what the max LTV allows, swap, repay, and again. One
account with all allowances; everything on as in credit_gas.py; a minute passes before each transaction. The
trader's slots in Credit are new when it opens, both ways. `parts` is one of each step, four transactions,
which could not reach that multiple: what one transaction costs against its parts sent apart.
"""

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from credit_bench import BORROWER as TRADER
from credit_bench import DEPLOYER, HARDFORK, LENDER, PRICE, World, chain, compiler
from credit_packages import morpho_contracts
from credit_peers import Call, Surge
from machine import describe

from surge.chain.anvil.package import VERSION as ANVIL
from surge.chain.deploy.blueprint import blueprint_creation, pair_code_hash
from surge.chain.network.artifacts import artifact, parse_artifact
from surge.model.units import Address

RESULT = Path(__file__).parent / "results" / "leverage_gas.json"
MINUTE = 60
NEVER = 2**40
MAX = 2**256 - 1
USD, ETHER = 10**6, 10**18
MARGIN = 10 * ETHER
MULTIPLE = 3
SCALE = 10**36
BOUNDS = (NEVER, 10**18, 11 * 10**17)
"""Deadline, the highest borrow rate, and a health factor of at least 1.1."""


@dataclass
class Desk:
    """A market, an exchange with a deep pair at the oracle's price, and what each way took."""

    world: World
    credit: Surge = field(default_factory=Surge)
    router: Address = field(init=False)
    leverage: Address = field(init=False)
    gas: list[int] = field(default_factory=list)

    @classmethod
    def make(cls, world: World) -> "Desk":
        desk = cls(world)
        desk.credit.deploy(world)
        world.bench.send(LENDER, *desk.credit.supply(LENDER, 10_000_000 * USD))
        exchange, router = artifact("Exchange"), artifact("Router")
        creation = artifact("Pair").bytecode
        blueprint = world.bench.send(DEPLOYER, None, "0x" + blueprint_creation(creation).hex()).created
        at = world.bench.deploy(exchange, blueprint)
        desk.router = world.bench.deploy(router, at, pair_code_hash(creation))
        desk.leverage = world.bench.deploy(artifact("Leverage"), desk.credit.address, desk.router)
        world.bench.do(LENDER, exchange, at, "createPair", world.loan, world.collateral)
        for spender in (desk.router, desk.leverage):
            world.allow(spender)
        tokens = (world.loan, world.collateral, 20_000_000 * USD, 10_000 * ETHER)
        world.bench.do(LENDER, router, desk.router, "addLiquidity", *tokens, 0, 0, LENDER, NEVER)
        world.bench.do(TRADER, desk.credit.contract, desk.credit.address, "authorize", desk.leverage, True)
        return desk

    @cached_property
    def buying(self) -> list[Address]:
        return [self.world.loan, self.world.collateral]

    def send(self, call: Call) -> None:
        """One transaction of the trader, measured."""
        self.gas.append(self.world.bench.send(TRADER, *call, later=MINUTE).gas)

    def taken(self) -> list[int]:
        """The gas of each transaction since the last time."""
        gas, self.gas = self.gas, []
        return gas

    def levered(self, function: str, *arguments: Any) -> None:
        given = (self.credit.params, *arguments, BOUNDS)
        self.send((self.leverage, artifact("Leverage").function(function, len(given)).encode(given)))

    def swap(self, amount: int, path: list[Address]) -> int:
        """What was bought."""
        router = artifact("Router")
        bought = self.world.bench.ask(router, self.router, "getAmountsOut", amount, path)[-1]
        given = (amount, bought, path, TRADER, NEVER)
        self.send((self.router, router.function("swapExactTokensForTokens", 5).encode(given)))
        return int(bought)

    def position(self) -> tuple[int, int]:
        """Collateral and debt, with a minute of interest more than was accrued."""
        _, shares, collateral = self.credit.position(TRADER)
        _, _, assets, borrow_shares, _, _ = self.credit.ask("accrued", self.credit.params)
        return collateral, shares * (assets + 1) // (borrow_shares + 10**6) + USD // 100 if shares else 0

    def open_by_hand(self) -> None:
        self.send(self.credit.add_collateral(TRADER, MARGIN))
        collateral, debt = self.position()
        while collateral < MULTIPLE * MARGIN:
            room = collateral * PRICE // SCALE * 70 // 100 - debt - USD
            wanted = (MULTIPLE * MARGIN - collateral) * PRICE // SCALE * 102 // 100
            borrowed = min(room, wanted)
            self.send(self.credit.borrow(TRADER, borrowed))
            self.send(self.credit.add_collateral(TRADER, self.swap(borrowed, self.buying)))
            collateral, debt = self.position()

    def close_by_hand(self) -> None:
        collateral, debt = self.position()
        while debt:
            needed = (debt + USD) * SCALE // PRICE
            removed = min(collateral - needed * 100 // 70, needed * 102 // 100)
            self.send(self.credit.remove_collateral(TRADER, removed))
            paid = self.swap(removed, self.buying[::-1])
            self.send(self.credit.repay(TRADER, paid) if paid < debt else self.credit.repay_all(TRADER))
            collateral, debt = self.position()
        self.send(self.credit.remove_collateral(TRADER, collateral))


def measure() -> list[dict[str, Any]]:
    """The rows: open and close, each way from the same snapshot."""
    token = parse_artifact("ERC20Mock", morpho_contracts()["ERC20Mock"])
    with chain() as bench:
        desk = Desk.make(World.make(bench, token))
        snapshot = bench.rpc.call("evm_snapshot")
        desk.levered("open", MARGIN, 0, MULTIPLE * MARGIN, MAX, desk.buying)
        opened = desk.taken()
        desk.levered("close", False, 1, desk.buying[::-1])
        closed = desk.taken()
        bench.rpc.call("evm_revert", snapshot)
        desk.open_by_hand()
        opened_by_hand = desk.taken()
        desk.close_by_hand()
        closed_by_hand = desk.taken()
    return [
        {
            "operation": name,
            "leverage": sum(levered),
            "by_hand": sum(by_hand),
            "transactions_by_hand": len(by_hand),
            "parts": sum(parts),
            "ratio_by_hand": round(sum(levered) / sum(by_hand), 3),
            "ratio_parts": round(sum(levered) / sum(parts), 3),
        }
        for name, levered, by_hand, parts in (
            ("open a 3x long", opened, opened_by_hand, opened_by_hand[:4]),
            ("close a 3x long", closed, closed_by_hand, closed_by_hand[-4:]),
        )
    ]


def main() -> None:
    rows = measure()
    result = {
        "machine": describe(),
        "chain": f"anvil {ANVIL}, {HARDFORK}",
        "compiler": compiler(),
        "rows": rows,
    }
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    for row in rows:
        print("   ".join(f"{name} {value}" for name, value in row.items()))


if __name__ == "__main__":
    main()
