from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from surge.keeper.bidding import Bid, Sight, Start, Wait, decide, worth_down

IDLE = Sight(now=1000, pot=5_000_000, min_pot=1_000_000, next_auction=1000, balance=10**21)
SELLING = replace(IDLE, epoch=3, cost=50 * 10**18)


def test_it_starts_when_the_chain_allows():
    assert decide(IDLE, 100_000) == Start()
    assert "ends in 1 s" in decide(replace(IDLE, now=999), 100_000).reason
    assert "below" in decide(replace(IDLE, pot=999_999), 100_000).reason


def test_it_bids_at_its_worth_and_not_above():
    # 5 dollars at 0.10 a SURGE are worth 50 SURGE.
    assert decide(SELLING, 100_000) == Bid(3, 50 * 10**18)
    assert isinstance(decide(replace(SELLING, cost=50 * 10**18 + 1), 100_000), Wait)
    assert "balance" in decide(replace(SELLING, balance=50 * 10**18 - 1), 100_000).reason


@given(
    pot=st.integers(1, 10**15),
    cost=st.integers(1, 10**30),
    balance=st.integers(0, 10**30),
    value=st.integers(1, 10**9),
    cap=st.none() | st.integers(0, 10**30),
)
def test_a_bid_never_exceeds_worth_balance_or_cap(pot, cost, balance, value, cap):
    decision = decide(replace(SELLING, pot=pot, cost=cost, balance=balance), value, cap)
    most = min(balance, balance if cap is None else cap)
    affordable = cost * value <= pot * 10**18 and cost <= most
    assert isinstance(decision, Bid) == affordable
    if affordable:
        assert cost <= decision.most <= min(most, worth_down(pot, value))
