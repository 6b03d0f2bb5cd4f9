"""The credit commands on a real local network: its chain and its contracts, no provider."""

import json
from decimal import Decimal

import pytest

from network.cli.inside import commands, refusal
from network.cli.shell import Shell
from surge.local.network import LocalNetwork

pytestmark = pytest.mark.slow

MARKET = "ETH/TUSD"


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with LocalNetwork(0, home=tmp_path_factory.mktemp("credit") / "home") as running:
        yield running


@pytest.fixture
def surge(network, monkeypatch, capsys):
    yield from commands(network, monkeypatch, capsys)


def position(surge):
    return surge("credit", "position", MARKET)


def test_markets_are_listed_and_told(surge):
    listed = surge("credit", "markets")["markets"]
    assert [one["market"] for one in listed] == [
        "ETH/TUSD", "BTC/TUSD", "SURGE/TUSD", "LP/TUSD", "BTC/ETH", "TUSD/ETH"
    ]  # fmt: skip
    ether = surge("credit", "market", listed[0]["id"])
    assert (ether["market"], ether["max_ltv"], ether["lltv"], ether["price"]) == (
        MARKET,
        "0.7",
        "0.8",
        "2000",
    )
    assert surge("credit", "market", listed[0]["id"][:12])["id"] == ether["id"]
    out, _ = surge("credit", "markets", words=True)
    assert "2,000.00" in out


def test_the_life_of_a_loan(surge):
    assert surge("credit", "position")["positions"] == []
    added = surge("credit", "collateral", "add", MARKET, "0.5", "--yes")
    assert (added["before"]["collateral"], added["after"]["collateral"]) == ("0", "0.5")
    assert (added["after"]["max_borrow"], added["after"]["health"]) == ("700", None)

    looked = surge("credit", "borrow", MARKET, "600", "--dry-run")
    assert (looked["sent"], looked["transaction"]) == (False, None)
    assert position(surge)["debt"] == "0"

    done = surge("credit", "borrow", MARKET, "600", "--yes")
    assert done["sent"] is True
    # Not to the unit: the keeper may bring the interest up to date before either of them.
    assert 0 < done["gas"] < 1.5 * looked["gas"] < 2.25 * done["gas"]
    for side in ("before", "after"):
        for fact in ("debt", "collateral", "health", "ltv", "liquidation_price", "zone"):
            assert done[side][fact] == looked[side][fact]
    assert (done["after"]["liquidation_price"], done["after"]["zone"]) == ("1500", "healthy")

    surge("credit", "repay", MARKET, "max", "--yes")
    taken = surge("credit", "collateral", "remove", MARKET, "max", "--yes")
    assert (taken["after"]["collateral"], taken["after"]["debt"]) == ("0", "0")
    assert surge("credit", "position")["positions"] == []


def test_lending_directly_and_through_a_vault(surge):
    lent = surge("credit", "supply", MARKET, "50", "--yes")
    assert Decimal(lent["after"]["supplied"]) == 50
    assert Decimal(surge("credit", "withdraw", MARKET, "max", "--yes")["after"]["supplied"]) == 0
    [vault] = surge("credit", "vaults")["vaults"]
    paid = surge("credit", "vault", "deposit", vault["vault"], "100", "--yes")
    assert Decimal(paid["after"]["worth"]) == 100
    assert surge("credit", "vaults")["vaults"][0]["worth"] == paid["after"]["worth"]
    [told] = surge("credit", "vaults", "TUSD")["vaults"]
    assert (told["listed"], told["lent"]["paid"], told["fallen"]) == (True, "100", "0")
    in_kind = surge("credit", "vault", "withdraw", "TUSD", "max", "--in-kind", "--yes")
    assert in_kind["after"]["shares"] == "0"
    handed = surge("credit", "position")["positions"]
    assert sum(Decimal(one["supplied"]) for one in handed) > Decimal("99.9999")
    for one in handed:
        surge("credit", "withdraw", one["market"], "max", "--yes")
    assert surge("credit", "position")["positions"] == []


def test_a_multiplied_position(surge):
    opened = surge(
        "credit", "leverage", "open", MARKET, "1", "--multiple", "2", "--min-health", "1.2", "--yes"
    )
    assert opened["after"]["collateral"] == "2"
    assert Decimal("1.9") < Decimal(opened["after"]["multiple"]) < Decimal("2.1")
    lower = surge("credit", "leverage", "adjust", MARKET, "1.5", "--yes")
    assert Decimal(lower["after"]["debt"]) < Decimal(opened["after"]["debt"])
    closed = surge("credit", "leverage", "close", MARKET, "--to", "collateral", "--yes")
    assert (closed["after"]["collateral"], closed["after"]["debt"]) == ("0", "0")
    said = refusal(surge, "credit", "leverage", "open", MARKET, "1", "--min-health", "3", "--yes", code=2)
    assert "below your --min-health 3.00" in said


def test_a_carry_is_lent_on_and_a_neutral_position_held(surge):
    carried = surge("credit", "leverage", "open", MARKET, "1", "--carry", "500", "--vault", "TUSD", "--yes")
    assert (carried["after"]["collateral"], Decimal(carried["after"]["debt"])) == ("1", 500)
    assert Decimal(surge("credit", "vaults")["vaults"][0]["worth"]) >= Decimal("499.99")
    close = ("credit", "leverage", "close", MARKET, "--vault", "TUSD")
    said = refusal(surge, *close, "--yes", code=2)
    assert "are missing; pay them from what you hold (`--held max`" in said
    looked = surge(*close, "--to", "collateral", "--dry-run")
    assert any(said.startswith("sells ") for said in looked["also"])
    assert looked["price_impact"] is not None
    ended = surge(*close, "--held", "max", "--yes")
    assert not any(said.startswith("sells ") for said in ended["also"])
    assert ended["price_impact"] is None
    assert any(said.startswith("redeems ") and "TUSD vault" in said for said in ended["also"])
    assert (ended["after"]["collateral"], ended["after"]["debt"]) == ("0", "0")
    short = ("TUSD/ETH", "900", "--hold", "0.3")
    assert Decimal(surge("credit", "leverage", "open", *short, "--yes")["after"]["debt"]) == Decimal("0.3")
    shorted, _ = surge("credit", "position", "TUSD/ETH", words=True)
    assert "ETH above 2,579 (+28%)" in shorted
    flat = surge("credit", "leverage", "close", "TUSD/ETH", "--held", "max", "--yes")
    assert (flat["after"]["collateral"], flat["after"]["debt"]) == ("0", "0")
    looked = surge("credit", "leverage", "revoke", "--dry-run")
    assert (looked["sent"], looked["name"], looked["after"]) == (False, "Leverage", False)
    assert "add --yes" in refusal(surge, "credit", "leverage", "revoke", code=2)
    assert surge("credit", "leverage", "revoke", "--yes")["gas"] > 0
    assert "nothing to take back" in refusal(surge, "credit", "leverage", "revoke", "--yes", code=2)


def test_a_moved_price_brings_the_margin_zone_and_its_sentences(surge):
    surge("credit", "collateral", "add", MARKET, "0.5", "--yes")
    surge("credit", "borrow", MARKET, "690", "--yes")
    try:
        moved = surge("local", "price", "ETH", "1900")
        assert (moved["symbol"], moved["before"], moved["after"]) == ("ETH", "2000", "1900")
        assert position(surge)["zone"] == "margin"
        said = refusal(surge, "credit", "borrow", MARKET, "10", "--yes", code=2)
        assert "margin zone (70% to 80%)" in said
        assert "repay 25" in said
        out, _ = surge("credit", "position", words=True)
        assert "is in its margin zone" in out
    finally:
        surge("local", "price", "ETH", "2000")
        surge("credit", "repay", MARKET, "max", "--yes")
        surge("credit", "collateral", "remove", MARKET, "max", "--yes")


def test_a_flash_loan_pays_once(surge):
    surge("local", "price", "ETH", "2100")
    try:
        looked = surge("credit", "flash", MARKET, "--dry-run")
        assert looked["sent"] is False
        borrowed = looked["also"][0].split()[1]
        said = refusal(surge, "credit", "flash", MARKET, "--min-profit", "99999", "--yes", code=2)
        assert "below your --min-profit 99999 TUSD" in said
        assert "--min-profit" in surge_help(surge)
        done = surge("credit", "flash", MARKET, "--yes")
        assert Decimal(done["profit"]) == Decimal(looked["profit"]) > 100
        assert Decimal(done["after"]["balance"]) - Decimal(done["before"]["balance"]) == Decimal(
            done["profit"]
        )
        assert Decimal(done["after"]["gap"]) < Decimal("0.01") < Decimal(done["before"]["gap"])

        said = refusal(surge, "credit", "flash", MARKET, borrowed, "--yes", code=2)
        assert f"borrowing {borrowed} TUSD would lose" in said
        assert "too close" in refusal(surge, "credit", "flash", MARKET, "--yes", code=2)
        assert "ETH/TUSD" in refusal(surge, "credit", "flash", "ETH/BTC", "--yes", code=2)
    finally:
        surge("local", "price", "ETH", "2000")


def surge_help(surge):
    return surge("credit", "flash", "--help", words=True)[0]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("supply", MARKET, "999999", "--yes"), 4, "needs 999999 TUSD"),
        (("supply", MARKET, "0", "--yes"), 2, "changes nothing"),
        (("supply", MARKET, "1e3", "--yes"), 2, "decimal string"),
        (("supply", "ETH/EUR", "1", "--yes"), 2, "there are ETH/TUSD"),
        (("supply", MARKET, "10"), 2, "add --yes"),
        (("borrow", MARKET, "max", "--yes"), 2, "add collateral first"),
        (("repay", MARKET, "max", "--yes"), 2, "no debt to repay"),
        (("withdraw", MARKET, "1", "--yes"), 2, "nothing is supplied"),
        (("collateral", "remove", MARKET, "1", "--yes"), 2, "no collateral"),
        (("collateral", "add", MARKET, "1", "--min-health", "0.9", "--yes"), 2, "past liquidation"),
        (("leverage", "open", MARKET, "1", "--multiple", "9", "--yes"), 2, "the most for this margin is 3.2"),
        (("leverage", "close", MARKET, "--to", "dollars", "--yes"), 2, "'collateral' or 'loan'"),
        (("leverage", "close", MARKET, "--yes"), 2, "only when it is told"),
        (("leverage", "close", MARKET, "--shares", "1", "--to", "loan", "--yes"), 2, "--vault"),
        (("leverage", "open", MARKET, "1", "--max-slippage", "0.5", "--yes"), 2, "'0.5%'"),
        (("leverage", "open", MARKET, "1", "--max-impact", "12", "--yes"), 2, "'12%'"),
        (("leverage", "open", MARKET, "1", "--max-impact", "0.1%", "--yes"), 2, "above the most of 0.1%"),
        (("supply", MARKET, "1", "--max-slippage", "1", "--yes"), 2, "'1%'"),
        (("leverage", "open", MARKET, "1", "--carry", "10", "--yes"), 2, "--vault"),
        (("leverage", "open", MARKET, "1", "--hold", "10", "--in-loan", "--yes"), 2, "--in-loan out"),
        (("leverage", "adjust", MARKET, "2", "--yes"), 2, "no position in ETH/TUSD"),
        (("supply", MARKET, "1,000", "--yes"), 2, "without commas: 1000"),
        (("supply", MARKET, "9" * 20, "--yes"), 2, "too large"),
        (("vault", "deposit", "ETH vault", "1", "--yes"), 2, "TUSD vault"),
        (("position", "--of", "0x12"), 2, "no address"),
        (("market", "0xff"), 2, "no market begins"),
    ],
)
def test_bad_input_is_one_sentence_and_sends_nothing(surge, arguments, code, said):
    before = position(surge)
    assert said in refusal(surge, "credit", *arguments, code=code)
    assert position(surge)["account"] == before["account"]
    assert position(surge)["collateral"] == before["collateral"]
    assert position(surge)["supplied"] == before["supplied"]


def test_a_price_that_is_none_is_refused(surge):
    assert "there are" in refusal(surge, "local", "price", "DOGE", "1", code=2)
    assert "above 0" in refusal(surge, "local", "price", "ETH", "0", code=2)


def test_a_network_for_lenders_alone(tmp_path):
    """No provider, so no sandbox to compile: markets and a keeper."""
    shell = Shell(tmp_path / "home", tmp_path / "here")
    try:
        up = shell.json("up", "--detach", "--providers", "0")
        assert (up["already_up"], up["slots"]) == (False, 0)
        listed = json.loads(shell.run("credit", "markets", "--json").stdout)
        assert len(listed["markets"]) == 6
        assert shell.json("up", "--detach", "--providers", "0")["already_up"] is True
    finally:
        assert "keeper" in shell.json("down")["stopped"]


def test_as_a_command_of_the_shell(network, tmp_path):
    shell = Shell(network.home.root, tmp_path)
    done = shell.run("credit", "borrow", MARKET, "10", "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["kind"] == "BadInput"
    help_ = shell.run("credit", "--help").stdout.decode()
    for command in ("markets", "market", "position", "supply", "withdraw", "borrow", "repay", "collateral",
                    "leverage", "flash", "vaults", "vault"):  # fmt: skip
        assert f"\n  {command} " in help_
