"""Tokens that say anything of themselves: each has a name and decimals, and none passes for a listed one."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from network.keeper.hostile_code import ANSWERS, text, words
from surge.chain.calls.tokens import MAX_DECIMALS, Tokens
from surge.chain.network.book import CreditBook
from surge.model.units import Address

ETH, VAULT, STRANGE = (Address("0x" + digits * 20) for digits in ("11", "22", "a1"))
BOOK = SimpleNamespace(credit=CreditBook(tokens={"ETH": ETH}, vaults={"steady": VAULT}))


def told(token, symbol, decimals, book=BOOK):
    """The token as the connection's contracts answer, None for one that refuses."""
    asked = []

    def look_raw(views):
        asked.append(views)
        return [symbol, decimals] * (len(views) // 2)

    tokens = Tokens(SimpleNamespace(book=book, look_raw=look_raw))
    assert tokens.of([token, token]) == tokens.of([token])
    assert len([views for views in asked if views]) == 1
    return tokens.of([token])[token]


@pytest.mark.parametrize(
    ("symbol", "shown"),
    [
        (text(b"WETH"), "WETH@a1a1a1"),
        (b"MKR".ljust(32, b"\0"), "MKR@a1a1a1"),
        (text(b"ETH"), "ETH@a1a1a1"),
        (text("ΕТН".encode()), "token@a1a1a1"),
        (text(b"\x1b[31mETH\x07"), "31mETH@a1a1a1"),
        (text(b"A" * 10_000), "AAAAAAAAAAAA@a1a1a1"),
        (words(32, 2**255) + b"ETH", "ETH@a1a1a1"),
        (words(7, 3), "token@a1a1a1"),
        (text(b""), "token@a1a1a1"),
        (b"", "token@a1a1a1"),
        (None, "token@a1a1a1"),
    ],
)
def test_symbols_of_strangers(symbol, shown):
    assert told(STRANGE, symbol, words(18)).symbol == shown
    assert told(STRANGE, symbol, words(18), SimpleNamespace(credit=None)).symbol == shown
    assert told(ETH, symbol, words(18)).symbol == "ETH"


def test_a_listed_vault_is_called_what_it_calls_itself():
    assert told(VAULT, text(b"steady-TUSD"), words(18)).symbol == "steady-TUSD"
    assert told(VAULT, text(b"\x1b[2Jx"), words(18)).symbol == "�[2Jx"
    assert told(VAULT, None, words(18)).symbol == "steady"


@pytest.mark.parametrize(
    ("answer", "decimals"),
    [(words(6), 6), (words(MAX_DECIMALS), MAX_DECIMALS), (words(MAX_DECIMALS + 1), 0), (words(255), 0),
     (words(2**256 - 1), 0), (b"\x06", 0), (b"", 0), (None, 0)],
)  # fmt: skip
def test_what_claims_no_decimals_is_counted_in_its_smallest_units(answer, decimals):
    assert told(STRANGE, text(b"X"), answer).decimals == decimals


@given(symbol=st.one_of(st.none(), ANSWERS), decimals=st.one_of(st.none(), ANSWERS))
def test_any_token_can_be_shown(symbol, decimals):
    token = told(STRANGE, symbol, decimals)
    assert token.symbol.endswith("@a1a1a1")
    assert token.symbol.isascii()
    assert token.symbol.isprintable()
    assert len(token.symbol) <= 20
    assert 0 <= token.decimals <= MAX_DECIMALS
    assert token.show(2**256 - 1).endswith(token.symbol)
