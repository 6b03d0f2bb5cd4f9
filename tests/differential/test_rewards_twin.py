"""settle/rewards.py and settle/reputation.py against the bytecode of Rewards and Registry (R1, S1)."""

from collections.abc import Iterator

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.worlds.pots import UNSHRUNK, Pots, deploy, deploy_pots, wait
from surge.model.ask import Ask
from surge.model.units import Bps, MicroUsd, Seconds, Wei
from surge.settle.reputation import FULL, STEP, cost_of, credit_down, reputation, slashed, unit_of
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
        "hold_seconds": Seconds(draw(st.integers(1, 10**6))),
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
            reserve = pots.rules.reserve(clearing)
            assert pots.rewards.reserve() == reserve
            clearing = pots.rules.price(opening, reserve, Seconds(elapsed))
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
                before = pots.registry.credited(provider)
                assert pots.rewards.claim(provider, epoch) == share
                credited = pots.registry.credited(provider) - before
                assert credited == credit_down(cost, MicroUsd(fees), pot)


# `auction` is the first of the storage layout: epoch, pot, shared, started, start_price, mint_cap.
POT_SLOT, OPENING_SLOT, CLEARING_SLOT = 1, 4, 9


@pytest.fixture(scope="module")
def running() -> Iterator[Pots]:
    with boa.env.anchor():
        pots = deploy_pots()
        pots.collect(str(boa.env.generate_address()), 10**6)
        wait(pots.rules.epoch_seconds)
        pots.rewards.start_auction()
        yield pots


@settings(phases=UNSHRUNK, max_examples=150)
@given(
    st.integers(0, 2**100),
    st.integers(0, 2**100),
    st.one_of(st.integers(0, 300 * 600), st.integers(0, 100 * 86_400)),
    st.integers(1, 10**15),
)
def test_the_falling_price(running: Pots, opening: int, clearing: int, elapsed: int, pot: int) -> None:
    """R1. Any prices, written into the contract's storage: far more than two auctions can reach."""
    with boa.env.anchor():
        boa.env.set_storage(running.rewards.address, OPENING_SLOT, opening)
        boa.env.set_storage(running.rewards.address, POT_SLOT, pot)
        boa.env.set_storage(running.rewards.address, CLEARING_SLOT, clearing)
        wait(elapsed)
        reserve = running.rules.reserve(SurgePrice(clearing))
        price = running.rules.price(SurgePrice(opening), reserve, Seconds(elapsed))
        assert (running.rewards.clearing_price(), running.rewards.reserve()) == (clearing, reserve)
        assert running.rewards.auction().start_price == opening
        assert running.rewards.price() == price
        assert running.rewards.cost() == cost_up(price, MicroUsd(pot))


@settings(phases=UNSHRUNK, max_examples=100)
@given(st.integers(0, 10**6))
def test_the_schedule(running: Pots, period: int) -> None:
    assert running.rewards.schedule(period) == running.rules.schedule(period)


# Reputation


@settings(phases=UNSHRUNK, max_examples=60)
@given(
    stake=st.one_of(st.integers(1, 10**4), st.integers(1, 10**22)),
    credits=st.lists(st.tuples(st.integers(0, 20), st.integers(-1, 1), st.booleans()), max_size=6),
)
def test_credits_and_slashes(stake: int, credits: list[tuple[int, int, bool]]) -> None:
    """Around the powers of two, where a step is; a slash now and then."""
    with boa.env.anchor():
        surge = deploy("SurgeToken", 10**24)
        registry = deploy("Registry", surge, stake, 1)
        for setter in (registry.set_rewards, registry.set_arbiter, registry.set_market):
            setter(boa.env.eoa)
        surge.approve(registry, stake)
        registry.stake(stake)
        registry.publish(Ask(price_gfuel=1, price_gib=1, slots=1).word, "ticket")
        provider, unit, burned = boa.env.eoa, unit_of(Wei(stake)), Wei(0)
        assert registry.REPUTATION_UNIT() == unit
        for power, beside, slash in credits:
            amount = max(unit * 2**power + beside, 0)
            registry.credit_reputation(provider, amount)
            burned = Wei(burned + amount)
            if slash:
                before = reputation(burned, unit)
                registry.slash(provider, 0, provider, 0)
                burned = slashed(burned, unit)
                halved = -(-min(-(-before // STEP), 16) // 2)
                assert reputation(burned, unit) == STEP * halved
            assert registry.burned_for(provider) == burned
            assert Ask.from_word(registry.ask_of(provider)).reputation == reputation(burned, unit)


@pytest.mark.parametrize("wanted", [0, 1, 16, 17, 64, 128, 192, 240, 241, 255])
def test_what_a_reputation_costs(wanted: int) -> None:
    unit = unit_of(Wei(10**21))
    least = cost_of(wanted, unit)
    assert reputation(least, unit) >= wanted
    assert least == 0 or reputation(Wei(least - 1), unit) < wanted
    assert reputation(Wei(10**40), unit) == FULL
