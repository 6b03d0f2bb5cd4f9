"""Both halves of the system over a node as it is rented."""

from dataclasses import replace

import pytest

from credit_network import raise_credit
from network.chain.hosted import MOST, HostedNode
from surge.chain.client import Chain
from surge.chain.node import limits
from surge.credit.health import Zone
from surge.desk import Desk
from surge.keeper.liquidating import Rules
from surge.keeper.liquidator import Liquidator


@pytest.fixture
def quick(monkeypatch):
    """Nobody waits between two tries."""
    monkeypatch.setattr(limits, "FIRST_SECONDS", 0.0)


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    net = raise_credit(tmp_path_factory.mktemp("credit"))
    yield net
    net.close()


def test_everything_works_over_a_hosted_node(net, quick):
    hosted = HostedNode(net.network.book.rpc_url)
    book = replace(net.network.book, rpc_url=hosted.url)
    keys = [net.network.account().key for _ in range(2)]
    try:
        with Desk(book, key=keys[0]) as desk, Chain(book, keys[1]) as keeper:
            for symbol, amount in (("TUSD", "20000"), ("ETH", "20")):
                token = desk.chain.tokens.named(symbol)
                desk.chain.tokens.faucet(token, token.parse(amount))
            desk.market("ETH/TUSD").position().add_collateral("10")
            position = desk.market("ETH/TUSD").position()
            position.borrow("14000")
            desk.chain.money.faucet(5)
            assert desk.chain.money.usd(desk.address) == 34_000 * 10**6 + 5
            assert len(desk.market_views()) == len(book.credit.markets)
            net.price("ETH", "1700")
            assert Liquidator(keeper, Rules()).step().sent == 1
            assert position.view.zone is Zone.HEALTHY
            assert [event.name for event in keeper.events("Liquidated")] == ["Liquidated"]
            assert keeper.rpc._limit <= MOST
            assert not keeper.rpc.knows_pending
        assert {"long", "429", "part", "pending", "header"} == set(hosted.said)
        assert hosted.said.count("pending") <= 4  # each connection learns it once
    finally:
        hosted.close()
