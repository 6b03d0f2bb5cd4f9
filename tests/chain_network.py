"""A network of contracts on a real node, with accounts that have money, for tests."""

from dataclasses import dataclass, field
from pathlib import Path

from coincurve import PrivateKey

from surge.chain.anvil.node import LocalChain
from surge.chain.client import Chain
from surge.chain.deploy.compute import deploy
from surge.chain.network.book import LOCAL, AddressBook
from surge.chain.node.rpc import Rpc
from surge.model.ask import Ask
from surge.model.demand import Demand
from surge.model.lease import Lease
from surge.model.signature import address_of, sign
from surge.model.voucher import Close, Voucher

COIN = 10**18
DEMAND = Demand(cap_gfuel=1_000, cap_gib=10_000, runtime=7)


@dataclass
class Network:
    """A deployed network with a treasury that holds the genesis supply."""

    local: LocalChain
    book: AddressBook
    treasury: Chain
    rpc: Rpc
    opened: list[Chain] = field(default_factory=list)

    def account(self, surge: int = 0, usd: int = 0, key: PrivateKey | None = None) -> Chain:
        """A new account with coins for gas, and some money."""
        chain = Chain(self.book, key or PrivateKey())
        self.opened.append(chain)
        self.local.fund(chain.address, 10 * COIN)
        if surge:
            self.treasury.money.send_surge(chain.address, surge)
        if usd:
            chain.money.faucet(usd)
        return chain

    def provider(self, slots: int = 4, price: int = 100) -> Chain:
        """A provider that offers."""
        stake = slots * self.book.parameters.stake_per_slot
        provider = self.account(surge=stake)
        provider.asks.stake(stake)
        provider.asks.publish(
            Ask(price_gfuel=price, price_gib=1_000, slots=slots, runtime=7), f"ticket at {price}"
        )
        return provider

    def pass_time(self, seconds: int) -> None:
        self.rpc.call("evm_increaseTime", seconds)
        self.rpc.call("evm_mine")

    def close(self) -> None:
        for chain in (*self.opened, self.treasury):
            chain.disconnect()
        self.rpc.close()
        self.local.stop()


def raise_network(folder: Path) -> Network:
    local = LocalChain(folder / "chain")
    key = PrivateKey()
    url = local.start()
    local.fund(address_of(key), 100 * COIN)
    book = deploy("local", url, key, LOCAL, folder / "book.json", local=True)
    return Network(local, book, Chain(book, key), Rpc(url))


def voucher(renter: Chain, lease: Lease, sequence: int, amount: int) -> tuple[Voucher, bytes]:
    """Signed by the renter."""
    made = Voucher(lease.id, sequence, amount, bytes([sequence]) * 32)
    return made, sign(renter.book.domain.digest(made.struct_hash), renter.key)


def consent(provider: Chain, lease: Lease, sequence: int, amount: int) -> bytes:
    """The provider's signature under the end of a lease."""
    return sign(provider.book.domain.digest(Close(lease.id, sequence, amount).struct_hash), provider.key)
