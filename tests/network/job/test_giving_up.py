"""Whoever wants the end now gets it: work that runs is stopped, and the lease's change comes back."""

import threading
import time

import pytest

import surge
from surge.chain.node.rpc import Rpc
from surge.model.errors import Unavailable

pytestmark = pytest.mark.slow

PROMPT = 10.0
"""Seconds, far above the second or two that it takes, and far below waiting for the work or a provider."""


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with surge.LocalNetwork(providers=1, home=tmp_path_factory.mktemp("network")) as network:
        yield network


def endless(x):
    while True:
        x += 1


def doubled(x):
    return 2 * x


def begun(network, executor):
    """An endless task that its provider has taken up."""
    future = executor.submit(endless, 1)
    trace = network.home.root / "traces" / f"{executor.job}.jsonl"
    deadline = time.monotonic() + 60
    while '"what":"sent"' not in trace.read_text():
        assert time.monotonic() < deadline
        threading.Event().wait(0.05)
    return future


def test_abandoned_work_is_stopped_and_its_lease_closed(network):
    executor = network.executor(2, budget="1.00")
    future = begun(network, executor)
    began = time.monotonic()
    executor.abandon()
    assert time.monotonic() - began < PROMPT
    with pytest.raises(Unavailable, match="shut down before"):
        future.result(1)
    with network.executor(2, budget="1.00") as again:  # all of the provider's slots are free again
        assert list(again.map(doubled, range(8))) == [2 * x for x in range(8)]


def test_an_interrupt_does_not_wait_for_tasks(network):
    executor = network.executor(2, budget="1.00")
    begun(network, executor)
    began = time.monotonic()
    executor.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)  # as a `with` block's end does
    assert time.monotonic() - began < PROMPT
    with network.executor(2, budget="1.00") as again:
        assert again.submit(doubled, 4).result(60) == 8


def test_a_pause_for_thought_costs_a_lease_and_no_warning(network):
    """A lease without work ends after five minutes of the chain; the next work opens another one."""
    with network.executor(1, budget="1.00") as executor:
        assert executor.submit(doubled, 1).result(60) == 2
        job = executor._job
        (lease,) = job.store.leases(job.row)
        rpc = Rpc(network.book.rpc_url)
        deadline = time.monotonic() + 60
        while job.chain.leases.closing(lease.id) is None:
            assert time.monotonic() < deadline
            rpc.call("evm_increaseTime", 10)
            rpc.call("evm_mine")
            threading.Event().wait(0.5)  # its provider's clock ticks every two seconds
        rpc.close()
        assert executor.submit(doubled, 2).result(60) == 4
    assert executor.warnings == []
    assert executor.report().leases == 2
