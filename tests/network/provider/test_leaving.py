"""Whoever ends a provider gets the end soon, and true last words, whatever the node does."""

import signal

import pytest

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
    machine.node.hangs = True
    machine.provide(until="confined by")
    machine.program.send_signal(signal.SIGTERM)
    assert machine.program.wait(SOON) == 0
    assert "the ask is NOT withdrawn" in machine.text
