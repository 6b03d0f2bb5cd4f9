"""Loans that are lent on, and positions that are long and short alike; and how both end."""

from collections.abc import Iterator
from typing import Any

import boa
import pytest

from contracts.worlds.credit_pots import ETHER, MAX, USD
from contracts.worlds.leverage_pots import UNBOUND, UNSIGNED, LeveragePots, deploy_leverage
from contracts.worlds.pots import deploy_mock, wait
from surge.credit.exchange import amount_in, amount_out

YEAR = 365 * 86_400
LOAN = 10_000 * USD


@pytest.fixture(scope="module")
def deployed() -> Iterator[LeveragePots]:
    with boa.env.anchor():
        yield deploy_leverage(rate=10**17 // YEAR)


@pytest.fixture
def pots(deployed: LeveragePots) -> Iterator[LeveragePots]:
    with boa.env.anchor():
        yield deployed


@pytest.fixture
def vault(pots: LeveragePots) -> Any:
    return deploy_mock("PlainVault", pots.usd)


@pytest.fixture
def trader(pots: LeveragePots, vault: Any) -> str:
    account = pots.trader("trader")
    vault.approve(pots.leverage, MAX, sender=account)
    return account


def carry(pots: LeveragePots, vault: Any, trader: str, least: int = 0, bounds: Any = UNBOUND) -> int:
    return pots.leverage.carry(  # type: ignore[no-any-return]
        pots.pots.market, 10 * ETHER, LOAN, vault, least, bounds, sender=trader
    )


def gain(pots: LeveragePots, vault: Any, amount: int) -> None:
    """The vault earns what it was not paid for."""
    pots.usd.mint(vault, amount)


def unwind(
    pots: LeveragePots,
    trader: str,
    vault: Any,
    shares: int,
    held: int = 0,
    in_loan: bool = False,
    min_out: int = 0,
    path: list[str] | None = None,
    min_loan: int = 0,
) -> int:
    way = pots.selling if path is None else path
    args = (pots.pots.market, vault, shares, held, in_loan, min_out, way, UNBOUND, UNSIGNED, min_loan)
    return pots.leverage.unwind(*args, sender=trader)  # type: ignore[no-any-return]


def test_a_loan_lent_on(pots: LeveragePots, vault: Any, trader: str) -> None:
    ether, dollars = pots.eth.balanceOf(trader), pots.usd.balanceOf(trader)
    shares = carry(pots, vault, trader)
    assert (vault.balanceOf(trader), vault.balanceOf(pots.leverage)) == (shares, 0)
    assert pots.debt(trader) == LOAN
    assert (pots.eth.balanceOf(trader), pots.usd.balanceOf(trader)) == (ether - 10 * ETHER, dollars)
    pots.nothing_stays()


def test_a_second_loan_on_the_same_collateral(pots: LeveragePots, vault: Any, trader: str) -> None:
    carry(pots, vault, trader)
    pots.leverage.carry(pots.pots.market, 0, 1_000 * USD, vault, 0, UNBOUND, sender=trader)
    assert (pots.debt(trader), vault.balanceOf(trader)) == (LOAN + 1_000 * USD, LOAN + 1_000 * USD)


def test_unwound_with_a_gain(pots: LeveragePots, vault: Any, trader: str) -> None:
    """The shares pay the debt and leave something; no collateral is sold, so no path is needed."""
    shares = carry(pots, vault, trader)
    wait(86_400)
    gain(pots, vault, 100 * USD)
    debt, dollars = pots.debt(trader), pots.usd.balanceOf(trader)
    assert unwind(pots, trader, vault, shares, path=[]) == 10 * ETHER
    assert pots.usd.balanceOf(trader) == dollars + LOAN + 100 * USD - debt
    assert (pots.debt(trader), vault.balanceOf(trader)) == (0, 0)
    pots.nothing_stays()


def test_unwound_with_a_loss_out_of_the_collateral(pots: LeveragePots, vault: Any, trader: str) -> None:
    shares = carry(pots, vault, trader)
    wait(YEAR)
    missing, seen = pots.debt(trader) - LOAN, pots.reserves(pots.eth)
    assert missing > 1_000 * USD
    left = unwind(pots, trader, vault, shares)
    assert left == 10 * ETHER - amount_in(missing, seen.into, seen.out)
    assert pots.debt(trader) == 0
    pots.nothing_stays()


def test_unwound_with_a_loss_out_of_the_purse(pots: LeveragePots, vault: Any, trader: str) -> None:
    """No more is taken than is missing."""
    shares = carry(pots, vault, trader)
    wait(YEAR)
    debt, dollars = pots.debt(trader), pots.usd.balanceOf(trader)
    assert unwind(pots, trader, vault, shares, held=5_000 * USD, path=[]) == 10 * ETHER
    assert dollars - pots.usd.balanceOf(trader) == debt - LOAN
    pots.nothing_stays()


def test_unwound_into_the_loan_token(pots: LeveragePots, vault: Any, trader: str) -> None:
    shares = carry(pots, vault, trader)
    gain(pots, vault, 50 * USD)
    seen, dollars = pots.reserves(pots.eth), pots.usd.balanceOf(trader)
    out = unwind(pots, trader, vault, shares, in_loan=True)
    assert out == amount_out(10 * ETHER, seen.into, seen.out) + 50 * USD
    assert pots.usd.balanceOf(trader) == dollars + out
    pots.nothing_stays()


def test_nothing_to_sell_it_with(pots: LeveragePots, vault: Any, trader: str) -> None:
    shares = carry(pots, vault, trader)
    wait(86_400)
    with boa.reverts("Leverage: a swap needs a path"):
        unwind(pots, trader, vault, shares, path=[])
    with boa.reverts("Leverage: a swap needs a path"):
        unwind(pots, trader, vault, shares, in_loan=True, path=[])
    with boa.reverts("Leverage: the path joins other tokens"):
        unwind(pots, trader, vault, shares, path=pots.buying)


def test_bounds_of_carry_and_unwind(pots: LeveragePots, vault: Any, trader: str) -> None:
    with boa.reverts("Leverage: fewer shares than min_shares"):
        carry(pots, vault, trader, LOAN + 1)
    with boa.reverts("Leverage: health is below min_health"):
        carry(pots, vault, trader, bounds=(MAX, MAX, 16 * 10**17 + 1))
    shares = carry(pots, vault, trader, LOAN, (MAX, MAX, 16 * 10**17))
    gain(pots, vault, USD)
    with boa.reverts("Leverage: less is left than min_out"):
        unwind(pots, trader, vault, shares, min_out=10 * ETHER + 1)
    unwind(pots, trader, vault, shares, min_out=10 * ETHER)
    with boa.reverts("Leverage: there is no debt to repay"):
        unwind(pots, trader, vault, 0)


def test_what_shares_leave_in_loan_tokens_is_bound(pots: LeveragePots, vault: Any, trader: str) -> None:
    """Somebody lowers the share's price before the call and raises it after: the collateral is whole, and
    what shares bring above the debt is not. With the bound, nothing happens."""
    shares = carry(pots, vault, trader)
    gain(pots, vault, 500 * USD)
    thief = str(boa.env.generate_address("thief"))
    with boa.env.anchor():
        assert unwind(pots, trader, vault, shares, path=[], min_loan=500 * USD) == 10 * ETHER
    with boa.reverts("Leverage: fewer loan tokens are left than min_loan"):
        unwind(pots, trader, vault, shares, path=[], min_loan=500 * USD + 1)
    pots.usd.transfer(thief, 499 * USD, sender=vault.address)
    with boa.reverts("Leverage: fewer loan tokens are left than min_loan"):
        unwind(pots, trader, vault, shares, path=[], min_out=10 * ETHER, min_loan=495 * USD)
    with boa.env.anchor():
        dollars = pots.usd.balanceOf(trader)
        unwind(pots, trader, vault, shares, path=[], min_out=10 * ETHER)
        assert pots.usd.balanceOf(trader) - dollars == USD
    seen = pots.reserves(pots.eth)
    least = amount_out(10 * ETHER, seen.into, seen.out) + USD
    with boa.reverts("Leverage: fewer loan tokens are left than min_loan"):
        unwind(pots, trader, vault, shares, in_loan=True, min_loan=least + 1)
    assert unwind(pots, trader, vault, shares, in_loan=True, min_loan=least) == least
    pots.nothing_stays()


def test_what_shares_take_from_the_purse_is_bound(pots: LeveragePots, vault: Any, trader: str) -> None:
    """The other direction: shares bring less than the debt, and no more than `held` makes up for it."""
    shares = carry(pots, vault, trader)
    pots.usd.transfer(pots.exchange, 100 * USD, sender=vault.address)
    dollars = pots.usd.balanceOf(trader)
    with boa.reverts("Leverage: a swap needs a path"):
        unwind(pots, trader, vault, shares, held=100 * USD - 1, path=[])
    with boa.reverts("Leverage: less is left than min_out"):
        unwind(pots, trader, vault, shares, held=50 * USD, min_out=10 * ETHER)
    assert unwind(pots, trader, vault, shares, held=100 * USD, path=[]) == 10 * ETHER
    assert dollars - pots.usd.balanceOf(trader) == 100 * USD


def test_a_vault_that_leaves_a_part(pots: LeveragePots, vault: Any, trader: str) -> None:
    vault.take(9_999)
    with boa.reverts("Leverage: the vault did not take the whole loan"):
        carry(pots, vault, trader)


def test_a_vault_of_another_asset(pots: LeveragePots, trader: str) -> None:
    other = deploy_mock("PlainVault", pots.eth)
    with boa.reverts("PlainToken: no allowance"):
        carry(pots, other, trader)


# Delta-neutral


def worth(pots: LeveragePots, account: str, before: tuple[int, int], usd: int) -> int:
    """What account gained since `before`, with its position in the short market; in dollars at a price."""
    position = pots.shorts.position(account)
    ether = pots.eth.balanceOf(account) - before[0] - pots.debt(account, pots.shorts)
    return pots.usd.balanceOf(account) - before[1] + position.collateral + ether * usd * USD // ETHER


def test_long_and_short_alike(pots: LeveragePots, trader: str) -> None:
    """Whatever ether does, the whole is worth what was brought."""
    before = pots.eth.balanceOf(trader), pots.usd.balanceOf(trader)
    pots.leverage.neutral(pots.shorts.market, 10_000 * USD, 3 * ETHER, UNBOUND, sender=trader)
    assert pots.eth.balanceOf(trader) - before[0] == 3 * ETHER == pots.debt(trader, pots.shorts)
    assert pots.shorts.position(trader).collateral == 10_000 * USD
    assert [worth(pots, trader, before, usd) for usd in (1_000, 2_000, 3_000)] == [0, 0, 0]
    pots.nothing_stays()


def test_a_neutral_position_unwound(pots: LeveragePots, trader: str) -> None:
    """What is held repays; what the interest made of the debt is bought with collateral."""
    pots.shorts.irm.set_rate(5 * 10**16 // YEAR)
    market, nobody = pots.shorts.market, "0x" + "00" * 20
    pots.leverage.neutral(market, 10_000 * USD, 3 * ETHER, UNBOUND, sender=trader)
    wait(30 * 86_400)
    missing, seen = pots.debt(trader, pots.shorts) - 3 * ETHER, pots.reserves(pots.usd)
    assert missing > 0
    ether, dollars = pots.eth.balanceOf(trader), pots.usd.balanceOf(trader)
    args = (market, nobody, 0, 3 * ETHER, False, 0, pots.buying, UNBOUND)
    left = pots.leverage.unwind(*args, sender=trader)
    assert left == 10_000 * USD - amount_in(missing, seen.into, seen.out)
    assert (ether - pots.eth.balanceOf(trader), pots.usd.balanceOf(trader) - dollars) == (3 * ETHER, left)
    assert pots.debt(trader, pots.shorts) == 0
    pots.nothing_stays()


def test_the_long_leg_in_a_vault(pots: LeveragePots, trader: str) -> None:
    """Neutral and earning: the borrowed ether is lent on."""
    vault = deploy_mock("PlainVault", pots.eth)
    vault.approve(pots.leverage, MAX, sender=trader)
    before = pots.eth.balanceOf(trader), pots.usd.balanceOf(trader)
    args = (pots.shorts.market, 10_000 * USD, 3 * ETHER, vault, 3 * ETHER, UNBOUND)
    shares = pots.leverage.carry(*args, sender=trader)
    pots.eth.mint(vault, ETHER // 10)
    args = (pots.shorts.market, vault, shares, 0, False, 10_000 * USD, [], UNBOUND)
    pots.leverage.unwind(*args, sender=trader)
    assert pots.eth.balanceOf(trader) - before[0] == ETHER // 10
    assert pots.usd.balanceOf(trader) == before[1]
    pots.nothing_stays()


def test_neutral_is_bound_too(pots: LeveragePots, trader: str) -> None:
    with boa.reverts("Credit: above the max LTV"):
        pots.leverage.neutral(pots.shorts.market, 10_000 * USD, 5 * ETHER, UNBOUND, sender=trader)
    with boa.reverts("Leverage: health is below min_health"):
        bounds = (MAX, MAX, 2 * 10**18)
        pots.leverage.neutral(pots.shorts.market, 10_000 * USD, 3 * ETHER, bounds, sender=trader)
