"""surge.Executor against a real local network: a chain, contracts, providers, sandboxes."""

import concurrent.futures
import threading
import time
from dataclasses import replace
from decimal import Decimal

import pytest

import surge
from surge.model.errors import BadInput, CannotShip, NoProvider, Underfunded
from surge.model.units import parse_usd
from surge.provider.config import Place, ProviderConfig, save_config
from surge.renter.access import Access

numpy = pytest.importorskip("numpy")

OFFSET = 7
DEADLINE = 90


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    network = surge.LocalNetwork(providers=2, home=tmp_path_factory.mktemp("network"))
    for number in (1, 2):
        config = ProviderConfig(slots=2, memory_mib=1024, price_per_gfuel="0.0005")
        save_config(config, Place(network.provider_home(number)).config)
    with network:
        yield network


@pytest.fixture(scope="module")
def executor(network):
    with network.executor(max_workers=2, budget="1.50") as executor:
        yield executor


@pytest.fixture
def renter(network):
    chain = Access(network.home, "local").chain()
    yield chain
    chain.disconnect()


def square(x):
    return x * x


def add_offset(x):
    return x + OFFSET


def fail_at(x, bad):
    if x == bad:
        raise ValueError(f"no {x} here")
    return x


def spin(rounds):
    total = 0
    for i in range(rounds):
        total += i
    return total


def test_old_jobs_are_forgotten_if_the_config_says_so(network):
    """One that a test made long ago, once another one has ended."""
    with network.executor(max_workers=1, budget="0.10", progress=False) as first:
        assert first.submit(square, 3).result() == 9
    store = Access(network.home, "local").store()
    store.put_job(replace(next(row for row, _ in store.jobs() if row.id == first.job), created=1_000))
    config = network.home.config
    config.write_text("keep_jobs = 30\n")
    try:
        with network.executor(max_workers=1, budget="0.10", progress=False) as second:
            assert second.submit(square, 3).result() == 9
    finally:
        config.unlink()
    kept = {row.id for row, _ in store.jobs()}
    store.close()
    assert second.job in kept
    assert first.job not in kept


def test_map_gives_the_results_in_order(executor):
    assert list(executor.map(square, range(300))) == [n * n for n in range(300)]


def test_map_takes_several_iterables_and_stops_with_the_shortest(executor):
    assert list(executor.map(pow, [2, 3, 4], [5, 2])) == [32, 9]


def test_map_with_a_chunksize(executor):
    assert list(executor.map(square, range(50), chunksize=25)) == [n * n for n in range(50)]


def test_map_of_nothing_is_empty(executor):
    assert list(executor.map(square, [])) == []


def test_map_takes_its_inputs_at_once_like_the_standard_library(executor):
    taken = []

    def inputs():
        for n in range(5):
            taken.append(n)
            yield n

    results = executor.map(square, inputs())
    assert taken == [0, 1, 2, 3, 4]
    assert list(results) == [0, 1, 4, 9, 16]


def test_map_gives_up_after_its_timeout(executor):
    with pytest.raises(TimeoutError):
        list(executor.map(spin, [2_000_000] * 4, timeout=0.01))


@pytest.mark.parametrize("chunksize", [0, -1])
def test_a_chunksize_must_be_positive(executor, chunksize):
    with pytest.raises(BadInput, match="chunksize"):
        executor.map(square, [1], chunksize=chunksize)


def test_futures_work_with_the_standard_tools(executor):
    futures = [executor.submit(square, n) for n in range(8)]
    done, waiting = concurrent.futures.wait(futures, timeout=DEADLINE)
    assert not waiting
    assert sorted(future.result() for future in done) == [n * n for n in range(8)]
    assert {future.result() for future in concurrent.futures.as_completed(futures)} == {
        n * n for n in range(8)
    }


def test_a_callback_is_called(executor):
    called = threading.Event()
    executor.submit(square, 3).add_done_callback(lambda future: called.set())
    assert called.wait(DEADLINE)


def test_closures_lambdas_globals_and_keywords(executor):
    factor = 3

    def scaled(x, *, plus=0):
        return factor * x + plus

    assert executor.submit(scaled, 5, plus=1).result(DEADLINE) == 16
    assert executor.submit(lambda x: x + factor, 5).result(DEADLINE) == 8
    assert executor.submit(add_offset, 5).result(DEADLINE) == 12


def test_a_function_of_a_notebook_cell(executor):
    """Its source is no file: it lives in linecache, as IPython keeps it."""
    import linecache

    source = "def cell(x):\n    return [x] * 2\n"
    name = "<ipython-input-1-0123456789ab>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    space = {"__name__": "__main__"}
    exec(compile(source, name, "exec"), space)  # noqa: S102
    assert executor.submit(space["cell"], 4).result(DEADLINE) == [4, 4]


def test_numpy_comes_back_as_numpy(executor):
    def halves(n):
        import numpy as np

        return {"halves": np.arange(n) / 2, "sum": int(np.arange(n).sum())}

    answer = executor.submit(halves, 5).result(DEADLINE)
    assert answer["sum"] == 10
    assert isinstance(answer["halves"], numpy.ndarray)
    assert answer["halves"].tolist() == [0.0, 0.5, 1.0, 1.5, 2.0]


def test_an_exception_comes_back_with_the_remote_traceback_as_its_cause(executor):
    with pytest.raises(ValueError, match="no 3 here") as raised:
        executor.submit(fail_at, 3, 3).result(DEADLINE)
    assert "fail_at" in str(raised.value.__cause__)
    assert "line" in str(raised.value.__cause__)


def test_one_failed_task_spoils_no_other(executor):
    futures = [executor.submit(fail_at, n, 5) for n in range(10)]
    concurrent.futures.wait(futures, timeout=DEADLINE)
    assert [n for n, future in enumerate(futures) if future.exception()] == [5]


def test_what_a_task_prints_appears_here(executor, capsys):
    def speak():
        print("from far away")  # noqa: T201

    executor.submit(speak).result(DEADLINE)
    assert "from far away" in capsys.readouterr().out


def test_what_cannot_leave_is_named_before_any_money_moves(network, renter):
    """No transaction happens: not even a lease is opened."""
    lock = threading.Lock()

    def locked(x):
        with lock:
            return x

    before = (
        renter.money.balances(renter.address),
        renter._rpc.call("eth_getTransactionCount", renter.address, "latest"),
    )
    with network.executor(budget="1.00") as fresh:
        with pytest.raises(CannotShip, match="lock"):
            fresh.submit(locked, 1)
        with pytest.raises(CannotShip):
            fresh.submit(square, (n for n in range(3)))
        assert fresh.job is None
    after = (
        renter.money.balances(renter.address),
        renter._rpc.call("eth_getTransactionCount", renter.address, "latest"),
    )
    assert after == before


@pytest.mark.parametrize("budget", ["", "1,50", "-1", "nan", "0.0000001", "1e3"])
def test_a_budget_that_is_no_amount_is_refused(network, budget):
    with pytest.raises(BadInput):
        network.executor(budget=budget)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"budget": "0.0001"}, Underfunded, "budget"),
        ({"budget": "100000"}, Underfunded, "holds"),
        ({"max_price": "0.000000"}, NoProvider, "none of 2 asks fits"),
        ({"memory_mib": 4096}, NoProvider, "none of 2 asks fits"),
    ],
)
def test_what_cannot_be_had_fails_the_tasks_and_costs_nothing(network, renter, options, error, words):
    before = renter.money.usd(renter.address)
    with network.executor(**{"budget": "1.00"} | options) as refused:
        futures = [refused.submit(square, n) for n in range(3)]
        for future in futures:
            with pytest.raises(error, match=words):
                future.result(DEADLINE)
    assert renter.money.usd(renter.address) == before


def test_a_refusal_does_not_outlive_its_time(network):
    """A later submission asks again."""
    with network.executor(budget="0.0001") as poor:
        for n in range(2):
            with pytest.raises(Underfunded):
                poor.submit(square, n).result(DEADLINE)


def test_cancel_before_start_and_cancel_futures_at_shutdown(network):
    with network.executor(max_workers=1, budget="1.00") as busy:
        busy.submit(square, 1).result(DEADLINE)
        futures = [busy.submit(spin, 2_000_000) for _ in range(12)]
        assert futures[-1].cancel()
        assert not futures[-1].running()
        busy.shutdown(cancel_futures=True)
        assert futures[-1].cancelled()
        ended = [future for future in futures if not future.cancelled()]
        assert len(ended) < len(futures) - 3
        assert {future.result(0) for future in ended} == {sum(range(2_000_000))}
        with pytest.raises(RuntimeError, match="after shutdown"):
            busy.submit(square, 1)


def test_everything_cancelled_before_a_lease_opens(network, renter):
    leases = len(renter.leases.all(renter=renter.address))
    idle = network.executor(max_workers=1, budget="1.00")
    futures = [idle.submit(square, n) for n in range(5)]
    idle.shutdown(cancel_futures=True)
    assert all(future.done() for future in futures)
    opened = renter.leases.all(renter=renter.address)[leases:]
    assert all(not renter.leases.state(lease.id).open for lease in opened)


def test_shutdown_without_waiting_ends_in_the_background(network, renter):
    leases = len(renter.leases.all(renter=renter.address))
    fire = network.executor(max_workers=1, budget="1.00")
    futures = [fire.submit(square, n) for n in range(20)]
    fire.shutdown(wait=False)
    assert [future.result(DEADLINE) for future in futures] == [n * n for n in range(20)]
    until(lambda: closed(renter, leases))
    fire.shutdown()


def test_shutdown_twice_is_once(network):
    twice = network.executor(max_workers=1, budget="1.00")
    assert twice.submit(square, 3).result(DEADLINE) == 9
    twice.shutdown()
    twice.shutdown()
    assert twice.report().transactions


def closed(renter, first):
    leases = renter.leases.all(renter=renter.address)[first:]
    return bool(leases) and not any(renter.leases.state(lease.id).open for lease in leases)


def until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def test_two_executors_on_one_wallet(network, renter):
    """Side by side: both are served, both close their leases, the books stay apart."""
    leases = len(renter.leases.all(renter=renter.address))
    with (
        network.executor(max_workers=1, budget="0.50") as one,
        network.executor(max_workers=1, budget="0.50") as two,
    ):
        squares, sums = one.map(square, range(200)), two.map(add_offset, range(200))
        assert list(squares) == [n * n for n in range(200)]
        assert list(sums) == [n + OFFSET for n in range(200)]
    assert one.report().tasks == two.report().tasks == 200
    assert one.job != two.job
    assert closed(renter, leases)


def test_the_report_adds_up(network, renter):
    """Against the chain: what left the wallet is what the report says was paid."""
    before = renter.money.usd(renter.address)
    with network.executor(max_workers=2, budget="1.00") as job:
        list(job.map(square, range(400)))
    report = job.report()
    assert (report.tasks, report.failed) == (400, 0)
    assert before - renter.money.usd(renter.address) == parse_usd(report.paid)
    assert parse_usd(report.signed) + parse_usd(report.reservation) == parse_usd(report.paid)
    assert report.leases == 2
    assert report.fuel > 0
    assert report.bytes > 0
    assert Decimal(report.joules) > 0
    assert report.joules_kind in {"measured", "estimated", "partly measured"}
    assert report.gas_per_task == report.gas // 400
    assert sum(map(parse_usd, report.payments.values())) + parse_usd(report.fee) == parse_usd(report.signed)
    assert not job.warnings
    assert "400" in str(report)


def test_no_report_before_anything_ran(network):
    with network.executor() as fresh, pytest.raises(BadInput, match="nothing has run"):
        fresh.report()


def test_a_task_that_runs_out_of_fuel_says_so(network):
    from surge.model.errors import LimitExceeded
    from surge.model.task import Limits

    with network.executor(max_workers=1, budget="0.50", limits=Limits(fuel=2 * 10**9)) as tight:
        futures = [tight.submit(spin, 10**9), tight.submit(square, 5)]
        with pytest.raises(LimitExceeded):
            futures[0].result(DEADLINE)
        assert futures[1].result(DEADLINE) == 25


def test_escrow_that_is_spent_is_topped_up_until_the_budget_is(network):
    """Then the rest fails with Underfunded; what was paid for is there, and the budget holds."""
    with network.executor(max_workers=1, budget="0.0075") as small:
        futures = [small.submit(spin, 1_000_000) for _ in range(16)]
        concurrent.futures.wait(futures, timeout=DEADLINE)
    ends = [future.exception() for future in futures]
    report = small.report()
    assert {type(end) for end in ends} == {type(None), Underfunded}
    assert report.tasks == ends.count(None) >= 6
    assert parse_usd(report.paid) <= parse_usd("0.0075")
    purposes = [purpose for _, purpose, _ in small._job.store.transactions(small.job)]
    assert "top up" in purposes
    closings = small._job.chain.leases.closing
    assert all(
        closings(lease.id) for lease in small._job.store.leases(small._job.row)
    )  # all the change is back
