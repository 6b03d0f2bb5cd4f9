"""K2: one market of hostile contracts in the address book: keeper, lists and index do without it."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credit_network import raise_credit
from network.keeper.hostile_code import CODES, EMPTY, INVALID, LOOPS, answering, reverting, text, words
from network.keeper.stranger import FAIR, PRICE, become, with_stranger
from surge.chain.client import Chain
from surge.cli.credit.document import market_document, position_document
from surge.cli.credit.view import show_market, show_markets, show_positions
from surge.credit.health import Zone
from surge.credit.market import MarketView
from surge.desk import Desk
from surge.keeper.liquidating import Rules
from surge.keeper.liquidator import Liquidator
from surge.model.units import WAD


@pytest.fixture(scope="module")
def raised(tmp_path_factory):
    """Somebody has a debt in the hostile market, and somebody one past its LLTV in an honest one."""
    net = raise_credit(tmp_path_factory.mktemp("credit"))
    net.book, net.hostile = with_stranger(net)
    desk = net.desk(TUSD="20000", ETH="10")
    position = desk.market("ETH/TUSD").position()
    position.add_collateral("10")
    position.borrow("14000")
    net.price("ETH", "1700")
    net.position = position
    net.keeper = net.network.account().key
    yield net
    net.close()


def all_goes_on(net):
    with Chain(net.book, net.keeper) as chain, Desk(net.book, key=net.keeper) as desk:
        views = desk.market_views()
        assert [type(view) for view in views] == [MarketView] * len(net.book.credit.markets)
        assert [view.name for view in views].count("ETH/TUSD") == 1
        hostile = next(view for view in views if view.id == net.hostile)
        assert hostile.name.isprintable()
        assert len(hostile.name) < 40
        assert hostile.collateral.symbol.endswith("@a1a1a1")
        assert len(desk.position_views()) == len(views)
        assert len(desk.markets(everybody=True)) == len(views)
        assert str(desk.markets(everybody=True)[-1])
        assert chain.credit.market_views([net.hostile])[0].id == net.hostile
        positions = desk.position_views(net.position.account)
        documents = (
            [market_document(view) for view in views],
            [{**position_document(one), "lent": None} for one in positions],
        )
        shown = [
            *show_markets({"markets": documents[0], "outside": []}),
            *show_market(market_document(hostile)),
        ]
        held = {"account": net.position.account, "positions": documents[1], "outside": [], "liquidations": []}
        assert [*shown, *show_positions(held, own=False)]
        stepped = Liquidator(chain, Rules(altruist=True)).step()
        assert net.position.view.zone is Zone.HEALTHY
        assert net.position.account in {one.view.account for one in stepped.done}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(codes=st.tuples(CODES, CODES, CODES))
def test_whatever_a_market_is_made_of(raised, codes):
    kept = raised.network.rpc.call("evm_snapshot")
    try:
        become(raised, *codes)
        all_goes_on(raised)
    finally:
        raised.network.rpc.call("evm_revert", kept)


ODD = {
    "loops": LOOPS,
    "is no code": INVALID,
    "is not there": EMPTY,
    "reverts": reverting(b""),
    "reverts with half a reason": reverting(bytes.fromhex("08c379a0") + text(b"no")[:40]),
    "answers a byte": answering(b"x"),
    "answers the greatest number": answering(words(2**256 - 1, 1)),
    "answers one": answering(words(1, 1)),
    "answers nothing but zeros": answering(words(0, 0)),
    "answers no bool": answering(words(2**256 - 1, 2**256 - 1)),
}


@pytest.mark.parametrize("code", ODD.values(), ids=ODD)
@pytest.mark.parametrize("which", range(3), ids=["token", "oracle", "model"])
def test_each_by_itself(raised, which, code):
    kept = raised.network.rpc.call("evm_snapshot")
    try:
        become(raised, *(code if n == which else fair for n, fair in enumerate(FAIR)))
        all_goes_on(raised)
    finally:
        raised.network.rpc.call("evm_revert", kept)


def test_a_fair_one_is_read_like_any_other(raised):
    """What all of this rests on: the hostile market is like any other until it isn't."""
    kept = raised.network.rpc.call("evm_snapshot")
    try:
        become(raised, FAIR[0], answering(words(PRICE // 2, 1)), FAIR[2])
        with Chain(raised.book, raised.keeper) as chain:
            view = chain.credit.market_views([raised.hostile])[0]
            assert (view.price, view.borrowed) == (PRICE // 2, 1_200 * 10**6)
            assert view.utilisation == 12 * WAD // 100
    finally:
        raised.network.rpc.call("evm_revert", kept)
