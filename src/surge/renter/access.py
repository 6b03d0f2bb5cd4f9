"""A renter's way in: its home folder, its key, and the chain of one network."""

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from coincurve import PrivateKey

from surge.chain.network.book import AddressBook, load_book
from surge.model.errors import NoNetwork
from surge.store.home import HOME_VARIABLE, Home

if TYPE_CHECKING:
    from surge.chain.client import Chain
    from surge.store.renter import RenterStore


@dataclass
class Access:
    """Made once per network and actor; what it opens is opened once and shared."""

    home: Home
    network: str | None = None

    @classmethod
    def configured(cls, network: str | None = None) -> "Access":
        """Of SURGE_HOME. When no network is configured there, a local one is started."""
        home = Home.default()
        if not home.book(network).exists():
            if network is not None:
                raise NoNetwork(
                    f"there is no network {network!r} in {home.root}; "
                    f"put its address book at {home.book(network)}"
                )
            _start_local(home)
        return cls(home, network)

    @cached_property
    def book(self) -> AddressBook:
        return load_book(self.home.book(self.network))

    @property
    def loopback(self) -> bool:
        """Whether all programs of the network are on this machine, as its book says."""
        return self.book.local

    @property
    def own_chain(self) -> Path | None:
        """The folder of the network's chain, when it is local and runs from this home."""
        folder = self.home.chain(self.network)
        return folder if self.book.local and folder.exists() else None

    def key(self) -> PrivateKey:
        """Raises BadInput for one that is locked too lightly for this network."""
        from surge.chain.wallet import load_wallet

        return load_wallet(self.home.wallet, strict=not self.book.local).key

    def chain(self) -> "Chain":
        from surge.chain.client import Chain

        return Chain(self.book, self.key(), index=self.home.index(self.network))

    def store(self) -> "RenterStore":
        from surge.store.renter import RenterStore

        return RenterStore(self.home.renter_db)


def _start_local(home: Home) -> None:
    """Start a local network with `surge up --detach`, as a person would."""
    sys.stderr.write(f"surge: no network is configured in {home.root}; starting a local one\n")
    command = [sys.executable, "-m", "surge", "up", "--detach"]
    environment = {**os.environ, HOME_VARIABLE: str(home.root)}
    if subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, env=environment).returncode:
        raise NoNetwork("the local network did not start; see above, then try `surge up`")
