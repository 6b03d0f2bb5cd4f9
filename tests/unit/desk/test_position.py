"""A liquidation by hand: what it promises to bring, and the bound that goes with it."""

from types import SimpleNamespace

import pytest

from small_credit import ETHER, HOLDER, TUSD, USD, market, position
from surge.desk.position import OUTSIDE, Position
from surge.model.errors import BadInput
from surge.model.units import MAX_UINT256
from unit.desk.offline import Offline

VIEW = position(market(borrowed=700 * USD, usd=1_700), debt=700 * USD)


def of(view=VIEW, listed=True):
    handle = SimpleNamespace(id=view.market.id, name="ETH/TUSD", listed=listed)
    return Position(Offline(view), handle, HOLDER)


def sent(one):
    name, given = one.chain.sent("Credit")
    assert name == "liquidate"
    return given


def test_what_is_expected_less_the_slippage_is_the_least():
    one = of()
    done = one.liquidate.preview("100", max_slippage="2%")
    seized = VIEW.collateral - done.after.collateral
    call = sent(one)
    assert (call["borrower"], call["repaid_assets"], call["repaid_shares"]) == (HOLDER.lower(), 100 * USD, 0)
    assert call["min_seized"] == seized * 98 // 100
    assert any("reverts when less than" in said for said in done.also)


def test_max_repays_all_that_is_allowed_and_the_least_that_is_named_is_sent():
    one = of()
    one.liquidate.preview(min_seized="0.01")
    call = sent(one)
    assert (call["repaid_assets"], call["min_seized"]) == (MAX_UINT256, ETHER // 100)


def test_less_than_the_least_is_not_sent():
    one = of()
    seized = VIEW.collateral - one.liquidate.preview("100").after.collateral
    one.liquidate.preview("100", min_seized=seized)
    with pytest.raises(BadInput, match="less than your minimum"):
        one.liquidate.preview("100", min_seized=seized + 1)


def test_what_it_brings_is_told_against_the_oracle():
    done = of().liquidate.preview("100")
    worth = (VIEW.collateral - done.after.collateral) * 1_700 * USD // ETHER
    said = f"that is worth {TUSD.show(worth)} at the oracle's price: {TUSD.show(worth - 100 * USD)} more"
    assert said in done.also[1]
    assert OUTSIDE not in done.also
    assert OUTSIDE in of(listed=False).liquidate.preview("100").also


def test_a_healthy_position_is_left_alone():
    one = of(position(debt=700 * USD))
    with pytest.raises(BadInput, match="can't be liquidated"):
        one.liquidate.preview()
    assert one.chain.planned == ()
