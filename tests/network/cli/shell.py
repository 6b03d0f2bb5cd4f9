"""The real commands, each in a process of its own."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from surge.chain.client import Chain
from surge.chain.network.book import load_book
from surge.chain.wallet import wallet_address
from surge.model.units import show_usd

PATIENCE = 240.0

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A script's background jobs ignore Ctrl-C, and so would every program that they start.
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Shell:
    """`surge …` with one SURGE_HOME and one working folder."""

    def __init__(self, home: Path, folder: Path, **variables: str) -> None:
        self.home = home
        self.folder = folder
        folder.mkdir(exist_ok=True)
        dropped = {"SURGE_NETWORK", "SURGE_PASSWORD", "COLUMNS"}
        self.environment = {name: value for name, value in os.environ.items() if name not in dropped}
        self.environment |= {"SURGE_HOME": str(home), **variables}

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "surge", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            [sys.executable, "-m", "surge", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
        )

    def json(self, *arguments: str, code: int = 0) -> dict:
        done = self.run(arguments[0], "--json", *arguments[1:])
        assert done.returncode == code, done.stderr.decode()
        assert b"Traceback" not in done.stderr
        return json.loads(done.stdout)

    def refused(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, kind and message of an error; said once on stderr too, as one sentence."""
        done = self.run(arguments[0], "--json", *arguments[1:])
        error = json.loads(done.stdout)["error"]
        said = done.stderr.decode()
        assert "Traceback" not in said
        assert said.splitlines()[-1] == f"surge: {error['message']}"
        return done.returncode, error["kind"], error["message"]

    def dollars(self) -> int:
        """What the wallet holds, in millionths, as the chain says."""
        with Chain(load_book(self.home / "networks" / "local" / "book.json")) as chain:
            return chain.money.usd(wallet_address(self.home / "wallet.json"))

    def providers(self) -> list[str]:
        """Price per Gfuel of every ask on the chain, lowest first."""
        with Chain(load_book(self.home / "networks" / "local" / "book.json")) as chain:
            return sorted(show_usd(offer.ask.price_gfuel) for offer in chain.asks.offers())
