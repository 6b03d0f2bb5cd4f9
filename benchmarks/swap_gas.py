"""Gas of Exchange, Pair and Router against Uniswap V2: whole transactions, by anvil's receipts (Prague).

    python benchmarks/swap_gas.py        writes benchmarks/results/swap_gas.json

One process, one chain: both exchanges start from the same snapshot, with the same tokens (Uniswap's own test
token) at the same addresses, and go through the same sequence, a block and a minute for each transaction, so
that each swap writes the price accumulators. The peer is the compiled code that its npm packages ship (needs
npm, see credit_packages.py); its router computes addresses from the code hash of the pair that is deployed
everywhere, so a sequence that goes through proves the pair to be that one. `surge_asking` is our router when
it doesn't know the pairs' code hash, `surge_router_on_v2` our router with the peer's factory and pairs.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from credit_bench import DEPLOYER, HARDFORK, Bench, chain, compiler, role
from credit_packages import Package
from machine import describe

from surge.chain.anvil.package import VERSION as ANVIL
from surge.chain.deploy.blueprint import blueprint_creation, pair_code_hash
from surge.chain.network.artifacts import Artifact, artifact, parse_artifact
from surge.model.units import Address

RESULT = Path(__file__).parent / "results" / "swap_gas.json"
MINUTE = 60
NEVER = 2**40
UNIT = 10**18
CORE = Package(
    "@uniswap/v2-core",
    "1.0.1",
    "sha512-MtybtkUPSyysqLY2U210NBDeCHX+ltHt3oADGdjqoThZaFRDKwM6k1Nb3F0A3hk5hwuQvytFWhrWHOEq6nVJ8Q==",
)
PERIPHERY = Package(
    "@uniswap/v2-periphery",
    "1.1.0-beta.0",
    "sha512-6dkwAMKza8nzqYiXEr2D86dgW3TTavUvCR0w2Tu33bAbM8Ah43LKAzH7oKKPRT5VJQaMi1jtkGs1E8JPor1n5g==",
)
TRADER, PROVIDER = role("trader"), role("liquidity provider")


def peer(package: Package, name: str) -> Artifact:
    """A contract of the peer, as its package ships it."""
    content = json.loads(package.members(f"build/{name}.json", ".json")[f"build/{name}.json"])
    return parse_artifact(name, {"abi": content["abi"], "bytecode": content["evm"]["bytecode"]["object"]})


@dataclass
class World:
    """Three tokens in the order of their addresses, and what both exchanges are made of."""

    bench: Bench
    token: Artifact
    tokens: tuple[Address, ...]

    @classmethod
    def make(cls, bench: Bench) -> "World":
        token = peer(CORE, "ERC20")
        made = sorted(bench.deploy(token, 10**30) for _ in range(3))
        for each in (TRADER, PROVIDER):
            bench.rpc.call("anvil_setBalance", each, hex(10**21))
            for one in made:
                bench.do(DEPLOYER, token, one, "transfer", each, 10**28)
        return cls(bench, token, tuple(made))

    def allow(self, spender: Address) -> None:
        for each in (TRADER, PROVIDER):
            for one in self.tokens:
                self.bench.do(each, self.token, one, "approve", spender, 2**256 - 1)


@dataclass
class Venue:
    """An exchange with its router: the same names for both, so the same calls."""

    world: World
    factory: Artifact
    factory_at: Address
    router: Artifact
    router_at: Address
    pair: Artifact

    @classmethod
    def surge(cls, world: World, *, asking: bool = False) -> "Venue":
        """asking: the router asks the exchange for each pair, as it would an exchange of unknown code."""
        pair, exchange, router = artifact("Pair"), artifact("Exchange"), artifact("Router")
        blueprint = world.bench.send(DEPLOYER, None, "0x" + blueprint_creation(pair.bytecode).hex()).created
        at = world.bench.deploy(exchange, blueprint)
        code_hash = bytes(32) if asking else pair_code_hash(pair.bytecode)
        return cls(world, exchange, at, router, world.bench.deploy(router, at, code_hash), pair)

    @classmethod
    def uniswap(cls, world: World, *, our_router: bool = False) -> "Venue":
        """our_router: Surge's router, for Uniswap's pairs."""
        factory, pair = peer(CORE, "UniswapV2Factory"), peer(CORE, "UniswapV2Pair")
        at = world.bench.deploy(factory, DEPLOYER)
        if our_router:
            router = artifact("Router")
            routed = world.bench.deploy(router, at, pair_code_hash(pair.bytecode))
        else:
            router = peer(PERIPHERY, "UniswapV2Router02")
            # The second argument is the wrapped coin, which no call of this sequence touches.
            routed = world.bench.deploy(router, at, DEPLOYER)
        return cls(world, factory, at, router, routed, pair)

    @cached_property
    def pair_at(self) -> Address:
        first, second, _ = self.world.tokens
        found: Address = self.world.bench.ask(self.factory, self.factory_at, "getPair", first, second)
        return found

    def call(self, sender: Address, contract: Artifact, at: Address, function: str, *arguments: Any) -> int:
        """The gas of one transaction, a minute after the one before."""
        content = contract.function(function, len(arguments)).encode(arguments)
        return self.world.bench.send(sender, at, content, later=MINUTE).gas

    def routed(self, sender: Address, function: str, *arguments: Any) -> int:
        return self.call(sender, self.router, self.router_at, function, *arguments, sender, NEVER)

    def liquidity(self, amount: int, other: Address) -> int:
        first = self.world.tokens[0]
        return self.routed(PROVIDER, "addLiquidity", first, other, amount, 3 * amount, 0, 0)

    def sell(self, *path: Address) -> int:
        return self.routed(TRADER, "swapExactTokensForTokens", UNIT, 1, list(path))

    def swap(self) -> int:
        """What is paid arrives in a transaction before, which is not counted."""
        first = self.world.tokens[0]
        self.world.bench.do(TRADER, self.world.token, first, "transfer", self.pair_at, UNIT)
        return self.call(TRADER, self.pair, self.pair_at, "swap", 0, UNIT, TRADER, b"")

    def burn(self) -> int:
        held = self.world.bench.ask(self.pair, self.pair_at, "balanceOf", PROVIDER)
        first, second, _ = self.world.tokens
        return self.routed(PROVIDER, "removeLiquidity", first, second, held // 3, 0, 0)

    def operations(self) -> Iterator[tuple[str, int]]:
        """The sequence: names and gas. Rows named "first" write slots that were empty."""
        first, second, third = self.world.tokens
        self.world.allow(self.router_at)
        create = ("createPair", first, second)
        yield "create a pair", self.call(TRADER, self.factory, self.factory_at, *create)
        yield "add liquidity, first of the pair", self.liquidity(10**6 * UNIT, second)
        yield "swap through the router, first of the pair", self.sell(first, second)
        self.call(PROVIDER, self.pair, self.pair_at, "approve", self.router_at, 2**256 - 1)
        self.call(TRADER, self.factory, self.factory_at, "createPair", first, third)
        self.liquidity(10**6 * UNIT, third)
        self.sell(first, third)
        repeated: tuple[tuple[str, Callable[[], int]], ...] = (
            ("swap of the pair", self.swap),
            ("swap through the router, exact in", lambda: self.sell(first, second)),
            ("swap through the router, the other way", lambda: self.sell(second, first)),
            (
                "swap through the router, exact out",
                lambda: self.routed(TRADER, "swapTokensForExactTokens", UNIT, 10**20, [first, second]),
            ),
            ("swap through two pairs", lambda: self.sell(second, first, third)),
            ("add liquidity", lambda: self.liquidity(10**3 * UNIT, second)),
            ("remove liquidity", self.burn),
        )
        for name, operation in repeated:
            yield name, operation()


VENUES: dict[str, Callable[[World], Venue]] = {
    "surge": Venue.surge,
    "surge_asking": lambda world: Venue.surge(world, asking=True),
    "uniswap_v2": Venue.uniswap,
    "surge_router_on_v2": lambda world: Venue.uniswap(world, our_router=True),
}


def main() -> None:
    with chain() as bench:
        world = World.make(bench)
        measured: dict[str, dict[str, int]] = {}
        for name, make in VENUES.items():
            snapshot = bench.rpc.call("evm_snapshot")
            measured[name] = dict(make(world).operations())
            bench.rpc.call("evm_revert", snapshot)
    rows: list[dict[str, Any]] = [
        {
            "operation": operation,
            **{name: gas[operation] for name, gas in measured.items()},
            "ratio": round(measured["surge"][operation] / peers, 3),
        }
        for operation, peers in measured["uniswap_v2"].items()
    ]
    result = {
        "machine": describe(),
        "chain": f"anvil {ANVIL}, {HARDFORK}",
        "compiler": compiler(),
        "peers": [CORE.spec, PERIPHERY.spec],
        "rows": rows,
    }
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    for row in rows:
        print(f"{row['operation']:45} {row['surge']:>9} {row['uniswap_v2']:>9} {row['ratio']:>6}")
    missed = [row["operation"] for row in rows if row["ratio"] > 1]
    if missed:
        raise SystemExit(f"dearer than Uniswap V2: {', '.join(missed)}")


if __name__ == "__main__":
    main()
