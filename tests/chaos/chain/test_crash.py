"""The local chain, killed and damaged."""

import time

import psutil
import pytest

from chain_network import DEMAND, raise_network, voucher
from surge.chain.anvil.node import LocalChain
from surge.chain.anvil.programs import find_program
from surge.model.errors import CorruptState, NoNetwork
from surge.model.units import parse_usd

SOMEBODY = "0x52908400098527886E0F7030069857D2E4169EE7"


def kill(local: LocalChain) -> None:
    running = psutil.Process(find_program(local.folder, "anvil").pid)
    running.kill()
    running.wait()


def balance(rpc):
    return int(rpc.call("eth_getBalance", SOMEBODY, "latest"), 16)


def written(local):
    """Wait until the node itself has written its state anew."""
    before, deadline = time.time(), time.monotonic() + 20
    while not (local.state.exists() and local.state.stat().st_mtime > before):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_kill_loses_at_most_the_interval(local, rpc):
    rpc.call("anvil_mine", "0x5")
    local.fund(SOMEBODY, 7)
    written(local)
    kill(local)
    assert local.running_url() is None
    local.start()
    assert int(rpc.call("eth_blockNumber"), 16) >= 5
    assert balance(rpc) == 7


@pytest.mark.parametrize("content", [b"", b'{"block": {"number"', b"\0" * 4096, b"[]", b"{}"])
def test_a_damaged_state_is_named_and_left(local, content):
    local.start()
    local.stop()
    local.state.write_bytes(content)
    with pytest.raises(CorruptState, match=r"state\.json.*begin a new chain"):
        local.start()
    assert local.state.read_bytes() == content
    assert local.running_url() is None


def test_a_half_written_state_resumes_from_the_last_whole_one(local, rpc):
    local.fund(SOMEBODY, 7)
    local.checkpoint()
    kill(local)
    local.state.write_bytes(local.last_whole_state.read_bytes()[:100])
    with pytest.raises(CorruptState, match=r"move it away to resume from the copy of 20\d\d-"):
        local.start()
    local.state.rename(local.state.with_suffix(".damaged"))  # what the sentence tells to do
    local.start()
    assert balance(rpc) == 7


def test_what_a_checkpoint_keeps_survives_a_kill_at_once(local, rpc):
    written(local)  # an older state is on the disk
    rpc.call("anvil_mine", "0x3")
    local.fund(SOMEBODY, 7)
    assert local.checkpoint()
    assert not local.checkpoint(oldest=60)
    kill(local)
    local.start()
    assert int(rpc.call("eth_blockNumber"), 16) == 3
    assert balance(rpc) == 7


def test_an_older_checkpoint_never_replaces_a_newer_state(local, rpc):
    local.checkpoint()
    rpc.call("anvil_mine", "0x3")
    local.stop()
    local.start()
    assert int(rpc.call("eth_blockNumber"), 16) == 3
    local.stop()
    with pytest.raises(NoNetwork, match="surge up"):
        local.checkpoint()


def test_clients_go_on_after_the_chain_lost_its_last_seconds(tmp_path):
    """P3's chain part: what was written stays; what was lost is seen as lost, and can be done again."""
    network = raise_network(tmp_path)
    try:
        provider, renter = network.provider(), network.account(usd=parse_usd("100"))
        lease, _ = renter.leases.open(DEMAND, parse_usd("1"), [provider.address])
        assert len(renter.leases.all(renter=renter.address)) == 1
        network.local.checkpoint()
        lost, _ = renter.leases.open(DEMAND, parse_usd("1"), [provider.address])
        assert len(renter.leases.all(renter=renter.address)) == 2
        kill(network.local)
        network.local.state.unlink(missing_ok=True)  # the node had not written what came after
        with pytest.raises(NoNetwork, match="surge up"):
            renter.money.faucet(1)
        network.local.start()

        assert [known.id for known in renter.leases.all(renter=renter.address)] == [lease.id]
        assert not renter.leases.state(lost.id).open
        again, _ = renter.leases.open(DEMAND, parse_usd("1"), [provider.address])
        assert again.id == lost.id
        provider.leases.settle(lease, *voucher(renter, lease, 1, 1_000))
        provider.leases.close(lease, None)
        assert renter.leases.closing(lease.id).paid == 1_000
        held = renter.money.usd(network.book.addresses["Market"])
        assert held == again.terms.escrow + renter.rewards.pot()  # M1
    finally:
        network.close()


def test_killed_again_and_again(tmp_path):
    """Whatever the moment of the kill: it resumes, or says that the state is half written and what to do."""
    network = raise_network(tmp_path)
    account = network.account()
    network.local.checkpoint()
    try:
        for pause in (0.0, 0.1, 0.7, 1.3, 2.1):
            for _ in range(20):
                account.money.faucet(1)
            time.sleep(pause)
            kill(network.local)
            try:
                network.local.start()
            except CorruptState:
                network.local.state.unlink()
                network.local.start()
            if account.money.coins(account.address) == 0:  # lost with the last seconds
                network.local.fund(account.address, 10**18)
            before = account.money.usd(account.address)
            account.money.faucet(1)
            assert account.money.usd(account.address) == before + 1
    finally:
        network.close()
