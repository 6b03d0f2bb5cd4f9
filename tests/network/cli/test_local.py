"""`surge local` on a real chain: its clock, and feeds that fall silent."""

import json
import sys
from dataclasses import replace

import pytest

from surge.chain.client import Chain
from surge.chain.network.book import save_book
from surge.chain.network.connection import View
from surge.cli.main import run_command
from surge.local.credit import FEED_MAX_AGE, GRACE, WATCHED
from surge.local.network import LocalNetwork

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("local") / "home"


@pytest.fixture(scope="module")
def network(home):
    with LocalNetwork(0, home=home) as running:
        yield running


@pytest.fixture
def surge(network, monkeypatch, capsys):
    """`surge …` in this very interpreter: the document that it prints."""
    monkeypatch.setenv("SURGE_HOME", str(network.home.root))
    monkeypatch.setattr(sys, "stdin", open("/dev/null"))  # noqa: SIM115, PTH123 closed with the test

    def run(*arguments, code=0):
        capsys.readouterr()
        assert run_command([*arguments, "--json"]) == code
        return json.loads(capsys.readouterr().out)

    yield run
    sys.stdin.close()


def safe(surge):
    return {one["market"]: one["safe"] for one in surge("credit", "markets")["markets"]}


def prices(surge):
    return {one["market"]: one["price"] for one in surge("credit", "markets")["markets"]}


def test_every_market_lends_as_soon_as_the_network_is_up(network, surge):
    assert set(safe(surge).values()) == {True}
    credit = network.book.credit
    with Chain(network.book) as chain:
        found = chain.look([View("OracleGuard", credit.oracles[name], "PAIR") for name in WATCHED])
        assert found == [credit.pairs[pool] for pool in WATCHED.values()]
        assert chain.look([View("OracleGuard", credit.oracles["ETH/TUSD"], "GRACE")]) == [GRACE]


def test_the_clock_goes_on_and_everything_lends_still(surge):
    surge("credit", "collateral", "add", "ETH/TUSD", "0.5", "--yes")
    surge("credit", "borrow", "ETH/TUSD", "100", "--yes")
    leap = surge("local", "time", "30d")
    assert 30 * 86_400 <= leap["seconds"] <= 30 * 86_400 + 30
    [owed] = leap["owed"]
    assert (owed["market"], owed["token"]) == ("ETH/TUSD", "TUSD")
    assert 100 < float(owed["debt"]) < 101
    assert 0 < float(owed["interest"]) < 1
    assert set(safe(surge).values()) == {True}
    surge("credit", "repay", "ETH/TUSD", "max", "--yes")
    surge("credit", "collateral", "remove", "ETH/TUSD", "max", "--yes")
    assert surge("local", "time", "5s")["owed"] == []
    for span in ("5", "0d", "9999w"):
        assert "clock" in surge("local", "time", span, code=2)["error"]["message"]


def test_after_a_price_the_volatile_loans_wait_for_their_pools(surge):
    """A pool that trades to a price is not yet an average that says so."""
    moved = surge("local", "price", "ETH", "3000")
    assert (moved["silent"], moved["watched"]) == (False, ["BTC/ETH", "TUSD/ETH"])
    told = safe(surge)
    assert {name for name in told if not told[name]} == {"BTC/ETH", "TUSD/ETH"}
    surge("local", "time", "3m")
    assert set(safe(surge).values()) == {True}
    surge("local", "price", "ETH", "2000")
    surge("local", "time", "3m")


def test_a_silent_feed_from_fresh_to_useless(surge):
    frozen = surge("local", "freeze", "ETH")
    assert frozen["silent"]
    assert frozen["unsafe"] - frozen["since"] == FEED_MAX_AGE + 1
    assert surge("local", "freeze", "ETH")["since"] == frozen["since"]
    moved = surge("local", "price", "ETH", "1500")
    assert moved["silent"]
    surge("local", "time", "3m")
    assert prices(surge)["ETH/TUSD"] == "2000"  # the pools went on, the feed did not
    surge("local", "time", "1h")
    told, there = safe(surge), prices(surge)
    assert [name for name in told if told[name]] == ["BTC/TUSD", "SURGE/TUSD"]
    assert there["ETH/TUSD"] == "2000"
    assert float(there["TUSD/ETH"]) == pytest.approx(1 / 2000, rel=0.01)  # lower than the pool's
    surge("local", "time", "6h")
    assert prices(surge)["ETH/TUSD"] is None
    assert surge("local", "freeze", "--off", "ETH")["since"] is None
    assert surge("local", "freeze", "--off", "ETH")["silent"] is False
    assert prices(surge)["ETH/TUSD"] == "2000"
    surge("local", "price", "ETH", "2000")
    surge("local", "time", "3m")
    assert set(safe(surge).values()) == {True}
    assert "there are TUSD, ETH, BTC, SURGE" in surge("local", "freeze", "DOGE", code=2)["error"]["message"]


def test_another_network_is_left_alone(network, surge):
    other = network.home.book("other")
    other.parent.mkdir(parents=True)
    save_book(replace(network.book, name="other", local=False), other)
    for command in (("time", "1h"), ("freeze", "ETH"), ("price", "ETH", "1")):
        said = surge("local", *command, "--network", "other", code=2)["error"]["message"]
        assert "other is no network that `surge up` made here" in said


def test_a_chain_that_was_down_for_long_is_fresh_at_once(network, home, surge):
    """Feeds speak and averages are there, however old the last block is."""
    network.advance(3 * 86_400)
    network.stop()
    with LocalNetwork(0, home=home):
        assert set(safe(surge).values()) == {True}
