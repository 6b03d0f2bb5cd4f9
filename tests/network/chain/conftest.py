"""A real node, and a network deployed on it, for the tests of this folder."""

import pytest

from chain_network import raise_network
from surge.chain.anvil.node import LocalChain
from surge.chain.node.rpc import Rpc


@pytest.fixture
def local(tmp_path):
    """A local chain of its own, started by the test."""
    chain = LocalChain(tmp_path / "chain")
    yield chain
    chain.stop()


@pytest.fixture
def rpc(local):
    rpc = Rpc(local.start())
    yield rpc
    rpc.close()


@pytest.fixture
def network(tmp_path):
    network = raise_network(tmp_path)
    yield network
    network.close()
