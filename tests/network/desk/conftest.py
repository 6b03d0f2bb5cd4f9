"""A network with its credit side for each file, as it was deployed for each test."""

import pytest

from credit_network import raise_credit


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    net = raise_credit(tmp_path_factory.mktemp("desk"))
    yield net
    net.close()


@pytest.fixture
def fresh(net):
    """Each test begins with the network as it was deployed, in a block of now: time is not turned back."""
    snapshot = net.network.rpc.call("evm_snapshot")
    net.network.pass_time(1)
    yield
    net.network.rpc.call("evm_revert", snapshot)


@pytest.fixture
def desk(net):
    return net.open_handed()
