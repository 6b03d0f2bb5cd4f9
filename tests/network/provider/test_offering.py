"""A provider's ask stays on the chain as long as it offers, whatever takes it away (P6)."""

import pytest

from surge.chain.node.rpc import Rpc

pytestmark = pytest.mark.slow


@pytest.fixture
def node(network):
    made = Rpc(network.book.rpc_url)
    yield made
    made.close()


def test_an_ask_that_a_reorganisation_took_is_published_again(machine, node):
    machine.provide()
    node.call("anvil_reorg", 1, [])
    assert not machine.ask().active
    assert "it was gone from the chain" in machine.hears("published the ask again")
    assert machine.ask().active
    machine.end()


def test_an_ask_that_somebody_withdrew_is_published_again(machine):
    machine.provide()
    with machine.chain() as chain:
        chain.asks.withdraw()
    machine.hears("published the ask again")
    assert machine.ask().active
    machine.end()


def test_an_outage_is_told_once_and_its_end_too(machine):
    machine.provide()
    machine.node.away = True
    machine.hears("the chain can't be asked")
    machine.node.heard.clear()
    assert machine.node.heard.wait(60)  # asked again
    machine.node.away = False
    machine.hears("the chain is back")
    assert machine.text.count("can't be asked") == 1
    machine.end()


@pytest.mark.parametrize("content", [b"", b"short", bytes(33)])
def test_a_damaged_endpoint_key_is_put_aside_and_made_anew(machine, content):
    machine.place.endpoint_key.write_bytes(content)
    machine.provide()
    assert "endpoint.key is damaged" in machine.text
    assert len(machine.place.endpoint_key.read_bytes()) == 32
    assert machine.place.endpoint_key.with_suffix(".damaged").read_bytes() == content
    assert machine.ask().active
    machine.end()
