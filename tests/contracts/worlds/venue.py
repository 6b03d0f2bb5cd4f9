"""An exchange on the real bytecode: two tokens, their pair, a router; and the short ways to trade there."""

from dataclasses import dataclass
from typing import Any

import boa

from contracts.worlds.pots import compiled, deploy, deploy_mock
from places import contract
from surge.chain.deploy.blueprint import blueprint_creation, pair_code_hash
from surge.chain.network.artifacts import artifact
from surge.credit.exchange import Reserves

MAX = 2**256 - 1
LATER = 2**40
NOBODY = "0x" + "00" * 20
ETHER, USD = 10**18, 10**6
FIRST = (100 * ETHER, 200_000 * USD)
"""The pair's first liquidity: 2,000 dollars an ether."""


def deploy_blueprint() -> str:
    address, _ = boa.env.deploy_code(bytecode=blueprint_creation(artifact("Pair").bytecode))
    return str(address)


def pair_at(address: str) -> Any:
    return compiled(contract("Pair")).at(address)


@dataclass
class Venue:
    exchange: Any
    router: Any
    eth: Any
    usd: Any
    pair: Any

    @property
    def eth_first(self) -> bool:
        return bool(self.pair.token0() == self.eth.address)

    def ordered(self, of_eth: Any, of_usd: Any) -> tuple[Any, Any]:
        """(token0's, token1's)."""
        return (of_eth, of_usd) if self.eth_first else (of_usd, of_eth)

    def reserves(self, token_in: Any = None) -> Reserves:
        """Seen by who sells `token_in`, ether unless told."""
        seen = Reserves(*self.pair.getReserves()[:2])
        return seen if self.pair.token0() == (token_in or self.eth).address else seen.reversed

    def actor(self, role: str) -> str:
        """With a million of both tokens and whole allowances for the router."""
        account = str(boa.env.generate_address(role))
        with boa.env.prank(account):
            for token in (self.eth, self.usd):
                token.mint(account, 10**6 * 10 ** token.decimals())
                token.approve(self.router, MAX)
            self.pair.approve(self.router, MAX)
        return account

    def add(self, account: str, of_eth: int, of_usd: int, least: tuple[int, int] = (0, 0)) -> Any:
        return self.router.addLiquidity(
            self.eth, self.usd, of_eth, of_usd, *least, account, LATER, sender=account
        )

    def sell(self, account: str, amount: int, *path: Any, least: int = 0) -> list[int]:
        route = list(path or (self.eth, self.usd))
        return list(
            self.router.swapExactTokensForTokens(amount, least, route, account, LATER, sender=account)
        )

    def pay(self, account: str, token: Any, amount: int) -> None:
        token.transfer(self.pair, amount, sender=account)

    def swap(self, account: str, eth_out: int, usd_out: int, to: Any = None, payload: bytes = b"") -> None:
        """The pair's own entry point."""
        self.pair.swap(*self.ordered(eth_out, usd_out), to or account, payload, sender=account)


def deploy_venue(eth: Any = None, usd: Any = None, *, asking: bool = False) -> Venue:
    """asking: the router doesn't know the code hash of the pairs. The pair has no liquidity yet."""
    exchange = deploy("Exchange", deploy_blueprint())
    code_hash = bytes(32) if asking else pair_code_hash(artifact("Pair").bytecode)
    router = deploy("Router", exchange, code_hash)
    eth = eth or deploy_mock("PlainToken", 18)
    usd = usd or deploy_mock("PlainToken", 6)
    return Venue(exchange, router, eth, usd, pair_at(exchange.createPair(eth, usd)))


def deploy_traded(eth: Any = None, usd: Any = None, *, asking: bool = False) -> tuple[Venue, str]:
    """A venue with its first liquidity, and who provided it."""
    venue = deploy_venue(eth, usd, asking=asking)
    provider = venue.actor("provider")
    venue.add(provider, *FIRST)
    return venue, provider
