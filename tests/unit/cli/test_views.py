"""What people see, at 80 columns."""

import pytest

from surge.cli.compute.asks_view import show_asks, show_quote
from surge.cli.compute.jobs_view import show_job, show_jobs, show_verification
from surge.cli.compute.lease.leases import CLOSED, ENDING, GRACE, OPEN, OVERDUE, show_leases, state_of
from surge.cli.network.status_view import show_status
from surge.cli.network.wallet import show_wallet
from unit.cli.screen import seen

PROVIDER = "0xE72E0C4A5b528758BEf5BFB343F4e288de9eeE34"


ASK = {
    "provider": PROVIDER,
    "price_gfuel": "0.000002",
    "price_gib": "0.01",
    "slots": 4,
    "free_slots": 3,
    "memory_mib": 1024,
    "energy_mj_per_gfuel": 650,
    "reputation": 7,
    "runtime": "abcd",
}


def test_asks_fit_a_terminal():
    text = seen(show_asks({"runtime": "abcd", "asks": [ASK]}))
    row = text.splitlines()[1]
    assert row.split() == [
        "0xE72E0C…eE34",
        "0.000002",
        "0.01",
        "3",
        "of",
        "4",
        "1,024",
        "MiB",
        "650",
        "mJ/Gfuel",
        "7/255",
    ]


def test_asks_of_another_runtime_are_said():
    text = seen(show_asks({"runtime": "0000", "asks": [ASK]}))
    assert "1 ask with another version of the sandbox than yours (0000)" in text


def test_an_empty_market_says_the_next_step():
    assert "surge provide" in seen(show_asks({"runtime": "0000", "asks": []}))


def test_a_quote_shows_what_was_rejected_and_why():
    quoted = {**ASK, "examples": {"1": "0.000902", "10": "0.00092", "100": "0.0011"}, "cost": 1}
    document = {
        "file": "f.py",
        "runtime": "python",
        "modules": ["numpy"],
        "bytes_in": 1234,
        "duration": 900,
        "reservation": "0.0009",
        "budget": "1.00",
        "ranked": [quoted],
        "rejected": [
            {"provider": PROVIDER, "reasons": ["it is withdrawn", "its runtime is 0 and 1 is asked for"]}
        ],
    }
    text = seen(show_quote(document))
    assert "python with numpy, 1,234 bytes" in text
    assert "15 minutes" in text
    assert "0.000902" in text
    assert "it is withdrawn; its runtime is 0" in " ".join(text.split())


@pytest.mark.parametrize(
    ("is_open", "left", "state"),
    [
        (True, 301, OPEN),
        (True, 300, ENDING),
        (True, 1, ENDING),
        (True, 0, GRACE),
        (True, -600, GRACE),
        (True, -601, OVERDUE),
        (False, 900, CLOSED),
    ],
)
def test_states_of_a_lease(is_open, left, state):
    assert state_of(is_open, left, 600) == state


def lease(number, state, left=0, wait=0):
    return {
        "lease": number,
        "job": "abcdef012345",
        "provider": PROVIDER,
        "state": state,
        "seconds_left": left,
        "reclaimable_in": wait,
        "escrow": "0.50",
        "settled": "0.000123",
        "refund": None,
    }


def test_leases_that_need_attention_say_so():
    rows = [lease(1, OPEN, 840), lease(2, ENDING, 125), lease(3, GRACE, 0, 60), lease(4, OVERDUE)]
    text = seen(show_leases({"leases": rows, "closed": 0, "reclaimed": []}))
    assert "14 minutes" in text
    assert "lease 2 ends in 2 minutes 5 seconds" in text
    assert "reclaim the rest in 1 minute" in " ".join(text.split())
    assert "lease 4 has expired with money in it: take it back with `surge leases --reclaim`" in text
    assert "lease 1 " not in text


def test_no_lease_says_how_many_are_closed():
    assert "No open lease; 2 closed ones" in seen(show_leases({"leases": [], "closed": 2, "reclaimed": []}))


def test_a_wrong_line_of_a_verification_stands_out():
    checks = [
        {"place": "lease 1", "ok": True, "said": "opened"},
        {"place": "lease 1, receipt 0", "ok": False, "said": "the amount is 2, not 1"},
    ]
    text = seen(show_verification({"job": "abc", "verified": False, "checks": checks}))
    lines = [line.rstrip() for line in text.splitlines()]
    assert lines[0] == "ok     lease 1             opened"
    assert lines[1] == "WRONG  lease 1, receipt 0  the amount is 2, not 1"
    assert "job abc does not verify: 1 of 2 lines wrong" in text


def test_a_right_verification_says_so():
    checks = [{"place": "lease 1", "ok": True, "said": "opened"}]
    assert "job abc verifies" in seen(show_verification({"job": "abc", "verified": True, "checks": checks}))


JOB = {
    "id": "abcdef012345",
    "name": "hello.py",
    "created": 1_700_000_000,
    "state": "closed",
    "leases": 1,
    "signed": "0.000123",
    "reserved": "0.0009",
    "cost": "0.001023",
    "budget": "1.00",
    "seed": 7,
}


def test_jobs_and_a_job_fit_a_terminal():
    assert "hello.py" in seen(show_jobs({"jobs": [JOB]}))
    report = {
        "tasks": 3, "failed": 1, "providers": 1, "fuel": 2_500_000_000, "bytes": 1_000, "joules": "1.500",
        "joules_kind": "estimated", "paid": "0.001023", "fee": "0.000006", "reservation": "0.0009",
        "burned": "0.0", "rewards": "0.0", "transactions": 2, "gas": 200_000, "gas_per_task": 66_666,
        "payments": {PROVIDER: "0.000117"},
        "sent": [{"hash": "0x" + "ab" * 32, "purpose": "open leases", "gas": 100_000}],
    }  # fmt: skip
    text = seen(show_job({**JOB, **report}))
    assert "3, 1 failed" in text
    assert "2.50 Gfuel" in text
    assert "0.001023 USD of a budget of 1.00" in text


def test_a_network_that_is_down_says_the_next_step():
    text = seen(show_status({"network": "local", "home": "/somewhere", "up": False}))
    assert "not set up" in text
    assert "`surge up --detach`" in text


WALLET = {
    "address": PROVIDER, "keystore": "/keys/wallet.json", "network": "local", "usd": "1000.00",
    "surge": "10000.0", "gas": "9.99", "usd_token": "TUSD", "tokens": {"ETH": "4.5", "LP": "0"},
    "provider": None,
}  # fmt: skip


def test_a_wallet_s_ether_is_not_its_gas():
    lines = seen(show_wallet(WALLET)).splitlines()
    told = {line[:15].strip(): line[15:].strip() for line in lines}
    assert told["dollars"] == "1000.00 USD, the token TUSD"
    assert (told["token ETH"], told["token LP"]) == ("4.5", "0")
    assert told["coins for gas"] == "9.99; the chain's own coin, none of the tokens"


def test_a_wallet_says_that_the_provider_s_account_is_another_one():
    assert "provider" not in seen(show_wallet(WALLET))
    text = " ".join(seen(show_wallet({**WALLET, "provider": PROVIDER})).split())
    assert f"`surge provide` has an account of its own, {PROVIDER}" in text


def test_a_wallet_without_credit_markets_has_no_tokens():
    text = seen(show_wallet({**WALLET, "usd_token": None, "tokens": {}}))
    assert "1000.00 USD\n" in "\n".join(line.rstrip() for line in text.splitlines()) + "\n"
    assert "token" not in text
