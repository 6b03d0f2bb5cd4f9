"""A real node for the tests of this folder."""

import pytest

from surge.chain.anvil import LocalChain
from surge.chain.rpc import Rpc


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
