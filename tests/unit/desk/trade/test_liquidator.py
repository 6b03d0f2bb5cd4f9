"""A liquidation by hand: what it promises to bring, and the bound that goes with it."""

from types import SimpleNamespace

import pytest

from small_credit import ETHER, HOLDER, TUSD, USD, market, position
from surge.desk.trade import liquidator
from surge.desk.trade.liquidator import Liquidator
from surge.model.errors import BadInput
from surge.model.units import MAX_UINT256


@pytest.fixture(params=[5, 6], ids=["without a bound", "with a bound"])
def arguments(request, monkeypatch):
    """How many `liquidate` takes in the Credit that ships."""
    shipped = SimpleNamespace(functions={("liquidate", count): None for count in range(5, request.param + 1)})
    monkeypatch.setattr(liquidator, "artifact", lambda _: shipped)
    return request.param


@pytest.fixture
def sent():
    return []


@pytest.fixture
def desk(sent):
    def call(what, contract, name, *given):
        sent.append((contract, name, given))
        return SimpleNamespace(what=what)

    chain = SimpleNamespace(
        call=call, simulate=lambda *_: 1, book=SimpleNamespace(addresses={"Credit": HOLDER}),
        tokens=SimpleNamespace(allowing=lambda payments: []),
    )  # fmt: skip
    return Liquidator(chain)


VIEW = position(market(borrowed=700 * USD, usd=1_700), debt=700 * USD)
HANDLE = SimpleNamespace(position=lambda _: SimpleNamespace(view=VIEW))


def test_what_is_expected_less_the_slippage_is_the_least(desk, sent, arguments):
    done = desk.liquidate.preview(HANDLE, HOLDER, "100", max_slippage="2%")
    seized = VIEW.collateral - done.after.collateral
    (contract, name, given) = sent[0]
    assert (contract, name) == ("Credit", "liquidate")
    assert given[1:5] == (HOLDER, 100 * USD, 0, b"")
    assert len(given) == arguments
    if arguments == 6:
        assert given[5] == seized * 98 // 100
    bounded = any("reverts when less than" in said for said in done.also)
    assert bounded == (arguments == 6)


def test_max_repays_all_that_is_allowed(desk, sent, arguments):
    desk.liquidate.preview(HANDLE, HOLDER)
    assert sent[0][2][2] == MAX_UINT256


def test_less_than_the_least_is_not_sent(desk, sent, arguments):
    seized = VIEW.collateral - desk.liquidate.preview(HANDLE, HOLDER, "100").after.collateral
    desk.liquidate.preview(HANDLE, HOLDER, "100", min_seized=seized)
    with pytest.raises(BadInput, match="less than your minimum"):
        desk.liquidate.preview(HANDLE, HOLDER, "100", min_seized=seized + 1)
    assert len(sent) == 2


def test_what_it_brings_is_told_against_the_oracle(desk, arguments):
    done = desk.liquidate.preview(HANDLE, HOLDER, "100")
    worth = (VIEW.collateral - done.after.collateral) * 1_700 * USD // ETHER
    assert (
        f"that is worth {TUSD.show(worth)} at the oracle's price: {TUSD.show(worth - 100 * USD)} more"
        in done.also[1]
    )


def test_a_healthy_position_is_left_alone(desk, sent, arguments):
    healthy = SimpleNamespace(position=lambda _: SimpleNamespace(view=position(debt=700 * USD)))
    with pytest.raises(BadInput, match="can't be liquidated"):
        desk.liquidate.preview(healthy, HOLDER)
    assert sent == []
