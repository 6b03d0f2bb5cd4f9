from hypothesis import given
from hypothesis import strategies as st

from surge.keeper.backoff import FIRST_SECONDS, LONGEST_SECONDS, Backoff


def test_each_failure_doubles_the_pause_and_a_success_ends_it():
    backoff = Backoff(first=1, longest=10)
    assert [backoff.failed("a", 0) for _ in range(6)] == [1, 2, 4, 8, 10, 10]
    assert backoff.failures("a") == 6
    assert backoff.remaining("a", 4) == 6
    assert backoff.remaining("a", 11) == 0
    backoff.succeeded("a")
    assert backoff.failures("a") == 0
    assert backoff.remaining("a", 0) == 0
    assert backoff.failed("a", 0) == 1


def test_others_go_on():
    backoff = Backoff()
    backoff.failed("a", 0)
    assert backoff.remaining("b", 0) == 0


@given(times=st.lists(st.floats(0, 10**6), max_size=200))
def test_nothing_is_locked_for_longer_than_the_longest(times):
    backoff = Backoff()
    for now in sorted(times):
        pause = backoff.failed("a", now)
        assert FIRST_SECONDS <= pause <= LONGEST_SECONDS
        assert backoff.remaining("a", now) <= LONGEST_SECONDS + 1e-6
        assert backoff.remaining("a", now + LONGEST_SECONDS + 1) == 0
