"""credit/vault.py against the bytecode of vault_plan, and what its plans promise (C3)."""

from collections.abc import Iterator
from dataclasses import astuple
from fractions import Fraction
from typing import Any

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.worlds.pots import UNSHRUNK, deploy_mock
from surge.credit import vault
from surge.model.credit import MarketId, MarketState
from surge.model.units import WAD, Seconds, Wad

PLACES = 8
NONE = vault.Holding(MarketId(bytes(32)), 0, 0, 0, 0, 0, 0, 0)


@pytest.fixture(scope="module")
def door() -> Iterator[Any]:
    with boa.env.anchor():
        yield deploy_mock("VaultPlanDoor")


def up_to(most: int) -> st.SearchStrategy[int]:
    """Small and large alike, zero and the most more often."""
    return st.one_of(st.integers(0, most), st.integers(0, min(most, 10**9)), st.sampled_from([0, most]))


@st.composite
def holdings(draw: st.DrawFn, number: int = 1) -> tuple[vault.Holding, tuple[Any, ...]]:
    """What a vault may have in a market, after losses too; with the arguments that made it."""
    supplied = draw(up_to(2**90))
    reserve = draw(up_to(supplied // 2))
    lent = supplied - reserve
    shares = draw(st.one_of(st.just(lent * 10**6), up_to(2**112)))
    state = MarketState(supplied, shares, draw(up_to(supplied)), 0, reserve, Seconds(0))
    held, cap = draw(up_to(shares)), draw(up_to(2**104 - 1))
    live = draw(st.booleans()) or draw(st.booleans())
    id = MarketId(bytes([number]) * 32)
    return vault.holding(id, held, state, cap, live), (id, held, astuple(state), live, cap)


@st.composite
def sights(draw: st.DrawFn) -> vault.Sight:
    """Of a vault whose own share price is near its markets', or far off after a loss."""
    count = draw(st.integers(0, 4))
    found = tuple(draw(holdings(number))[0] for number in range(1, count + 1))
    ids = [one.id for one in found]
    queue = tuple(draw(st.permutations(ids)))[: draw(st.integers(0, count))]
    idle = draw(up_to(2**80))
    total = idle + sum(one.worth for one in found)
    supply = draw(st.one_of(st.just(total * 10**6), up_to(2**127)))
    return vault.Sight(found, queue, idle, min(supply, vault.MAX_SUPPLY))


def padded(sight: vault.Sight) -> tuple[Any, ...]:
    """As the contract keeps it."""
    found = [astuple(one) for one in sight.holdings] + [astuple(NONE)] * (PLACES - len(sight.holdings))
    queue = [*sight.queue] + [bytes(32)] * (PLACES - len(sight.queue))
    return found, len(sight.holdings), queue, sight.idle, sight.total, sight.supply


def told(plan: vault.Plan) -> tuple[Any, ...]:
    amounts = [*plan.amounts] + [0] * (PLACES - len(plan.amounts))
    return plan.assets, plan.shares, amounts, plan.rest, plan.lost, plan.margin


@settings(phases=UNSHRUNK, max_examples=60)
@given(made=holdings())
def test_a_holding(door: Any, made: tuple[vault.Holding, tuple[Any, ...]]) -> None:
    holding, arguments = made
    assert tuple(door.holding(*arguments)) == astuple(holding)


@settings(phases=UNSHRUNK, max_examples=60)
@given(
    total=up_to(2**107),
    supply=up_to(2**128),
    fee=st.integers(1, WAD // 2),
    below=st.integers(0, 10**30),
)
def test_the_fee(door: Any, total: int, supply: int, fee: int, below: int) -> None:
    """What the fee's shares are worth is at most the fee's part of the gain."""
    high = max(0, vault.price_up(total, supply) - below)
    shares = vault.fee_shares(total, supply, Wad(fee), high)
    assert door.fee_shares(total, supply, fee, high) == shares
    gain = max(Fraction(0), total + 1 - Fraction(high * (supply + 10**6), vault.PRICE_SCALE))
    assert Fraction(shares * (total + 1), supply + shares + 10**6) <= gain * Fraction(fee, WAD)


@settings(phases=UNSHRUNK, max_examples=60)
@given(sight=sights(), assets=up_to(2**90), shares=up_to(2**120))
def test_plans_in(door: Any, sight: vault.Sight, assets: int, shares: int) -> None:
    shares = max(1, shares)
    by_assets, by_shares = vault.deposit(sight, assets), vault.mint(sight, shares)
    assert [_plain(plan) for plan in door.plans_in(padded(sight), assets, shares)] == [
        told(by_assets),
        told(by_shares),
    ]
    for plan in (by_assets, by_shares):
        assert sum(plan.amounts) + plan.rest == plan.assets
        assert plan.lost <= plan.margin
        _holds_price(sight, plan.assets - plan.lost, plan.shares)


@settings(phases=UNSHRUNK, max_examples=60)
@given(sight=sights(), assets=up_to(2**90), shares=up_to(2**120))
def test_plans_out(door: Any, sight: vault.Sight, assets: int, shares: int) -> None:
    assets, shares = min(assets, sight.total), max(1, min(shares, sight.supply))
    by_assets, by_shares = vault.withdraw(sight, assets), vault.redeem(sight, shares)
    assert [_plain(plan) for plan in door.plans_out(padded(sight), assets, shares)] == [
        told(by_assets),
        told(by_shares),
    ]
    for plan in (by_assets, by_shares):
        assert sum(plan.amounts) + plan.rest + min(sight.idle, plan.assets) == plan.assets
        assert plan.lost <= plan.margin
        if plan.shares <= sight.supply:
            _holds_price(sight, -plan.assets - plan.lost, -plan.shares)


@settings(phases=UNSHRUNK, max_examples=60)
@given(sight=sights(), shares=up_to(2**120))
def test_limits(door: Any, sight: vault.Sight, shares: int) -> None:
    owned = min(shares, sight.supply)
    most_in, most_made = vault.max_deposit(sight), vault.max_mint(sight)
    most_out, most_burned = vault.max_withdraw(sight, owned), vault.max_redeem(sight, owned)
    price = vault.price_up(sight.total, sight.supply)
    assert door.limits(padded(sight), owned) == (price, most_in, most_made, most_out, most_burned)
    assert not vault.deposit(sight, most_in).rest
    assert not most_made or not vault.mint(sight, most_made).rest
    assert vault.withdraw(sight, most_out).shares <= owned
    assert not vault.withdraw(sight, most_out).rest
    assert most_burned <= owned
    assert not vault.redeem(sight, most_burned).rest


def _holds_price(sight: vault.Sight, assets: int, shares: int) -> None:
    """C3: after `assets` and `shares` have come (or gone), a share is worth no less."""
    before = Fraction(sight.total + 1, sight.supply + 10**6)
    assert Fraction(sight.total + assets + 1, sight.supply + shares + 10**6) >= before


def _plain(plan: Any) -> tuple[Any, ...]:
    assets, shares, amounts, rest, lost, margin = plan
    return assets, shares, list(amounts), rest, lost, margin
