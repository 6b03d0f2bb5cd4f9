"""A command's way to a network: found, checked to be up, or refused with the next step."""

from typing import TYPE_CHECKING

from surge.model.errors import NoNetwork
from surge.store.home import LOCAL, Home

if TYPE_CHECKING:
    from pathlib import Path

    from surge.chain.client import Chain
    from surge.renter.access import Access
    from surge.store.renter import RenterStore


def found(network: str | None) -> "Access":
    """A configured network whose node answers, or which may at least be asked. Raises NoNetwork."""
    home = Home.default()
    if not home.book(network).exists():
        raise NoNetwork(_missing(home, network))
    from surge.renter.access import Access

    access = Access(home, network)
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
    folder = access.home.network(access.network) / "chain"
    if not folder.exists():
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


def _missing(home: Home, network: str | None) -> str:
    name = home.network(network).name
    if name == LOCAL:
        return f"no network is configured in {home.root}; start a local one with `surge up --detach`"
    known = sorted(path.parent.name for path in home.root.glob("networks/*/book.json"))
    there = f"there are: {', '.join(known)}" if known else "there is none yet (`surge up` starts a local one)"
    return (
        f"there is no network {name!r} in {home.root}; {there}, or put its address book at {home.book(name)}"
    )
