"""credit/health.py, liquidation.py and shares.py against the bytecode of Credit (C3, C5)."""

from collections.abc import Iterator

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.worlds.credit_pots import MAX, PRICE_SCALE, CreditPots, deploy_credit
from contracts.worlds.pots import UNSHRUNK
from surge.credit import health, liquidation, shares
from surge.credit.health import Zone
from surge.model.units import WAD


@pytest.fixture(scope="module")
def deployed() -> Iterator[CreditPots]:
    with boa.env.anchor():
        yield deploy_credit()


@settings(phases=UNSHRUNK, max_examples=50)
@given(
    lltv=st.integers(WAD // 20, WAD * 98 // 100),
    below=st.integers(501, 999),
    beyond=st.integers(0, 1_000),
    worth=st.integers(30, 88).flatmap(lambda bits: st.integers(2 ** (bits - 1), 2**bits)),
    collateral=st.integers(10**12, 10**27),
    fall=st.one_of(st.integers(1, 10**6), st.integers(6 * 10**5, 10**6)),
    min_part=st.integers(0, 1_000),
    limit=st.one_of(st.just(MAX), st.integers(1, 10**30)),
)
def test_every_liquidation(
    deployed: CreditPots,
    lltv: int,
    below: int,
    beyond: int,
    worth: int,
    collateral: int,
    fall: int,
    min_part: int,
    limit: int,
) -> None:
    max_ltv = lltv * below // 1_000
    least = max(-(-lltv * WAD // max_ltv), WAD + 1)
    target = least + (2 * WAD - least) * beyond // 1_000
    price = worth * PRICE_SCALE // collateral
    most = health.limit(collateral, price, max_ltv)
    min_debt = max(most * min_part // 1_000, 1)
    with boa.env.anchor():
        pots = deployed.create(max_ltv=max_ltv, lltv=lltv, target_health=target, min_debt=min_debt)
        pots.actors = {}  # their tokens and allowances go with the anchor
        for token, role in ((pots.loan, "lender"), (pots.loan, "liquidator"), (pots.collateral, "borrower")):
            token.mint(pots.actor(role), 2**100)
        pots.oracle.set_price(price)
        pots.supply("lender", most + 1)
        pots.add_collateral("borrower", collateral)
        borrower = pots.actor("borrower")
        assert health.max_borrow(collateral, price, 0, max_ltv) == most
        with boa.reverts("Credit: above the max LTV"):
            pots.borrow("borrower", most + 1)
        pots.borrow("borrower", most)
        lower = max(price * fall // 10**6, 1)
        pots.oracle.set_price(lower)
        state, position = pots.state(), pots.position(borrower)
        debt = shares.to_assets_up(position.borrow_shares, state.borrow_assets, state.borrow_shares)
        zone = health.zone(collateral, lower, debt, max_ltv, lltv)
        assert pots.credit.poke(pots.market, borrower) == zone
        factor = health.factor(collateral, lower, debt, lltv)
        assert factor is not None
        assert (factor < WAD) == (zone == Zone.LIQUIDATABLE)
        quote = liquidation.quote(collateral, lower, debt, pots.params)
        if quote is None:
            with boa.reverts("Credit: not past the LLTV"):
                pots.liquidate("liquidator", "borrower", limit)
            return
        assert quote.bonus <= liquidation.incentive_factor(lltv) - WAD
        expected = liquidation.outcome(position, lower, state, quote, limit)
        try:
            seized, repaid = pots.liquidate("liquidator", "borrower", limit)
        except boa.BoaError as error:
            refused = str(error)
            left = debt - expected.repaid - expected.bad_debt
            if "less would be seized than min_seized, or nothing" in refused:
                assert expected.seized == 0
            elif "would not raise health" in refused:
                assert expected.repaid < 10**6
                assert not quote.insolvent
            else:
                assert "Credit: less than the minimum debt" in refused
                assert left <= min_debt
            return
        assert (repaid, seized) == (expected.repaid, expected.seized)
        after = pots.position(borrower)
        assert after.collateral == collateral - seized
        assert after.borrow_shares == position.borrow_shares - expected.burned
        assert state.supply_assets - pots.state().supply_assets == expected.bad_debt
        if quote.insolvent and limit >= quote.repayable:
            assert after.borrow_shares == 0


@settings(max_examples=300)
@given(
    lltv=st.integers(WAD // 100, WAD - 10**9),
    collateral=st.integers(1, 2**100),
    price=st.integers(1, 2**120),
    debt=st.integers(1, 2**96),
)
def test_the_liquidation_price_is_where_liquidation_begins(
    lltv: int, collateral: int, price: int, debt: int
) -> None:
    limit = health.liquidation_price(collateral, debt, lltv)
    assert collateral * limit * lltv >= debt * WAD * PRICE_SCALE
    if price < limit:
        assert health.zone(collateral, price, debt, lltv - 1, lltv) == Zone.LIQUIDATABLE
    removable = health.max_removable(collateral, price, debt, lltv)
    if removable:
        assert debt <= health.limit(collateral - removable, price, lltv)
