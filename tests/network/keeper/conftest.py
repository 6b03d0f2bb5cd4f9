"""A network with its credit side for each file."""

import pytest

from credit_network import raise_credit


@pytest.fixture(scope="module")
def raised(tmp_path_factory):
    net = raise_credit(tmp_path_factory.mktemp("credit"))
    yield net
    net.close()


@pytest.fixture
def net(raised):
    """Each test finds the network as it was deployed."""
    kept = raised.network.rpc.call("evm_snapshot")
    yield raised
    raised.network.rpc.call("evm_revert", kept)
