"""An operator's commands on a real local chain: oracle, market, vault, its rules, and the address book."""

import json
from decimal import Decimal

import pytest

from network.cli.inside import commands, refusal
from surge.chain.client import Chain
from surge.chain.network.book import load_book
from surge.chain.wallet import wallet_address
from surge.local.network import LocalNetwork

pytestmark = pytest.mark.slow

STRANGER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
VAULT = "Careful dollars"
MARKET = "ETH/TUSD careful"


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with LocalNetwork(0, home=tmp_path_factory.mktemp("curate") / "home") as running:
        yield running


@pytest.fixture
def surge(network, monkeypatch, capsys):
    yield from commands(network, monkeypatch, capsys)


@pytest.fixture(scope="module")
def made():
    """What earlier tests of this file created, by kind."""
    return {}


def book(network):
    return json.loads(network.home.book(None).read_text())["credit"]


def sent(network):
    """How many transactions the wallet has sent."""
    with Chain(load_book(network.home.book(None))) as chain:
        count = chain.rpc.call("eth_getTransactionCount", wallet_address(network.home.wallet), "latest")
    return int(count, 16)


def rules(surge):
    told = surge("curate", "rules", VAULT)
    return told, {one["market"]: one for one in told["markets"]}


def test_an_oracle_is_created_and_priced(surge, made):
    given = ("ETH", "TUSD", "--min-price", "200", "--max-price", "20000", "--second-source", "ETH/TUSD")
    looked = surge("curate", "create", "oracle", *given, "--dry-run")
    assert (looked["sent"], looked["place"]) == (False, None)
    assert looked["facts"]["price now"] == "2000 TUSD for 1 ETH"
    assert looked["facts"]["collateral feed"].endswith("at most 3600 s old")
    done = surge("curate", "create", "oracle", *given, "--yes")
    assert done["gas"] == pytest.approx(looked["gas"], rel=0.05)
    made["oracle"] = done["place"]
    assert done["entry"] == "ETH/TUSD 2"
    assert done["place"].startswith("0x")


def test_a_lent_token_whose_price_moves_needs_a_second_source(surge):
    given = ("curate", "create", "oracle", "SURGE", "ETH", "--min-price", "0.0000001", "--max-price", "0.1")
    assert "there is no second source" in refusal(surge, *given, "--yes")
    accepted = surge(*given, "--single-source", "--dry-run")
    assert any("on one source" in said for said in accepted["warnings"])
    dollars = ("ETH", "TUSD", "--min-price", "200", "--max-price", "20000", "--dry-run")
    assert any("is believed" in said for said in surge("curate", "create", "oracle", *dollars)["warnings"])


def test_a_market_is_created_and_listed(surge, network, made):
    given = (
        "ETH", "TUSD", "--oracle", made["oracle"], "--max-ltv", "60%", "--lltv", "75%", "--min-debt", "10",
        "--target-health", "1.25",
    )  # fmt: skip
    looked = surge("curate", "create", "market", *given, "--dry-run")
    assert any("unsafe" in said for said in looked["warnings"])  # nobody has observed the pool yet
    done = surge("curate", "create", "market", *given, "--yes")
    assert done["place"] == looked["place"]
    assert (done["name"], done["entry"]) == ("ETH/TUSD", "ETH/TUSD 2")
    assert "exists already" in refusal(surge, "curate", "create", "market", *given, "--yes")
    before = book(network)
    assert surge("book", "add", "market", MARKET, done["place"], "--dry-run")["written"] is False
    assert book(network) == before
    assert surge("book", "add", "market", MARKET, done["place"], "--yes")["written"] is True
    assert surge("credit", "market", MARKET)["id"] == done["place"]
    assert "has the market" in refusal(surge, "book", "add", "market", MARKET, done["place"], "--yes")


def test_a_name_that_is_taken_is_not_given_away_and_nothing_has_two(surge, network, made):
    before = book(network)
    taken = ("book", "add", "market", "ETH/TUSD", surge("credit", "market", MARKET)["id"])
    assert "choose a free name, such as 'ETH/TUSD 2', or --replace it" in refusal(surge, *taken, "--yes")
    assert "already, as the market ETH/TUSD careful" in refusal(surge, *taken, "--replace", "--yes")
    oracle = ("book", "add", "oracle", "ETH/TUSD", made["oracle"])
    assert "another oracle ETH/TUSD" in refusal(surge, *oracle, "--yes")
    assert book(network) == before
    looked = surge(*oracle, "--replace", "--dry-run")
    assert looked["was"] == before["oracles"]["ETH/TUSD"]
    for kind, name in (("token", "ETH"), ("vault", "TUSD vault")):
        place = before[f"{kind}s"][{"ETH": "BTC"}.get(name, name)]
        said = refusal(surge, "book", "add", kind, name if kind == "token" else "mine", place, "--yes")
        assert "another token ETH" in said or "already, as the vault TUSD vault" in said


def test_two_markets_of_one_pair_are_told_apart(surge, network):
    listed = surge("credit", "markets")["markets"]
    assert [(one["market"], one["pair"]) for one in listed if one["pair"] == "ETH/TUSD"] == [
        ("ETH/TUSD", "ETH/TUSD"), (MARKET, "ETH/TUSD")
    ]  # fmt: skip
    said = refusal(surge, "credit", "borrow", MARKET, "10", "--yes", code=2)
    assert "ETH/TUSD careful" in said
    supplied = surge("credit", "supply", MARKET, "20", "--yes")
    assert supplied["market"] == MARKET
    held = surge("credit", "position")["positions"]
    assert [one["market"] for one in held if one["pair"] == "ETH/TUSD"] == [MARKET]
    surge("credit", "withdraw", MARKET, "max", "--yes")


def test_an_entry_that_somebody_edited_is_said_so_and_the_others_go_on(surge, network):
    path = network.home.book(None)
    before = path.read_text()
    changed = json.loads(before)
    changed["credit"]["markets"][MARKET]["min_debt"] += 1
    path.write_text(json.dumps(changed))
    try:
        out, err = surge("credit", "markets", words=True)
        assert "the chain has no market of the parameters of 'ETH/TUSD careful'" in err
        assert "\nETH/TUSD careful" not in out
        assert "BTC/TUSD" in out
        assert len(surge("credit", "markets")["markets"]) == len(changed["credit"]["markets"]) - 1
        assert "positions" in surge("credit", "position")
        assert surge("curate", "rules", "TUSD vault")["vault"] == "TUSD vault"
        for command in (
            ("credit", "market", MARKET),
            ("credit", "supply", MARKET, "1", "--yes"),
            ("curate", "cap", "submit", "TUSD vault", MARKET, "1", "--yes"),
        ):
            assert "entry in the address book" in refusal(surge, *command)
    finally:
        path.write_text(before)


def test_a_vault_is_created_and_ruled(surge, network):
    given = ("--name", VAULT, "--symbol", "cTUSD", "--timelock", "0", "--yes")
    made = surge("curate", "create", "vault", "TUSD", *given)
    assert made["entry"] == VAULT
    surge("book", "add", "vault", VAULT, made["place"], "--yes")
    assert book(network)["vaults"][VAULT] == made["place"]
    me = wallet_address(network.home.wallet)
    assert rules(surge)[0]["owner"] == me

    submitted = surge("curate", "cap", "submit", VAULT, "BTC/TUSD", "500", "--yes")
    assert submitted["before"]["markets"] != submitted["after"]["markets"]
    assert rules(surge)[1]["BTC/TUSD"]["pending"] == "500"
    surge("curate", "cap", "revoke", VAULT, "BTC/TUSD", "--yes")
    assert "nothing to drop" in refusal(surge, "curate", "cap", "revoke", VAULT, "BTC/TUSD", "--yes")
    for market, cap in (("BTC/TUSD", "500"), ("SURGE/TUSD", "1000")):
        surge("curate", "cap", "submit", VAULT, market, cap, "--yes")
        accepted = surge("curate", "cap", "accept", VAULT, market, "--yes")
        assert accepted["after"] == surge("curate", "rules", VAULT)
    assert "already" in refusal(surge, "curate", "cap", "submit", VAULT, "BTC/TUSD", "500", "--yes")

    surge("curate", "queue", "supply", VAULT, "SURGE/TUSD", "BTC/TUSD", "--yes")
    surge("curate", "queue", "withdraw", VAULT, "SURGE/TUSD", "BTC/TUSD", "--yes")
    told, _ = rules(surge)
    assert told["supply_queue"] == told["withdraw_queue"] == ["SURGE/TUSD", "BTC/TUSD"]


def test_its_money_is_moved_within_the_caps(surge):
    surge("credit", "vault", "deposit", VAULT, "100", "--yes")
    moved = surge("curate", "reallocate", VAULT, "SURGE/TUSD=20", "BTC/TUSD=max", "--yes")
    held = {one["market"]: Decimal(one["worth"]) for one in moved["after"]["markets"]}
    assert held["SURGE/TUSD"] == pytest.approx(20, abs=Decimal("0.001"))
    assert held["BTC/TUSD"] == pytest.approx(80, abs=Decimal("0.001"))
    said = refusal(surge, "curate", "reallocate", VAULT, "BTC/TUSD=900", "--yes")
    assert "idle by then" in said
    surge("curate", "cap", "lower", VAULT, "BTC/TUSD", "90", "--yes")
    said = refusal(surge, "curate", "reallocate", VAULT, "SURGE/TUSD=0", "BTC/TUSD=100", "--yes")
    assert "above its cap of 90 TUSD" in said
    assert "stays in the queue" in refusal(surge, "curate", "queue", "withdraw", VAULT, "BTC/TUSD", "--yes")
    assert "use `submit`" in refusal(surge, "curate", "cap", "lower", VAULT, "BTC/TUSD", "900", "--yes")
    surge("credit", "vault", "withdraw", VAULT, "max", "--yes")


def test_its_fee_is_set_and_collected(surge):
    assert "takes no fee" in refusal(surge, "curate", "collect", "fee", VAULT, "--yes")
    done = surge("curate", "fee", VAULT, "10%", "--to", STRANGER, "--yes")
    assert (done["after"]["fee"], done["after"]["fee_recipient"]) == ("0.1", STRANGER)
    assert surge("curate", "collect", "fee", VAULT, "--yes")["sent"] is True
    surge("local", "time", "1s")  # a market pays its reserve out only when nothing has moved in the second
    assert "nothing to collect" in refusal(surge, "curate", "collect", "reserve", "BTC/TUSD", "--yes")


def test_a_persons_screens(surge):
    out, _ = surge("curate", "rules", VAULT, words=True)
    assert "withdrawals from  SURGE/TUSD, BTC/TUSD" in out
    given = ("ETH", "TUSD", "--min-price", "200", "--max-price", "20000", "--dry-run")
    out, _ = surge("curate", "create", "oracle", *given, words=True)
    assert "WARNING: without a second source" in out
    assert "nothing is sent yet" in out


ORACLE = ("create", "oracle", "ETH", "TUSD", "--min-price")
LIMITS = ("--max-ltv", "60%", "--lltv", "75%", "--min-debt", "1")
NEW_MARKET = ("create", "market", "ETH", "TUSD", "--oracle")
NEW_VAULT = ("create", "vault", "TUSD", "--name")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((*ORACLE, "3000", "--max-price", "9000"), "outside of your bounds"),
        ((*ORACLE, "9", "--max-price", "1"), "not in order"),
        ((*ORACLE, "1", "--max-price", "9000", "--base-feed", "EUR"), "no price feed of 'EUR'"),
        ((*ORACLE, "1", "--max-price", "9000", "--max-age", "0"), "makes no sense"),
        ((*ORACLE, "1", "--max-price", "9000", "--second-source", "BTC/ETH"), "a pool of ETH and TUSD"),
        (("create", "oracle", "ETH", "ETH", "--min-price", "1", "--max-price", "2"), "name two tokens"),
        ((*NEW_MARKET, "BTC/TUSD", *LIMITS), "is of BTC/TUSD"),
        ((*NEW_MARKET, STRANGER, *LIMITS), "nothing is deployed there"),
        ((*NEW_MARKET, "ETH/TUSD", *LIMITS, "--reserve-factor", "0.1"), "with the sign"),
        ((*NEW_MARKET, "ETH/TUSD", *LIMITS, "--irm", STRANGER), "nothing is deployed there"),
        (("create", "vault", STRANGER, "--name", "x", "--symbol", "x"), "there is no token at"),
        (("create", "vault", "0x12", "--name", "x", "--symbol", "x"), "is no token"),
        (("fee", STRANGER, "10%"), "is no vault that lends through"),
        (("fee", "0x12", "10%"), "is no vault"),
        ((*NEW_VAULT, "x" * 26, "--symbol", "x"), "shorten"),
        ((*NEW_VAULT, "x", "--symbol", "x", "--timelock", "9999999"), "30 days"),
        (("create", "vault", "EUR", "--name", "x", "--symbol", "x"), "there are TUSD"),
        (("cap", "submit", "TUSD vault", "ETH/TUSD", "9000000"), "only its owner"),
        (("cap", "submit", "no vault", "ETH/TUSD", "1"), "there is no vault"),
        (("cap", "accept", "TUSD vault", "ETH/TUSD"), "submit one first"),
        (("queue", "supply", "TUSD vault", "ETH/TUSD"), "only its owner"),
        (("reallocate", "TUSD vault", "ETH/TUSD"), "write MARKET=AMOUNT"),
        (("reallocate", "TUSD vault", "ETH/TUSD=1", "eth/tusd=2"), "twice"),
        (("fee", "TUSD vault", "10%"), "only its owner"),
    ],
)
def test_bad_input_is_one_sentence_and_sends_nothing(surge, network, arguments, said):
    before = sent(network)
    assert said in refusal(surge, "curate", *arguments, "--yes")
    assert sent(network) == before


def test_what_says_no_rate_is_no_rate_model(surge):
    credit = surge("status")["contracts"]["Credit"]
    said = refusal(surge, "curate", *NEW_MARKET, "ETH/TUSD", *LIMITS, "--irm", credit, "--yes")
    assert "is no rate model" in said


def test_what_the_contract_alone_refuses_is_told_by_its_reason(surge):
    given = (*NEW_MARKET, "ETH/TUSD", *LIMITS, "--target-health", "1.1", "--yes")
    said = refusal(surge, "curate", *given, code=4)
    assert "ends in the margin zone" in said
    assert "choose other parameters" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("thing", "X", "0x12"), "there are token, feed, oracle, market, pool, vault"),
        (("token", "X\x1b[2J", STRANGER), "can't be a name"),
        (("token", "EUR", STRANGER), "nothing is deployed there"),
        (("token", "EUR"), "name the address of EUR too"),
        (("feed", "EUR", "0x12"), "is no price feed"),
        (("market", "ETH/TUSD", "0x12"), "is no market's id"),
        (("market", "ETH/TUSD", "0x" + "12" * 32), "there is no market"),
        (("pool", "BTC/SURGE"), "there is no pool"),
        (("pool", "ETH/TUSD", STRANGER), "leave"),
        (("vault", "mine", STRANGER), "is no vault"),
    ],
)
def test_the_book_takes_only_what_the_chain_confirms(surge, network, arguments, said):
    before = book(network)
    assert said in refusal(surge, "book", "add", *arguments, "--yes")
    assert book(network) == before
