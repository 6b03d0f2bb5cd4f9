"""What the credit commands tell somebody whom something was done to: a real local network and its keeper."""

import json
import time
from decimal import Decimal

import pytest

from surge.cli.main import run_command
from surge.local.network import LocalNetwork

pytestmark = pytest.mark.slow

MARKET = "ETH/TUSD"
PATIENCE = 60.0


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with LocalNetwork(0, home=tmp_path_factory.mktemp("told") / "home") as running:
        yield running


@pytest.fixture
def surge(network, monkeypatch, capsys):
    """`surge …` in this very interpreter: the document that it prints, or its words."""
    monkeypatch.setenv("SURGE_HOME", str(network.home.root))

    def run(*arguments, words=False):
        capsys.readouterr()
        ended = run_command([*arguments] if words else [*arguments, "--json"])
        said = capsys.readouterr()
        assert ended == 0, said.err
        return said.out if words else json.loads(said.out)

    return run


def test_a_wallet_s_tokens_are_told_apart_from_its_gas(surge):
    before = surge("wallet")
    assert before["usd_token"] == "TUSD"
    assert set(before["tokens"]) == {"ETH", "BTC", "LP"}
    surge("credit", "collateral", "add", MARKET, "0.25", "--yes")
    after = surge("wallet")
    assert Decimal(before["tokens"]["ETH"]) - Decimal(after["tokens"]["ETH"]) == Decimal("0.25")
    assert Decimal(before["gas"]) - Decimal(after["gas"]) < Decimal("0.1")
    surge("credit", "collateral", "remove", MARKET, "max", "--yes")


def test_max_is_resolved_as_it_was_sent(surge):
    """What the wallet gains and loses is what the documents say."""

    def moved(*arguments):
        held = [surge("wallet")]
        done = surge("credit", *arguments, "max", "--yes")
        held.append(surge("wallet"))
        ether = Decimal(held[1]["tokens"]["ETH"]) - Decimal(held[0]["tokens"]["ETH"])
        dollars = Decimal(held[1]["usd"]) - Decimal(held[0]["usd"])
        assert done["amount"] == "max"
        return Decimal(done["resolved"]), ether, dollars

    looked = surge("credit", "collateral", "add", MARKET, "max", "--dry-run", words=True)
    held = Decimal(surge("wallet")["tokens"]["ETH"])
    assert looked.startswith(f"collateral add max, {held} ETH · market")
    assert moved("collateral", "add", MARKET) == (held, -held, 0)
    borrowed, _, gained = moved("borrow", MARKET)
    assert borrowed == gained > 0
    lent, _, gained = moved("vault", "deposit", "TUSD")
    assert lent == -gained > borrowed
    back, _, gained = moved("vault", "withdraw", "TUSD")
    assert abs(back - gained) <= Decimal("0.01"), "as it was when it was looked at"
    repaid, _, gained = moved("repay", MARKET)
    assert repaid == -gained >= borrowed
    assert moved("collateral", "remove", MARKET) == (held, held, 0)


def test_a_borrower_is_told_of_what_was_sold(surge):
    own = surge("wallet")["address"]
    surge("credit", "collateral", "add", MARKET, "0.5", "--yes")
    surge("credit", "borrow", MARKET, "690", "--yes")
    assert surge("credit", "position")["liquidations"] == []
    try:
        moved = surge("local", "price", "ETH", "1700", words=True)
        assert "next: surge credit position" in moved
        assert "keeper.log" in moved
        [part] = awaited(surge, 1)
        assert part["market"] == MARKET
        assert 0 < Decimal(part["repaid"]) < 690
        assert 0 < Decimal(part["seized"]) < Decimal("0.5")
        assert Decimal(part["bad_debt"]) == 0
        words = surge("credit", "position", words=True)
        assert f"{MARKET} was liquidated at " in words
        assert f"(block {part['block']})" in words

        surge("local", "price", "ETH", "1000")
        rest, first = awaited(surge, 2)
        assert first == part
        assert Decimal(rest["bad_debt"]) > 0
        assert rest["block"] > first["block"]
        told = surge("credit", "position", "--of", own, words=True)
        assert "was bad debt" in told
        assert "has nothing" in told
        assert "collateral add" not in told
        assert surge("credit", "position", MARKET)["liquidations"] == [rest, first]
        assert surge("credit", "position", "BTC/TUSD")["liquidations"] == []
        assert surge("credit", "position", "--of", rest["liquidator"])["liquidations"] == []
    finally:
        surge("local", "price", "ETH", "2000")


def awaited(surge, count):
    """The keeper acts in its own time."""
    end = time.monotonic() + PATIENCE
    while len(found := surge("credit", "position")["liquidations"]) < count and time.monotonic() < end:
        time.sleep(0.2)
    assert len(found) == count
    return found
