"""What people see of markets and positions, at 80 columns."""

from datetime import datetime

import pytest

from surge.cli.credit.document import compounded
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
from surge.model.units import WAD
from unit.cli.credit.documents import CHANGE, INDEBTED, MARKET, POSITION
from unit.cli.screen import seen


def listed(*positions, liquidations=()):
    """As `surge credit position` says it."""
    return {
        "account": POSITION["account"],
        "positions": positions,
        "outside": [],
        "liquidations": liquidations,
    }


def row(text, name):
    """The cells of the line that begins with `name`."""
    [line] = [line for line in text.splitlines() if line.startswith(name)]
    return line.removeprefix(name).split()


def test_a_change_shows_before_and_after():
    text = seen(show_change(CHANGE))
    assert text.splitlines()[0].strip() == "borrow 700 TUSD · market ETH/TUSD"
    assert row(text, "debt") == ["0", "TUSD", "→", "700.000001", "TUSD"]
    assert row(text, "health factor") == ["no", "debt", "→", "1.14"]
    assert row(text, "LTV (max 70%, LLTV 80%)") == ["0.00%", "→", "70.01%"]
    assert row(text, "liquidation price") == [figures.NONE, "→", "1,750.01", "TUSD"]
    assert row(text, "distance to it") == [figures.NONE, "→", "-12.49%"]
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
    for figure in ("3 ETH", "3,711.71 TUSD", "0.1234 BTC", "123,456 SURGE", "3.01% PAST IT", "0.99"):
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
    text = seen(
        show_markets({"markets": [MARKET, {**MARKET, "market": "SURGE/TUSD", "price": "0.1"}], "outside": []})
    )
    assert row(text, "ETH/TUSD") == [
        "2,000.00", "70%", "80%", "699,999.5", "TUSD", "30.0%", "1.24%", "0.41%"
    ]  # fmt: skip


def test_a_market_without_a_price_says_what_still_works():
    for market in ({**MARKET, "price": None}, {**MARKET, "safe": False}):
        assert "ETH/TUSD: " in seen(show_markets({"markets": [market], "outside": []}))
    assert "adding collateral still work" in " ".join(seen(show_market({**MARKET, "price": None})).split())


SHORT = {
    **INDEBTED, "market": "TUSD/ETH", "collateral_token": "TUSD", "loan_token": "ETH", "collateral": "1500",
    "debt": "0.501755391236239987", "price": "0.0005", "liquidation_price": "0.000388957667625001",
    "distance": "0.222084664749998", "max_ltv": "0.8", "lltv": "0.86",
}  # fmt: skip


def test_a_short_is_liquidated_above_a_price():
    """By the price of what is owed, down: a hair nearer than it is."""
    text = seen(show_position({**SHORT, "liquidations": []}))
    assert "liquidation price        ETH above 2,570 (+28%)" in text
    assert row(text, "distance to it") == ["+28.54%"]
    assert row(text, "price now") == ["2,000.00", "TUSD", "for", "1", "ETH"]
    assert "+28.54%" in seen(show_positions(listed(SHORT)))
    near = {**SHORT, "distance": "0.0099", "liquidation_price": "0.00499", "price": "0.00504"}
    assert "ETH above 200.40 (+0.99%)" in seen(show_position({**near, "liquidations": []}))
    past = {**SHORT, "distance": "-0.0301"}
    assert row(seen(show_position({**past, "liquidations": []})), "liquidation price") == [
        "ETH",
        "above",
        "2,570",
    ]
    assert "ETH above" not in seen(show_position({**INDEBTED, "liquidations": []}))


def test_rates_say_whether_they_are_compounded_and_what_a_year_makes():
    text = seen(show_market(MARKET), 120)
    assert "1.24% a year simple, 1.25% compounded: 1,000 TUSD cost 12.422199 TUSD in a year" in text
    assert "0.41% a year simple, 0.41% compounded: 1,000 TUSD earn 4.108416 TUSD in a year" in text
    assert "rates a year, simple" in seen(show_markets({"markets": [MARKET], "outside": []}))


def test_compounding():
    """e to the rate, less one; up for who pays."""
    assert compounded(0) == "0"
    assert compounded(WAD // 10, up=True) == "0.105170918075647625"
    assert compounded(WAD // 10) == "0.105170918075647624"


def test_a_market_tells_its_rules():
    text = seen(show_market(MARKET))
    assert "300,000.5 TUSD, 30.00% of it" in text
    assert "up to health 1.15, a bonus of 6.39% at the most" in text
    assert "10 TUSD" in text


def test_a_lender_sees_nothing_of_debts():
    sides = [{**POSITION, "collateral": "0", "supplied": supplied} for supplied in ("0", "100")]
    text = seen(show_change({**CHANGE, "before": sides[0], "after": sides[1]}))
    assert row(text, "supplied") == ["0", "TUSD", "→", "100", "TUSD"]
    assert row(text, "lend rate, simple") == ["0.41%", "a", "year", "=", "0.41%", "a", "year"]
    assert "health" not in text


def test_at_the_max_ltv_it_says_what_interest_will_do():
    assert "at its max LTV" in seen(show_change(CHANGE))
    lower = {**INDEBTED, "ltv": "0.69", "max_borrow": "10"}
    assert "at its max LTV" not in seen(show_change({**CHANGE, "after": lower}))


VAULT = {
    "vault": "TUSD vault", "address": POSITION["account"], "asset": "TUSD", "worth": "0", "shares": "0",
    "listed": True, "fallen": "0", "lent": None, "total": "850000",
    "idle": "0", "rate": "0", "rate_compounded": "0", "fee": "0", "max_deposit": "10", "max_withdraw": "0",
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


LENT = {"paid": "500", "taken": "100", "earned": "12.5", "since": 1_600_000_000, "bad_debt": "0"}


def test_a_lender_is_told_what_it_earned():
    lender = {**POSITION, "collateral": "0", "supplied": "412.5", "lent": LENT, "liquidations": []}
    text = seen(show_position(lender), 120)
    assert "12.5 TUSD since 13 Sep 2020: 500 TUSD paid in, 100 TUSD taken out" in text
    assert "not known" in seen(show_position({**lender, "lent": None}), 120)
    assert "earned" not in seen(show_position({**POSITION, "liquidations": []}), 120)
    vault = {**VAULT, "shares": "400", "lent": {**LENT, "taken": "0"}}
    assert "12.5 TUSD since 13 Sep 2020: 500 TUSD paid in" in seen(show_vaults({"vaults": [vault]}))


def test_a_loss_is_called_one_and_a_unit_of_rounding_is_none():
    lent = {**LENT, "earned": "-36.0000001", "bad_debt": "57000"}
    lender = {**POSITION, "supplied": "364", "lent": lent}
    for text in (
        seen(show_position({**lender, "liquidations": []}), 120),
        seen(show_positions(listed(lender)), 120),
    ):
        assert "a LOSS of 36.000001 TUSD since 13 Sep 2020" in text
        assert "the lenders of ETH/TUSD have lost 57,000 TUSD to bad debt since 13 Sep 2020" in text
    rounded = {**lender, "lent": {**LENT, "earned": "-0.000002"}}
    assert "LOSS" not in seen(show_positions(listed(rounded)), 120)
    vault = {**VAULT, "fallen": "0.064"}
    assert "a LOSS: a share is worth 6.40% less than at its highest" in seen(
        show_vaults({"vaults": [vault]}), 120
    )
    assert "LOSS" not in seen(show_vaults({"vaults": [{**VAULT, "fallen": "0.0000001"}]}), 120)


def test_what_nobody_vouches_for_begins_with_a_warning():
    assert seen(show_vaults({"vaults": [{**VAULT, "listed": False}]}), 120).startswith(
        "not in the address book"
    )
    lender = {**POSITION, "listed": False, "liquidations": []}
    assert seen(show_position(lender), 120).startswith("not in the address book")
    outside = {**MARKET, "listed": False, "trouble": None, "oracle_of": None}
    lines = seen(show_markets({"markets": [MARKET], "outside": [outside]})).splitlines()
    assert next(line for line in lines if line.startswith("0xabababab")).split()[-4:] == [
        "not",
        "in",
        "the",
        "book",
    ]


def test_positions_outside_the_book_are_shown_after_a_warning():
    empty = {**POSITION, "collateral": "0", "trouble": None}
    outside = [{**INDEBTED, "trouble": None}, empty, {"id": "0x" + "cd" * 32, "trouble": "no such token"}]
    for positions in ((), (SHORT,)):
        lines = seen(show_positions({**listed(*positions), "outside": outside}), 120).splitlines()
        [at] = [n for n, line in enumerate(lines) if line.startswith("not in the address book")]
        assert lines[at + 2].startswith("ETH/TUSD 0xabababab")
        assert sum("ETH/TUSD 0x" in line for line in lines) == 1


def test_two_vaults_stand_apart():
    lines = [line.strip() for line in seen(show_vaults({"vaults": [VAULT, VAULT]})).splitlines()]
    (second,) = [n for n, line in enumerate(lines) if line.startswith("vault") and n]
    assert lines[second - 1] == ""
