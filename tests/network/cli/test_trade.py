"""Swaps, pools, liquidations by hand and authorities, by command on a real local chain."""

import os
import signal
from decimal import Decimal

import pytest

from network.cli.inside import commands, refusal
from surge.chain.wallet import wallet_address
from surge.local.network import LocalNetwork

pytestmark = pytest.mark.slow

MARKET = "ETH/TUSD"
STRANGER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with LocalNetwork(0, home=tmp_path_factory.mktemp("trade") / "home") as running:
        for program in running.programs():
            if program.name == "keeper":  # it would liquidate first
                os.kill(program.pid, signal.SIGTERM)
        yield running


@pytest.fixture
def surge(network, monkeypatch, capsys):
    yield from commands(network, monkeypatch, capsys)


def test_a_swap_gives_what_its_preview_says(surge):
    looked = surge("credit", "swap", "100", "TUSD", "ETH", "--max-slippage", "0.5%", "--dry-run")
    assert (looked["sent"], looked["transaction"], looked["path"]) == (False, None, ["TUSD", "ETH"])
    done = surge("credit", "swap", "100", "TUSD", "ETH", "--max-slippage", "0.5%", "--yes")
    assert done["sent"] is True
    assert (done["paid"], done["bought"]) == ("100", looked["bought"])
    assert Decimal("0.0498") < Decimal(done["bought"]) < Decimal("0.05")
    assert Decimal(done["after"]["price"]) > Decimal(done["before"]["price"]) == 2000
    out, _ = surge("credit", "swap", "10", "TUSD", "ETH", "--dry-run", words=True)
    assert "swap 10 TUSD · over TUSD → ETH" in out
    assert "ETH) less than at the oracle's price" in " ".join(out.split())
    said = refusal(surge, "credit", "swap", "1", "TUSD", "ETH", "--max-impact", "0.3%", "--yes")
    assert "--max-impact 0.3" in said


def test_liquidity_comes_and_goes(surge):
    added = surge("credit", "pool", "add", MARKET, "0.1", "--yes")
    assert Decimal(added["after"]["worth"][0]) > Decimal("0.0999")
    mine = next(pool for pool in surge("credit", "pools")["pools"] if pool["pool"] == MARKET)
    assert mine["shares"] == added["after"]["shares"] != "0"
    out, _ = surge("credit", "pools", words=True)
    assert "<0.01%" in out
    gone = surge("credit", "pool", "remove", MARKET, "--yes")
    assert gone["after"]["shares"] == "0"
    made = surge("credit", "pool", "add", "ETH/SURGE", "0.01", "200", "--yes")
    assert (made["before"]["reserves"], made["after"]["reserves"]) == (["0", "0"], ["0.01", "200"])


def test_a_part_of_a_debt_is_paid_by_its_collateral(surge):
    surge("credit", "collateral", "add", MARKET, "0.5", "--yes")
    surge("credit", "borrow", MARKET, "600", "--yes")
    try:
        paid = surge("credit", "leverage", "repay", MARKET, "100", "--yes")
        assert Decimal("499.99") < Decimal(paid["after"]["debt"]) < Decimal("500.01")
        assert Decimal("0.449") < Decimal(paid["after"]["collateral"]) < Decimal("0.45")
        assert Decimal(paid["price_impact"]) > 0
        assert "close the position" in refusal(surge, "credit", "leverage", "repay", MARKET, "500.1", "--yes")
    finally:
        surge("credit", "repay", MARKET, "max", "--yes")
        surge("credit", "collateral", "remove", MARKET, "max", "--yes")


def test_a_liquidation_by_hand_has_its_bounds(surge, network):
    me = wallet_address(network.home.wallet)
    surge("credit", "collateral", "add", MARKET, "0.5", "--yes")
    surge("credit", "borrow", MARKET, "600", "--yes")
    try:
        assert "only past 80%" in refusal(surge, "credit", "liquidate", me, MARKET, "--yes")
        surge("local", "price", "ETH", "1450")
        said = refusal(
            surge, "credit", "liquidate", me, MARKET, "--repay", "100", "--min-seized", "1", "--yes"
        )
        assert "less than your minimum of 1 ETH" in said
        done = surge("credit", "liquidate", me, MARKET, "--repay", "100", "--yes")
        assert Decimal(done["before"]["debt"]) - Decimal(done["after"]["debt"]) > Decimal("99.99")
        assert Decimal(done["after"]["collateral"]) < Decimal("0.45")
        assert any("more than is repaid" in said for said in done["also"])
    finally:
        surge("local", "price", "ETH", "2000")
        surge("credit", "repay", MARKET, "max", "--yes")
        surge("credit", "collateral", "remove", MARKET, "max", "--yes")


def test_authority_is_given_with_a_warning_and_taken_back(surge):
    out, _ = surge("credit", "authorize", STRANGER, "--dry-run", words=True)
    assert "WARNING: whoever has this authority may borrow against your collateral" in out
    assert "not in the address book" in out
    given = surge("credit", "authorize", STRANGER, "--yes")
    assert (given["operation"], given["name"]) == ("authorize", None)
    assert (given["before"], given["after"]) == (False, True)
    assert "already" in refusal(surge, "credit", "authorize", STRANGER, "--yes")
    assert surge("credit", "revoke", STRANGER, "--yes")["after"] is False
    assert "nothing to take back" in refusal(surge, "credit", "revoke", STRANGER, "--yes")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("swap", "100", "TUSD", "ETH", "--max-slippage", "0.5", "--yes"), 2, "with the sign: '0.5%'"),
        (("swap", "100", "TUSD", "ETH", "--max-slippage", "100%", "--yes"), 2, "below 100%"),
        (("swap", "900000", "TUSD", "ETH", "--yes"), 2, "above the most of 5%"),
        (("swap", "5000", "TUSD", "ETH", "--yes"), 4, "needs 5000 TUSD"),
        (("swap", "1", "TUSD", "EUR", "--yes"), 2, "there are TUSD, ETH"),
        (("swap", "1", "TUSD", "TUSD", "--yes"), 2, "name two tokens"),
        (("swap", "0", "TUSD", "ETH", "--yes"), 2, "changes nothing"),
        (("swap", "1e3", "TUSD", "ETH", "--yes"), 2, "decimal string"),
        (("swap", "1", "TUSD", "ETH"), 2, "add --yes"),
        (("pool", "add", "ETH", "1", "--yes"), 2, "name its two tokens"),
        (("pool", "add", "ETH/ETH", "1", "--yes"), 2, "names one twice"),
        (("pool", "add", MARKET, "0.1", "5", "--yes"), 2, "leave it out"),
        (("pool", "add", "BTC/SURGE", "0.1", "--yes"), 2, "sets the price"),
        (("pool", "remove", "BTC/ETH", "--yes"), 2, "can't give"),
        (("liquidate", "0x12", MARKET, "--yes"), 2, "no address"),
        (("liquidate", STRANGER, MARKET, "--yes"), 2, "has no debt"),
        (("liquidate", STRANGER, MARKET, "--repay", "-1", "--yes"), 2, "can't be negative"),
        (("authorize", "Batch", "--yes"), 2, "anybody"),
        (("authorize", "0x" + "0" * 40, "--yes"), 2, "nobody"),
        (("revoke", "Leverag", "--yes"), 2, "no address"),
        (("leverage", "repay", MARKET, "1", "--yes"), 2, "no part of a debt"),
        (("leverage", "repay", MARKET, "max", "--yes"), 2, "`max` says nothing here"),
    ],
)
def test_bad_input_is_one_sentence_and_sends_nothing(surge, arguments, code, said):
    before = surge("credit", "pools")
    assert said in refusal(surge, "credit", *arguments, code=code)
    assert surge("credit", "pools") == before
