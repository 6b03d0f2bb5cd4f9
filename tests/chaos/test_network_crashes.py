"""P3 with real processes: providers, chain and renter killed in mid-job on a local network."""

import subprocess
import sys
import threading
import time

import psutil
import pytest

import surge
from surge.chain.node.rpc import Rpc
from surge.model.units import parse_usd
from surge.provider.config import Place
from surge.renter.access import Access
from surge.renter.lease import watch
from surge.store.provider import ProviderStore
from surge.store.renter import RenterStore

PATIENCE = 90.0
ROUNDS = 400_000
"""Of a loop: a few tenths of a second in the sandbox."""


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with surge.LocalNetwork(providers=2, home=tmp_path_factory.mktemp("crashes")) as network:
        yield network


@pytest.fixture
def chain(network):
    chain = Access(network.home, "local").chain()
    yield chain
    chain.disconnect()


@pytest.fixture(autouse=True)
def whole(network):
    """Every test begins with everything up."""
    network.start()


def spin(rounds, number):
    total = number
    for i in range(rounds):
        total += i
    return total


def expected(count):
    return [sum(range(ROUNDS)) + number for number in range(count)]


def program(network, name):
    return next(one for one in network.programs() if one.name == name)


def kill(running):
    victim = psutil.Process(running.pid)
    victim.kill()
    try:
        victim.wait(10)
    except psutil.TimeoutExpired:
        raise AssertionError(f"{running.name} survived SIGKILL") from None


def until(condition, seconds=PATIENCE):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


class Running:
    """A map under way, with the number of results so far."""

    def __init__(self, executor, count):
        self.executor, self.count = executor, count
        self.finished = threading.Semaphore(0)
        self.futures = [executor.submit(spin, ROUNDS, number) for number in range(count)]
        for future in self.futures:
            future.add_done_callback(lambda _: self.finished.release())

    def after(self, results):
        """Wait until so many results are there."""
        for _ in range(results):
            assert self.finished.acquire(timeout=PATIENCE)

    def check(self):
        assert [future.result(PATIENCE) for future in self.futures] == expected(self.count)


def pass_time(chain, seconds):
    rpc = Rpc(chain.book.rpc_url)
    try:
        rpc.call("evm_increaseTime", seconds)
        rpc.call("evm_mine")
    finally:
        rpc.close()


def leases_since(chain, count):
    return chain.leases.all(renter=chain.address)[count:]


def settled(chain, leases):
    return all(not chain.leases.state(lease.id).open for lease in leases)


def test_a_provider_that_is_killed_and_comes_back_goes_on(network, chain):
    """It has another port then; the renter finds it by its new ticket, and no lease is lost."""
    before = len(chain.leases.all(renter=chain.address))
    with network.executor(max_workers=4, budget="1.00") as executor:
        running = Running(executor, 40)
        running.after(5)
        kill(program(network, "provider-1"))
        network._start_provider(1)
        running.check()
    opened = leases_since(chain, before)
    until(lambda: settled(chain, opened))
    assert parse_usd(executor.report().paid) <= parse_usd("1.00")


def test_a_provider_that_is_killed_for_good_is_replaced(network, chain):
    """Its work goes elsewhere; started again, it redeems alone, after expiry, what it had earned."""
    before = len(chain.leases.all(renter=chain.address))
    with network.executor(max_workers=4, budget="1.00") as executor:
        running = Running(executor, 40)
        running.after(8)
        kill(program(network, "provider-1"))
        running.check()
    opened = leases_since(chain, before)
    left = [lease for lease in opened if chain.leases.state(lease.id).open]
    lost = chain_addresses(network)[1]
    assert all(lease.terms.provider == lost for lease in left)
    store = RenterStore(network.home.renter_db)
    job = store.jobs()[0][0].id
    signed = {lease.id: store.voucher(job, lease.id) for lease in opened}
    store.close()
    network.start()
    pass_time(chain, 1000)
    until(lambda: settled(chain, opened))
    for lease in left:
        kept = signed[lease.id]
        paid = chain.leases.closing(lease.id).paid
        assert paid <= (kept.voucher.amount if kept else 0)
        books = provider_store(network, 1)
        voucher = books.voucher(lease.id)
        books.close()
        assert paid == (voucher.voucher.amount if voucher else 0)


def chain_addresses(network):
    from surge.chain.wallet import wallet_address

    return {n: wallet_address(network.provider_home(n) / "key.json") for n in (1, 2)}


def provider_store(network, number):
    return ProviderStore(Place(network.provider_home(number)).database(network.book))


def test_a_chain_that_is_killed_and_comes_back_stops_no_job(network, chain):
    with network.executor(max_workers=2, budget="1.00") as executor:
        running = Running(executor, 30)
        running.after(3)
        time.sleep(2.5)  # the node writes its state every 2 s: what is younger dies with it
        kill(program_of_chain(network))
        running.after(3)
        network._chain.start()
        running.check()
    assert executor.report().tasks == 30
    assert not [line for line in executor.warnings if "stays open" in line]


def program_of_chain(network):
    from surge.chain.anvil.programs import find_program

    return find_program(network._chain.folder, "anvil")


def test_a_lease_that_expires_in_mid_job_is_replaced(network, chain, monkeypatch):
    """The provider closes it alone with its latest voucher; the job goes on with another."""
    monkeypatch.setattr(watch, "WATCH_SECONDS", 0.5)
    before = len(chain.leases.all(renter=chain.address))
    with network.executor(max_workers=2, budget="1.00") as executor:
        running = Running(executor, 40)
        running.after(6)
        pass_time(chain, 1000)
        running.check()
    opened = leases_since(chain, before)
    assert len(opened) > 2
    until(lambda: settled(chain, opened))
    store = RenterStore(network.home.renter_db)
    job = store.jobs()[0][0].id
    paid = sum(chain.leases.closing(lease.id).paid for lease in opened)
    signed = [store.voucher(job, lease.id) for lease in opened]
    store.close()
    assert paid <= sum(kept.voucher.amount for kept in signed if kept)
    assert paid > 0


def test_an_idle_lease_is_closed_before_it_expires(network, chain, monkeypatch):
    """Together with its provider: the change is back, and the next task opens another lease."""
    monkeypatch.setattr(watch, "WATCH_SECONDS", 0.2)
    before = len(chain.leases.all(renter=chain.address))
    with network.executor(max_workers=1, budget="0.10") as executor:
        assert executor.submit(spin, 10, 1).result(PATIENCE) == 46
        opened = leases_since(chain, before)
        pass_time(chain, 850)
        until(lambda: settled(chain, opened))
        assert executor.submit(spin, 10, 2).result(PATIENCE) == 47
    assert executor.report().leases == 2
    assert not executor.warnings


RENTER = """
import sys
import surge
from surge.store.home import Home
from pathlib import Path
from surge.renter.access import Access
from surge.renter.executor import Executor

def spin(rounds, number):
    total = number
    for i in range(rounds):
        total += i
    return total

executor = Executor(2, "1.00", access=Access(Home(Path(sys.argv[1])), "local"))
futures = [executor.submit(spin, int(sys.argv[2]), number) for number in range(1000)]
for future in futures:
    future.result()
    print("one", flush=True)
"""


def test_a_renter_that_is_killed_leaves_what_it_paid_for(network, chain, tmp_path):
    """Its results are in renter.db under the voucher; the provider is paid for them without it."""
    script = tmp_path / "renter.py"
    script.write_text(RENTER)
    before = len(chain.leases.all(renter=chain.address))
    child = subprocess.Popen(
        [sys.executable, str(script), str(network.home.root), str(ROUNDS // 4)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        for _ in range(6):
            assert child.stdout.readline() == "one\n"
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
    opened = leases_since(chain, before)
    store = RenterStore(network.home.renter_db)
    job = store.jobs()[0][0].id
    rows = [row for lease in opened for row in store.tasks(job, lease.id)]
    bills = {lease.id: store.receipts(job, lease.id) for lease in opened}
    vouchers = {lease.id: store.voucher(job, lease.id) for lease in opened}
    store.close()
    results = [row for row in rows if row.status == "returned"]
    assert len(results) >= 6
    assert all(row.output for row in results)
    for lease in opened:
        amount = vouchers[lease.id].voucher.amount if vouchers[lease.id] else 0
        assert amount == sum(kept.receipt.amount for kept in bills[lease.id])
    pass_time(chain, 1000)
    until(lambda: settled(chain, opened))
    for lease in opened:
        paid = chain.leases.closing(lease.id).paid
        amounts = [0]
        for kept in bills[lease.id]:
            amounts.append(amounts[-1] + kept.receipt.amount)
        assert paid in amounts[-3:]  # at most what was on its way when the renter died is not paid
