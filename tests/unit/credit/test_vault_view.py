"""A vault as a lender reads it: what operations make of it, and what is refused in words."""

import re
from dataclasses import replace

import pytest

from small_credit import USD, market
from surge.credit import vault_view
from surge.credit.market import Token
from surge.credit.vault_view import VaultMarket, VaultView
from surge.model.credit import MarketId, MarketState
from surge.model.errors import BadInput
from surge.model.units import Address, Seconds, Wad

ACCOUNT = Address("0x" + "aa" * 20)
SHARE = Token("vTUSD", 12, Address("0x" + "02" * 20))


def lent_to(number: int, assets: int, flow: int = 0, live: bool = True) -> VaultMarket:
    """The vault alone lends, nothing is borrowed."""
    state = MarketState(assets, assets * 10**6, 0, 0, 0, Seconds(0))
    view = replace(market(), id=MarketId(bytes([number]) * 32)).with_state(state)
    return VaultMarket(view, assets * 10**6, 1_000 * USD, flow, live)


def vault(*markets: VaultMarket, idle: int = 0, drawn: int = 0) -> VaultView:
    supply = (idle + sum(one.worth for one in markets)) * 10**6
    queue = tuple(one.market.id for one in reversed(markets))
    return VaultView(
        "TUSD vault", market().loan, SHARE, ACCOUNT, supply, idle, supply, Wad(0), markets, queue, drawn
    )


def where(view: VaultView) -> list[int]:
    return [view.idle // USD, *(one.worth // USD for one in view.markets)]


def flows(view: VaultView) -> list[int]:
    return [-view.drawn // USD, *(one.flow // USD for one in view.markets)]


def test_a_withdrawal_and_a_deposit_go_the_same_way() -> None:
    view = vault(lent_to(1, 100 * USD), lent_to(2, 50 * USD), idle=20 * USD)
    left = vault_view.withdraw(view, 60 * USD)
    assert (where(left), flows(left)) == ([0, 60, 50], [-20, -40, 0])
    back = vault_view.deposit(left, 60 * USD)
    assert (where(back), flows(back)) == (where(view), flows(view))
    more = vault_view.deposit(back, 10 * USD)
    assert (where(more), flows(more)) == ([20, 100, 60], [0, 0, 10])
    assert where(vault_view.withdraw(more, 10 * USD)) == where(view)


def test_in_kind_is_a_flow_too() -> None:
    view = vault(lent_to(1, 100 * USD), lent_to(2, 50 * USD), idle=20 * USD)
    after, idle, handed = vault_view.redeem_in_kind(view, view.shares // 2)
    assert 10 * USD - 1 <= idle <= 10 * USD
    assert all(
        0 <= half - part < 3 * 10**6 for part, half in zip(handed, (50 * 10**12, 25 * 10**12), strict=True)
    )
    assert flows(after) == [-10, -50, -25]


def test_no_deposits_while_a_market_that_holds_something_cannot_be_read() -> None:
    blind = vault(lent_to(1, 100 * USD), lent_to(2, 50 * USD, live=False))
    assert blind.max_deposit == 0
    with pytest.raises(
        BadInput, match=re.escape("the TUSD vault takes no deposits while one of its markets")
    ):
        vault_view.deposit(blind, USD)
    empty = vault(lent_to(1, 100 * USD), replace(lent_to(2, 0), live=False))
    assert vault_view.deposit(empty, USD).worth >= 101 * USD - 1
