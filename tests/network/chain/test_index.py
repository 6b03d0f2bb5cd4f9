"""The event index against a real node: complete, resumable, and right after a reorganisation."""

import threading
from dataclasses import replace

import pytest

from chain_network import DEMAND, raise_network, voucher
from surge.chain.network import index as index_room
from surge.chain.network.index import Index
from surge.chain.node.logs import read_logs
from surge.chain.node.rpc import Rpc, RpcError
from surge.model.errors import CorruptState, NoNetwork
from surge.model.units import parse_usd

ESCROW = parse_usd("1")


class Strict(Rpc):
    """A node that serves eth_getLogs for a few blocks at a time."""

    longest = 5

    def call(self, method, *params):
        if method == "eth_getLogs":
            span = int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) + 1
            if span > self.longest:
                raise RpcError(-32005, f"query exceeds max block range {self.longest}")
        return super().call(method, *params)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    network = raise_network(tmp_path_factory.mktemp("network"))
    yield network
    network.close()


@pytest.fixture
def index(network, tmp_path):
    index = Index(network.book, network.rpc, tmp_path / "index.db")
    yield index
    index.close()


@pytest.fixture
def lease(network):
    provider, renter = network.provider(), network.account(usd=parse_usd("100"))
    lease, _ = renter.leases.open(DEMAND, ESCROW, [provider.address])
    yield lease, provider, renter
    provider.asks.withdraw()


def names(index, **filters):
    every = ("LeaseOpened", "LeaseToppedUp", "Settled", "LeaseClosed")
    return [event.name for event in index.find(*every, **filters)]


def test_events_come_in_order_and_by_filter(index, lease):
    lease, provider, renter = lease
    provider.leases.settle(lease, *voucher(renter, lease, 1, 1_000))
    grown, _ = renter.leases.top_up(lease, 5)
    provider.leases.close(grown, None)
    assert index.update() == renter.block_number()
    assert names(index, lease=lease.id) == ["LeaseOpened", "Settled", "LeaseToppedUp", "LeaseClosed"]
    assert names(index, provider=provider.address, lease=lease.id) == ["LeaseOpened", "Settled"]
    assert names(index, renter=renter.address) == ["LeaseOpened"]
    (newest,) = index.find("LeaseOpened", newest_first=True, limit=1)
    assert (newest.members["lease"], newest.transaction) == (lease.id, lease.transaction)
    assert newest.members["demand"] == DEMAND.word
    assert [e.members["ticket"] for e in index.newest_by_provider("AskPublished")][-1] == "ticket at 100"


def test_it_resumes_from_its_file(network, index, lease, tmp_path):
    lease, provider, renter = lease
    index.update()
    before = names(index, lease=lease.id)
    index.close()
    provider.leases.settle(lease, *voucher(renter, lease, 1, 1_000))
    again = Index(network.book, network.rpc, tmp_path / "index.db")
    assert names(again, lease=lease.id) == before
    again.update()
    assert names(again, lease=lease.id) == [*before, "Settled"]
    again.close()


def test_ranges_adapt_to_the_node(network, lease, tmp_path):
    lease, _, renter = lease
    network.rpc.call("anvil_mine", "0x28")
    strict = Strict(network.book.rpc_url)
    narrow = Index(network.book, strict, tmp_path / "narrow.db")
    wide = Index(network.book, network.rpc)
    assert narrow.update() == wide.update() == renter.block_number()
    everything = ("AskPublished", "AskWithdrawn", "Staked", "LeaseOpened", "Settled", "LeaseClosed")
    assert narrow.find(*everything) == wide.find(*everything)
    ranges = list(read_logs(strict, [], 0, 40, first_range=1))
    assert [last for last, _ in ranges][-1] == 40
    Strict.longest = 0
    with pytest.raises(NoNetwork, match="eth_getLogs"):
        Index(network.book, strict).update()
    Strict.longest = 5
    strict.close()
    narrow.close()
    wide.close()


def test_a_reorganisation_is_rolled_back(network, index, lease):
    """The chain forgets a settlement and goes another way: so does the index."""
    lease, provider, renter = lease
    index.update()
    snapshot = network.rpc.call("evm_snapshot")
    provider.leases.settle(lease, *voucher(renter, lease, 1, 1_000))
    network.rpc.call("anvil_mine", "0x3")
    index.update()
    assert names(index, lease=lease.id) == ["LeaseOpened", "Settled"]
    network.rpc.call("evm_revert", snapshot)
    renter.leases.top_up(lease, 5)
    network.rpc.call("anvil_mine", "0x9")
    index.update()
    assert names(index, lease=lease.id) == ["LeaseOpened", "LeaseToppedUp"]
    fresh = Index(network.book, network.rpc)
    fresh.update()
    everything = ("AskPublished", "LeaseOpened", "LeaseToppedUp", "Settled", "LeaseClosed")
    assert index.find(*everything) == fresh.find(*everything)
    fresh.close()


def test_anvils_own_reorganisation(network, index, lease):
    lease, _, renter = lease
    grown, _ = renter.leases.top_up(lease, 5)
    index.update()
    assert names(index, lease=lease.id) == ["LeaseOpened", "LeaseToppedUp"]
    network.rpc.call("anvil_reorg", 1, [])
    network.rpc.call("anvil_mine", "0x1")
    index.update()
    fresh = Index(network.book, network.rpc)
    fresh.update()
    assert names(index, lease=lease.id) == names(fresh, lease=lease.id) == ["LeaseOpened"]
    assert grown.terms.escrow == ESCROW + 5
    fresh.close()


def test_a_shorter_chain_is_followed_back(network, index, lease):
    """A node that lost its newest blocks, as after a kill."""
    lease, provider, renter = lease
    snapshot = network.rpc.call("evm_snapshot")
    provider.leases.settle(lease, *voucher(renter, lease, 1, 1_000))
    index.update()
    network.rpc.call("evm_revert", snapshot)
    index.update()
    assert names(index, lease=lease.id) == ["LeaseOpened"]


def test_deeper_than_what_it_remembers_it_starts_over(network, lease, tmp_path, monkeypatch):
    lease, provider, renter = lease
    monkeypatch.setattr(index_room, "KEPT_HASHES", 1)
    index = Index(network.book, network.rpc, tmp_path / "short.db")
    index.update()
    snapshot = network.rpc.call("evm_snapshot")
    for step in range(1, 4):
        provider.leases.settle(lease, *voucher(renter, lease, step, 1_000 * step))
        index.update()
    network.rpc.call("evm_revert", snapshot)
    network.rpc.call("anvil_mine", "0x6")
    index.update()
    assert names(index, lease=lease.id) == ["LeaseOpened"]
    index.close()


def test_the_lag_leaves_out_the_newest_blocks(network, lease, tmp_path):
    lease, provider, renter = lease
    late = Index(network.book, network.rpc, tmp_path / "late.db", lag=4)
    provider.leases.settle(lease, *voucher(renter, lease, 1, 1_000))
    late.update()
    assert "Settled" not in names(late, lease=lease.id)
    network.rpc.call("anvil_mine", "0x4")
    late.update()
    assert "Settled" in names(late, lease=lease.id)
    late.close()


def test_a_chain_that_changes_while_it_is_read(network, lease, tmp_path, monkeypatch):
    """The reorganisation falls between reading the logs and storing them."""
    lease, provider, renter = lease
    index = Index(network.book, network.rpc, tmp_path / "torn.db")
    index.update()
    snapshot = network.rpc.call("evm_snapshot")
    provider.leases.settle(lease, *voucher(renter, lease, 1, 1_000))
    real, done = index_room.read_logs, []

    def torn(rpc, *arguments):
        for each in real(rpc, *arguments):
            if not done:
                done.append(1)
                network.rpc.call("evm_revert", snapshot)
                network.rpc.call("anvil_mine", "0x5")
            yield each

    monkeypatch.setattr(index_room, "read_logs", torn)
    index.update()
    assert names(index, lease=lease.id) == ["LeaseOpened"]
    index.close()


def test_two_followers_share_one_file(network, lease, tmp_path):
    lease, provider, renter = lease
    followers = [Index(network.book, Rpc(network.book.rpc_url), tmp_path / "shared.db") for _ in range(2)]
    provider.leases.settle(lease, *voucher(renter, lease, 1, 1_000))
    threads = [threading.Thread(target=follower.update) for follower in followers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [names(follower, lease=lease.id) for follower in followers] == [["LeaseOpened", "Settled"]] * 2
    for follower in followers:
        follower.close()
        follower._rpc.close()


def test_a_damaged_index_is_named(network, tmp_path):
    path = tmp_path / "index.db"
    path.write_bytes(b"\xa5" * 9_000)
    with pytest.raises(CorruptState, match=r"index\.db"):
        Index(network.book, network.rpc, path)
    assert path.read_bytes() == b"\xa5" * 9_000


def test_another_network_has_other_events(network, lease):
    """Events of contracts that the book does not name are not seen."""
    lease, _, _ = lease
    addresses = network.book.addresses | {"Market": network.book.addresses["Rewards"]}
    stranger = Index(replace(network.book, addresses=addresses), network.rpc)
    stranger.update()
    assert names(stranger, lease=lease.id) == []
    stranger.close()
