"""What an operator sees, at 80 columns."""

from surge.cli.curate.views import show_creation, show_entry, show_reserve, show_rules, show_rules_change
from unit.cli.screen import seen

PLACE = "0xE72E0C4A5b528758BEf5BFB343F4e288de9eeE34"
ID, OTHER_ID = "0x" + "ab" * 32, "0x" + "cd" * 32
RULES = {
    "vault": "TUSD vault", "address": PLACE, "asset": "TUSD", "owner": PLACE, "guardian": None,
    "pending_guardian": PLACE, "guardian_in": 0, "guardian_expired": False,
    "timelock": 90_000, "fee": "0.1", "fee_recipient": PLACE, "idle": "5",
    "supply_queue": ["ETH/TUSD"], "withdraw_queue": ["ETH/TUSD", "BTC/TUSD"],
    "markets": [
        {"market": "ETH/TUSD", "id": ID, "worth": "400000", "cap": "4000000", "pending": "5000000",
         "pending_in": 3_660, "expired": False},
        {"market": "BTC/TUSD", "id": OTHER_ID, "worth": "0", "cap": "0", "pending": None, "pending_in": None,
         "expired": False},
    ],
}  # fmt: skip
SENT = {"sent": False, "transaction": None, "gas": 94_804, "also": ["it can be accepted at once"]}


def test_a_vaults_rules():
    text = seen(show_rules(RULES))
    assert "timelock          1 day 1 hour" in text
    assert "guardian          none" in text
    assert "fee               10% of gains, to" in text
    assert "5,000,000 TUSD  in 1 hour 1 minute" in text
    assert f"next guardian     {PLACE}" in text
    assert "acceptable        now" in text
    late = {**RULES["markets"][0], "pending_in": 0, "expired": True}
    assert "5,000,000 TUSD  expired" in seen(show_rules({**RULES, "markets": [late]}))


def test_a_change_shows_only_what_differs():
    after = {
        **RULES,
        "supply_queue": [],
        "markets": [{**RULES["markets"][0], "cap": "7"}, RULES["markets"][1]],
    }
    document = {"operation": "cap lower", "vault": "TUSD vault", "before": RULES, "after": after, **SENT}
    text = seen(show_rules_change(document))
    assert "ETH/TUSD cap" in text
    assert "nowhere" in text
    assert "BTC/TUSD" not in text
    assert "fee" not in text
    assert "it can be accepted at once" in text
    nothing = seen(show_rules_change({**document, "after": RULES}))
    assert "Nothing of its rules changes." in nothing


def test_a_market_is_compared_with_itself_whatever_its_place():
    first, last = RULES["markets"]
    accepted = {**last, "cap": "500"}
    document = {"operation": "cap accept", "vault": "TUSD vault", "before": RULES, **SENT}
    rows = seen(show_rules_change({**document, "after": {**RULES, "markets": [accepted, first]}}))
    assert [line.split() for line in rows.splitlines() if "/TUSD" in line] == [
        ["BTC/TUSD", "cap", "0", "TUSD", "→", "500", "TUSD"]
    ]
    new = seen(show_rules_change({**document, "after": {**RULES, "markets": [first]}}))
    assert "BTC/TUSD cap" in new


def test_what_is_created_says_its_warnings_and_its_place():
    document = {
        "operation": "create market", "kind": "market", "name": "ETH/TUSD", "place": ID,
        "entry": "ETH/TUSD 2", "facts": {"LLTV": "80%"}, "warnings": ["one feed is believed"], **SENT,
    }  # fmt: skip
    text = seen(show_creation(document))
    assert "WARNING: one feed is believed." in text
    assert f"its id will be {ID}" in " ".join(text.split())
    sent = seen(show_creation({**document, "sent": True, "transaction": ID}))
    assert "next: surge book add market 'ETH/TUSD 2'" in sent


def test_a_reserve_and_an_entry():
    document = {"market": "ETH/TUSD", "token": "TUSD", "before": "12.5", "after": "2", **SENT}
    assert "12.5 TUSD  →  2 TUSD" in seen(show_reserve(document))
    entry = {
        "kind": "token", "name": "EUR", "place": PLACE, "was": PLACE, "facts": {"decimals": "6"},
        "path": "/h/book.json", "written": False,
    }  # fmt: skip
    assert "instead of" in seen(show_entry(entry))
    assert "nothing is written yet" in seen(show_entry(entry))
