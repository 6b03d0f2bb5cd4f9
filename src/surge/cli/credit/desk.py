"""A credit command's way to the desk."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from surge.cli.terminal.access import found, keystore
from surge.store.home import Home

if TYPE_CHECKING:
    from surge.desk import Desk
    from surge.desk.vault import Vault
    from surge.model.units import Address


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
