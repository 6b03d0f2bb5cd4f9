"""Swaps, pools and authorities as a person sees them, at 80 columns."""

from surge.cli.trade.views import show_authority, show_pool_change, show_pools, show_swap, show_swap_sent
from unit.cli.screen import seen

PLACE = "0xE72E0C4A5b528758BEf5BFB343F4e288de9eeE34"
SENT = {"sent": True, "transaction": "0x" + "ab" * 32, "gas": 169_340, "also": ["buys 0.05 ETH"]}
SWAP = {
    "operation": "swap", "amount": "100", "paid_token": "TUSD", "bought_token": "ETH",
    "path": ["TUSD", "BTC", "ETH"], "paid": "100", "bought": "0.049847515101372196",
    "before": {"paid_held": "1000", "bought_held": "10", "price": "2000"},
    "after": {"paid_held": "900", "bought_held": "10.049847515101372196", "price": "2000.199"}, **SENT,
}  # fmt: skip
POOL = {
    "pool": "ETH/TUSD", "tokens": ["ETH", "TUSD"], "reserves": ["1000.1", "2000200"], "price": "2000",
    "supply": "44725", "shares": "0.1", "worth": ["0.0022", "4.4"], "held": ["10", "900"],
}  # fmt: skip
EMPTY = {**POOL, "reserves": ["0", "0"], "price": None, "supply": "0", "shares": "0"}


def test_a_swap_tells_its_path_and_what_it_moves():
    text = seen(show_swap(SWAP))
    assert "swap 100 TUSD · over TUSD → BTC → ETH" in text
    assert "2,000.20 TUSD" in text  # up: what a token costs is not rounded away
    assert "got          0.049847 ETH" in seen(show_swap_sent(SWAP))


def test_a_small_part_of_a_pool_is_more_than_nothing():
    text = seen(show_pools({"pools": [POOL, EMPTY]}))
    assert "<0.01%" in text
    assert "–" in text
    assert "your part" not in seen(show_pools({"pools": [POOL]}, own=False))
    assert "There is no pool" in seen(show_pools({"pools": []}))


def test_a_change_of_a_pool():
    after = {**POOL, "shares": "44725"}
    document = {"operation": "pool add", "amount": "1", "token": "ETH", "pool": "ETH/TUSD", "before": POOL,
                "after": after, **SENT}  # fmt: skip
    text = seen(show_pool_change(document))
    assert "pool add 1 ETH · ETH/TUSD" in text
    assert "your part <0.01% → 100.00%" in " ".join(text.split())


def test_a_stranger_gets_a_warning():
    document = {"operation": "authorize", "account": PLACE, "actor": PLACE, "name": None, "contract": False,
                "before": False, "after": True, **SENT}  # fmt: skip
    text = seen(show_authority(document))
    assert "WARNING: whoever has this authority may borrow against your collateral" in text
    assert "not in the address book" in " ".join(text.split())
    assert "WARNING" not in seen(show_authority({**document, "before": True, "after": False}))
