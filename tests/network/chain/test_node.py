"""The local chain: started, stopped, resumed."""

import socket
import time

import psutil
import pytest
from coincurve import PrivateKey

from surge.chain.anvil import node
from surge.chain.anvil.node import TICK_SECONDS, LocalChain
from surge.chain.anvil.programs import find_program
from surge.chain.node.rpc import Rpc, RpcError
from surge.chain.node.sender import Call, Sender
from surge.model.errors import BadInput, NoNetwork, Unavailable
from surge.model.signature import address_of

COUNT_DOWN = "0x62030d405b6001900380600457600080f3"
"""Creates nothing, slowly: 200,000 times around a loop."""
SOMEBODY = "0x52908400098527886E0F7030069857D2E4169EE7"

ACCOUNT = "0x" + "11" * 20


def test_state_and_port_survive_a_stop(local):
    url = local.start()
    assert local.start() == url
    assert local.running_url() == url
    local.fund(SOMEBODY, 10**18)
    rpc = Rpc(url)
    rpc.call("anvil_mine", "0x3")
    before = rpc.call("eth_getBlockByNumber", "latest", False)["hash"]
    assert local.stop()
    assert local.running_url() is None
    with pytest.raises(NoNetwork, match="surge up"):
        rpc.call("eth_blockNumber")
    assert local.start() == url
    assert rpc.call("eth_getBlockByNumber", "0x3", False)["hash"] == before
    assert int(rpc.call("eth_getBalance", SOMEBODY, "latest"), 16) == 10**18
    rpc.close()


def test_time_never_runs_back(local, rpc):
    """A clock that was shifted ahead stays ahead after a restart."""
    rpc.call("evm_increaseTime", 5_000)
    rpc.call("evm_mine")
    before = int(rpc.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
    local.stop()
    local.start()
    rpc.call("evm_mine")
    after = int(rpc.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
    assert before <= after <= before + 60


def test_what_is_sent_together_is_mined_at_once(local, rpc, monkeypatch):
    """Many times the gas of a usual block, by its limits: none waits for a later tick."""
    monkeypatch.setattr("surge.chain.node.sender.PATIENCE_SECONDS", TICK_SECONDS / 3)
    key = PrivateKey()
    local.fund(address_of(key), 10**20)
    sender = Sender(rpc, key, local.chain_id)
    for _ in range(6):
        sender.send_all([Call("counting down", None, COUNT_DOWN)] * 12, gas=9_000_000)


def test_it_is_ours_alone(local, rpc):
    """Loopback only, no accounts unlocked in the node, nothing secret on its command line."""
    assert rpc.call("eth_accounts") == []
    running = psutil.Process(find_program(local.folder, "anvil").pid)
    assert {c.laddr.ip for c in running.net_connections() if c.status == "LISTEN"} == {"127.0.0.1"}
    assert not {"--mnemonic", "--mnemonic-seed-unsafe", "-m"} & set(running.cmdline())


def test_two_networks_side_by_side(local, rpc, tmp_path):
    other = LocalChain(tmp_path / "other", chain_id=31338)
    try:
        second = Rpc(other.start())
        assert int(second.call("eth_chainId"), 16) == 31338
        assert int(rpc.call("eth_chainId"), 16) == 31337
        second.close()
    finally:
        other.stop()


def test_a_taken_port_is_one_sentence(local):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(Unavailable, match=f"port {port} is taken"):
            local.start(port)
    assert local.running_url() is None
    assert local.start(port).endswith(f":{port}")
    with pytest.raises(BadInput, match="already"):
        local.start(port + 1)


def test_a_port_that_is_lost_in_a_race_is_changed(local, tmp_path, monkeypatch):
    """Free when it was looked for, taken when anvil asks for it: by another local chain, which answers there
    and has the same chain id."""
    other = LocalChain(tmp_path / "other")
    taken = int(other.start().rsplit(":", 1)[1])
    ports = iter([taken, taken])
    real = node._any_free_port
    monkeypatch.setattr(node, "_any_free_port", lambda: next(ports, None) or real())
    try:
        url = local.start()
        assert not url.endswith(f":{taken}")
        assert url != other.running_url()
        local.fund(ACCOUNT, 5)
        assert Rpc(url).call("eth_getBalance", ACCOUNT, "latest") == hex(5)
    finally:
        other.stop()


def test_another_chain_at_a_port_that_one_had_is_not_taken_for_it(local, tmp_path):
    """A's port is B's by now, and A's start was interrupted: nothing of B is read or written as A's."""
    a, b = LocalChain(tmp_path / "a"), LocalChain(tmp_path / "b")
    try:
        port = int(a.start().rsplit(":", 1)[1])
        a.stop()
        url = b.start(port)
        rpc = Rpc(url)
        rpc.call("anvil_mine", "0x32")
        rpc.close()
        a.start()
        (a.folder / "port").write_text(str(port))  # as an earlier version left it
        assert a.running_url() is None
        with pytest.raises(NoNetwork):
            a.checkpoint()
        assert not a.last_whole_state.exists()
    finally:
        a.stop()
        b.stop()


def test_an_interrupted_start_leaves_no_node(local, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(LocalChain, "_answers", interrupted)
    with pytest.raises(KeyboardInterrupt):
        local.start()
    assert not find_program(local.folder, "anvil")
    monkeypatch.undo()
    assert local.start() == local.running_url()


def test_a_remembered_port_that_is_taken_is_changed(local):
    port = int(local.start().rsplit(":", 1)[1])
    local.stop()
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", port))
        holder.listen()
        assert not local.start().endswith(f":{port}")


def test_a_node_that_cannot_start_says_why(local, monkeypatch, tmp_path):
    fake = tmp_path / "anvil"
    fake.write_text("#!/bin/sh\necho 'no such option' >&2\nexit 2\n")
    fake.chmod(0o755)
    monkeypatch.setenv("SURGE_ANVIL", str(fake))
    with pytest.raises(Unavailable, match="no such option"):
        local.start()


def test_funding_needs_a_running_chain(local):
    with pytest.raises(NoNetwork, match="surge up"):
        local.fund(SOMEBODY, 1)


def test_batches_keep_their_order_and_their_errors(rpc):
    calls = [("eth_blockNumber", []), ("no_such_method", [])] + [("eth_chainId", [])] * 150
    first, second, *rest = rpc.batch(calls)
    assert int(first, 16) == 0
    assert isinstance(second, RpcError)
    assert {int(each, 16) for each in rest} == {31337}


def test_an_idle_connection_that_was_closed_is_replaced(local, rpc):
    assert rpc.call("eth_chainId")
    local.stop()
    local.start()
    assert rpc.call("eth_chainId")


def test_other_answers_than_a_nodes(tmp_path):
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        rpc = Rpc(f"http://127.0.0.1:{mute.getsockname()[1]}/secret-key", timeout=0.2)
        began = time.monotonic()
        with pytest.raises(NoNetwork, match="no answer in time") as caught:
            rpc.call("eth_chainId")
        assert time.monotonic() - began < 5
        assert "secret-key" not in str(caught.value) + repr(rpc)
    with pytest.raises(BadInput, match="http"):
        Rpc("127.0.0.1:8545")
