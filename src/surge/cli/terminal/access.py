"""A command's way to a network: found, checked to be up, or refused with the next step."""

import os
import sys
from typing import TYPE_CHECKING

import typer

from surge.model.errors import NoNetwork
from surge.store.home import LOCAL, Home

if TYPE_CHECKING:
    from pathlib import Path

    from surge.chain.client import Chain
    from surge.renter.access import Access
    from surge.store.renter import RenterStore


def found(network: str | None, down: bool = False) -> "Access":
    """A configured network. Raises NoNetwork, for a local one that is down too, unless it may be `down`."""
    home = Home.default()
    if not home.book(network).exists():
        raise NoNetwork(_missing(home, network))
    from surge.renter.access import Access

    access = Access(home, network)
    if not down:
        require_up(access)
    return access


def started(network: str | None) -> "Access":
    """The same; but when no network at all is configured, a local one is brought up."""
    home = Home.default()
    if home.book(network).exists() or network is not None or home.network().name != LOCAL:
        return found(network)
    from surge.renter.access import Access

    return Access.configured()


def require_up(access: "Access") -> None:
    """A local network that is down is said to be down, not unreachable."""
    folder = access.own_chain
    if folder is None:
        return
    from surge.chain.anvil.node import LocalChain

    if LocalChain(folder).running_url() is None:
        raise NoNetwork(
            f"the local network in {access.home.root} is down; bring it up again with `surge up --detach`"
        )


def reading(access: "Access") -> "Chain":
    """A chain that can't send: no key is opened for it."""
    from surge.chain.client import Chain

    return Chain(access.book, index=access.home.index(access.network))


def kept(home: Home) -> "RenterStore | None":
    """The renter's store, or None before the first job: reading creates nothing."""
    if not home.renter_db.exists():
        return None
    from surge.store.renter import RenterStore

    return RenterStore(home.renter_db)


def keystore(home: Home) -> "Path":
    """The renter's keystore. Raises BadInput with the next step."""
    from surge.model.errors import BadInput

    if not home.wallet.exists():
        raise BadInput(f"there is no wallet in {home.root}; create one with `surge wallet --create`")
    return home.wallet


def ask_password(question: str) -> None:
    """Into SURGE_PASSWORD, where there is somebody to ask and none is set."""
    from surge.chain.wallet import PASSWORD_VARIABLE

    if not os.environ.get(PASSWORD_VARIABLE) and sys.stdin.isatty():
        os.environ[PASSWORD_VARIABLE] = typer.prompt(
            question, hide_input=True, confirmation_prompt=True, err=True
        )


def _missing(home: Home, network: str | None) -> str:
    name = home.network(network).name
    if name == LOCAL:
        return f"no network is configured in {home.root}; start a local one with `surge up --detach`"
    known = sorted(path.parent.name for path in home.root.glob("networks/*/book.json"))
    there = f"there are: {', '.join(known)}" if known else "there is none yet (`surge up` starts a local one)"
    return (
        f"there is no network {name!r} in {home.root}; {there}, or put its address book at {home.book(name)}"
    )
