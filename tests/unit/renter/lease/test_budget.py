"""What is committed never exceeds the budget, whatever is opened, topped up, refused and closed."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surge.model.errors import Underfunded
from surge.renter.lease.budget import MIN_ESCROW, Budget, least

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("open"), st.integers(1, 8), st.integers(0, 5_000)),
        st.tuples(st.just("top up"), st.just(0), st.just(0)),
        st.tuples(st.just("close"), st.integers(0, 7), st.integers(0, 100)),
    ),
    max_size=40,
)


@given(total=st.integers(0, 10**7), wanted=st.integers(1, 8), steps=STEPS)
def test_escrows_and_reservations_never_exceed_the_budget(total, wanted, steps):
    budget = Budget(total, wanted)
    escrows, gone = [], 0
    for kind, number, amount in steps:
        with contextlib.suppress(Underfunded):
            if kind == "open":
                escrow = budget.take_for_leases(number, amount)
                assert escrow >= MIN_ESCROW
                escrows += [escrow] * number
                gone += number * amount
            elif kind == "top up" and escrows:
                escrows[0] += budget.take_for_top_up("spent")
            elif kind == "close" and escrows:
                escrow = escrows.pop(number % len(escrows))
                refund = escrow * amount // 100
                gone += escrow - refund
                budget.give_back(refund)
        assert budget.committed == sum(escrows) + gone <= total
        assert budget.spare >= 0


def test_the_first_leases_leave_a_share_for_more():
    budget = Budget(900_000, 2)
    assert budget.take_for_leases(2, 900) == 300_000
    assert budget.take_for_top_up("spent") == 298_200
    with pytest.raises(Underfunded, match="is spent"):
        budget.take_for_top_up("spent")


def test_a_budget_too_small_says_what_would_do():
    with pytest.raises(Underfunded, match=r"0\.005 is too small.*2 leases cost at least 0\.0084"):
        Budget(5_000, 2).take_for_leases(2, 1_800)


def test_nothing_comes_back_that_was_not_committed():
    with pytest.raises(ValueError, match="can't come back"):
        Budget(1_000_000, 1).give_back(1)


@given(wanted=st.integers(1, 8), reservation=st.integers(0, 5_000))
def test_the_least_budget_opens_its_leases_and_less_does_not(wanted, reservation):
    enough = least(wanted, reservation)
    assert Budget(enough, wanted).take_for_leases(wanted, reservation) >= MIN_ESCROW
    with pytest.raises(Underfunded):
        Budget(wanted * (MIN_ESCROW + reservation) - 1, wanted).take_for_leases(wanted, reservation)
