"""Ctrl-C while a transaction waits to be mined: it is named, whichever command sent it."""

import json
import signal
import time

import pytest

from network.cli.shell import PATIENCE, Shell
from surge.chain.client import Chain
from surge.chain.network.book import load_book
from surge.chain.wallet import wallet_address
from surge.local.network import LocalNetwork

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with LocalNetwork(0, home=tmp_path_factory.mktemp("interrupted") / "home") as running:
        yield running


@pytest.mark.parametrize(
    ("arguments", "look"),
    [
        (("credit", "supply", "ETH/TUSD", "1", "--yes"), "surge credit position"),
        (("credit", "supply", "ETH/TUSD", "1", "--yes", "--json"), "surge credit position"),
        (("wallet", "--faucet", "5"), "surge status"),
    ],
)
def test_what_was_sent_is_named(network, tmp_path, arguments, look):
    shell = Shell(network.home.root, tmp_path / "folder")
    with Chain(load_book(network.home.book(None))) as chain:
        me = wallet_address(network.home.wallet).lower()

        def waiting():
            pool = chain.rpc.call("txpool_content")["pending"]
            return [
                one["hash"] for sender, own in pool.items() if sender.lower() == me for one in own.values()
            ]

        chain.rpc.call("evm_setAutomine", False)
        chain.rpc.call("evm_setIntervalMining", 0)
        try:
            program = shell.start(*arguments)
            end = time.monotonic() + PATIENCE
            while not waiting() and program.poll() is None and time.monotonic() < end:
                time.sleep(0.05)
            [hash_] = waiting()
            program.send_signal(signal.SIGINT)
            out, err = program.communicate(timeout=PATIENCE)
        finally:
            chain.rpc.call("evm_setAutomine", True)
            chain.rpc.call("evm_mine")
    assert program.returncode == 130, err
    assert f"transaction {hash_} had been sent and may be mined: look with `{look}`" in err
    assert "Traceback" not in err
    if "--json" in arguments:
        assert json.loads(out)["error"]["transactions"] == [hash_]
