"""A bill for more than any machine can have done since it was asked for is refused (B2)."""

import pytest

from surge.model.errors import Distrusted
from surge.model.task import RETURNED, TRAPPED, Limits, Outcome
from surge.renter.talk.stopwatch import FASTEST, FREE_LOADING, MAX_UNTOLD, Loadings, Stopwatch

LIMITS = Limits(fuel=2_000 * 10**9)
CODE = (b"image", b"code", LIMITS)


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def outcomes(*fuels, status=RETURNED):
    return [Outcome(bytes(32), status, b"", fuel) for fuel in fuels]


def test_three_additions_are_not_worth_their_limits(clock):
    watch = Stopwatch(1, clock)
    watch.ask(
        b"chunk",
    )
    clock.now += 0.05
    with pytest.raises(Distrusted, match="no machine burns more than 100 Gfuel a second"):
        watch.check_chunk(b"chunk", CODE, 0, outcomes(*[LIMITS.fuel] * 3))


def test_what_a_fast_machine_did_is_paid(clock):
    watch = Stopwatch(1, clock)
    watch.ask(b"chunk")
    clock.now += 2
    watch.check_chunk(b"chunk", CODE, 10**9, outcomes(FASTEST, FASTEST))


def test_waiting_in_line_is_no_work(clock):
    """Two chunks on one slot: both together can't take more than all the time."""
    watch = Stopwatch(1, clock)
    watch.ask(b"one")
    watch.ask(b"two")
    clock.now += 10
    watch.check_chunk(b"one", CODE, 0, outcomes(10 * FASTEST))
    clock.now += 1
    with pytest.raises(Distrusted):
        watch.check_chunk(b"two", CODE, 0, outcomes(FASTEST + 1))


def test_answers_that_were_held_up_arrive_together(clock):
    """A link that broke and came back delivers in one moment what took an hour."""
    watch = Stopwatch(1, clock)
    for chunk in (b"one", b"two", b"three"):
        watch.ask(chunk)
    clock.now += 3_600
    for chunk in (b"one", b"two", b"three"):
        watch.check_chunk(chunk, CODE, 0, outcomes(1_200 * FASTEST))


def test_slots_work_side_by_side(clock):
    watch = Stopwatch(2, clock)
    watch.ask(b"one")
    watch.ask(b"two")
    clock.now += 10
    watch.check_chunk(b"one", CODE, 0, outcomes(10 * FASTEST))
    watch.check_chunk(b"two", CODE, 0, outcomes(10 * FASTEST))


def test_idle_time_is_no_credit(clock):
    watch = Stopwatch(1, clock)
    clock.now += 1_000
    watch.ask(b"chunk")
    clock.now += 0.01
    with pytest.raises(Distrusted):
        watch.check_chunk(b"chunk", CODE, 0, outcomes(FASTEST))


def test_code_that_is_loaded_already_is_billed_as_if_it_were_not(clock):
    watch = Stopwatch(1, clock)
    for chunk in (b"one", b"two"):
        watch.ask(chunk)
        clock.now += 0.002
        watch.check_chunk(chunk, CODE, FREE_LOADING, outcomes(1_000))


def test_the_same_code_loads_for_the_same_fuel(clock):
    watch = Stopwatch(1, clock)
    watch.ask(b"one")
    clock.now += 1
    watch.check_chunk(b"one", CODE, 1_000, outcomes(1_000))
    watch.ask(b"two")
    clock.now += 1
    with pytest.raises(Distrusted, match="bills 1,001 fuel for loading what takes 1,000"):
        watch.check_chunk(b"two", CODE, 1_001, outcomes(1_000))


def test_two_who_agree_on_loading_find_the_third_out(clock):
    """Between two nobody can tell: neither is framed by the other's word."""
    loadings = Loadings()
    watches = {name: Stopwatch(1, clock, name, loadings) for name in "ABCD"}

    def load(name, fuel):
        watches[name].ask(name.encode())
        clock.now += 1
        watches[name].check_chunk(name.encode(), CODE, fuel, outcomes(1_000))

    load("A", 7_000)
    load("B", 1_000)
    load("C", 1_000)
    with pytest.raises(Distrusted, match="provider A bills 7,000 fuel for loading what takes 1,000"):
        load("A", 7_000)
    with pytest.raises(Distrusted, match="provider D"):
        load("D", 999)
    load("B", 1_000)


def test_loading_beyond_all_measure_takes_its_time(clock):
    watch = Stopwatch(1, clock)
    watch.ask(b"chunk")
    clock.now += 0.01
    with pytest.raises(Distrusted):
        watch.check_chunk(b"chunk", CODE, FREE_LOADING + FASTEST, outcomes(1_000))


def test_a_trap_may_bill_its_limit_at_once_and_not_for_ever(clock):
    watch = Stopwatch(1, clock)
    for number in range(MAX_UNTOLD + 1):
        watch.ask(bytes([number]))
        clock.now += 0.01
        if number == MAX_UNTOLD:
            with pytest.raises(Distrusted):
                watch.check_chunk(bytes([number]), CODE, 0, outcomes(LIMITS.fuel, status=TRAPPED))
        else:
            watch.check_chunk(bytes([number]), CODE, 0, outcomes(LIMITS.fuel, status=TRAPPED))


def test_code_that_traps_while_it_is_loaded_bills_its_limit_for_that(clock):
    watch = Stopwatch(1, clock)
    watch.ask(b"chunk")
    clock.now += 0.01
    watch.check_chunk(b"chunk", CODE, LIMITS.fuel, outcomes(0, status=TRAPPED))
    low = Limits(fuel=1_000)
    watch.ask(b"low")
    clock.now += 0.01
    watch.check_chunk(b"low", (b"image", b"code", low), low.fuel, outcomes(0, status=TRAPPED))


def test_an_image_takes_its_time(clock):
    watch = Stopwatch(1, clock)
    watch.ask_image(b"spec")
    clock.now += 1
    watch.check_image(b"spec", FASTEST)
    with pytest.raises(Distrusted, match="making an image"):
        watch.check_image(b"spec", FASTEST + 1)
    with pytest.raises(Distrusted):
        watch.check_image(b"never asked for", 1)
