"""The keeper on a real chain: prices fall, and it does what its rules say."""

import json
import sys
import urllib.request
from dataclasses import replace

import pytest

from network.keeper.keeping import ALTRUIST, borrower, dollars, keeper, say, wait_for
from surge.chain.anvil.programs import find_program, start_program, stop_program
from surge.chain.calls.tokens import Payment
from surge.chain.network.artifacts import artifact
from surge.chain.network.book import save_book
from surge.chain.node.rpc import RpcError
from surge.chain.node.sender import Call
from surge.chain.wallet import create_wallet
from surge.cli.main import run_command
from surge.credit.health import Zone
from surge.keeper import borrowers, liquidator
from surge.keeper.exits import Burn
from surge.keeper.liquidating import Liquidate, Poke, Rules, Why
from surge.keeper.liquidator import Liquidator
from surge.keeper.program import run
from surge.local.credit import WATCHED
from surge.model.credit import market_id
from surge.model.errors import NoNetwork, Reverted
from surge.model.units import WAD
from surge.store.home import Home


def test_a_position_from_health_to_recovery(net):
    bot, position = keeper(net, ALTRUIST), borrower(net, debt="13900")
    first = bot.step()
    assert [decision.why for decision in first.decisions] == [Why.HEALTHY]

    net.price("ETH", "1900")
    assert isinstance(bot.step().decisions[0], Poke)
    (margin,) = bot.chain.events("Margin")
    assert (margin.members["account"], margin.members["liquidatable"]) == (position.account, False)
    assert [decision.why for decision in bot.step().decisions] == [Why.MARGIN]

    net.price("ETH", "1700")
    before = position.view
    assert before.zone is Zone.LIQUIDATABLE
    (made,) = bot.step().decisions
    assert isinstance(made, Liquidate)
    after = position.view
    assert after.zone is Zone.HEALTHY
    assert abs(after.health - before.market.params.target_health) < WAD // 1_000
    assert before.debt - after.debt == pytest.approx(made.repaid, rel=1e-6)
    assert after.market.supplied >= before.market.supplied
    # It had no dollar, and has what it foresaw.
    assert dollars(net, bot.chain.address) >= made.profit > 0
    assert dollars(net, bot.chain.book.addresses["Batch"]) == 0
    assert bot.step().sent == 0
    assert (
        bot.metrics.registry.get_sample_value("surge_keeper_transactions_total", {"kind": "liquidate"}) == 1
    )


def test_who_has_repaid_is_read_no_more(net, monkeypatch):
    """But in its turn; and again when the chain takes another past, or when it borrows again."""
    monkeypatch.setattr(borrowers, "SOME", 1)
    bot, chain = keeper(net), net.network.rpc
    owing, *gone = [borrower(net, debt="5000") for _ in range(4)]
    kept = chain.call("evm_snapshot")
    for position in gone:
        position.repay("max")
    asked, real = [], bot.chain.credit.position_views
    monkeypatch.setattr(
        bot.chain.credit, "position_views", lambda wanted, at=None: asked.append(wanted) or real(wanted, at)
    )

    def read():
        asked.clear()
        found = {one.view.account for one in bot.step().decisions}
        (wanted,) = asked
        return found, {account for _, account in wanted}

    everybody = {position.account for position in (owing, *gone)}
    looks = [read() for _ in gone]
    assert [found for found, _ in looks] == [{owing.account}] * 3
    assert [len(accounts) for _, accounts in looks] == [2] * 3
    assert set.union(*(accounts for _, accounts in looks)) == everybody
    gone[0].borrow("1000")
    assert read()[0] == {owing.account, gone[0].account}
    chain.call("evm_revert", kept)
    net.network.pass_time(1)
    assert read()[0] == everybody


def test_what_is_past_repair_is_realised_as_bad_debt(net):
    bot, position = keeper(net), borrower(net)
    net.price("ETH", "1350")
    (made,) = bot.step().decisions
    assert isinstance(made, Liquidate)
    assert (position.view.debt, position.view.collateral) == (0, 0)
    (loss,) = bot.chain.events("BadDebt")
    assert loss.members["loss"] == pytest.approx(made.bad_debt, rel=1e-6)
    assert dollars(net, bot.chain.address) >= made.profit > 0


def test_lp_tokens_are_burned_and_sold(net):
    desk = net.desk(TUSD="20000", ETH="5")
    chain, book = desk.chain, desk.chain.book
    tokens = [chain.tokens.named("ETH"), chain.tokens.named("TUSD")]
    amounts = [5 * 10**18, 10_000 * 10**6]
    router = book.addresses["Router"]
    chain.send(*chain.tokens.allowing([Payment(token, 1, router, "Router") for token in tokens]))
    chain.do(
        "adding liquidity", "Router", "addLiquidity",
        *(token.address for token in tokens), *amounts, 0, 0, chain.address, chain.now() + 600,
    )  # fmt: skip
    (held,) = chain.tokens.balances(chain.address, [chain.tokens.named("LP")])
    position = desk.market("LP/TUSD").position()
    position.add_collateral(held)
    position.borrow("11900")
    net.price("ETH", "1300")
    bot = keeper(net)
    (made,) = bot.step().decisions
    assert isinstance(made, Liquidate)
    assert isinstance(made.exit, Burn)
    assert position.view.zone is Zone.HEALTHY
    assert dollars(net, bot.chain.address) >= made.profit > 0


def test_without_a_price_nothing_is_done(net):
    bot, position = keeper(net, ALTRUIST), borrower(net)
    net.price("ETH", "1700")
    feed = net.network.book.credit.feeds["ETH"]
    net.treasury.send(Call("freezing the feed", feed, artifact("PriceFeed").function("freeze", 0).encode(())))
    net.network.pass_time(2 * 86_400)
    stepped = bot.step()
    assert position.view.market.price is None
    assert [decision.why for decision in stepped.decisions] == [Why.NO_PRICE]
    assert position.view.debt > 0


def test_one_failure_locks_nothing(net, monkeypatch):
    """Of two positions the better one can't be liquidated: the other one is, and the first is tried again."""
    now = [0.0]
    bot = keeper(net, clock=lambda: now[0])
    stuck, other = borrower(net, debt="13990"), borrower(net, debt="13900")
    net.price("ETH", "1700")
    real = liquidator.calls_of

    def refuse(chain, decision):
        if decision.view.account == stuck.account:
            raise Reverted("its liquidation was refused")
        return real(chain, decision)

    monkeypatch.setattr(liquidator, "calls_of", refuse)
    assert bot.step().sent == 1
    assert other.view.zone is not Zone.LIQUIDATABLE
    waiting = bot.step().decisions
    assert [decision.why for decision in waiting if decision.view.account == stuck.account] == [Why.WAITING]
    now[0] += 1.0
    assert isinstance(bot.step().decisions[0], Liquidate)
    monkeypatch.setattr(liquidator, "calls_of", real)
    now[0] += 60.0
    assert bot.step().sent == 1
    assert stuck.view.zone is Zone.HEALTHY


def refused_by_the_node():
    error = NoNetwork("the node refuses to read it")
    error.__cause__ = RpcError(-32000, "some words of its own")
    return error


@pytest.mark.parametrize(
    "error", [Reverted("the rate model is broken"), refused_by_the_node(), ZeroDivisionError("a defect")]
)
def test_a_market_that_cannot_be_read_blinds_nobody_to_the_others(net, monkeypatch, error):
    bot, position = keeper(net), borrower(net)
    bitcoin = net.desk().market("BTC/TUSD").position()
    bitcoin.add_collateral("0.1")
    bitcoin.borrow("1000")
    net.price("ETH", "1700")
    real = bot.chain.credit.position_views

    def views(wanted, at=None):
        if any(id_ == bitcoin.market.id for id_, _ in wanted):
            raise error
        return real(wanted, at)

    monkeypatch.setattr(bot.chain.credit, "position_views", views)
    stepped = bot.step()
    assert stepped.blind.keys() == {"BTC/TUSD"}
    assert str(error) in stepped.blind["BTC/TUSD"]
    assert stepped.sent == 1
    assert position.view.zone is Zone.HEALTHY


@pytest.mark.parametrize("error", [NoNetwork("down"), refused_by_the_node()])
def test_a_node_that_reads_no_market_is_no_node(net, monkeypatch, error):
    bot, _ = keeper(net), borrower(net)

    def views(wanted, at=None):
        raise error

    monkeypatch.setattr(bot.chain.credit, "position_views", views)
    with pytest.raises(NoNetwork, match=str(error)):
        bot.step()


def test_who_comes_second_loses_nothing(net, monkeypatch):
    first, second = keeper(net), keeper(net)
    borrower(net)
    net.price("ETH", "1700")
    real = liquidator.calls_of

    def overtaken(chain, decision):
        calls = real(chain, decision)
        monkeypatch.setattr(liquidator, "calls_of", real)
        assert first.step().sent == 1
        return calls

    monkeypatch.setattr(liquidator, "calls_of", overtaken)
    coins = second.chain.money.coins(second.chain.address)
    assert second.step().sent == 0
    assert second.chain.money.coins(second.chain.address) == coins
    assert second.metrics.registry.get_sample_value("surge_keeper_failures_total", {"kind": "liquidate"}) == 1


def test_own_funds_buy_what_no_pool_takes(net):
    """The pools pay less than the price says: to sell there is a loss, to keep the collateral a gain."""
    position = borrower(net)
    net.price("ETH", "1300")
    say(net, "ETH", 1_650)
    (left,) = keeper(net).step().decisions
    assert left.why is Why.NO_PROFIT
    desk = net.desk(TUSD="20000")
    (made,) = Liquidator(desk.chain, Rules(own_funds=True)).step().decisions
    assert made.exit is None
    assert position.view.zone is Zone.HEALTHY
    (held,) = desk.chain.tokens.balances(desk.chain.address, [desk.chain.tokens.named("ETH")])
    assert held == pytest.approx(made.seized, rel=1e-6)


def test_upkeep_is_for_altruists(net):
    bot = keeper(net, ALTRUIST)
    net.network.pass_time(4_000)
    market = bot.chain.credit.market_views([market_id(net.network.book.credit.markets["SURGE/TUSD"])])[0]
    assert not market.safe
    assert keeper(net).step().sent == 0
    assert bot.step().sent == len(WATCHED)
    assert bot.step().sent == 0
    net.network.pass_time(61)
    assert bot.chain.credit.market_views([market.id])[0].safe


def test_the_program(net, tmp_path):
    """A process of its own: liquidates, in a market too that is listed later, serves its figures on this
    machine, and ends when it is told to."""
    wallet = create_wallet(tmp_path / "key.json", throwaway=True)
    net.network.local.fund(wallet.address, 10**19)
    book = tmp_path / "book.json"
    listed = net.network.book.credit
    markets = {name: params for name, params in listed.markets.items() if name != "ETH/TUSD"}
    save_book(replace(net.network.book, credit=replace(listed, markets=markets)), book)
    position = borrower(net)
    command = [
        sys.executable,
        "-m",
        "surge.keeper.program",
        "liquidator",
        "--book",
        str(book),
        "--every",
        "0.1",
    ]
    command += ["--wallet", str(tmp_path / "key.json"), "--metrics", "0"]
    start_program(tmp_path / "run", "keeper", command, {})
    try:
        program = find_program(tmp_path / "run", "keeper")
        net.price("ETH", "1700")
        wait_for(lambda: "port=" in program.log.read_text() or not program.running)
        save_book(net.network.book, book)
        port = program.log.read_text().split("port=")[1].split()[0]

        def figures():
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
                return answer.read().decode()

        healthy = 'surge_keeper_positions{market="ETH/TUSD",state="healthy"} 1.0'
        wait_for(lambda: healthy in figures())
        assert position.view.zone is Zone.HEALTHY
        assert 'surge_keeper_transactions_total{kind="liquidate"} 1.0' in figures()
    finally:
        stop_program(tmp_path / "run", "keeper")
    assert "ended" in program.log.read_text()


@pytest.fixture
def home(net, tmp_path, monkeypatch):
    """Of somebody who has a wallet with gas, and the network's address book."""
    home = Home(tmp_path / "home")
    home.root.mkdir()
    home.book("local").parent.mkdir(parents=True)
    save_book(net.network.book, home.book("local"))
    net.network.local.fund(create_wallet(home.wallet, throwaway=True).address, 10**19)
    monkeypatch.setenv("SURGE_HOME", str(home.root))
    return home


def test_the_command_once(net, home, capsys):
    """Two positions: one that pays, one that is healthy."""
    liquidated, healthy = borrower(net), borrower(net, debt="1000")
    net.price("ETH", "1700")
    assert run_command(["keeper", "--once", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (done,), left = document["done"], {one["account"]: one for one in document["left"]}
    assert (done["account"], done["state"]) == (liquidated.account, "liquidate")
    assert float(done["profit"]) > 0
    assert left[healthy.account]["state"] == "healthy" == left[liquidated.account]["state"]
    assert document["unreadable"] == {}
    assert run_command(["keeper", "--once"]) == 0
    said = capsys.readouterr().out
    assert "0 transactions sent; 2 positions with debt" in said
    assert "it is healthy, at an LTV of" in said


def test_the_command_needs_to_know_what_to_print(home, capsys):
    assert run_command(["keeper", "--json"]) == 2
    assert "add --once" in capsys.readouterr().err


def test_the_program_says_what_is_missing(net, tmp_path, capsys):
    assert (
        run(["liquidator", "--book", str(tmp_path / "none.json"), "--wallet", str(tmp_path / "none.key")])
        == NoNetwork.exit_code
    )
    assert "there is no address book" in capsys.readouterr().err
