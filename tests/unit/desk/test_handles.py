"""What the desk says without asking any node."""

from dataclasses import replace

import pytest
from coincurve import PrivateKey

import surge
from surge.chain.network.book import CONTRACTS, CREDIT_CONTRACTS, LOCAL, AddressBook, CreditBook
from surge.credit.market import Token
from surge.model.credit import MarketParams, market_id
from surge.model.errors import BadInput, NoNetwork
from surge.model.signature import address_of, checksum
from surge.model.units import WAD, Wad

KEY = PrivateKey(bytes([7]) * 32)


def place(number):
    return checksum(bytes([number]) * 20)


PARAMS = MarketParams(
    place(50), place(51), place(52), place(53), 7 * WAD // 10, 8 * WAD // 10, 115 * WAD // 100, 10, WAD // 10
)
BOOK = AddressBook(
    "local",
    31337,
    "http://127.0.0.1:1",
    {name: place(number) for number, name in enumerate(CONTRACTS + CREDIT_CONTRACTS, 1)},
    replace(LOCAL, genesis=1_800_000_000),
    7,
    CreditBook({"TUSD": place(50)}, markets={"ETH/TUSD": PARAMS}, vaults={"TUSD vault": place(60)}),
)


@pytest.fixture
def desk():
    with surge.Desk(BOOK, key=KEY) as desk:
        yield desk


def test_a_market_by_its_name(desk):
    assert desk.market("ETH/TUSD").id == market_id(PARAMS)
    assert [market.id for market in desk.markets()] == [market_id(PARAMS)]
    assert desk.market("ETH/TUSD").params == PARAMS


def test_a_market_by_its_whole_id(desk):
    id_ = market_id(PARAMS)
    assert desk.market("0x" + id_.hex()).id == desk.market(id_).id == id_


@pytest.mark.parametrize("name", ["TUSD/ETH", "eth / tusd", "", "0xzz", "0x" + "ab" * 33])
def test_an_unknown_market_names_those_that_there_are(desk, name):
    with pytest.raises(BadInput, match="there are ETH/TUSD"):
        desk.market(name)


def test_a_markets_name_is_read_in_any_case(desk):
    assert desk.market("eth/tusd").id == desk.market("ETH/TUSD").id


def test_two_markets_of_one_pair_have_names_of_their_own():
    other, foreign = replace(PARAMS, lltv=Wad(9 * WAD // 10)), replace(PARAMS, min_debt=11)
    tokens = {"TUSD": place(50), "ETH": place(51)}
    credit = CreditBook(tokens, markets={"ETH/TUSD": PARAMS, "ETH/TUSD 90": other})
    with surge.Desk(replace(BOOK, credit=credit), key=KEY) as desk:
        desk.chain.tokens.of = lambda wanted: {
            at: Token(name, 6, at) for name, at in tokens.items() if at in wanted
        }
        names = desk.chain.credit.market_name
        short = f"ETH/TUSD 0x{market_id(foreign).hex()[:10]}"
        assert [names(one) for one in (PARAMS, other, foreign)] == ["ETH/TUSD", "ETH/TUSD 90", short]
        assert desk.market("ETH/TUSD 90").name == "ETH/TUSD 90"
        call = desk.chain.credit.borrowing(other, 10)
        assert call.what == "borrowing in ETH/TUSD 90"
        shown = f"ETH/TUSD 0x{market_id(other).hex()}"
        assert desk.market(shown).id == market_id(other)
        with pytest.raises(BadInput, match="is ETH/TUSD, not BTC/TUSD"):
            desk.market(shown.replace("ETH", "BTC"))


def test_vaults_by_name(desk):
    assert [vault.address for vault in desk.vaults()] == [place(60)]
    with pytest.raises(BadInput, match="the address book has TUSD vault"):
        desk.vault("ETH vault")
    for address in ("0x12", "0x" + "zz" * 20):
        with pytest.raises(BadInput, match="is no vault; it has 40 hexadecimal digits"):
            desk.vault(address)
    same, other = desk.vault(place(60).lower()), desk.vault(place(61))
    assert (same.address, same.listed, other.listed) == (place(60), True, False)


def test_a_position_is_the_desks_own_or_anothers(desk):
    assert desk.market("ETH/TUSD").position().account == address_of(KEY) == desk.address
    assert desk.market("ETH/TUSD").position(place(9)).account == place(9)


def test_without_a_key_it_only_looks():
    with surge.Desk(BOOK) as desk, pytest.raises(BadInput, match="needs an account"):
        desk.market("ETH/TUSD").position()


def test_a_network_without_a_credit_side_says_how_to_get_one():
    with surge.Desk(replace(BOOK, credit=None)) as desk:
        for look in (desk.markets, desk.vaults, lambda: desk.market("ETH/TUSD")):
            with pytest.raises(BadInput, match=r"no credit side.*surge up"):
                look()


def test_a_node_that_does_not_answer_is_named(desk):
    with pytest.raises(NoNetwork, match=r"127\.0\.0\.1:1"):
        desk.market_views()


def test_a_network_by_its_name(tmp_path, monkeypatch):
    monkeypatch.setenv("SURGE_HOME", str(tmp_path))
    with pytest.raises(NoNetwork, match="no address book"):
        surge.Desk("elsewhere")


def test_operations_describe_themselves(desk):
    operation = desk.market("ETH/TUSD").position().borrow
    assert repr(operation) == "<borrow(…) sends, borrow.preview(…) only looks>"
    assert operation.__doc__.startswith("Take a loan")
