"""Supplying and withdrawing."""

from collections.abc import Iterator

import boa
import pytest

from contracts.credit_pots import ETHER, USD, CreditPots, deploy_credit, price_e36


@pytest.fixture(scope="module")
def deployed_credit() -> Iterator[CreditPots]:
    with boa.env.anchor():
        yield deploy_credit()


@pytest.fixture
def pots(deployed_credit: CreditPots) -> Iterator[CreditPots]:
    with boa.env.anchor():
        yield deployed_credit


def test_the_story(pots: CreditPots) -> None:
    pots.supply("lender", 10_000 * USD)
    pots.add_collateral("borrower", ETHER // 2)
    pots.borrow("borrower", 700 * USD)
    pots.oracle.set_price(price_e36(1_800))
    assert pots.credit.poke(pots.market, pots.actor("borrower")) == 1
    pots.oracle.set_price(price_e36(1_700))
    assert pots.credit.poke(pots.market, pots.actor("borrower")) == 2
    seized, repaid = pots.liquidate("liquidator", "borrower", 2**256 - 1)
    debt = pots.position(pots.actor("borrower")).borrow_shares
    pots.repay("borrower", shares=debt)
    pots.remove_collateral("borrower", pots.position(pots.actor("borrower")).collateral)
    pots.withdraw("lender", shares=pots.position(pots.actor("lender")).supply_shares)
