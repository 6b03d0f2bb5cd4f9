"""What an operator names is looked at before it is used."""

from types import SimpleNamespace

import pytest

from surge.chain.calls.curation import Sources, guard_config
from surge.credit.market import Token
from surge.desk.curate.lookup import Lookup
from surge.model.errors import BadInput
from surge.model.signature import checksum
from surge.model.units import NOBODY

DOLLAR, ETHER, EURO, FEED, EURO_FEED, ORACLE, EMPTY = (checksum(bytes([n]) * 20) for n in range(1, 8))
TUSD, ETH, TEUR = Token("TUSD", 6, DOLLAR), Token("ETH", 18, ETHER), Token("TEUR", 6, EURO)
TOKENS = {"TUSD": TUSD, "ETH": ETH, "TEUR": TEUR}


def named(answers=None, sources=None, price=(2 * 10**27, True)):
    """On a network with a dollar, ether and a euro; feeds say what `answers` has, with 8 decimals."""
    said = {FEED: 2_000 * 10**8, EURO_FEED: 108 * 10**6} | (answers or {})
    curation = SimpleNamespace(
        answer=lambda feed: (said[feed], 8) if said.get(feed) is not None else None,
        sources=lambda _: sources,
        price=lambda _: price,
        has_code=lambda at: at != EMPTY,
    )
    book = SimpleNamespace(feeds={"ETH": FEED, "TEUR": EURO_FEED}, oracles={"ETH/TUSD": ORACLE})
    tokens = SimpleNamespace(
        named=TOKENS.__getitem__,
        of=lambda all_: {one: t for one in all_ for t in TOKENS.values() if t.address == one},
    )
    return Lookup(
        SimpleNamespace(
            curation=curation, credit=SimpleNamespace(book=book), tokens=tokens,
            book=SimpleNamespace(addresses={"Dollar": DOLLAR}),
            exchange=SimpleNamespace(pair_of=lambda *_: NOBODY),
        )
    )  # fmt: skip


def test_a_token_whose_price_moves_is_not_lent_on_one_source():
    with pytest.raises(BadInput, match="ETH is lent, its price moves, and there is no second source"):
        named().one_source(ETH, second=False, accepted=False)
    assert "on one source" in named().one_source(ETH, second=False, accepted=True)[0]
    assert named().one_source(ETH, second=True, accepted=False) == ()


def test_a_dollar_is_steady_and_so_is_what_a_feed_calls_one():
    assert "believed" in named().one_source(TUSD, second=False, accepted=False)[0]
    with pytest.raises(BadInput, match="TEUR is lent"):
        named().one_source(TEUR, second=False, accepted=False)
    assert named({EURO_FEED: 105 * 10**6}).one_source(TEUR, second=False, accepted=False)
    with pytest.raises(BadInput, match="TEUR is lent"):
        named({EURO_FEED: None}).one_source(TEUR, second=False, accepted=False)


def test_two_feeds_make_a_price_of_units():
    assert named().quoted(FEED, NOBODY, (ETH, TUSD)) == 2_000 * 10**6 * 10**36 // 10**18
    assert named({EURO_FEED: 2 * 10**8}).quoted(FEED, EURO_FEED, (ETH, TEUR)) == 1_000 * 10**24
    with pytest.raises(BadInput, match="says no price"):
        named({FEED: 0}).quoted(FEED, NOBODY, (ETH, TUSD))
    with pytest.raises(BadInput, match="says no price"):
        named({FEED: -1}).quoted(FEED, NOBODY, (ETH, TUSD))


def test_an_oracle_of_other_tokens_is_refused():
    right = named(sources=Sources(ETHER, DOLLAR, NOBODY))
    assert right.oracle("ETH/TUSD", (ETH, TUSD)) == ORACLE
    assert right.oracle(ORACLE, (ETH, TUSD)) == ORACLE
    with pytest.raises(BadInput, match="is of ETH/TUSD; create one of TUSD/ETH"):
        right.oracle(ORACLE, (TUSD, ETH))
    assert named(sources=None).oracle(ORACLE, (TUSD, ETH)) == ORACLE  # of another kind: it says nothing


def test_an_oracle_must_say_a_price_now():
    assert named().price(ORACLE, (ETH, TUSD)) == ("2000", ())
    assert "unsafe" in named(price=(2 * 10**27, False)).price(ORACLE, (ETH, TUSD))[1][0]
    for silent in (None, (0, True)):
        with pytest.raises(BadInput, match="gives no price now"):
            named(price=silent).price(ORACLE, (ETH, TUSD))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("BTC", "there are ETH, TEUR"),
        (EMPTY, "nothing is deployed there"),
        (ORACLE, "says nothing"),
        ("0x1", "is no"),
    ],
)
def test_a_feed_that_is_none_is_refused(name, said):
    with pytest.raises(BadInput, match=said):
        named().feed(name)


def test_a_pool_of_other_tokens_is_no_second_source():
    with pytest.raises(BadInput, match="a pool of ETH and TUSD"):
        named().pair("ETH/TEUR", (ETH, TUSD))
    with pytest.raises(BadInput, match="there is no pool TUSD/ETH yet"):
        named().pair("TUSD/ETH", (ETH, TUSD))


def test_an_oracles_configuration_has_the_order_of_its_abi():
    from surge.chain.network.artifacts import interface

    (constructor,) = (one for one in interface("OracleGuard") if one["type"] == "constructor")
    names = [member["name"] for member in constructor["inputs"][0]["components"]]
    assert guard_config(**{name: number for number, name in enumerate(reversed(names))}) == tuple(
        reversed(range(len(names)))
    )
