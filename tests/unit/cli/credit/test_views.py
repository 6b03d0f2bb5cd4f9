"""What people see of markets and positions, at 80 columns."""

import io
from datetime import datetime

import pytest
from rich.console import Console

from surge.cli.credit.vaults_view import show_vaults
from surge.cli.credit.view import (
    show_change,
    show_market,
    show_markets,
    show_position,
    show_positions,
    show_sent,
)
from surge.cli.network.price import show_price
from surge.cli.terminal import figures
from unit.cli.credit.documents import CHANGE, INDEBTED, MARKET, POSITION


def seen(parts, width=80):
    console = Console(width=width, file=io.StringIO(), markup=False, highlight=False)
    for part in parts:
        console.print(part)
    text = console.file.getvalue()
    assert all(len(line) <= width for line in text.splitlines())
    return text


def listed(*positions, liquidations=()):
    """As `surge credit position` says it."""
    return {"account": POSITION["account"], "positions": positions, "liquidations": liquidations}


def row(text, name):
    """The cells of the line that begins with `name`."""
    [line] = [line for line in text.splitlines() if line.startswith(name)]
    return line.removeprefix(name).split()


@pytest.mark.parametrize(
    ("exact", "shown"),
    [
        ("0.999999999999999999", "0.99"),
        ("1", "1.00"),
        ("1.009999", "1.00"),
        ("1.142857", "1.14"),
        ("12345.6", "12,345.60"),
    ],
)
def test_a_health_factor_is_never_rounded_up(exact, shown):
    assert figures.health(exact, "1") == shown


def test_a_health_factor_without_debt_is_no_number():
    assert figures.health(None, "0.0") == "no debt"
    assert figures.health(None, "1.5") == figures.NONE


@pytest.mark.parametrize(
    ("exact", "up", "shown"),
    [
        ("0", False, "0"),
        ("1234.500000", False, "1,234.5"),
        ("0.0000001", False, "<0.000001"),
        ("0.0000011", False, "0.000001"),
        ("0.0000011", True, "0.000002"),
        ("100", True, "100"),
    ],
)
def test_amounts_round_where_they_are_told_to(exact, up, shown):
    assert figures.amount(exact, up=up) == shown


@pytest.mark.parametrize(
    ("exact", "up", "shown"),
    [
        (None, False, figures.NONE),
        ("2000", False, "2,000.00"),
        ("1750.001", True, "1,750.01"),
        ("0.1", False, "0.100000"),
        ("0.000123456789", False, "0.000123456"),
    ],
)
def test_prices_have_two_decimals_or_six_figures(exact, up, shown):
    assert figures.price(exact, up=up) == shown


def test_a_limit_in_per_cent_is_short():
    assert [figures.bound(one) for one in ("0.7", "0.855", "1")] == ["70%", "85.5%", "100%"]


def test_a_change_shows_before_and_after():
    text = seen(show_change(CHANGE))
    assert text.splitlines()[0].strip() == "borrow 700 TUSD · market ETH/TUSD"
    assert row(text, "debt") == ["0", "TUSD", "→", "700.000001", "TUSD"]
    assert row(text, "health factor") == ["no", "debt", "→", "1.14"]
    assert row(text, "LTV (max 70%, LLTV 80%)") == ["0.00%", "→", "70.01%"]
    assert row(text, "liquidation price") == [figures.NONE, "→", "1,750.01", "TUSD"]
    assert row(text, "distance to it") == [figures.NONE, "→", "12.49%"]
    assert row(text, "collateral") == ["0.5", "ETH", "=", "0.5", "ETH"]
    assert "gas: about 98,123; nothing is sent yet" in text


def test_what_was_agreed_to_and_sent_is_told_shortly():
    sent = {**CHANGE, "sent": True, "transaction": "0x" + "cd" * 32}
    text = seen(show_sent(sent))
    assert "borrow 700 TUSD · market ETH/TUSD: done" in text
    assert row(text, "gas") == ["98,123"]
    assert row(text, "health") == ["1.14,", "debt", "700.000001", "TUSD"]


def test_debt_stands_beside_a_health_factor():
    text = seen(show_positions(listed(INDEBTED)))
    assert text.splitlines()[0].split()[:4] == ["market", "collateral", "debt", "health"]
    assert text.splitlines()[1].split()[3:6] == ["700.01", "TUSD", "1.14"], "a debt is rounded up"


SEVERAL = [
    {**INDEBTED, "collateral": "2.999999999999999999", "debt": "3711.702002"},
    {**INDEBTED, "market": "BTC/TUSD", "collateral_token": "BTC", "collateral": "0.12345678",
     "zone": "margin", "distance": "0.0513"},
    {**INDEBTED, "market": "SURGE/TUSD", "collateral_token": "SURGE", "collateral": "123456.123456789",
     "debt": "9711.702001", "zone": "liquidatable", "distance": "-0.0301", "health": "0.999"},
]  # fmt: skip


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("lent", ["0", "123456.123456"])
def test_several_positions_keep_their_figures_whole(width, lent):
    positions = [{**one, "supplied": lent} for one in SEVERAL]
    text = seen(show_positions(listed(*positions)), width)
    for figure in ("2.999 ETH", "3,711.71 TUSD", "0.1234 BTC", "123,456 SURGE", "3.01% PAST IT", "0.99"):
        assert figure in text
    assert "123,456.12 TUSD" in text or lent == "0"
    if lent == "0":
        assert row(text, "SURGE/TUSD  ") == [
            "123,456", "SURGE", "9,711.71", "TUSD", "0.99", "70.01%", "3.01%", "PAST", "IT"
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("exact", "symbol", "up", "shown"),
    [
        ("3711.702002", "TUSD", True, "3,711.71 TUSD"),
        ("0.000001", "TUSD", True, "<0.01 TUSD"),
        ("0", "ETH", False, "0 ETH"),
        ("12.3456", "ETH", False, "12.34 ETH"),
        ("0.00123456", "LP", False, "0.001234 LP"),
        ("0.00000000000123", "LP", False, "<0.00000001 LP"),
        ("123456.7", "SURGE", False, "123,456 SURGE"),
    ],
)
def test_lists_show_as_many_figures_as_tell_something(exact, symbol, up, shown):
    assert figures.brief(exact, symbol, up) == shown


def test_what_is_lent_is_only_shown_where_there_is_some():
    assert "supplied" not in seen(show_positions(listed(INDEBTED)))
    lender = {**POSITION, "supplied": "250.5"}
    text = seen(show_positions(listed(lender)))
    assert row(text, "ETH/TUSD")[-2:] == ["250.5", "TUSD"]


def test_nobody_without_positions_is_left_alone():
    text = seen(show_positions(listed()))
    assert "surge credit collateral add" in text


def test_an_empty_account_of_somebody_else_is_not_advised():
    text = seen(show_positions(listed(), own=False))
    assert "has nothing" in text
    assert "next:" not in text


def sold(seconds, **more):
    return {
        "market": "ETH/TUSD", "block": 812, "time": seconds, "loan_token": "TUSD", "collateral_token": "ETH",
        "repaid": "375.560688", "seized": "0.225657934705882352", "bad_debt": "0", **more,
    }  # fmt: skip


@pytest.mark.parametrize("positions", [(), (INDEBTED,)])
def test_a_liquidation_is_told(positions):
    now = datetime.now().replace(hour=13, minute=55)
    document = listed(*positions, liquidations=[sold(now.timestamp())])
    line = "ETH/TUSD was liquidated at 13:55: repaid 375.56 TUSD, took 0.2256 ETH (block 812)"
    assert line in seen(show_positions(document), 120).splitlines()
    one = {**INDEBTED, "liquidations": document["liquidations"]}
    assert line in seen(show_position(one), 120).splitlines()


def test_an_older_liquidation_has_its_day_and_its_bad_debt():
    document = listed(liquidations=[sold(1_600_000_000, bad_debt="66.55778")])
    text = seen(show_positions(document), 160)
    assert "liquidated on 13 Sep 2020: " in text
    assert "66.55 TUSD was bad debt" in text


def test_liquidations_that_cannot_be_read_leave_the_rest():
    assert "ETH/TUSD" in seen(show_positions({**listed(INDEBTED), "liquidations": None}))


def test_a_moved_price_says_how_to_watch():
    moved = {
        "symbol": "ETH", "before": "2000", "after": "1700", "pools": 2, "silent": False, "watched": [],
        "keeper_log": "/a b/keeper.log",
    }  # fmt: skip
    text = seen(show_price(moved))
    assert "next: surge credit position" in text
    assert "tail -f '/a b/keeper.log'" in text
    assert "tail" not in seen(show_price({**moved, "keeper_log": None}))


@pytest.mark.parametrize(
    ("zone", "said"), [("margin", "repay, or add"), ("liquidatable", "surge credit repay")]
)
def test_a_bad_zone_says_what_to_do(zone, said):
    one = {**INDEBTED, "zone": zone}
    assert said in " ".join(seen(show_position({**one, "liquidations": []})).split())
    assert said in " ".join(seen(show_positions(listed(one))).split())


def test_a_position_past_its_liquidation_price_says_so():
    past = {**INDEBTED, "distance": "-0.0301", "zone": "liquidatable", "health": "0.9999"}
    text = seen(show_position({**past, "liquidations": []}))
    assert row(text, "distance to it") == ["3.01%", "PAST", "IT"]
    assert row(text, "health factor") == ["0.99"]


def test_markets_fit_a_terminal():
    text = seen(show_markets({"markets": [MARKET, {**MARKET, "market": "SURGE/TUSD", "price": "0.1"}]}))
    assert row(text, "ETH/TUSD") == [
        "2,000.00", "70%", "80%", "699,999.5", "TUSD", "30.0%", "1.24%", "0.41%"
    ]  # fmt: skip


def test_a_market_without_a_price_says_what_still_works():
    for market in ({**MARKET, "price": None}, {**MARKET, "safe": False}):
        assert "ETH/TUSD: " in seen(show_markets({"markets": [market]}))
    assert "adding collateral still work" in " ".join(seen(show_market({**MARKET, "price": None})).split())


def test_a_market_tells_its_rules():
    text = seen(show_market(MARKET))
    assert "300,000.5 TUSD, 30.00% of it" in text
    assert "up to health 1.15, a bonus of 6.39% at the most" in text
    assert "10 TUSD" in text


def test_a_lender_sees_nothing_of_debts():
    sides = [{**POSITION, "collateral": "0", "supplied": supplied} for supplied in ("0", "100")]
    text = seen(show_change({**CHANGE, "before": sides[0], "after": sides[1]}))
    assert row(text, "supplied") == ["0", "TUSD", "→", "100", "TUSD"]
    assert row(text, "lend rate a year") == ["0.41%", "=", "0.41%"]
    assert "health" not in text


def test_at_the_max_ltv_it_says_what_interest_will_do():
    assert "at its max LTV" in seen(show_change(CHANGE))
    lower = {**INDEBTED, "ltv": "0.69", "max_borrow": "10"}
    assert "at its max LTV" not in seen(show_change({**CHANGE, "after": lower}))


@pytest.mark.parametrize(
    ("exact", "shown"),
    [
        (["0.470609", "0.352934", "0.058821", "0.117636"], ["47.1%", "35.3%", "5.8%", "11.8%"]),
        (["0.333333333333333333"] * 3, ["33.3%", "33.4%", "33.3%"]),
        (["0.5", "0.25"], ["50.0%", "25.0%"]),
        (["0", "0"], ["0.0%", "0.0%"]),
    ],
)
def test_parts_add_up(exact, shown):
    assert figures.parts(exact) == shown


VAULT = {
    "vault": "TUSD vault", "address": POSITION["account"], "asset": "TUSD", "worth": "0", "total": "850000",
    "idle": "0", "rate": "0", "fee": "0", "max_deposit": "10", "max_withdraw": "0",
    "markets": [
        {"market": "ETH/TUSD", "worth": "399986.38", "part": "0.4706", "cap": "4000000", "supply_rate": "0"},
        {"market": "BTC/TUSD", "worth": "450013.62", "part": "0.5294", "cap": "4000000", "supply_rate": "0"},
    ],
}  # fmt: skip


def test_a_vault_s_parts_and_whose_they_are():
    text = seen(show_vaults({"vaults": [VAULT]}))
    assert row(text, "ETH/TUSD")[:3] == ["399,986.38", "TUSD", "47.1%"]
    assert row(text, "BTC/TUSD")[2] == "52.9%"
    assert row(text, "yours")[:2] == ["0", "TUSD;"]
    assert text.splitlines()[-1].startswith("BTC/TUSD"), "no empty line at the end"
    assert "yours" not in seen(show_vaults({"vaults": [VAULT]}, own=False))


def test_two_vaults_stand_apart():
    lines = [line.strip() for line in seen(show_vaults({"vaults": [VAULT, VAULT]})).splitlines()]
    (second,) = [n for n, line in enumerate(lines) if line.startswith("vault") and n]
    assert lines[second - 1] == ""
