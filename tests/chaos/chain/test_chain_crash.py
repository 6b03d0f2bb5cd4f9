"""The local chain, killed and damaged."""

import time

import psutil
import pytest

from surge.chain.anvil import LocalChain
from surge.chain.local import find_program
from surge.model.errors import CorruptState

SOMEBODY = "0x52908400098527886E0F7030069857D2E4169EE7"


def kill(local: LocalChain) -> None:
    running = psutil.Process(find_program(local.folder, "anvil").pid)
    running.kill()
    running.wait()


def balance(rpc):
    return int(rpc.call("eth_getBalance", SOMEBODY, "latest"), 16)


def written(local, after):
    """Wait until the node has written its state anew after the moment `after`, and whole."""
    deadline = time.monotonic() + 20
    while not (local.state.exists() and local.state.stat().st_mtime > after and local.checkpoint()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_kill_loses_at_most_the_interval(local, rpc):
    rpc.call("anvil_mine", "0x5")
    local.fund(SOMEBODY, 7)
    written(local, time.time())
    kill(local)
    assert local.running_url() is None
    local.start()
    assert int(rpc.call("eth_blockNumber"), 16) >= 5
    assert balance(rpc) == 7


@pytest.mark.parametrize("content", [b"", b'{"block": {"number"', b"\0" * 4096, b"[]"])
def test_a_damaged_state_is_named_and_left(local, content):
    local.start()
    local.stop()
    local.last_whole_state.unlink(missing_ok=True)
    local.state.write_bytes(content)
    with pytest.raises(CorruptState, match=r"state\.json.*begin a new chain"):
        local.start()
    assert local.state.read_bytes() == content
    assert local.running_url() is None


def test_a_half_written_state_resumes_from_the_last_whole_one(local, rpc):
    local.fund(SOMEBODY, 7)
    written(local, time.time())
    kill(local)
    local.state.write_bytes(local.state.read_bytes()[:100])
    with pytest.raises(CorruptState, match=r"checkpoint\.json"):
        local.start()
    local.state.write_bytes(local.last_whole_state.read_bytes())  # what the sentence tells to do
    local.start()
    assert balance(rpc) == 7


def test_a_checkpoint_is_never_replaced_by_a_torn_state(local):
    local.start()
    local.stop()
    local.checkpoint()
    whole = local.last_whole_state.read_bytes()
    local.state.write_bytes(whole[:50])
    assert not local.checkpoint()
    assert local.last_whole_state.read_bytes() == whole
