"""A market with dead asks and lying providers: jobs end right, and liars are paid nothing or little."""

from contextlib import ExitStack

import pytest

import surge
from network.job.rogue import Beggar, Broken, Liar, Mute, Over, Rogue
from surge.model.units import parse_usd
from surge.renter.lease import watch
from surge.renter.talk import session as talk

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with surge.LocalNetwork(providers=1, home=tmp_path_factory.mktemp("network")) as network:
        yield network


def add(a):
    return a + 1


def paid_to(executor, rogue):
    return parse_usd(executor.report().payments.get(rogue.chain.address, "0"))


def run(network, workers=1, tasks=3, **more):
    with network.executor(max_workers=workers, budget="1.00", progress=False, **more) as executor:
        assert list(executor.map(add, range(tasks))) == list(range(1, tasks + 1))
    return executor


def test_asks_that_nobody_answers_stop_nothing(network, tmp_path):
    """More of them than are dialled at once, each cheaper than the one that answers."""
    with ExitStack() as stack:
        dead = [
            stack.enter_context(Rogue(network, tmp_path, None, number, slots=1)) for number in range(100, 120)
        ]
        executor = run(network)
        # None of them is drawn: where asks are dead, the chain is told to take a candidate.
        assert not any(one.chain.leases.all(provider=one.chain.address) for one in dead)
        assert not executor.warnings


def test_the_fuel_of_three_additions_is_not_three_limits(network, tmp_path):
    with Rogue(network, tmp_path, Liar(image="greedy"), 1) as greedy:
        executor = run(network)
        assert paid_to(executor, greedy) == 0
        assert any("no machine burns more" in line for line in executor.warnings)


def test_a_false_image_is_found_by_making_it_here(network, tmp_path):
    with Rogue(network, tmp_path, Liar(image="false", fuel=10, seconds=1.0), 2) as liar:
        with network.executor(max_workers=3, budget="1.00", progress=False) as executor:
            for future in [executor.submit(add, n) for n in range(40)]:
                future.exception()  # what the liar was believed at first is false: see the warnings
        assert any("another image" in line for line in executor.warnings), executor.warnings
        assert liar.chain.address in " ".join(executor.warnings)


def test_one_that_refuses_the_image_does_not_fail_the_job(network, tmp_path):
    with Rogue(network, tmp_path, Liar(image="refuse"), 3) as refusing:
        executor = run(network)
        assert refusing.pool.asked >= 1
        assert paid_to(executor, refusing) == 0


def test_a_silent_one_does_not_hold_the_job(network, tmp_path, monkeypatch):
    """Its lease would last for ten minutes more."""
    monkeypatch.setattr(watch, "WATCH_SECONDS", 0.2)
    monkeypatch.setattr(watch, "PATIENCE", 300)
    with Rogue(network, tmp_path, Liar(image="silent", silent=True), 4) as silent:
        executor = run(network, tasks=1, duration=900)
        assert silent.pool.asked >= 2
        assert paid_to(executor, silent) == 0
        assert any("done elsewhere, too" in line for line in executor.warnings)


def test_chunks_that_break_with_one_provider_run_with_another(network, tmp_path):
    with Rogue(network, tmp_path, Broken(), 5) as broken:
        executor = run(network, workers=2, tasks=12)
        assert paid_to(executor, broken) <= 200  # for its image


def test_a_lease_that_is_over_at_once_is_not_opened_again_and_again(network, tmp_path):
    with Rogue(network, tmp_path, Broken(), 6, slots=8, agent=Over) as over:
        run(network)
        assert len(list(over.chain.leases.all(provider=over.chain.address))) <= 2


def test_who_calls_a_full_escrow_spent_gets_no_more(network, tmp_path):
    with Rogue(network, tmp_path, Broken(), 7, agent=Beggar) as beggar:
        executor = run(network)
        leases = list(beggar.chain.leases.all(provider=beggar.chain.address))
        assert {lease.terms.escrow for lease in leases} == {parse_usd("0.50")}  # as they were opened
        assert any("calls an escrow spent" in line for line in executor.warnings)


def test_who_takes_leases_and_says_nothing_does_not_take_the_budget(network, tmp_path, monkeypatch):
    monkeypatch.setattr(talk, "ANSWER_SECONDS", 1.0)
    with ExitStack() as stack:
        mute = [
            stack.enter_context(Rogue(network, tmp_path, Liar(), number, slots=1, agent=Mute))
            for number in range(50, 56)
        ]
        executor = run(network)
        locked = sum(
            lease.terms.escrow for one in mute for lease in one.chain.leases.all(provider=one.chain.address)
        )
        assert locked <= parse_usd("0.50") + 5 * parse_usd("0.0625")
        assert executor.report().tasks == 3
