"""`Chain`: everything that an actor does with a network's contracts, in nouns of the model.

Synchronous and thread-safe: one nonce counter per account and process. Without a key it only reads.
"""

from dataclasses import replace
from pathlib import Path

from coincurve import PrivateKey

from surge.chain.calls.asks import Asks
from surge.chain.calls.batch import Batch
from surge.chain.calls.borrowers import Borrowers
from surge.chain.calls.credit import Credit
from surge.chain.calls.curation import Curation
from surge.chain.calls.exchange import Exchange
from surge.chain.calls.leases import Leases
from surge.chain.calls.lent import Lending
from surge.chain.calls.leverage import Leverage
from surge.chain.calls.liquidations import Liquidations
from surge.chain.calls.money import Money
from surge.chain.calls.rewards import Rewards
from surge.chain.calls.tokens import Tokens
from surge.chain.calls.vaults import Vaults
from surge.chain.network.book import AddressBook, CreditBook
from surge.chain.network.connection import Connection


class Chain(Connection):
    """A network as one account sees it: a connection, and its parts.

        chain.leases.open(demand, escrow, candidates)
        chain.asks.publish(ask, ticket)
        chain.send(*chain.tokens.allowing(payments), chain.credit.supplying(params, assets))

    The arguments are `Connection`'s.
    """

    def __init__(
        self, book: AddressBook, key: PrivateKey | None = None, index: Path | None = None, lag: int = 0
    ) -> None:
        super().__init__(book, key, index, lag)
        self._begin()

    def list_anew(self, credit: CreditBook) -> None:
        """Go by other lists of the same network: its tokens, markets and vaults, by their names."""
        self.book = replace(self.book, credit=credit)
        self._begin()

    def _begin(self) -> None:
        """The parts; each remembers what it has read by the address book."""
        self.tokens = Tokens(self)
        self.money = Money(self, self.tokens)
        self.asks = Asks(self, self.money)
        self.leases = Leases(self, self.money)
        self.rewards = Rewards(self, self.money)
        self.credit = Credit(self, self.tokens)
        self.exchange = Exchange(self)
        self.leverage = Leverage(self, self.credit)
        self.vaults = Vaults(self, self.tokens, self.credit)
        self.curation = Curation(self)
        self.batch = Batch(self)
        self.lending = Lending(self)
        self.borrowers = Borrowers(self, self.credit)
        self.liquidations = Liquidations(self, self.tokens, self.credit)
