"""Whoever ends a provider gets the end soon, and true last words, whatever the node does."""

import signal

import pytest

from network.provider.conftest import PATIENCE
from surge.model.units import parse_usd

pytestmark = pytest.mark.slow

SOON = 20.0
"""Seconds, far above the three that it takes, and below the 30 for which a request waits."""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_provider_ends_and_withdraws_its_ask(machine, number):
    machine.provide()
    assert machine.ask().active
    assert machine.end(number) == 0
    assert not machine.ask().active
    machine.hears("stopped")
    assert "the ask is withdrawn" in machine.text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_provider_ends_soon_while_its_node_hangs(machine, number):
    machine.provide()
    machine.node.hangs = True
    machine.node.heard.clear()
    assert machine.node.heard.wait(60)  # a duty's request hangs now
    machine.program.send_signal(number)
    assert machine.program.wait(SOON) == 0
    assert "the ask is NOT withdrawn (the chain doesn't answer)" in machine.text
    assert machine.ask().active


def test_a_provider_ends_soon_while_its_first_ask_hangs(machine):
    machine.node.hangs_from = b"eth_sendRawTransaction"
    machine.provide(until="confined by")
    assert machine.node.hung.wait(PATIENCE)
    machine.program.send_signal(signal.SIGTERM)
    assert machine.program.wait(SOON) == 0
    assert "the ask is NOT withdrawn" in machine.text


def doubled(x):
    return 2 * x


def test_what_is_signed_is_settled_on_the_way_out(machine, network):
    """In a lease that is still open: its voucher would be lost if nobody came back in time."""
    machine.provide(level="debug")
    with network.executor(1, budget="0.50", memory_mib=256) as executor:
        assert executor.submit(doubled, 1).result(PATIENCE) == 2
        machine.hears("PayVoucher")
        assert machine.end() == 0
        settled = machine.hears("USD that renters had signed").split()[2]
        with machine.chain() as chain:
            (lease,) = chain.leases.open_of(chain.address)
            assert chain.leases.state(lease.id).settled == parse_usd(settled) > 0
    assert "signed and not redeemed" not in machine.text
