"""What an owner is told before the machine is offered."""

import io

import pytest
from rich.console import Console

from surge.cli.compute.offer import require_funds, show_offer
from surge.model.errors import Underfunded

ACCOUNT = "0xE72E0C4A5b528758BEf5BFB343F4e288de9eeE34"
FUNDS = {
    "stake": "3000.0", "staked": "1000.0", "surge": "0.0", "short_of_surge": "2000.0", "gas": 275_000,
    "gas_coins": "0.000275000000001", "coins": "0.0", "short_of_coins": "0.000275000000001",
}  # fmt: skip
OFFER = {
    "network": "main", "chain_id": 1, "local": False, "provider": ACCOUNT, "key": "/p/key.json",
    "wallet": None, "slots": 3, "cores": 4, "memory_mib": 1024, "machine_mib": 24_105, "disk_mib": 12_288,
    "price_per_gfuel": "0.000002", "price_per_gib": "0.01", "gfuel_per_second": 9.984,
    "most_a_day": "4.916123", "fee_bps": 500, "locked_seconds": 7 * 86_400, "payee": None,
    "settings": "/p/config.toml", **FUNDS,
}  # fmt: skip


def told(document, width=80):
    console = Console(width=width, file=io.StringIO(), markup=False, highlight=False)
    for part in show_offer(document):
        console.print(part)
    lines = console.file.getvalue().splitlines()
    assert all(len(line) <= width for line in lines)
    return " ".join(" ".join(lines).split())


def test_an_owner_is_told_what_is_given_and_what_may_come_of_it():
    text = told(OFFER)
    assert "up to 3 of 4 cores, 3,072 of 24,105 MiB of memory and 1,024 MiB a sandbox for its files" in text
    assert "4.92 USD a day at the very most" in text
    assert "9.984 Gfuel/s each, less the network's 5%" in text
    assert "3,000 SURGE, of which 1,000 are staked already; the account holds 0 more" in text
    assert "stake comes back 7 days after it is asked back" in text
    assert "about 275,000 for this start, now 0.000276 of the chain's coin; the account holds 0" in text
    assert "none of your files, keys, passwords, programs and devices, no network" in text
    assert "worth nothing" not in text


def test_no_more_cores_than_there_are():
    assert "up to 4 of 4 cores" in told({**OFFER, "slots": 9})


def test_a_local_network_and_another_wallet_are_said():
    text = told({**OFFER, "local": True, "wallet": ACCOUNT})
    assert "its money is worth nothing" in text
    assert f"your wallet is another account, {ACCOUNT}" in text


def test_an_account_that_can_t_begin_is_told_what_it_lacks():
    with pytest.raises(
        Underfunded, match=r"2,000 SURGE and 0\.000276 of the chain's own coin, for gas; send"
    ):
        require_funds(FUNDS, ACCOUNT)
    with pytest.raises(Underfunded, match=r"short of 0\.000276 of the chain's own coin"):
        require_funds({**FUNDS, "short_of_surge": "0.0"}, ACCOUNT)
    require_funds({**FUNDS, "short_of_surge": "0.0", "short_of_coins": "0.0"}, ACCOUNT)
