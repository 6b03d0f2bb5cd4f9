"""settle/rewards.py against the bytecode of Rewards, over rules, pots, prices and times."""

from collections.abc import Iterator

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.worlds.pots import UNSHRUNK, Pots, deploy_pots, wait
from surge.model.units import Bps, MicroUsd, Seconds, Wei
from surge.settle.rewards import SurgePrice, cost_up, share_down

amounts = st.integers(1, 10**11)  # up to a hundred thousand dollars, in millionths


@st.composite
def rules(draw: st.DrawFn) -> dict[str, int]:
    start = draw(st.integers(1, 10**24))
    return {
        "epoch_seconds": Seconds(draw(st.integers(1, 10**6))),
        "first_epoch_mint": Wei(draw(st.integers(0, 10**26))),
        "halving_epochs": draw(st.integers(1, 1_000)),
        "kappa_bps": Bps(draw(st.integers(0, 9_999))),
        "start_price": SurgePrice(start),
        "start_multiple": draw(st.integers(2, 100)),
        "floor_price": SurgePrice(draw(st.integers(1, start))),
        "step_seconds": Seconds(draw(st.integers(1, 10**5))),
        "min_pot": MicroUsd(1),
    }


@settings(phases=UNSHRUNK, max_examples=30)
@given(
    rules(),
    st.lists(
        st.tuples(amounts, amounts, st.integers(0, 10**11), st.integers(1, 2_000), st.integers(0, 10**7)),
        min_size=1,
        max_size=2,
    ),
)
def test_whole_epochs(changes: dict[str, int], epochs: list[tuple[int, int, int, int, int]]) -> None:
    with boa.env.anchor():
        pots = deploy_pots(**changes)
        one, other = str(boa.env.generate_address()), str(boa.env.generate_address())
        bidder, clearing = pots.bidder(), SurgePrice(0)
        pots.fund(bidder, 10**27 - 10**25)
        for fee, others_fee, reservation, periods, elapsed in epochs:
            pots.collect(one, fee, reservation)
            pots.collect(other, others_fee)
            wait(periods * pots.rules.epoch_seconds)
            period = pots.rules.period(Seconds(boa.env.evm.patch.timestamp))
            epoch = pots.rewards.start_auction()
            opening = pots.rules.opening_price(clearing)
            assert pots.rewards.auction().start_price == opening
            assert pots.rewards.auction().mint_cap == pots.rules.schedule(period - 1)

            wait(elapsed)
            pot = MicroUsd(fee + others_fee + reservation)
            clearing = pots.rules.price(opening, Seconds(elapsed))
            cost = cost_up(clearing, pot)
            assert (pots.rewards.price(), pots.rewards.cost()) == (clearing, cost)
            if cost > pots.surge.balanceOf(bidder):
                return
            pots.rewards.bid(epoch, cost, sender=bidder)

            mintable = pots.rules.mintable_down(pots.rules.schedule(period - 1), cost)
            assert pots.rewards.sale(epoch).mintable == mintable
            for provider, fees in ((one, fee), (other, others_fee)):
                share = share_down(mintable, MicroUsd(fees), pot)
                assert pots.rewards.claimable(provider, epoch) == share
                assert pots.rewards.claim(provider, epoch) == share


# `auction` is the first of the storage layout: epoch, pot, shared, started, start_price, mint_cap.
POT_SLOT, OPENING_SLOT = 1, 4


@pytest.fixture(scope="module")
def running() -> Iterator[Pots]:
    with boa.env.anchor():
        pots = deploy_pots()
        pots.collect(str(boa.env.generate_address()), 10**6)
        wait(pots.rules.epoch_seconds)
        pots.rewards.start_auction()
        yield pots


@settings(phases=UNSHRUNK, max_examples=150)
@given(st.integers(0, 2**100), st.integers(0, 300 * 600), st.integers(1, 10**15))
def test_the_falling_price(running: Pots, opening: int, elapsed: int, pot: int) -> None:
    """Any opening price, written into the contract's storage: far more than two auctions can reach."""
    with boa.env.anchor():
        boa.env.set_storage(running.rewards.address, OPENING_SLOT, opening)
        boa.env.set_storage(running.rewards.address, POT_SLOT, pot)
        wait(elapsed)
        price = running.rules.price(SurgePrice(opening), Seconds(elapsed))
        assert running.rewards.auction().start_price == opening
        assert running.rewards.price() == price
        assert running.rewards.cost() == cost_up(price, MicroUsd(pot))


@settings(phases=UNSHRUNK, max_examples=100)
@given(st.integers(0, 10**6))
def test_the_schedule(running: Pots, period: int) -> None:
    assert running.rewards.schedule(period) == running.rules.schedule(period)
