"""credit/vault.py against the bytecode of vault_plan, and what its plans promise (C3)."""

from collections.abc import Iterator
from dataclasses import astuple, replace
from fractions import Fraction
from typing import Any

import boa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from contracts.worlds.pots import UNSHRUNK, deploy_mock
from surge.credit import vault
from surge.credit.shares import to_assets_down
from surge.credit.vault import spread_in, spread_out
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
    flow = draw(up_to(2**104)) * draw(st.sampled_from([-1, 1]))
    id = MarketId(bytes([number]) * 32)
    word = (flow << 120 | held) % 2**256
    return vault.holding(id, held, state, cap, live, flow), (id, word, astuple(state), live, cap)


@st.composite
def sights(draw: st.DrawFn) -> vault.Sight:
    """Of a vault whose own share price is near its markets', or far off after a loss."""
    count = draw(st.integers(0, 4))
    found = tuple(draw(holdings(number))[0] for number in range(1, count + 1))
    ids = [one.id for one in found]
    queue = tuple(draw(st.permutations(ids)))[: draw(st.integers(0, count))]
    idle = draw(up_to(2**80))
    total = idle + sum(one.worth for one in found)
    supply = min(draw(st.one_of(st.just(total * 10**6), up_to(2**127))), vault.MAX_SUPPLY)
    drawn, fresh = draw(up_to(2**80)), draw(st.just(0) | up_to(total))
    peak = vault.price_up(total, supply) * draw(st.sampled_from([0, 10, 11, 19])) // 10
    return vault.Sight(found, queue, idle, supply, drawn, fresh, peak)


def padded(sight: vault.Sight, total: int | None = None) -> tuple[Any, ...]:
    """As the contract keeps it; `total`: for who enters."""
    ids = [one.id for one in sight.holdings]
    found = [astuple(one) for one in sight.holdings] + [astuple(NONE)] * (PLACES - len(ids))
    order = sum((ids.index(id) + 1) << 4 * place for place, id in enumerate(sight.queue))
    total = sight.total if total is None else total
    return found, len(ids), order, sight.idle, sight.drawn, sight.fresh, sight.blind, total, sight.supply


def told(plan: vault.Plan) -> tuple[Any, ...]:
    amounts = [*plan.amounts] + [0] * (PLACES - len(plan.amounts))
    sure = 2**256 - 1 if plan.sure is None else plan.sure
    return plan.assets, plan.shares, amounts, plan.idle, plan.rest, sure, plan.lost, plan.margin


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
@given(flow=st.integers(-(2**104), 2**104), held=up_to(2**118), moved=up_to(2**104))
def test_a_word_adds_up(door: Any, flow: int, held: int, moved: int) -> None:
    """Shares and flow of either sign never run into each other."""
    word = (flow << 120 | held) % 2**256
    more = (word + door.word(moved, 2**118)) % 2**256
    less = (more - door.word(2 * moved, held)) % 2**256
    for packed, shares, net in ((more, held + 2**118, flow + moved), (less, 2**118, flow - moved)):
        holding = door.holding(bytes(32), packed, (0, 0, 0, 0, 0, 0), True, 0)
        assert (holding[1], holding[8] - holding[9]) == (shares, net)


@settings(phases=UNSHRUNK, max_examples=60)
@given(sight=sights(), assets=up_to(2**90), shares=up_to(2**120))
def test_plans_in(door: Any, sight: vault.Sight, assets: int, shares: int) -> None:
    shares = max(1, shares)
    assert door.dear(sight.total, sight.supply, sight.peak) == sight.dear >= sight.total
    if sight.blind:
        with boa.reverts("Vault: a market can't be read"):
            door.plans_in(padded(sight), 0, 1)
        assert door.plans_in(padded(sight), 0, 0)[0][1] == 0
        return
    by_assets, by_shares = vault.deposit(sight, assets), vault.mint(sight, shares)
    assert [_plain(plan) for plan in door.plans_in(padded(sight, sight.dear), assets, shares)] == [
        told(by_assets),
        told(by_shares),
    ]
    for plan in (by_assets, by_shares):
        assert sum(plan.amounts) + plan.idle + plan.rest == plan.assets
        assert plan.lost <= plan.margin
        _holds_price(sight, plan.assets - plan.lost, plan.shares)
        if sight.peak:
            assert plan.assets * vault.PRICE_SCALE >= plan.shares * (sight.peak - 1)


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
        assert sum(plan.amounts) + plan.idle + plan.rest == plan.assets
        assert plan.lost <= plan.margin
        if plan.shares <= sight.supply:
            _holds_price(sight, -plan.assets - plan.lost, -plan.shares)


@settings(phases=UNSHRUNK, max_examples=60)
@given(sight=sights(), shares=up_to(2**120))
def test_plans_in_kind(door: Any, sight: vault.Sight, shares: int) -> None:
    """What is handed out is worth no more than the shares, and never more than there is."""
    shares = min(shares, sight.supply)
    idle, given = vault.redeem_in_kind(sight, shares)
    plan = door.plan_in_kind(padded(sight), shares)
    assert (plan[3], [*plan[2]][: len(given)]) == (idle, [*given])
    left = [one.held - part for one, part in zip(sight.holdings, given, strict=True)]
    assert idle <= sight.idle
    assert all(part >= 0 for part in left)
    kept = sum(
        to_assets_down(held, one.assets, one.shares) for held, one in zip(left, sight.holdings, strict=True)
    )
    _holds_price(sight, kept - idle - sum(one.worth for one in sight.holdings), -shares)


@settings(phases=UNSHRUNK, max_examples=60)
@given(sight=sights(), shares=up_to(2**120), purse=st.just(2**256 - 1) | up_to(2**90))
def test_limits(door: Any, sight: vault.Sight, shares: int, purse: int) -> None:
    owned = min(shares, sight.supply)
    most_in, most_made = vault.max_deposit(sight), vault.max_mint(sight)
    most_out, most_burned = vault.max_withdraw(sight, owned, purse), vault.max_redeem(sight, owned, purse)
    price = vault.price_up(sight.total, sight.supply)
    assert door.limits(padded(sight), owned, purse)[0] == price
    assert door.limits(padded(sight, sight.dear), owned, purse)[1:3] == (most_in, most_made)
    assert door.limits(padded(sight), owned, purse)[3:] == (most_out, most_burned)
    assert not vault.deposit(sight, most_in).rest
    assert not most_made or not vault.mint(sight, most_made).rest
    assert vault.withdraw(sight, most_out).shares <= owned
    assert most_burned <= owned
    for plan in (vault.withdraw(sight, most_out), vault.redeem(sight, most_burned)):
        assert not plan.rest
        assert plan.sure is None or plan.sure >= min(sight.fresh, plan.assets)
        assert sum(plan.amounts) <= purse


@settings(max_examples=300)
@given(sight=sights(), moves=st.lists(st.integers(-(2**88), 2**88), min_size=1, max_size=5))
def test_coming_and_going_moves_nothing(sight: vault.Sight, moves: list[int]) -> None:
    """Where every market has its cash and nobody has moved anything yet: in any order."""
    holdings = tuple(_at_par(one, brought=0, drawn=0, cash=one.worth) for one in sight.holdings)
    sight = after = replace(sight, holdings=holdings, drawn=0)
    for move in [*moves, -sum(moves)]:
        plan = spread_in(after, move) if move > 0 else spread_out(after, -move)
        assume(not plan.rest)
        after = _moved(after, plan, 1 if move > 0 else -1)
    assert _where(after) == _where(sight)


@settings(max_examples=300)
@given(sight=sights(), assets=up_to(2**88))
def test_in_and_out_of_a_transaction_never_moves_it_further(sight: vault.Sight, assets: int) -> None:
    """Whatever the flows are and wherever cash lacks: what comes in and is let out again takes the
    markets no further from how the owner left them."""
    sight = replace(sight, holdings=tuple(_at_par(one) for one in sight.holdings))
    came = spread_in(sight, assets)
    assume(not came.rest)
    after = _moved(sight, came, 1)
    gone = spread_out(after, assets)
    if gone.rest or (gone.sure is not None and gone.sure < assets):
        return
    assert _drawn(_moved(after, gone, -1)) <= _drawn(sight)


def _at_par(one: vault.Holding, **changes: Any) -> vault.Holding:
    """The vault alone lends to the market, a share is worth a millionth: rounding is tested above."""
    one = replace(one, **changes)
    return replace(one, held=one.worth * 10**6, assets=one.worth, shares=one.worth * 10**6)


def _moved(sight: vault.Sight, plan: vault.Plan, sign: int) -> vault.Sight:
    holdings = []
    for one, amount in zip(sight.holdings, plan.amounts, strict=True):
        moved = sign * amount
        flow = one.brought - one.drawn + moved
        worth, cash, room = one.worth + moved, one.cash + moved, one.room - moved
        flows = {"brought": max(flow, 0), "drawn": max(-flow, 0)}
        holdings.append(_at_par(one, worth=worth, cash=cash, room=room, **flows))
    idle = sign * plan.idle
    return replace(sight, holdings=tuple(holdings), idle=sight.idle + idle, drawn=sight.drawn - idle)


def _where(sight: vault.Sight) -> list[int]:
    return [sight.idle, *(one.worth for one in sight.holdings)]


def _drawn(sight: vault.Sight) -> int:
    return sight.drawn + sum(one.drawn for one in sight.holdings)


def _holds_price(sight: vault.Sight, assets: int, shares: int) -> None:
    """C3: after `assets` and `shares` have come (or gone), a share is worth no less."""
    before = Fraction(sight.total + 1, sight.supply + 10**6)
    assert Fraction(sight.total + assets + 1, sight.supply + shares + 10**6) >= before


def _plain(plan: Any) -> tuple[Any, ...]:
    assets, shares, amounts, *others = plan
    return assets, shares, list(amounts), *others
