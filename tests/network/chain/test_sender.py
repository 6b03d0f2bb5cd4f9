"""Transactions that wait: given up with their hash, noticed when dropped, sent again when they stick."""

import itertools
import threading
import time

import pytest

from chain_network import raise_network
from surge.chain.node.rpc import Rpc, RpcError
from surge.chain.node.sender import MAX_RAISES, PATIENCE_SECONDS
from surge.model.errors import NoNetwork


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    network = raise_network(tmp_path_factory.mktemp("network"))
    yield network
    network.close()


def test_what_is_never_mined_is_given_up_with_its_hash(network, monkeypatch):
    chain = network.account()
    monkeypatch.setattr("surge.chain.node.sender.PATIENCE_SECONDS", 0.2)
    assert PATIENCE_SECONDS > 60
    network.rpc.call("evm_setAutomine", False)
    network.rpc.call("evm_setIntervalMining", 0)
    try:
        with pytest.raises(NoNetwork, match=r"0x[0-9a-f]{64} was not mined"):
            chain.money.faucet(1)
    finally:
        network.rpc.call("evm_setAutomine", True)
    network.rpc.call("evm_mine")
    assert chain.money.usd(chain.address) == 1
    chain.money.faucet(1)  # the one that was given up: it happens once
    assert chain.money.usd(chain.address) == 1
    chain.money.faucet(1)
    assert chain.money.usd(chain.address) == 2


def test_what_sticks_is_sent_again_for_a_higher_fee(network, monkeypatch):
    """In the same place of the account: it happens once, whichever of its transactions is mined."""
    chain = network.account()
    monkeypatch.setattr("surge.chain.node.sender.STUCK_SECONDS", 0.05)
    network.rpc.call("evm_setAutomine", False)
    network.rpc.call("evm_setIntervalMining", 0)
    offered = []

    def until_raised():
        deadline = time.monotonic() + 60
        while len(offered) <= MAX_RAISES and time.monotonic() < deadline:
            for sender, pool in network.rpc.call("txpool_content")["pending"].items():
                if sender.lower() == chain.address.lower():
                    names = ("maxFeePerGas", "maxPriorityFeePerGas")
                    fees = {tuple(int(one[name], 16) for name in names) for one in pool.values()}
                    offered.extend(sorted(fees - set(offered)))
        network.rpc.call("evm_setAutomine", True)
        network.rpc.call("evm_mine")

    mining = threading.Thread(target=until_raised)
    mining.start()
    try:
        chain.money.faucet(1)
    finally:
        mining.join()
    for earlier, later in itertools.pairwise(offered):
        assert all(5 * before <= 4 * after for before, after in zip(earlier, later, strict=True))
    assert len(offered) == MAX_RAISES + 1
    assert chain.money.usd(chain.address) == 1
    assert network.rpc.call("eth_getTransactionCount", chain.address, "latest") == "0x1"
    chain.money.faucet(1)
    assert chain.money.usd(chain.address) == 2


def test_a_node_without_a_pending_block_is_asked_for_its_last(network, monkeypatch):
    chain = network.account()
    real, refused = Rpc._kept, []

    def old(self, body, reply):
        if "pending" in body["params"]:
            refused.append(body["method"])
            return RpcError(-32602, "block pending is not supported")
        return real(self, body, reply)

    monkeypatch.setattr(Rpc, "_kept", old)
    chain.money.faucet(1)
    chain.money.faucet(1)
    assert len(refused) == 1
    assert chain.money.usd(chain.address) == 2


def test_a_dropped_transaction_is_sent_again_and_mined(network, monkeypatch):
    chain = network.account()
    monkeypatch.setattr("surge.chain.node.sender.UNKNOWN_SECONDS", 0.5)
    network.rpc.call("evm_setAutomine", False)
    network.rpc.call("evm_setIntervalMining", 0)

    def drop():
        network.rpc.call("anvil_dropAllTransactions")
        network.rpc.call("evm_setAutomine", True)

    try:
        dropping = threading.Timer(0.2, drop)
        dropping.start()
        chain.money.faucet(1)
        dropping.join()
    finally:
        network.rpc.call("evm_setAutomine", True)
    assert chain.money.usd(chain.address) == 1
    assert network.rpc.call("eth_getTransactionCount", chain.address, "latest") == "0x1"
