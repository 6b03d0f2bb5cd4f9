"""Where everything lives: one folder, SURGE_HOME. Caches follow XDG instead.

SURGE_HOME
├── wallet.json              the renter's and lender's key (keystore v3)
├── config.toml              what a renter decides for all its jobs, if it wrote one
├── renter.db                jobs, tasks, receipts, vouchers
├── traces/<job>.jsonl       what happened in a job, for `surge job ID --why`
├── provider/                config.toml, key.json, endpoint.key, a database a Market
└── networks/<name>/         book.json (addresses) and, for a local network, its chain, keys and providers
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from surge.model.errors import BadInput, CorruptState

HOME_VARIABLE = "SURGE_HOME"
NETWORK_VARIABLE = "SURGE_NETWORK"
LOCAL = "local"
CHAIN_FOLDER = "chain"
"""Beside the address book of a network whose chain runs from here."""
OURS = ("wallet.json", "renter.db", "provider", "networks", "traces")
"""Names of which a home in use has at least one."""


@dataclass(frozen=True, slots=True)
class Home:
    """Paths below one root; nothing is created by asking for them."""

    root: Path

    @classmethod
    def default(cls) -> "Home":
        """SURGE_HOME, or the platform's folder for application data. Raises BadInput, CorruptState."""
        chosen = os.environ.get(HOME_VARIABLE)
        root = Path(chosen).expanduser().absolute() if chosen else Path(platformdirs.user_data_dir("surge"))
        if root.exists() and not root.is_dir():
            raise CorruptState(f"{root} is no folder; point {HOME_VARIABLE} at one, or move the file away")
        _keep_private(root)
        return cls(root)

    @property
    def wallet(self) -> Path:
        return self.root / "wallet.json"

    @property
    def config(self) -> Path:
        """The renter's."""
        return self.root / "config.toml"

    @property
    def renter_db(self) -> Path:
        return self.root / "renter.db"

    @property
    def provider(self) -> Path:
        return self.root / "provider"

    def network(self, name: str | None = None) -> Path:
        """The folder of a network: the one named, else SURGE_NETWORK, else the local one."""
        chosen = name or os.environ.get(NETWORK_VARIABLE) or LOCAL
        if not chosen.replace("-", "").replace("_", "").isalnum():
            raise BadInput(f"{chosen!r} is no name for a network; use letters, digits and dashes")
        return self.root / "networks" / chosen

    def index(self, network: str | None = None) -> Path:
        """The database of its events."""
        return self.network(network) / "index.db"

    def book(self, network: str | None = None) -> Path:
        return self.network(network) / "book.json"

    def chain(self, network: str | None = None) -> Path:
        """Where a network's chain keeps its state, when it runs from this home."""
        return self.network(network) / CHAIN_FOLDER


def _keep_private(root: Path) -> None:
    """Keys and receipts lie there: it is for its owner alone. Raises BadInput where that can't be had."""
    try:
        ours = any((root / name).exists() for name in OURS)  # and no folder of the system's, named by mistake
        if ours and stat.S_IMODE(root.stat().st_mode) & 0o077:
            root.chmod(0o700)
    except OSError as error:
        raise BadInput(
            f"{root} can't be made a folder for you alone ({error.strerror}); "
            f"point {HOME_VARIABLE} at another one"
        ) from error
