"""`surge status` of a network that is down: what its address book says, with ids for programs."""

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from surge.chain.network.book import (
    CONTRACTS,
    CREDIT_CONTRACTS,
    LOCAL,
    AddressBook,
    CreditBook,
    save_book,
)
from surge.cli.main import run_command
from surge.cli.network.status_view import show_status
from surge.model.credit import MarketParams, market_id
from surge.model.signature import checksum
from surge.store.home import Home


def place(number):
    return checksum(bytes([number]) * 20)


PARAMS = MarketParams(
    place(1), place(2), place(3), place(4), 7 * 10**17, 8 * 10**17, 115 * 10**16, 10**7, 10**17
)
CREDIT = CreditBook(
    tokens={"TUSD": place(1), "ETH": place(2)},
    feeds={"ETH": place(5)},
    oracles={"ETH/TUSD": place(3)},
    markets={"ETH/TUSD": PARAMS},
    pairs={"ETH/TUSD": place(6)},
    vaults={"TUSD vault": place(7)},
)


@pytest.fixture
def written(tmp_path, monkeypatch):
    """A book in a home whose network is down."""
    monkeypatch.setenv("SURGE_HOME", str(tmp_path))
    monkeypatch.delenv("SURGE_NETWORK", raising=False)

    def write(credit):
        contracts = dict.fromkeys(CONTRACTS + (CREDIT_CONTRACTS if credit else ()), place(9))
        book = AddressBook("local", 31337, "http://127.0.0.1:1", contracts, replace(LOCAL, genesis=1), 0)
        path = Home.default().book(None)
        path.parent.mkdir(parents=True)
        save_book(replace(book, credit=credit, local=True), path)
        Home.default().chain(None).mkdir(parents=True)

    return write


def test_a_program_finds_ids_and_addresses(written, capsys):
    written(CREDIT)
    assert run_command(["status", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["up"] is False
    assert told["credit"] == {
        "markets": {
            "ETH/TUSD": {
                "id": "0x" + market_id(PARAMS).hex(),
                "collateral_token": place(2),
                "loan_token": place(1),
                "oracle": place(3),
                "irm": place(4),
            }
        },
        "tokens": {"TUSD": place(1), "ETH": place(2)},
        "feeds": {"ETH": place(5)},
        "oracles": {"ETH/TUSD": place(3)},
        "pools": {"ETH/TUSD": place(6)},
        "vaults": {"TUSD vault": place(7)},
    }


def test_a_network_without_a_credit_side_says_nothing_of_one(written, capsys):
    written(None)
    assert run_command(["status", "--json"]) == 0
    assert "credit" not in json.loads(capsys.readouterr().out)


def test_a_person_is_told_how_many_there_are():
    document = {
        "network": "n", "home": "/h", "up": True, "chain_id": 1, "rpc_url": "http://x", "block": 1,
        "epoch": 1, "slots": 0, "free_slots": 0, "asks": {}, "unswept_fees": "0.00", "contracts": {},
        "credit": {"markets": {"ETH/TUSD": {}}, "pools": {}, "vaults": {"a": "", "b": ""}},
    }  # fmt: skip
    console = Console(width=110, file=io.StringIO())
    for part in show_status(document):
        console.print(part)
    assert "1 market, 0 pools, 2 vaults in its book" in console.file.getvalue()
