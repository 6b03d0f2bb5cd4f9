"""A network without providers of its own, and a provider that a test starts and ends."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from network.provider.proxy import NodeProxy
from surge.chain.client import Chain
from surge.chain.network.book import save_book
from surge.chain.wallet import create_wallet, load_wallet
from surge.local.network import LocalNetwork
from surge.provider.config import Place, ProviderConfig, save_config
from surge.store.home import Home

PATIENCE = 120.0
END = "(the end)"


class Machine:
    """An owner's machine with a SURGE_HOME of its own, whose chain is behind a proxy."""

    def __init__(self, root: Path, network: LocalNetwork, **settings: object) -> None:
        self.home = Home(root)
        self.network = network
        self.node = NodeProxy(network.book.rpc_url)
        save_book(network.book.at(self.node.url), self.home.book("local"))
        self.place = Place(self.home.provider)
        self.wallet = create_wallet(self.place.key, throwaway=True)
        network.endow(self.wallet.address, 1_000 * 10**18)
        save_config(ProviderConfig(slots=1, memory_mib=256, **settings), self.place.config)
        self.said: list[str] = []
        self._heard = threading.Condition()
        self.program: subprocess.Popen[str] | None = None

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "surge", *arguments],
            env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE,
        )  # fmt: skip

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "SURGE_HOME": str(self.home.root), "SURGE_NETWORK": "local"}

    def provide(self, until: str = "serving as", level: str = "info") -> "subprocess.Popen[str]":
        """Start `surge provide`, and wait for a word of it."""
        self.said.clear()
        self.program = subprocess.Popen(
            [sys.executable, "-m", "surge", "--log-level", level, "provide", "--yes"],
            env=self.environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, args=(self.program,), daemon=True)
        self._reader.start()
        self.hears(until)
        return self.program

    def _read(self, program: "subprocess.Popen[str]") -> None:
        with program.stderr as lines:
            for line in lines:
                with self._heard:
                    self.said.append(line.rstrip())
                    self._heard.notify_all()
        with self._heard:
            self.said.append(END)
            self._heard.notify_all()

    def _told(self, word: str, after: int) -> bool:
        return any(word in line or line == END for line in self.said[after:])

    def hears(self, word: str, after: int = 0) -> str:
        """The first line with this word, when it is there; after: of those that are said from then on."""
        with self._heard:
            assert self._heard.wait_for(lambda: self._told(word, after), PATIENCE), self.said
            found = [line for line in self.said[after:] if word in line]
            assert found, self.said
            return found[0]

    def end(self, number: int = signal.SIGTERM) -> int:
        self.program.send_signal(number)
        code = self.program.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def kill(self) -> None:
        self.program.kill()
        self.program.wait(PATIENCE)
        self._reader.join(PATIENCE)

    @property
    def text(self) -> str:
        return "\n".join(self.said)

    def chain(self) -> Chain:
        """The provider's account, straight at the node."""
        return Chain(self.network.book, load_wallet(self.place.key).key)

    def ask(self):
        with self.chain() as chain:
            return chain.asks.of(chain.address)

    def close(self) -> None:
        self.node.close()
        if self.program is not None:
            self.kill()


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with LocalNetwork(providers=0, home=tmp_path_factory.mktemp("network")) as network:
        yield network


@pytest.fixture
def machine(network, tmp_path):
    made = Machine(tmp_path / "home", network)
    yield made
    made.close()
