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


def test_what_has_moved_is_due_soon_and_dust_moves_nothing():
    backoff, before = Backoff(first=1, longest=60), (10**18, 1_000, 10**24)
    assert [backoff.failed("a", 0, before) for _ in range(5)] == [1, 2, 4, 8, 16]
    assert backoff.remaining("a", 2, (10**18 + 1, 1_001, 10**24 * 1_005 // 1_000)) == 14
    moved = (10**18, 1_000, 10**24 * 98 // 100)
    assert [backoff.remaining("a", now, moved) for now in (0, 0.25, 1)] == [1, 0.75, 0]
    assert backoff.failed("a", 2, moved) == 1
    assert backoff.failures("a") == 6


@given(times=st.lists(st.floats(0, 10**6), max_size=200))
def test_nothing_is_locked_for_longer_than_the_longest(times):
    backoff = Backoff()
    for now in sorted(times):
        pause = backoff.failed("a", now)
        assert FIRST_SECONDS <= pause <= LONGEST_SECONDS
        assert backoff.remaining("a", now) <= LONGEST_SECONDS + 1e-6
        assert backoff.remaining("a", now + LONGEST_SECONDS + 1) == 0


@given(figures=st.lists(st.integers(0, 2**256), min_size=2, max_size=60))
def test_whatever_moves_nothing_is_tried_in_a_hot_loop(figures):
    """Somebody moves it before every look: once in the first pause, and no oftener."""
    backoff, tries, now = Backoff(), 0, 0.0
    for figure in figures:
        for _ in range(8):
            now += FIRST_SECONDS / 8
            if not backoff.remaining("a", now, (figure,)):
                backoff.failed("a", now, (figure,))
                tries += 1
    assert tries <= now / FIRST_SECONDS + 1
