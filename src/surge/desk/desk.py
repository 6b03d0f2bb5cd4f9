"""The lender's and borrower's actor."""

from typing import TYPE_CHECKING, Protocol, Self

from coincurve import PrivateKey

from surge.chain.client import Chain
from surge.chain.network.book import AddressBook, load_book
from surge.credit.market import MarketView, PositionView
from surge.desk.curate.creation import Creator
from surge.desk.curate.reserve import Reserve
from surge.desk.curate.vaults import Curator
from surge.desk.directory import Directory
from surge.desk.flash import Flash
from surge.desk.leverage import Leverage
from surge.desk.market import Market
from surge.desk.trade.authority import Authority
from surge.desk.trade.exchange import Exchange
from surge.desk.vault import Vault
from surge.model.errors import BadInput
from surge.model.units import Address
from surge.store.home import Home

if TYPE_CHECKING:
    from pathlib import Path


class Network(Protocol):
    """A network of this machine, such as `LocalNetwork`."""

    home: Home

    @property
    def book(self) -> AddressBook: ...


class Desk:
    """Lend, borrow and lever on a network's markets, as one account.

        desk = surge.Desk(net)                       # a LocalNetwork, a network's name, or an AddressBook
        position = desk.market("ETH/TUSD").position()
        position.add_collateral("0.5")
        position.borrow.preview("700").after.health  # nothing is sent
        position.borrow("700")

    key: of the account; by default the wallet's, opened when it is first needed. An AddressBook without a
    key can only be looked at. Thread-safe; close it with `disconnect`, or use it in a `with`.
    """

    def __init__(
        self, network: Network | AddressBook | str | None = None, *, key: PrivateKey | None = None
    ) -> None:
        index: Path | None = None
        if isinstance(network, AddressBook):
            book = network
        else:
            home = Home.default() if network is None or isinstance(network, str) else network.home
            name = network if isinstance(network, str) else None if network is None else "local"
            book, index = load_book(home.book(name)), home.index(name)
            key = key or _wallet_key(home, book)
        self._chain = Chain(book, key, index=index)
        self._looking = key is None
        self._directory = Directory(self._chain, looking=self._looking)

    def __repr__(self) -> str:
        return f"Desk({self._chain!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.disconnect()

    def disconnect(self) -> None:
        """Close its connections."""
        self._chain.disconnect()

    @property
    def address(self) -> Address:
        """The account that acts. Raises BadInput without a key."""
        return self._chain.address

    @property
    def chain(self) -> Chain:
        """Everything below the desk: tokens, pools, events."""
        return self._chain

    # Markets and vaults

    def markets(self, *, everybody: bool = False) -> list[Market]:
        """Those of the address book; with `everybody`, also what anybody else created. Look at the oracle and
        rate model of such a market before you use it."""
        return self._directory.markets(everybody=everybody)

    def outside(self, account: Address | str | None = None) -> list[Market]:
        """Markets that somebody created lately and the address book doesn't have, the newest first; with
        `account`, those into which somebody paid for it."""
        return self._directory.outside_of(Address(account)) if account else self._directory.outside()

    def market(self, id_: str | bytes) -> Market:
        """By name ("ETH/TUSD", as the address book has it), by id (0x…), or by the beginning of one."""
        return self._directory.market(id_)

    def vaults(self) -> list[Vault]:
        """The vaults of the address book."""
        return self._directory.vaults()

    def vault(self, name: str) -> Vault:
        """By its name in the address book, or by its address."""
        return self._directory.vault(name)

    def market_views(self) -> list[MarketView]:
        """All markets of the address book at one moment, in two requests."""
        return self._chain.credit.market_views([market.id for market in self.markets()])

    def position_views(self, account: Address | str | None = None) -> list[PositionView]:
        """What an account (default: the desk's own) has in each of them, likewise."""
        holder = self.address if account is None else Address(account)
        return self._chain.credit.position_views([(market.id, holder) for market in self.markets()])

    @property
    def leverage(self) -> Leverage:
        """Multiplied, carried and hedged positions."""
        return Leverage(self._chain, self._directory)

    @property
    def flash(self) -> Flash:
        """What money lent for the moment can do."""
        return Flash(self._chain)

    @property
    def exchange(self) -> Exchange:
        """Swaps, and the pools that they go through."""
        return Exchange(self._chain, looking=self._looking)

    @property
    def authority(self) -> Authority:
        """Who may act for this account in Credit."""
        return Authority(self._chain)

    # Operators

    @property
    def creator(self) -> Creator:
        """Creates markets, oracles and vaults."""
        return Creator(self._chain)

    @property
    def reserve(self) -> Reserve:
        """What markets hold against bad debt."""
        return Reserve(self._chain)

    def curator(self, vault: str) -> Curator:
        """A vault's rules, and its owner's hand on them. Raises BadInput for what is no vault here."""
        chosen = self.vault(vault)
        if self._chain.curation.credit_of(chosen.address) != self._chain.book.addresses["Credit"]:
            raise BadInput(
                f"{chosen.address} is no vault that lends through this network's Credit; see `surge credit "
                "vaults`"
            )
        return Curator(self._chain, chosen, self.markets())


def _wallet_key(home: Home, book: AddressBook) -> PrivateKey | None:
    """Of a home without a wallet: none, the desk only looks."""
    from surge.chain.wallet import load_wallet

    return load_wallet(home.wallet, strict=not book.local).key if home.wallet.exists() else None
