"""What `surge local` says."""

from surge.cli.network.local import show_leap, show_silence
from surge.cli.network.price import show_price

DAY = 86_400
NOW = 1_900_000_000


def said(lines):
    return "\n".join(lines)


def leap(**changes):
    return {
        "before": NOW, "after": NOW + 30 * DAY, "seconds": 30 * DAY,
        "owed": [], "leases_over": [], "fees": None,
    } | changes  # fmt: skip


def test_a_leap_by_which_nothing_is_due():
    text = said(show_leap(leap()))
    assert "30 days on" in text
    assert "nothing is due by it" in text


def test_a_leap_tells_interest_leases_and_fees():
    owed = [{"market": "ETH/TUSD", "token": "TUSD", "debt": "705.123456", "interest": "5.123456"}]
    text = said(show_leap(leap(owed=owed, leases_over=[3, 4], fees="0.12")))
    assert "ETH/TUSD: 705.123456 TUSD is owed, 5.123456 of it new interest" in text
    assert "2 leases ran out" in text
    assert "surge leases --reclaim" in text
    assert "0.12 USD of fees are for sale" in text
    assert "nothing is due" not in text


def silence(now):
    return {
        "symbol": "ETH", "answer": "2000", "silent": True, "now": now, "since": NOW,
        "unsafe": NOW + 3_601, "useless": NOW + 25_201,
    }  # fmt: skip


def test_a_silent_feed_says_what_comes_next():
    fresh, old, gone = (said(show_silence(silence(now))) for now in (NOW + 1, NOW + 3_601, NOW + 25_201))
    assert "it said 2,000.00 USD" in fresh
    assert "in 1 hour that is too old to lend by: its markets lend nothing more then" in fresh
    assert "positions can be liquidated for 7 hours yet" in fresh
    assert "surge local time 60m" in fresh
    assert "that is too old to lend by: its markets lend nothing" in old
    assert "positions can be liquidated for 6 hours yet" in old
    assert "surge local time 360m" in old
    assert "nothing is liquidated by it either" in gone
    assert all("surge local freeze --off ETH" in text for text in (fresh, old, gone))


def test_a_feed_that_speaks():
    text = said(show_silence({"symbol": "ETH", "answer": "2000", "silent": False}))
    assert text == "the feed of ETH speaks: 2,000.00 USD; surge local price ETH USD sets another"


MOVED = {
    "symbol": "ETH", "before": "2000", "after": "1700", "pools": 2, "silent": False,
    "watched": ["BTC/ETH", "TUSD/ETH"], "keeper_log": None,
}  # fmt: skip


def test_a_moved_price_tells_which_markets_wait_for_their_pools():
    text = said(show_price(MOVED))
    assert "its feed says so, 2 pools traded to it" in text
    assert "BTC/ETH and TUSD/ETH may lend nothing until the pools' averages have followed" in text
    assert "surge local time 3m" in text
    assert "averages" not in said(show_price({**MOVED, "watched": []}))


def test_a_price_that_the_frozen_feed_does_not_say():
    text = said(show_price({**MOVED, "silent": True}))
    assert "its feed is frozen and said nothing" in text
    assert "surge local freeze --off ETH" in text
