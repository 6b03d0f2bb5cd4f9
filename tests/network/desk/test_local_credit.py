"""A local network with nothing but its credit side: up, moved, down, resumed, and brought up to date."""

import json

import pytest

import surge
from surge.chain.network.book import load_book
from surge.local.network import RENTER_TOKENS, LocalNetwork
from surge.model.errors import BadInput
from surge.store.home import Home


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


def holdings(network):
    with surge.Desk(network) as desk:
        tokens = [desk.chain.tokens.named(symbol) for symbol in ("TUSD", *RENTER_TOKENS)]
        held = desk.chain.tokens.balances(desk.address, tokens)
        return {token.symbol: token.show(amount) for token, amount in zip(tokens, held, strict=True)}


def test_up_moved_down_and_resumed(home):
    network = LocalNetwork(0, home=home)
    with network:
        assert holdings(network) == {
            "TUSD": "1000 TUSD",
            "ETH": "10 ETH",
            "BTC": "0.5 BTC",
            "SURGE": "10000 SURGE",
        }
        moved = network.set_price("ETH", "1500")
        assert (moved.before, moved.after) == (2_000 * 10**8, 1_500 * 10**8)
        with pytest.raises(BadInput, match="there are TUSD, ETH, BTC, SURGE"):
            network.set_price("DOGE", "1")
        with surge.Desk(network) as desk:
            position = desk.market("ETH/TUSD").position()
            position.add_collateral("10")
            position.borrow("100")
            before = position.view
    with LocalNetwork(0, home=home) as resumed, surge.Desk(resumed) as desk:
        after = desk.market("ETH/TUSD").position().view
        assert (after.market.price, after.position) == (before.market.price, before.position)


def test_an_older_network_gets_its_credit_side(home):
    with LocalNetwork(0, home=home):
        deployed = load_book(home.book("local"))
    content = json.loads(home.book("local").read_text())
    del content["credit"]
    for name in ("Credit", "AdaptiveCurveIrm", "Exchange", "Router", "Leverage", "Batch"):
        del content["addresses"][name]
    home.book("local").write_text(json.dumps(content))
    with LocalNetwork(0, home=home) as network:
        assert network.book.addresses["Market"] == deployed.addresses["Market"]
        assert network.book.addresses["Credit"] != deployed.addresses["Credit"]
        with surge.Desk(network) as desk:
            assert [view.name for view in desk.market_views()] == list(deployed.credit.markets)


def test_a_desk_of_a_network_by_name(home, monkeypatch):
    monkeypatch.setenv("SURGE_HOME", str(home.root))
    with LocalNetwork(0, home=home) as network, surge.Desk("local") as desk, surge.Desk() as same:
        assert desk.address == same.address
        assert desk.chain.book == network.book
