"""`surge drain` and `surge leave`: a provider goes without losing anything, its renters' work included."""

import json

import pytest

from network.provider.conftest import END, PATIENCE
from surge.chain.client import Chain
from surge.model.signature import address_of
from surge.model.units import parse_surge, parse_usd

pytestmark = pytest.mark.slow


def doubled(x):
    return 2 * x


def renting(network):
    return network.executor(1, budget="0.50", memory_mib=256)


def answered(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(done):
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout)["error"]["message"]


def test_a_drained_provider_finishes_its_leases_settles_and_stops(machine, network):
    program = machine.provide()
    with renting(network) as executor:
        assert executor.submit(doubled, 1).result(PATIENCE) == 2
        said = answered(machine.command("drain", "--json"))
        assert (said["running"], said["draining"], said["open_leases"]) == (True, True, 1)
        machine.hears("withdrew the ask")
        assert not machine.ask().active
        assert executor.submit(doubled, 2).result(PATIENCE) == 4
        assert program.poll() is None
    machine.hears(END)
    assert program.wait(PATIENCE) == 0
    assert "drained: no lease is open" in machine.hears("drained")
    assert not machine.ask().load
    machine.provide()  # a drain that is over hinders nobody
    assert machine.ask().active
    machine.end()


def test_a_drain_outlives_a_crash_and_can_be_cancelled(machine, network):
    machine.provide()
    with renting(network) as executor:
        assert executor.submit(doubled, 1).result(PATIENCE) == 2
        answered(machine.command("drain", "--json"))
        machine.hears("withdrew the ask")
        machine.kill()
        program = machine.provide()
        assert "a drain was asked for" in machine.hears("no ask is published")
        assert not machine.ask().active
        answered(machine.command("drain", "--cancel", "--json"))
        machine.hears("published the ask again")
        assert machine.ask().active
        assert executor.submit(doubled, 2).result(PATIENCE) == 4
    assert program.poll() is None
    assert machine.end() == 0


def test_a_provider_leaves_with_all_it_has(machine, network, tmp_path):
    machine.provide()
    with renting(network) as executor:
        assert executor.submit(doubled, 1).result(PATIENCE) == 2
        assert "drain" in refused(machine.command("leave", "--yes", "--json"))
        machine.kill()  # the lease is open, and its voucher is signed
        said = answered(machine.command("leave", "--yes", "--json"))
        assert said["withdrawn"]
        assert len(said["closed"]) == 1
        assert parse_usd(said["redeemed"]) > 0
        assert (said["bonded"], said["unbonding"], said["done"]) == ("0.0", "100.0", False)
        assert said["seconds_left"] > 0
    again = answered(machine.command("leave", "--yes", "--json"))
    assert (again["closed"], again["unbonding"]) == ([], "100.0")
    assert again["release"] == said["release"]  # waiting doesn't begin anew
    network.advance(said["seconds_left"] + 1)
    target = network.genesis_key().address
    with Chain(network.book) as chain:
        before = chain.money.balances(target)
        done = answered(machine.command("leave", "--yes", "--to", target, "--json"))
        after = chain.money.balances(target)
    assert done["done"]
    assert done["returned"] == "100.0"
    assert after.surge - before.surge == parse_surge(done["sent"]["surge"]) == parse_surge("1000")
    assert after.usd - before.usd == parse_usd(done["sent"]["usd"]) > 0
    assert (done["holds"]["usd"], done["holds"]["surge"]) == ("0.00", "0.0")
    people = machine.command("leave", "--yes")
    assert "nothing of this provider is left on the chain" in people.stdout


def test_each_wrong_use_is_one_sentence(machine, network):
    assert "no provider runs in" in refused(machine.command("drain", "--json"))
    assert "--wait" in refused(machine.command("drain", "--cancel", "--wait", "--json"))
    assert "add --yes" in refused(machine.command("leave", "--json"))
    assert "no provider in" in refused(machine.command("leave", "--place", "/nowhere", "--json"))
    for target, why in [
        ("0x12", "EIP-55"),
        ("not an address", "EIP-55"),
        ("0x" + "0" * 40, "EIP-55"),
        (machine.wallet.address, "the provider itself"),
        (network.book.addresses["SurgeToken"], "a contract"),
        (address_of(machine.wallet.key).lower(), "EIP-55"),
    ]:
        assert why in refused(machine.command("leave", "--to", target, "--yes", "--json"))
    assert not machine.ask().active
