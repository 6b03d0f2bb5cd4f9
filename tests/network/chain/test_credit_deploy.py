"""The credit side of a network: deployed from artefacts and filled, whatever interrupts it."""

from dataclasses import replace

import pytest
from coincurve import PrivateKey

from chain_network import COIN, raise_network
from surge.chain.anvil.node import LocalChain
from surge.chain.client import Chain
from surge.chain.deploy.credit import credit_journal, deploy_credit
from surge.chain.network.book import CREDIT_CONTRACTS, load_book, save_book
from surge.chain.network.connection import View
from surge.chain.node.sender import Sender
from surge.local.credit import (
    MARKETS,
    POOLS,
    RIVAL_POOLS,
    ROOM,
    USD_PRICES,
    VAULT,
    WATCHED,
    deploy_local_credit,
)
from surge.local.price import move_price
from surge.model.credit import PRICE_SCALE, market_id
from surge.model.errors import BadInput, CorruptState, NoNetwork
from surge.model.units import WAD

SENDINGS = 10
"""How often the local deployment sends transactions: each time several."""


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A network without its credit side, as an older Surge left it."""
    network = raise_network(tmp_path_factory.mktemp("bare"))
    network.local.fund(network.treasury.address, 10_000 * COIN)
    yield network
    network.close()


@pytest.fixture
def older(bare, tmp_path):
    """The same, as it was before each test; its address book at `book.json`."""
    snapshot = bare.rpc.call("evm_snapshot")
    save_book(bare.book, tmp_path / "book.json")
    yield bare
    bare.rpc.call("evm_revert", snapshot)


def run(network, folder):
    return deploy_local_credit(network.book, network.treasury.key, folder / "book.json")


def look_around(book):
    """Everything that must be there, wherever the deployment was interrupted."""
    with Chain(book) as chain:
        views = chain.credit.market_views([market_id(params) for params in book.credit.markets.values()])
        for market, view in zip(MARKETS, views, strict=True):
            assert view.name == market.name
            assert view.supplied == market.supplied * 10**view.loan.decimals
            assert view.borrowed == 0
            assert view.safe or view.name in WATCHED  # the pool's average is too young
        pools = chain.exchange.pools([*book.credit.pairs.values(), *book.credit.rival_pairs.values()])
        for pool, (name, amounts) in zip(pools, [*POOLS.items(), *RIVAL_POOLS.items()], strict=True):
            token = chain.tokens.named(name.split("/")[0])
            assert pool.selling(token.address).into == amounts[0] * 10**token.decimals
        lent = sum(market.supplied for market in MARKETS if market.loan == "TUSD")
        vault = chain.vaults.view(VAULT, book.credit.vaults[VAULT], book.addresses["Credit"])
        assert vault.total == lent * 10**6
        assert vault.max_deposit == (ROOM - 1) * lent * 10**6
        return {view.name: view for view in views}


def test_everything_is_deployed_filled_and_written_down(older, tmp_path):
    book = run(older, tmp_path)
    assert load_book(tmp_path / "book.json") == book
    assert set(CREDIT_CONTRACTS) <= set(book.contracts)
    assert not credit_journal(tmp_path / "book.json").exists()
    views = look_around(book)
    assert views["ETH/TUSD"].price == 2_000 * 10**6 * PRICE_SCALE // 10**18
    assert views["BTC/ETH"].price == 30 * 10**18 * PRICE_SCALE // 10**8
    assert views["TUSD/ETH"].price == 10**18 * PRICE_SCALE // (2_000 * 10**6)
    lp = views["LP/TUSD"]
    with Chain(book) as chain:
        (supply,) = chain.look([View("Pair", book.credit.tokens["LP"], "totalSupply")])
    assert supply * lp.price // PRICE_SCALE == pytest.approx(4_000_000 * 10**6, rel=1e-12)
    assert views["ETH/TUSD"].params.max_ltv == 7 * WAD // 10


def test_a_second_run_sends_nothing(older, tmp_path):
    book = run(older, tmp_path)
    before = older.rpc.call("eth_blockNumber")
    assert deploy_local_credit(book, older.treasury.key, tmp_path / "book.json") == book
    assert older.rpc.call("eth_blockNumber") == before


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("crash_at", range(SENDINGS))
def test_a_crash_at_any_point_is_resumed(older, tmp_path, monkeypatch, crash_at, after):
    """`after`: all but the last of the transactions are mined already, and nobody has heard of it."""
    real, sendings = Sender.send_all, []

    def crashing(self, calls, gas=None):
        sendings.append(calls)
        if len(sendings) != crash_at + 1:
            return real(self, calls, gas)
        if after:
            real(self, calls[: max(1, len(calls) - 1)], gas)
        raise KeyboardInterrupt

    monkeypatch.setattr(Sender, "send_all", crashing)
    with pytest.raises(KeyboardInterrupt):
        run(older, tmp_path)
    assert load_book(tmp_path / "book.json").credit is None
    monkeypatch.setattr(Sender, "send_all", real)
    look_around(run(older, tmp_path))


def test_there_are_no_more_sendings(older, tmp_path, monkeypatch):
    real, sendings = Sender.send_all, []

    def counting(self, calls, gas=None):
        sendings.append(calls)
        return real(self, calls, gas)

    monkeypatch.setattr(Sender, "send_all", counting)
    run(older, tmp_path)
    assert len(sendings) == SENDINGS


def test_a_journal_of_another_chain_is_refused(older, tmp_path):
    journal = credit_journal(tmp_path / "book.json")
    journal.write_text('{"chain_id": 1, "addresses": {}}')
    with pytest.raises(CorruptState, match="began on chain 1"):
        run(older, tmp_path)
    journal.write_text("{")
    with pytest.raises(CorruptState, match="damaged"):
        run(older, tmp_path)
    assert journal.read_text() == "{"


def test_another_network_gets_the_contracts_alone(older, tmp_path):
    """As on a public chain: each transaction is estimated and waited for, markets come from others."""
    book = deploy_credit(older.book, older.treasury.key, tmp_path / "book.json")
    assert load_book(tmp_path / "book.json") == book
    assert set(book.credit.tokens) == {"TUSD", "SURGE"}
    assert deploy_credit(book, older.treasury.key, tmp_path / "book.json") == book
    with Chain(book, older.treasury.key) as chain:
        assert chain.credit.created_markets() == []
        assert chain.look([View("Credit", book.addresses["Credit"], "fee_recipient")]) == [chain.address]
        assert chain.look([View("Router", book.addresses["Router"], "factory")]) == [
            book.addresses["Exchange"]
        ]


def test_a_network_that_has_an_exchange_keeps_it(older, tmp_path):
    first = deploy_credit(older.book, older.treasury.key, tmp_path / "first.json")
    exchange = first.addresses["Exchange"]
    book = deploy_credit(older.book, older.treasury.key, tmp_path / "second.json", exchange=exchange)
    assert book.addresses["Exchange"] == exchange
    assert book.addresses["Router"] != first.addresses["Router"]
    with Chain(book) as chain:
        assert chain.look([View("Router", book.addresses["Router"], "factory")]) == [exchange]


def test_the_credit_side_is_asked_of_a_network_that_has_it_alone(older, tmp_path):
    with Chain(older.book) as chain:
        assert chain.money.surge(older.treasury.address) > 0
        with pytest.raises(BadInput, match="no credit side"):
            chain.credit.market_views([bytes(32)])
    book = run(older, tmp_path)
    elsewhere = replace(book, addresses=book.addresses | {"Credit": "0x" + "11" * 20})
    with Chain(elsewhere) as chain, pytest.raises(NoNetwork, match="no Credit at"):
        chain.now()


def test_a_price_moves_feed_and_pools_but_not_the_rival(older, tmp_path):
    book = run(older, tmp_path)
    with Chain(book, older.treasury.key) as chain:
        for usd in ("1500", "12000", "150"):
            moved = move_price(chain, "ETH", usd)
            assert (moved.symbol, moved.pools) == ("ETH", 2)
            id_ = market_id(book.credit.markets["ETH/TUSD"])
            (view,) = chain.credit.market_views([id_])
            assert view.price == moved.after * PRICE_SCALE // 10**20
            main, rival = chain.exchange.pools(
                [book.credit.pairs["ETH/TUSD"], book.credit.rival_pairs["ETH/TUSD"]]
            )
            held = main.selling(book.credit.tokens["ETH"])
            assert held.out * PRICE_SCALE // held.into == pytest.approx(view.price, rel=0.004)
            assert {rival.reserve0, rival.reserve1} == {200 * 10**18, 400_000 * 10**6}
        before = chain.exchange.pools([book.credit.pairs["ETH/TUSD"]])
        for symbol, usd in (("ETH", "0"), ("ETH", "-1"), ("DOGE", "1"), ("ETH", "1.49"), ("ETH", "15001")):
            with pytest.raises(BadInput):
                move_price(chain, symbol, usd)
        assert chain.exchange.pools([book.credit.pairs["ETH/TUSD"]]) == before
    assert set(USD_PRICES) == set(book.credit.feeds)


def test_a_node_that_lost_the_credit_side_is_named(older, tmp_path):
    book = run(older, tmp_path)
    empty = LocalChain(tmp_path / "empty")
    try:
        with (
            Chain(book.at(empty.start()), PrivateKey()) as chain,
            pytest.raises(NoNetwork, match="no Surge"),
        ):
            chain.credit.market_views([market_id(book.credit.markets["ETH/TUSD"])])
    finally:
        empty.stop()
