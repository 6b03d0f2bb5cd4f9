"""A running keeper and its address book's file: another edition, a broken one, one of another network."""

import os
from dataclasses import replace
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from small_credit import ETH, PARAMS, TUSD
from surge.chain.client import Chain
from surge.chain.network.book import CONTRACTS, CREDIT_CONTRACTS, LOCAL, AddressBook, CreditBook, save_book
from surge.keeper.bookfile import BookFile
from surge.keeper.program import liquidating
from surge.model.credit import market_id
from surge.model.signature import checksum
from surge.model.units import Wad

ADDRESSES = {name: checksum(bytes([n]) * 20) for n, name in enumerate((*CONTRACTS, *CREDIT_CONTRACTS), 1)}
LISTED = CreditBook({"ETH": ETH.address, "TUSD": TUSD.address}, markets={"ETH/TUSD": PARAMS})
BOOK = AddressBook("test", 1, "http://127.0.0.1:1", ADDRESSES, LOCAL, 0, LISTED)
MORE = replace(LISTED, markets={"ETH/TUSD": PARAMS, "ETH/TUSD 75": replace(PARAMS, lltv=Wad(75 * 10**16))})


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "book.json"
    save_book(BOOK, path)
    return path


def test_a_market_that_is_added_is_followed(path):
    with Chain(BOOK) as chain:
        file, before = BookFile(path), chain.credit.book
        assert not file.follow(chain)
        save_book(replace(BOOK, credit=MORE), path)
        assert file.follow(chain)
        assert not file.follow(chain)
        assert (before, chain.credit.book, chain.book) == (LISTED, MORE, replace(BOOK, credit=MORE))
        ids = [market_id(params) for params in MORE.markets.values()]
        assert chain.credit.market_params(ids) == list(MORE.markets.values())  # without asking the chain


def broken(path):
    path.write_text(path.read_text()[:-20])


def gone(path):
    path.unlink()


def a_folder(path):
    path.unlink()
    path.mkdir()


def another_network(path):
    save_book(replace(BOOK, chain_id=2, credit=MORE), path)


def without_credit(path):
    save_book(replace(BOOK, credit=None), path)


def another_address(path):
    save_book(replace(BOOK, addresses=ADDRESSES | {"Credit": ADDRESSES["Router"]}, credit=MORE), path)


@pytest.mark.parametrize(
    "edit", [broken, gone, a_folder, another_network, without_credit, another_address]
)  # fmt: skip
def test_an_edit_that_cannot_be_followed_changes_nothing_and_is_told_once(path, edit):
    with Chain(BOOK) as chain:
        file = BookFile(path)
        edit(path)
        with capture_logs() as told:
            assert [file.follow(chain) for _ in range(3)] == [False] * 3
        assert [each["event"] for each in told] == ["the address book is as it was"]
        assert told[0]["reason"]
        assert chain.book == BOOK
        if path.is_dir():
            path.rmdir()
        save_book(replace(BOOK, credit=MORE), path)
        assert file.follow(chain)
        assert chain.credit.book == MORE


def test_a_file_that_is_written_anew_as_it_was_is_nothing_new(path):
    with Chain(BOOK) as chain:
        file = BookFile(path)
        os.utime(path, ns=(1, 1))
        assert not file.follow(chain)


def test_another_address_book_is_looked_at_without_a_new_block(path):
    looks, chain = [], SimpleNamespace(block_number=lambda: 7, list_anew=lambda credit: None, book=BOOK)
    bot = SimpleNamespace(chain=chain, step=lambda: looks.append(1) or SimpleNamespace(sent=0))
    turn = liquidating(bot, 1.0, BookFile(path))
    for _ in range(3):
        turn()
    assert len(looks) == 1
    save_book(replace(BOOK, credit=MORE), path)
    for _ in range(3):
        turn()
    assert len(looks) == 2
