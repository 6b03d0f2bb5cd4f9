import json
from dataclasses import replace

import pytest

from surge.chain.network.book import (
    CONTRACTS,
    CREDIT_CONTRACTS,
    LOCAL,
    PUBLIC,
    AddressBook,
    CreditBook,
    load_book,
    save_book,
)
from surge.model.credit import MarketParams
from surge.model.errors import CorruptState, NoNetwork
from surge.model.signature import checksum

BOOK = AddressBook(
    "local",
    31337,
    "http://127.0.0.1:8545",
    {name: checksum(bytes([i]) * 20) for i, name in enumerate(CONTRACTS, 1)},
    replace(LOCAL, genesis=1_800_000_000),
    7,
)


PLACE = checksum(bytes([99]) * 20)
OTHER = checksum(bytes([98]) * 20)
PARAMS = MarketParams(PLACE, PLACE, PLACE, PLACE, 7 * 10**17, 8 * 10**17, 115 * 10**16, 2**96, 10**17)
LENDING = replace(
    BOOK,
    addresses=BOOK.addresses | dict.fromkeys(CREDIT_CONTRACTS, PLACE),
    credit=CreditBook({"ETH": PLACE, "TUSD": PLACE}, markets={"ETH/TUSD": PARAMS}, rival=PLACE),
)


def test_a_book_comes_back_as_it_was(tmp_path):
    save_book(BOOK, tmp_path / "book.json")
    assert load_book(tmp_path / "book.json") == BOOK
    assert [path.name for path in tmp_path.iterdir()] == ["book.json"]


def test_the_domain_is_of_the_market():
    assert BOOK.domain.contract == BOOK.address("Market")
    assert BOOK.domain.chain_id == 31337
    assert BOOK.at("http://elsewhere").rpc_url == "http://elsewhere"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda book: book.pop("chain_id"),
        lambda book: book["parameters"].pop("grace_seconds"),
        lambda book: book["parameters"].update(fee_bps="5%"),
        lambda book: book["addresses"].pop("Market"),
        lambda book: book["addresses"].update(Market=book["addresses"]["Market"][:-1]),
        lambda book: book["addresses"].update(Market="0x" + "ab" * 20),
        lambda book: book["addresses"].update(Market="0xzz"),
        lambda book: book["addresses"].update(Market="0x12"),
    ],
)
def test_a_damaged_book_is_named_and_left(tmp_path, spoil):
    path = tmp_path / "book.json"
    save_book(BOOK, path)
    content = json.loads(path.read_text())
    spoil(content)
    path.write_text(json.dumps(content))
    before = path.read_bytes()
    with pytest.raises(CorruptState, match=r"book\.json"):
        load_book(path)
    assert path.read_bytes() == before


def test_half_a_file_is_damaged(tmp_path):
    path = tmp_path / "book.json"
    save_book(BOOK, path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(CorruptState, match="damaged"):
        load_book(path)


def test_no_book_says_how_to_get_one(tmp_path):
    with pytest.raises(NoNetwork, match="surge up"):
        load_book(tmp_path / "book.json")


@pytest.mark.parametrize("parameters", [LOCAL, PUBLIC])
def test_parameters_are_sane(parameters):
    p = parameters
    assert p.unbonding_seconds >= p.max_lease_seconds + p.grace_seconds
    assert p.kappa_bps < 10_000
    assert 0 < p.floor_price <= p.start_price
    assert p.start_multiple > 1
    # The schedule never mints more than the genesis supply again: a geometric series of halvings.
    assert 2 * p.first_epoch_mint * p.halving_epochs <= p.genesis_supply
    assert p.halving_epochs * p.epoch_seconds == 730 * 86_400


def test_a_book_with_a_credit_side_comes_back_as_it_was(tmp_path):
    save_book(LENDING, tmp_path / "book.json")
    assert load_book(tmp_path / "book.json") == LENDING
    assert LENDING.contracts == CONTRACTS + CREDIT_CONTRACTS
    assert BOOK.contracts == CONTRACTS


def test_a_book_of_before_the_credit_side_is_read(tmp_path):
    path = tmp_path / "book.json"
    save_book(BOOK, path)
    content = json.loads(path.read_text())
    del content["credit"]
    path.write_text(json.dumps(content))
    assert load_book(path) == BOOK


def test_a_book_that_names_no_most_fee_has_a_generous_one(tmp_path):
    path = tmp_path / "book.json"
    save_book(replace(BOOK, most_fee_gwei=7), path)
    assert load_book(path).most_fee_gwei == 7
    content = json.loads(path.read_text())
    del content["most_fee_gwei"]
    path.write_text(json.dumps(content))
    assert load_book(path).most_fee_gwei == 1_000


def misspelt(old, new):
    """The same object with one of its names changed."""
    return lambda found: found.update({new: found.pop(old)})


@pytest.mark.parametrize(
    ("place", "spoil", "said"),
    [
        ((), misspelt("chain_id", "chain-id"), "'chain-id' in the book .* is it 'chain_id'"),
        ((), misspelt("most_fee_gwei", "most_fees_gwei"), "is it 'most_fee_gwei'"),
        (("addresses",), misspelt("Credit", "Credti"), "'Credti' in addresses .* is it 'Credit'"),
        (("addresses",), lambda found: found.update(Oracle=PLACE), "'Oracle' in addresses"),
        (("parameters",), misspelt("kappa_bps", "kapa_bps"), "in parameters .* is it 'kappa_bps'"),
        (("credit",), misspelt("markets", "market"), "'market' in credit .* is it 'markets'"),
        (("credit", "markets"), misspelt("ETH/TUSD", "EHT/TUSD"), "no token is 'EHT'; is it 'ETH'"),
        (("credit", "markets"), misspelt("ETH/TUSD", "ETH-TUSD"), "two tokens, such as 'ETH/TUSD'"),
        (("credit", "markets", "ETH/TUSD"), misspelt("max_ltv", "max_lvt"), "a market .* is it 'max_ltv'"),
        (("credit", "markets", "ETH/TUSD"), lambda found: found.update(max_ltv=8 * 10**17), "below its lltv"),
        (("credit", "markets", "ETH/TUSD"), lambda found: found.update(lltv=80), "below its lltv"),
        (("credit", "markets", "ETH/TUSD"), lambda found: found.update(min_debt=-1), "min_debt .* below 0"),
        (
            ("credit", "markets", "ETH/TUSD"),
            lambda found: found.update(loan_token=OTHER),
            "loan_token of ETH/TUSD is not TUSD but none that is listed",
        ),
        (("credit", "markets", "ETH/TUSD"), lambda found: found.update(irm="0x12"), "irm of ETH/TUSD"),
        (("credit", "tokens"), lambda found: found.update(ETH=PLACE[:-1]), "address of ETH in tokens"),
        (("credit", "feeds"), lambda found: found.update(TUDS=PLACE), "no token is 'TUDS'; is it 'TUSD'"),
        (("credit", "vaults"), lambda found: found.update(Vault="there"), "address of Vault in vaults"),
        (("credit",), lambda found: found.update(rival="there"), "address of rival in credit"),
        (("credit", "pairs"), lambda found: found.update({"ETH/TSD": PLACE}), "no token is 'TSD'"),
    ],
)
def test_what_is_misspelt_is_named_with_the_nearest_right_name(tmp_path, place, spoil, said):
    """A field that is passed over in silence would be one that is missing."""
    path = tmp_path / "book.json"
    save_book(LENDING, path)
    found = content = json.loads(path.read_text())
    for name in place:
        found = found[name]
    spoil(found)
    path.write_text(json.dumps(content))
    before = path.read_bytes()
    with pytest.raises(CorruptState, match=said):
        load_book(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", ["[]", '{"credit": []}', '{"credit": {"markets": [1]}}', "1"])
def test_what_is_no_book_at_all_is_damaged(tmp_path, content):
    path = tmp_path / "book.json"
    path.write_text(content)
    with pytest.raises(CorruptState, match="of another version, or damaged"):
        load_book(path)


@pytest.mark.parametrize("local", [True, False])
def test_whether_a_network_is_local_is_what_its_book_says(tmp_path, local):
    """Wherever its node is, and whatever lies beside it."""
    (tmp_path / "chain").mkdir()
    for address in ("http://127.0.0.1:8545", "http://10.9.9.1:8545"):
        save_book(replace(BOOK, local=local, rpc_url=address), tmp_path / "book.json")
        assert load_book(tmp_path / "book.json").local is local


@pytest.mark.parametrize("missing", ["local", "hold_seconds"])
def test_a_book_of_another_version_is_no_local_one(tmp_path, missing):
    """What it doesn't say is nobody's guess."""
    path = tmp_path / "book.json"
    save_book(replace(BOOK, local=True), path)
    content = json.loads(path.read_text())
    if missing in content:
        del content[missing]
        path.write_text(json.dumps(content))
        assert not load_book(path).local
    else:
        del content["parameters"][missing]
        path.write_text(json.dumps(content))
        with pytest.raises(CorruptState, match="of another version, or damaged"):
            load_book(path)


def test_a_name_that_stands_twice_is_refused(tmp_path):
    """A reader of JSON would keep the last one in silence."""
    path = tmp_path / "book.json"
    save_book(LENDING, path)
    path.write_text(path.read_text().replace('"ETH": "', f'"ETH": "{PLACE}", "ETH": "', 1))
    with pytest.raises(CorruptState, match="'ETH' stands there twice"):
        load_book(path)
