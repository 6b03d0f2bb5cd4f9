"""What Batch is for: arbitrage and liquidation without own funds, whole or not at all."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boa
import pytest

from contracts.worlds.credit_pots import ETHER, MAX, USD
from contracts.worlds.leverage_pots import (
    Call,
    LeveragePots,
    add_pair,
    deploy_exchange,
    deploy_leverage,
    execute,
    payload,
)
from contracts.worlds.pots import now
from surge.credit.exchange import Reserves, amount_out, best_arbitrage


@dataclass
class Venues:
    """The exchange, and a rival with a pair of its own."""

    pots: LeveragePots
    router: Any
    pair: Any
    keeper: str

    def rival_reserves(self) -> Reserves:
        """From ether to dollars."""
        reserve0, reserve1, _ = self.pair.getReserves()
        seen = Reserves(reserve0, reserve1)
        return seen if self.pair.token0() == self.pots.eth.address else seen.reversed

    def swap(self, router: Any, sold: int, least: int, path: list[str]) -> Call:
        token = self.pots.usd if path[0] == self.pots.usd.address else self.pots.eth
        content = router.swapExactTokensForTokens.prepare_calldata(
            sold, least, path, self.pots.batch.address, now()
        )
        return Call(router, content, spends=((token, sold),))

    def lend(self, token: Any, amount: int, *nested: Call) -> Call:
        credit = self.pots.pots.credit
        content = credit.flash_loan.prepare_calldata(token.address, amount, payload(*nested))
        return Call(credit, content, nested, ((token, amount),))

    def arbitrage(self) -> tuple[Call, int]:
        """Buy ether here, sell it to the rival, with dollars lent; what it should earn."""
        best = best_arbitrage(self.pots.reserves(self.pots.usd), self.rival_reserves())
        assert best is not None
        buy = self.swap(self.pots.router, best.paid, best.bought, self.pots.buying)
        sell = self.swap(self.router, best.bought, best.received, self.pots.selling)
        return self.lend(self.pots.usd, best.paid, buy, sell), best.profit


@pytest.fixture(scope="module")
def deployed() -> Iterator[Venues]:
    with boa.env.anchor():
        pots = deploy_leverage()
        rival, router = deploy_exchange()
        pair = add_pair(rival, pots.usd, 2_000_000 * USD, pots.eth, 1_000 * ETHER)
        yield Venues(pots, router, pair, str(boa.env.generate_address("keeper")))


@pytest.fixture
def venues(deployed: Venues) -> Iterator[Venues]:
    with boa.env.anchor():
        yield deployed


def test_arbitrage_between_two_pairs(venues: Venues) -> None:
    """The price falls here, the rival is left behind; a keeper without a coin takes the difference."""
    pots = venues.pots
    pots.trade_to(1_900)
    call, profit = venues.arbitrage()
    # A dollar's smallest unit buys more than a wei: what the swap rounded up is swept too.
    sweeps = [(pots.usd, profit), (pots.eth, 0)]
    assert execute(pots, [call], sweeps, venues.keeper) == [profit, pots.eth.balanceOf(venues.keeper)]
    assert pots.usd.balanceOf(venues.keeper) == profit > 100 * USD
    pots.nothing_stays()


def test_arbitrage_fails_whole_when_the_gap_is_gone(venues: Venues) -> None:
    pots = venues.pots
    pots.trade_to(1_900)
    call, profit = venues.arbitrage()
    execute(pots, [call], [(pots.usd, profit)], venues.keeper)
    held = pots.usd.balanceOf(venues.keeper)
    for amount in (profit, 1, 0):
        with boa.reverts("Router: less comes out than asked"):
            execute(pots, [call], [(pots.usd, amount)], venues.keeper)
    assert pots.usd.balanceOf(venues.keeper) == held


def test_less_than_the_least_profit_is_no_profit(venues: Venues) -> None:
    """Swaps without bounds of their own: the sweep's bound is enough."""
    pots = venues.pots
    pots.trade_to(1_900)
    bought = amount_out(10_000 * USD, *pots_reserves(pots))
    buy = venues.swap(pots.router, 10_000 * USD, 0, pots.buying)
    sell = venues.swap(venues.router, bought, 0, pots.selling)
    call = venues.lend(pots.usd, 10_000 * USD, buy, sell)
    with boa.env.anchor():
        (profit,) = execute(pots, [call], [(pots.usd, 0)], venues.keeper)
    with boa.reverts("Batch: less is left than min_out"):
        execute(pots, [call], [(pots.usd, profit + 1)], venues.keeper)
    pots.trade_to(2_000)
    # Now it loses, and the loan itself cannot be paid back.
    with boa.reverts("PlainToken: not enough"):
        execute(pots, [call], [(pots.usd, 0)], venues.keeper)


def pots_reserves(pots: LeveragePots) -> tuple[int, int]:
    seen = pots.reserves(pots.usd)
    return seen.into, seen.out


def test_arbitrage_by_flash_swap(venues: Venues) -> None:
    """Without a loan: the pair sends first, and is paid out of what the rival gives."""
    pots = venues.pots
    pots.trade_to(1_900)
    best = best_arbitrage(pots.reserves(pots.usd), venues.rival_reserves())
    assert best is not None
    sell = venues.swap(venues.router, best.bought, best.received, pots.selling)
    pay = Call(pots.usd, pots.usd.transfer.prepare_calldata(pots.pair.address, best.paid))
    out = (best.bought, 0) if pots.pair.token0() == pots.eth.address else (0, best.bought)
    content = pots.pair.swap.prepare_calldata(*out, pots.batch.address, payload(sell, pay))
    call = Call(pots.pair, content, (sell, pay))
    assert execute(pots, [call], [(pots.usd, best.profit)], venues.keeper) == [best.profit]
    pots.nothing_stays()


def borrower_under_water(venues: Venues) -> str:
    pots = venues.pots
    borrower = pots.trader("borrower")
    pots.open(borrower, 30 * ETHER, margin=10 * ETHER)
    pots.trade_to(1_600)
    assert pots.pots.credit.poke(pots.pots.market, borrower) == 2
    return borrower


@pytest.mark.parametrize("lent", [False, True])
def test_a_liquidation_pays_for_itself(venues: Venues, lent: bool) -> None:
    """Seize, sell, repay: inside a flash loan, or with the collateral alone, which comes first."""
    pots = venues.pots
    borrower = borrower_under_water(venues)
    credit, market = pots.pots.credit, pots.pots.market
    debt = pots.debt(borrower)
    with boa.env.anchor():
        liquidator = str(boa.env.generate_address("liquidator"))
        pots.usd.mint(liquidator, 10**6 * USD)
        pots.usd.approve(credit, MAX, sender=liquidator)
        seized, repaid = credit.liquidate(market, borrower, MAX, 0, b"", sender=liquidator)
    sell = venues.swap(pots.router, seized, repaid, pots.selling)
    content = credit.liquidate.prepare_calldata(market, borrower, repaid, 0, b"" if lent else payload(sell))
    spends = ((pots.usd, repaid),)
    call = Call(credit, content, () if lent else (sell,), spends)
    if lent:
        call = venues.lend(pots.usd, repaid, call, sell)
    (profit, rest) = execute(pots, [call], [(pots.usd, 1), (pots.eth, 0)], venues.keeper)
    assert (pots.usd.balanceOf(venues.keeper), rest) == (profit, 0)
    assert profit > 0
    assert pots.debt(borrower) == debt - repaid
    pots.nothing_stays()


def test_a_liquidation_that_does_not_pay_does_not_happen(venues: Venues) -> None:
    """The oracle says 1,600 where the pool says less: what is seized does not bring what was repaid."""
    pots = venues.pots
    borrower = borrower_under_water(venues)
    credit, market = pots.pots.credit, pots.pots.market
    pots.trade_to(1_200)
    pots.pots.oracle.set_price(1_600 * 10**24)
    before = pots.pots.position(borrower)
    sell = venues.swap(pots.router, ETHER, 1_500 * USD, pots.selling)
    content = credit.liquidate.prepare_calldata(market, borrower, 1_500 * USD, 0, payload(sell))
    with boa.reverts("Router: less comes out than asked"):
        call = Call(credit, content, (sell,), ((pots.usd, 1_500 * USD),))
        execute(pots, [call], [(pots.usd, 0)], venues.keeper)
    assert pots.pots.position(borrower) == before


def test_bad_debt_is_realised_through_it(venues: Venues) -> None:
    """Past all value: seize all, sell it, repay what it is worth less the bonus."""
    pots = venues.pots
    borrower = borrower_under_water(venues)
    credit, market = pots.pots.credit, pots.pots.market
    pots.trade_to(1_000)
    collateral = pots.pots.position(borrower).collateral
    proceeds = amount_out(collateral, *pots_reserves_of_ether(pots))
    sell = venues.swap(pots.router, collateral, proceeds, pots.selling)
    content = credit.liquidate.prepare_calldata(market, borrower, MAX, 0, payload(sell))
    call = Call(credit, content, (sell,), ((pots.usd, proceeds),))
    (profit,) = execute(pots, [call], [(pots.usd, 1)], venues.keeper)
    assert profit > 0
    position = pots.pots.position(borrower)
    assert (position.collateral, position.borrow_shares) == (0, 0)
    pots.nothing_stays()


def pots_reserves_of_ether(pots: LeveragePots) -> tuple[int, int]:
    seen = pots.reserves(pots.eth)
    return seen.into, seen.out
