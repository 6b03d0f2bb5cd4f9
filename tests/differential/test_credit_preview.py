"""credit/preview.py against the bytecode of Credit: what it refuses reverts, what it shows comes out."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.worlds.credit_world import BORROWER, LENDER, LIQUIDATOR, SCALE, World
from contracts.worlds.pots import UNSHRUNK
from surge.credit import preview
from surge.credit.market import MarketView, PositionView, Token
from surge.model.credit import MarketId, MarketParams, MarketState, Position
from surge.model.errors import BadInput
from surge.model.units import WAD, Address

YEAR = 365 * 86_400
LOAN, COLLATERAL = Token("L", 6, Address("0x" + "11" * 20)), Token("C", 6, Address("0x" + "22" * 20))
PREVIEWS = {
    "supply": preview.supply,
    "withdraw": preview.withdraw,
    "borrow": preview.borrow,
    "repay": preview.repay,
    "add_collateral": preview.add_collateral,
    "remove_collateral": preview.remove_collateral,
    "liquidate": preview.liquidate,
}
ALL = 2**80
UNIT = 10**12
"""Of amounts, so that rounding shows in the last digits."""


class Book:
    """One market of the world, and the borrower's position in it, as a view."""

    def __init__(self, world: World, number: int) -> None:
        self.world, self.params = world, world.params[number]
        self.number = number

    def view(self) -> PositionView:
        credit, id_ = self.world.credit, self.params.id
        state = MarketState(*credit("market", id_))
        quote = self.world.model.quotes[self.params.oracle]
        market = MarketView(
            MarketId(id_), MarketParams(*self.params), LOAN, COLLATERAL, state,
            self.world.model.rates[self.params.irm], None, quote.price, quote.safe, state.last_update,
        )  # fmt: skip
        position = Position(*credit("position", id_, BORROWER))
        return PositionView(market.at(self.world.machine.now), Address(BORROWER), position)

    def arguments(self, name: str, view: PositionView, amount: int) -> tuple[str, tuple[Any, ...]]:
        """The caller, and the call as the desk makes it: the whole of a claim or a debt goes as shares."""
        params = self.params
        if name == "supply":
            return LENDER, (params, amount, 0, BORROWER, b"")
        if name == "withdraw":
            shares = view.position.supply_shares if amount == view.supplied else 0
            return BORROWER, (params, 0 if shares else amount, shares, BORROWER, BORROWER)
        if name == "borrow":
            return BORROWER, (params, amount, 0, BORROWER, BORROWER)
        if name == "repay":
            shares = view.position.borrow_shares if amount == view.debt else 0
            return LENDER, (params, 0 if shares else amount, shares, BORROWER, b"")
        if name == "add_collateral":
            return BORROWER, (params, amount, BORROWER, b"")
        if name == "remove_collateral":
            return BORROWER, (params, amount, BORROWER, BORROWER)
        return LIQUIDATOR, (params, BORROWER, amount, 0, b"")

    def check(self, name: str, amount: int) -> bool:
        """Preview and call; whether it went through."""
        before = self.view()
        said = ""
        try:
            after = PREVIEWS[name](before, amount)
        except BadInput as refusal:
            said = str(refusal)
        caller, arguments = self.arguments(name, before, amount)
        answer, reason = self.world.attempt(caller, name, *arguments)
        assert (answer is None) == bool(said), f"{name} {amount}: preview {said!r}, contract {reason!r}"
        if answer is None:
            return False
        assert self.view() == after, f"{name} {amount}"
        return True


@pytest.fixture(scope="module")
def world() -> World:
    return World()


def limits(view: PositionView) -> list[int]:
    """Amounts at which something changes."""
    return [
        view.max_borrow, view.max_removable, view.max_withdraw, view.debt, view.collateral, view.supplied,
        view.market.available, view.market.params.min_debt, view.debt - view.market.params.min_debt,
        view.debt // 2, ALL,
    ]  # fmt: skip


steps = st.lists(
    st.tuples(
        st.sampled_from([*PREVIEWS, "borrow", "liquidate", "liquidate", "remove_collateral"]),
        st.one_of(
            st.tuples(st.integers(0, 10), st.integers(-2, 2)), st.tuples(st.none(), st.integers(1, 10**7))
        ),
        st.integers(0, 3),  # what happens before: nothing, time, a price, a rate
        st.integers(0, 10**6),
    ),
    min_size=4,
    max_size=12,
)


@settings(max_examples=150, phases=UNSHRUNK)
@given(
    number=st.integers(0, 2), steps=steps, collateral=st.integers(10**4, 10**7), used=st.integers(0, 1_000)
)
def test_previews_of_any_course(
    world: World,
    number: int,
    steps: list[tuple[str, tuple[int | None, int], int, int]],
    collateral: int,
    used: int,
) -> None:
    world.reset()
    book = Book(world, number)
    first = world.params[number]
    usual = world.model.quotes[first.oracle].price or SCALE
    unit = max(first.min_debt // 1_000, 1)
    world.act(LENDER, "supply", first, 10**7 * unit + 1, 0, LENDER, b"")
    assert book.check("add_collateral", collateral * unit)
    book.check("borrow", book.view().max_borrow * used // 1_000)
    for name, (limit, offset), happens, size in steps:
        if happens == 1:
            world.machine.wait(size)
        elif happens == 2:
            world.set_price(number, usual * (size * 6 + 4 * 10**6) // 10**7 + size, safe=size % 5 != 0)
        elif happens == 3:
            world.set_rate(number, size * WAD // (10**5 * YEAR))
        view = book.view()
        amount = offset * unit // 7 if limit is None else limits(view)[limit] + offset
        if amount >= 0:
            book.check(name, amount)


def test_the_most_is_the_most(world: World) -> None:
    """Around every maximum, in a market whose shares are no round numbers."""
    world.reset()
    book, params = Book(world, 0), world.params[0]
    world.set_rate(0, WAD // (3 * YEAR))
    world.act(LENDER, "supply", params, 10**9 * UNIT, 0, LENDER, b"")
    assert book.check("add_collateral", 12_345 * UNIT + 1)
    assert book.check("borrow", 1_000 * UNIT + 7)
    world.machine.wait(1_234_567)
    for name, most in (("borrow", "max_borrow"), ("remove_collateral", "max_removable")):
        saved = world.machine.save()
        assert book.check(name, getattr(book.view(), most))
        world.machine.restore(saved)
        assert not book.check(name, getattr(book.view(), most) + 2)
    assert book.check("repay", book.view().debt)
    assert book.check("remove_collateral", book.view().max_removable)
    assert book.view().empty
    world.reset()


def test_bad_debt_that_the_reserve_bears(world: World) -> None:
    """The reserve counts in units of its own, and a loss is no multiple of them."""
    world.reset()
    book, params = Book(world, 1), world.params[1]
    unit = params.min_debt
    world.act(LENDER, "supply", params, 10**6 * unit, 0, LENDER, b"")
    world.act(LENDER, "add_collateral", params, 10**6 * unit, LENDER, b"")
    world.act(LENDER, "borrow", params, 8 * 10**5 * unit, 0, LENDER, LENDER)
    world.set_rate(1, WAD // YEAR // 10)
    world.machine.wait(YEAR // 10)
    assert book.check("add_collateral", 1_000 * unit)
    assert book.check("borrow", 800 * unit + 3)
    world.set_price(1, SCALE * 70 // 100 + 12_345)
    before = book.view()
    assert before.market.state.reserve > before.debt
    assert book.check("liquidate", ALL)
    assert book.view().empty
    assert 0 < book.view().market.state.reserve < before.market.state.reserve
    world.reset()
