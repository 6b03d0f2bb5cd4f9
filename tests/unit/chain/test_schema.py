"""The address book's schema: the committed file, and what it takes and refuses."""

import copy
import json
import runpy
from dataclasses import replace

import jsonschema
import msgspec
import pytest

from places import SCRIPTS
from surge.chain.network.book import CONTRACTS, CREDIT_CONTRACTS, LOCAL, AddressBook, CreditBook
from surge.chain.network.schema import DIALECT, book_schema
from surge.cli.main import run_command
from surge.model.credit import MarketParams
from surge.model.signature import checksum

SCRIPT = runpy.run_path(str(SCRIPTS / "book_schema.py"))
PLACE = checksum(bytes([99]) * 20)
PARAMS = MarketParams(PLACE, PLACE, PLACE, PLACE, 7 * 10**17, 8 * 10**17, 115 * 10**16, 2**96, 10**17)
BOOK = AddressBook(
    "local", 31337, "http://127.0.0.1:8545", dict.fromkeys(CONTRACTS, PLACE), replace(LOCAL, genesis=1), 7
)
LENDING = replace(
    BOOK,
    addresses=dict.fromkeys(CONTRACTS + CREDIT_CONTRACTS, PLACE),
    credit=CreditBook({"ETH": PLACE}, markets={"ETH/TUSD": PARAMS}, vaults={"a vault": PLACE}, rival=PLACE),
)


def valid(book):
    return jsonschema.Draft202012Validator(book_schema()).is_valid(book)


def test_it_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(book_schema())
    assert book_schema()["$schema"] == DIALECT


def test_the_committed_file_is_that_of_the_types():
    assert SCRIPT["SCHEMA"].read_text() == SCRIPT["encode"](), "run `make contracts`"


def test_the_command_prints_it(capsys):
    assert run_command(["book", "schema"]) == 0
    assert json.loads(capsys.readouterr().out) == book_schema()


@pytest.mark.parametrize("book", [BOOK, LENDING], ids=["computing", "lending"])
def test_what_surge_writes_is_valid(book):
    assert valid(msgspec.to_builtins(book))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda book: book.pop("chain_id"),
        lambda book: book.update(chain_id="31337"),
        lambda book: book.update(markets={}),
        lambda book: book["addresses"].pop("Market"),
        lambda book: book["addresses"].pop("Credit"),
        lambda book: book["addresses"].update(Market="0x12"),
        lambda book: book["parameters"].update(fee_bps=-1),
        lambda book: book["credit"].update(vault={"a vault": PLACE}),
        lambda book: book["credit"]["tokens"].update(ETH="0xzz"),
        lambda book: book["credit"].update(rival="nowhere"),
        lambda book: book["credit"]["markets"]["ETH/TUSD"].pop("lltv"),
        lambda book: book["credit"]["markets"]["ETH/TUSD"].update(oracle=1),
        lambda book: book["credit"]["markets"]["ETH/TUSD"].update(max_ltv=0.7),
    ],
)
def test_a_typo_is_seen(spoil):
    book = copy.deepcopy(msgspec.to_builtins(LENDING))
    spoil(book)
    assert not valid(book)
