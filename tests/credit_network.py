"""A network with its credit side on a real node, and desks of accounts that have test tokens."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chain_network import COIN, Network, raise_network
from surge.chain.calls.tokens import Payment
from surge.chain.client import Chain
from surge.desk import Desk, Done
from surge.local.credit import deploy_local_credit
from surge.local.price import PriceMove, move_price

TOKENS = {"TUSD": "20000", "ETH": "20", "BTC": "1"}


@dataclass
class CreditNetwork:
    """`treasury` is the genesis account: it lends, owns the vault and has what is left of the SURGE."""

    network: Network
    treasury: Chain
    desks: list[Desk] = field(default_factory=list)

    def desk(self, **tokens: str) -> Desk:
        """Of a new account with test tokens, those named or the usual."""
        chain = self.network.account()
        desk = Desk(self.network.book, key=chain.key)
        self.desks.append(desk)
        for symbol, amount in (tokens or TOKENS).items():
            token = desk.chain.tokens.named(symbol)
            desk.chain.tokens.faucet(token, token.parse(amount))
        return desk

    def open_handed(self, **tokens: str) -> Desk:
        """The same, and what it has may be taken by Credit, Leverage and the vault."""
        desk, book = self.desk(**tokens), self.network.book
        takers = {
            "Credit": book.addresses["Credit"],
            "Leverage": book.addresses["Leverage"],
            **book.credit.vaults,
        }
        payments = [
            Payment(desk.chain.tokens.named(symbol), 1, address, name)
            for symbol in (tokens or TOKENS)
            for name, address in takers.items()
        ]
        desk.chain.send(*desk.chain.tokens.allowing(payments))
        return desk

    def price(self, symbol: str, usd: str) -> PriceMove:
        return move_price(self.treasury, symbol, usd)

    def still(self) -> None:
        """A minute passes; then the next block comes a second later, and what is looked at now, then."""
        self.network.pass_time(60)
        latest = self.network.rpc.call("eth_getBlockByNumber", "latest", False)
        self.network.rpc.call("evm_setNextBlockTimestamp", int(latest["timestamp"], 16) + 1)

    def close(self) -> None:
        for desk in self.desks:
            desk.disconnect()
        self.treasury.disconnect()
        self.network.close()


def raise_credit(folder: Path) -> CreditNetwork:
    network = raise_network(folder)
    key = network.treasury.key
    network.local.fund(network.treasury.address, 10_000 * COIN)
    network.book = deploy_local_credit(network.book, key, folder / "book.json")
    network.rpc.call("evm_setIntervalMining", 0)
    network.rpc.call(
        "evm_setAutomine", True
    )  # blocks come with transactions alone: no tick between two steps
    return CreditNetwork(network, Chain(network.book, key))


def foreseen(net: CreditNetwork, operation: Any, *args: Any, **kwargs: Any) -> Done[Any]:
    """Look at a write, then send it in the block of the moment that was looked at: both must say the same.
    Nothing else may have to be sent before it: an allowance would be a block of its own."""
    net.still()
    shown = operation.preview(*args, **kwargs)
    done = operation(*args, **kwargs)
    assert shown.before == done.before
    assert shown.after == done.after
    assert (shown.gas, shown.also) == (done.gas, done.also)
    assert shown.transaction is None
    assert len(done.transaction) == 32
    return done
