"""A credit command's way to the desk."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from surge.cli.terminal.access import found, keystore
from surge.cli.terminal.output import tell
from surge.model.errors import NoNetwork, SurgeError
from surge.store.home import Home

if TYPE_CHECKING:
    from surge.cli.credit.document import Document
    from surge.credit.market import MarketView
    from surge.desk import Desk, Market
    from surge.desk.vault import Vault
    from surge.model.units import Address

MOST_OUTSIDE = 20
"""Of the markets that anybody created: the newest."""


@contextmanager
def looking(network: str | None) -> "Iterator[Desk]":
    """A desk that can't send: no key is opened for it."""
    access = found(network)
    from surge.desk import Desk

    with Desk(access.book) as desk:
        yield desk


@contextmanager
def acting(network: str | None) -> "Iterator[Desk]":
    """A desk that acts with the wallet's key."""
    access = found(network)
    keystore(access.home)
    from surge.desk import Desk

    with Desk(network) as desk:
        yield desk


def tell_absent(desk: "Desk", views: "Iterable[MarketView]") -> None:
    """On stderr, of the book's markets that are not on the chain; the others go on."""
    for said in desk.chain.credit.absent(list(views)):
        tell(said)


def outside_documents(desk: "Desk") -> "list[Document] | None":
    """Markets that the address book doesn't have; `trouble` is why one can't be read. `oracle_of`: those of
    the book that have the same oracle. None, and a word on stderr, where the node gives no logs."""
    from surge.cli.credit.document import market_document

    oracles: dict[str, list[str]] = {}
    for name, params in desk.chain.credit.book.markets.items():
        oracles.setdefault(params.oracle, []).append(name)

    def read(one: "Market") -> "Document":
        document = market_document(one.view, listed=False)
        return {**document, "oracle_of": ", ".join(oracles.get(document["oracle"], ())) or None}

    return _of_strangers(desk.outside, read)


def outside_positions(desk: "Desk", holder: "Address") -> "list[Document] | None":
    """What an account has in such markets, likewise; empty positions too."""
    from surge.cli.credit.document import position_document
    from surge.cli.credit.events import lent_in_market

    def read(one: "Market") -> "Document":
        view = one.position(holder).view
        return {
            **position_document(view),
            "listed": False,
            "lent": lent_in_market(one.position(holder), view),
        }

    return _of_strangers(lambda: desk.outside(holder), read)


def _of_strangers(
    look: "Callable[[], list[Market]]", read: "Callable[[Market], Document]"
) -> "list[Document] | None":
    from surge.cli.credit.document import hexadecimal

    try:
        found = look()
    except NoNetwork as error:
        tell(f"whether there is anything outside the address book is not known: {error}")
        return None
    documents: list[Document] = []
    for one in found[:MOST_OUTSIDE]:
        try:
            documents.append({**read(one), "trouble": None})
        except SurgeError as error:  # of a stranger's token, oracle or rate model
            documents.append({"id": hexadecimal(one.id), "listed": False, "trouble": str(error)})
    return documents


def account(of: str | None) -> "Address":
    """The account named, or the wallet's. Raises BadInput."""
    if of is None:
        from surge.chain.wallet import wallet_address

        return wallet_address(keystore(Home.default()))
    from surge.model.signature import read_address

    return read_address(of)


def has_wallet() -> bool:
    return Home.default().wallet.exists()


def named_vault(desk: "Desk", name: str) -> "Vault":
    """By its whole name, an address, or the beginning of one vault's name. Raises BadInput."""
    begun = [one for one in desk.vaults() if one.name.lower().startswith(name.lower())]
    return begun[0] if len(begun) == 1 else desk.vault(name)
