"""Leverage, step by step: positions opened, adjusted and closed, and everything that is refused."""

from collections.abc import Iterator

import boa
import pytest
from coincurve import PrivateKey

from contracts.worlds.credit_pots import ETHER, MAX, USD, YEAR, percent
from contracts.worlds.leverage_pots import UNBOUND, LeveragePots, authorisation, deploy_leverage
from contracts.worlds.pots import deploy, now, wait
from surge.credit import interest
from surge.credit.exchange import amount_in, amount_out
from surge.model.signature import address_of
from surge.model.units import WAD

NOT_AUTHORISED = "Credit: not authorised"


@pytest.fixture(scope="module")
def deployed() -> Iterator[LeveragePots]:
    with boa.env.anchor():
        yield deploy_leverage(irm=deploy("AdaptiveCurveIrm"))


@pytest.fixture
def pots(deployed: LeveragePots) -> Iterator[LeveragePots]:
    with boa.env.anchor():
        yield deployed


@pytest.fixture
def trader(pots: LeveragePots) -> str:
    return pots.trader("trader")


def test_a_long_in_one_transaction(pots: LeveragePots, trader: str) -> None:
    """Three times: ten of one's own, twenty bought with what is borrowed."""
    seen = pots.reserves(pots.usd)
    ether, dollars = pots.eth.balanceOf(trader), pots.usd.balanceOf(trader)
    borrowed = pots.open(trader, 30 * ETHER, margin=10 * ETHER)
    assert borrowed == amount_in(20 * ETHER, seen.into, seen.out)
    position = pots.pots.position(trader)
    assert position.collateral == 30 * ETHER
    assert pots.debt(trader) == borrowed
    assert (pots.eth.balanceOf(trader), pots.usd.balanceOf(trader)) == (ether - 10 * ETHER, dollars)
    pots.nothing_stays()


def test_margin_in_the_loan_token(pots: LeveragePots, trader: str) -> None:
    seen = pots.reserves(pots.usd)
    ether, dollars = pots.eth.balanceOf(trader), pots.usd.balanceOf(trader)
    borrowed = pots.open(trader, 30 * ETHER, margin_loan=20_000 * USD)
    assert borrowed == amount_in(30 * ETHER, seen.into, seen.out) - 20_000 * USD
    assert (pots.eth.balanceOf(trader), pots.usd.balanceOf(trader)) == (ether, dollars - 20_000 * USD)
    pots.nothing_stays()


def test_margin_that_pays_for_all_borrows_nothing(pots: LeveragePots, trader: str) -> None:
    seen = pots.reserves(pots.usd)
    dollars = pots.usd.balanceOf(trader)
    assert pots.open(trader, ETHER, margin_loan=5_000 * USD) == 0
    assert dollars - pots.usd.balanceOf(trader) == amount_in(ETHER, seen.into, seen.out)
    assert pots.debt(trader) == 0
    pots.nothing_stays()


def test_a_short_is_the_same_in_the_reverse_market(pots: LeveragePots, trader: str) -> None:
    """Dollars as collateral, ether borrowed and sold: at a lower price less buys it back."""
    shorts, leverage = pots.shorts, pots.leverage
    seen = pots.reserves(pots.eth)
    dollars = pots.usd.balanceOf(trader)
    args = (shorts.market, 10_000 * USD, 0, 30_000 * USD, MAX, pots.selling, UNBOUND)
    owed = leverage.open(*args, sender=trader)
    assert owed == amount_in(20_000 * USD, seen.into, seen.out)
    assert shorts.position(trader).collateral == 30_000 * USD
    pots.trade_to(1_600)
    gain = leverage.close(shorts.market, False, 0, pots.buying, UNBOUND, sender=trader)
    assert pots.usd.balanceOf(trader) - dollars == gain - 10_000 * USD > 3_500 * USD
    pots.nothing_stays()


def test_up_and_down(pots: LeveragePots, trader: str) -> None:
    pots.open(trader, 20 * ETHER, margin=10 * ETHER)
    debt, seen = pots.debt(trader), pots.reserves(pots.usd)
    more = pots.leverage.adjust(pots.pots.market, 5 * ETHER, MAX, pots.buying, UNBOUND, sender=trader)
    assert more == amount_in(5 * ETHER, seen.into, seen.out)
    assert (pots.pots.position(trader).collateral, pots.debt(trader)) == (25 * ETHER, debt + more)
    pots.nothing_stays()
    seen = pots.reserves(pots.eth)
    less = pots.leverage.adjust(pots.pots.market, -10 * ETHER, 0, pots.selling, UNBOUND, sender=trader)
    assert less == amount_out(10 * ETHER, seen.into, seen.out)
    assert pots.pots.position(trader).collateral == 15 * ETHER
    assert pots.debt(trader) == debt + more - less
    pots.nothing_stays()


def test_down_leads_out_of_the_margin_zone(pots: LeveragePots, trader: str) -> None:
    pots.open(trader, 30 * ETHER, margin=10 * ETHER)
    pots.trade_to(1_800)
    market = pots.pots.market
    assert pots.pots.credit.poke(market, trader) == 1
    pots.leverage.adjust(market, -10 * ETHER, 0, pots.selling, UNBOUND, sender=trader)
    assert pots.pots.credit.poke(market, trader) == 0


@pytest.mark.parametrize("in_loan", [False, True])
def test_closed_whole_with_what_is_left_in_the_token_asked(
    pots: LeveragePots, trader: str, in_loan: bool
) -> None:
    pots.open(trader, 30 * ETHER, margin=10 * ETHER)
    wait(86_400)
    ether, dollars = pots.eth.balanceOf(trader), pots.usd.balanceOf(trader)
    out = pots.leverage.close(pots.pots.market, in_loan, 0, pots.selling, UNBOUND, sender=trader)
    got = pots.eth.balanceOf(trader) - ether, pots.usd.balanceOf(trader) - dollars
    assert got == ((0, out) if in_loan else (out, 0))
    # Two swaps of about twenty and thirty ether, at 0.3% and their impact.
    assert out > (19_400 * USD if in_loan else 98 * ETHER // 10)
    position = pots.pots.position(trader)
    assert (position.borrow_shares, position.collateral) == (0, 0)
    pots.nothing_stays()


def test_closing_needs_no_price(pots: LeveragePots, trader: str) -> None:
    pots.open(trader, 30 * ETHER, margin=10 * ETHER)
    pots.pots.oracle.set_broken(True)
    with boa.reverts("SettableOracle: no price"):
        pots.leverage.adjust(pots.pots.market, -ETHER, 0, pots.selling, UNBOUND, sender=trader)
    pots.leverage.close(pots.pots.market, False, 0, pots.selling, UNBOUND, sender=trader)
    assert pots.pots.position(trader).collateral == 0


def test_a_longer_path(pots: LeveragePots, trader: str) -> None:
    """Over a token between: two pairs there, two back."""
    hop = pots.add_hop()
    path = [pots.buying[0], str(hop.address), pots.buying[1]]
    market = pots.pots.market
    borrowed = pots.leverage.open(market, ETHER, 0, 2 * ETHER, MAX, path, UNBOUND, sender=trader)
    assert 2_010 * USD < borrowed < 2_020 * USD
    pots.leverage.close(market, True, 0, path[::-1], UNBOUND, sender=trader)
    assert pots.pots.position(trader).collateral == 0
    assert hop.balanceOf(pots.leverage) == 0
    pots.nothing_stays()


# Authorisation


def test_without_authorisation_nothing_is_borrowed(pots: LeveragePots) -> None:
    stranger = pots.trader("stranger")
    pots.pots.credit.authorize(pots.leverage, False, sender=stranger)
    with boa.reverts(NOT_AUTHORISED):
        pots.open(stranger, 2 * ETHER, margin=ETHER)


def test_a_signature_in_the_same_call(pots: LeveragePots) -> None:
    key = PrivateKey(bytes([7]) * 32)
    account = pots.funded(str(address_of(key)))
    credit, market = pots.pots.credit, pots.pots.market
    signed = authorisation(credit, key, pots.leverage, deadline=now())
    args = (market, ETHER, 0, 2 * ETHER, MAX, pots.buying, UNBOUND)
    pots.leverage.open(*args, signed, sender=account)
    assert pots.pots.position(account).collateral == 2 * ETHER
    # It stays until it is revoked, and a signature is not needed twice.
    assert credit.is_authorized(account, pots.leverage)
    pots.leverage.close(market, False, 0, pots.selling, UNBOUND, sender=account)
    assert credit.is_authorized(account, pots.leverage)


def test_a_signature_that_somebody_sent_first_hinders_nobody(pots: LeveragePots) -> None:
    key = PrivateKey(bytes([7]) * 32)
    account = pots.funded(str(address_of(key)))
    credit = pots.pots.credit
    signed = authorisation(credit, key, pots.leverage, deadline=now())
    credit.authorize_with_signature(account, pots.leverage, True, *signed)
    pots.leverage.open(
        pots.pots.market, ETHER, 0, 2 * ETHER, MAX, pots.buying, UNBOUND, signed, sender=account
    )


def test_a_signature_that_a_revocation_made_void(pots: LeveragePots) -> None:
    """Authorised again meanwhile, the call goes on without it; revoked, it does not bring that back."""
    key = PrivateKey(bytes([7]) * 32)
    account = pots.funded(str(address_of(key)))
    credit, args = pots.pots.credit, (pots.pots.market, ETHER, 0, 2 * ETHER, MAX, pots.buying, UNBOUND)
    signed = authorisation(credit, key, pots.leverage, deadline=now())
    credit.authorize(pots.leverage, False, sender=account)
    with boa.reverts("Credit: another nonce is due"):
        pots.leverage.open(*args, signed, sender=account)
    credit.authorize(pots.leverage, True, sender=account)
    pots.leverage.open(*args, signed, sender=account)
    credit.authorize(pots.leverage, False, sender=account)
    with boa.reverts("Credit: another nonce is due"):
        pots.leverage.close(pots.pots.market, False, 0, pots.selling, UNBOUND, signed, sender=account)


def test_a_signature_of_somebody_else_is_worth_nothing(pots: LeveragePots) -> None:
    account = pots.funded(str(boa.env.generate_address()))
    signed = authorisation(pots.pots.credit, PrivateKey(bytes([7]) * 32), pots.leverage, deadline=now())
    with boa.reverts("Credit: not the authorizer's signature"):
        pots.leverage.open(
            pots.pots.market, ETHER, 0, 2 * ETHER, MAX, pots.buying, UNBOUND, signed, sender=account
        )


def test_a_revoked_authorisation_ends_it(pots: LeveragePots, trader: str) -> None:
    pots.open(trader, 2 * ETHER, margin=ETHER)
    pots.pots.credit.authorize(pots.leverage, False, sender=trader)
    with boa.reverts(NOT_AUTHORISED):
        pots.leverage.close(pots.pots.market, False, 0, pots.selling, UNBOUND, sender=trader)


# Bounds


def test_the_deadline(pots: LeveragePots, trader: str) -> None:
    pots.open(trader, 2 * ETHER, margin=ETHER, bounds=(now(), MAX, 0))
    late = (now() - 1, MAX, 0)
    market, leverage, refused = pots.pots.market, pots.leverage, "Leverage: the deadline has passed"
    vault = pots.usd.address
    with boa.reverts(refused):
        pots.open(trader, 2 * ETHER, margin=ETHER, bounds=late)
    with boa.reverts(refused):
        leverage.adjust(market, ETHER, MAX, pots.buying, late, sender=trader)
    with boa.reverts(refused):
        leverage.close(market, True, 0, pots.selling, late, sender=trader)
    with boa.reverts(refused):
        leverage.carry(market, ETHER, 100 * USD, vault, 0, late, sender=trader)
    with boa.reverts(refused):
        leverage.neutral(market, ETHER, 100 * USD, late, sender=trader)
    with boa.reverts(refused):
        leverage.unwind(market, vault, 0, 0, True, 0, [], late, sender=trader)


def test_the_most_that_is_borrowed(pots: LeveragePots, trader: str) -> None:
    seen = pots.reserves(pots.usd)
    most = amount_in(ETHER, seen.into, seen.out)
    refused = "Leverage: borrows more than max_borrowed"
    with boa.reverts(refused):
        pots.open(trader, 2 * ETHER, margin=ETHER, max_borrowed=most - 1)
    pots.open(trader, 2 * ETHER, margin=ETHER, max_borrowed=most)
    with boa.reverts(refused):
        pots.leverage.adjust(pots.pots.market, ETHER // 2, 1_000 * USD, pots.buying, UNBOUND, sender=trader)


def test_the_least_that_is_repaid(pots: LeveragePots, trader: str) -> None:
    pots.open(trader, 3 * ETHER, margin=ETHER)
    seen = pots.reserves(pots.eth)
    least = amount_out(ETHER, seen.into, seen.out)
    adjust = pots.leverage.adjust
    with boa.reverts("Leverage: repays less than the limit"):
        adjust(pots.pots.market, -ETHER, least + 1, pots.selling, UNBOUND, sender=trader)
    assert adjust(pots.pots.market, -ETHER, least, pots.selling, UNBOUND, sender=trader) == least


@pytest.mark.parametrize("in_loan", [False, True])
def test_the_least_that_is_left(pots: LeveragePots, trader: str, in_loan: bool) -> None:
    pots.open(trader, 3 * ETHER, margin=ETHER)
    close = pots.leverage.close
    with boa.env.anchor():
        least = close(pots.pots.market, in_loan, 0, pots.selling, UNBOUND, sender=trader)
    with boa.reverts("Leverage: less is left than min_out"):
        close(pots.pots.market, in_loan, least + 1, pots.selling, UNBOUND, sender=trader)
    assert close(pots.pots.market, in_loan, least, pots.selling, UNBOUND, sender=trader) == least


def test_the_highest_rate(pots: LeveragePots, trader: str) -> None:
    """As the market asks for after the call: the more is borrowed, the higher."""
    with boa.env.anchor():
        pots.open(trader, 30 * ETHER, margin=10 * ETHER)
        state = pots.pots.state()
        credit, irm = pots.pots.credit, pots.pots.irm
        after = irm.borrow_rate_of(credit, pots.pots.id, state.borrow_assets, state.supply_assets, 0)
        assert after == irm.borrow_rate_view(
            pots.pots.id, state.borrow_assets, state.supply_assets, 0, sender=credit.address
        )
    with boa.reverts("Leverage: the borrow rate is above max_rate"):
        pots.open(trader, 30 * ETHER, margin=10 * ETHER, bounds=(MAX, after - 1, 0))
    pots.open(trader, 30 * ETHER, margin=10 * ETHER, bounds=(MAX, after, 0))


def test_the_rate_is_asked_for_as_credit_asks() -> None:
    """C10: with what accounts owe: less than what is borrowed, once a share of the debt has become dear."""
    with boa.env.anchor():
        pots = deploy_leverage(rate=percent(1_000) // YEAR)
        market = pots.pots
        pots.open(pots.trader("whale"), 30 * ETHER, margin=10 * ETHER)
        wait(YEAR)
        market.credit.accrue(market.market)
        market.irm.set_rate(0)
        trader = pots.trader("trader")
        with boa.env.anchor():
            pots.open(trader, 3 * ETHER, margin=ETHER)
            owed, borrowed = interest.owed(market.state()), market.state().borrow_assets
        assert owed < borrowed
        with boa.reverts("Leverage: the borrow rate is above max_rate"):
            pots.open(trader, 3 * ETHER, margin=ETHER, bounds=(MAX, owed - 1, 0))
        pots.open(trader, 3 * ETHER, margin=ETHER, bounds=(MAX, owed, 0))


def test_the_least_health(pots: LeveragePots, trader: str) -> None:
    with boa.env.anchor():
        borrowed = pots.open(trader, 30 * ETHER, margin=10 * ETHER)
    health = 60_000 * USD * percent(80) // borrowed
    with boa.reverts("Leverage: health is below min_health"):
        pots.open(trader, 30 * ETHER, margin=10 * ETHER, bounds=(MAX, MAX, health + 1))
    pots.open(trader, 30 * ETHER, margin=10 * ETHER, bounds=(MAX, MAX, health))
    # Without debt every bound of health is kept.
    best = (MAX, MAX, 100 * WAD)
    pots.leverage.close(pots.pots.market, True, 0, pots.selling, best, sender=trader)


def test_what_credit_refuses_is_refused(pots: LeveragePots, trader: str) -> None:
    with boa.reverts("Credit: above the max LTV"):
        pots.open(trader, 40 * ETHER, margin=10 * ETHER)
    with boa.reverts("Credit: less than the minimum debt"):
        pots.open(trader, ETHER + ETHER // 1_000, margin=ETHER)
    pots.pots.oracle.set_safe(False)
    with boa.reverts("Credit: price is unsafe"):
        pots.open(trader, 2 * ETHER, margin=ETHER)
    with boa.reverts("Credit: no such market"):
        unknown = (*pots.pots.market[:-1], 1)
        pots.leverage.open(unknown, ETHER, 0, 2 * ETHER, MAX, pots.buying, UNBOUND, sender=trader)


# Bad input


def test_amounts_that_make_no_sense(pots: LeveragePots, trader: str) -> None:
    with boa.reverts("Leverage: collateral must exceed its margin"):
        pots.open(trader, ETHER, margin=ETHER)
    with boa.reverts("Leverage: collateral must exceed its margin"):
        pots.open(trader, 0)
    with boa.reverts("Leverage: nothing to change"):
        pots.leverage.adjust(pots.pots.market, 0, 0, pots.buying, UNBOUND, sender=trader)
    with boa.reverts("Leverage: there is no debt to repay"):
        pots.leverage.close(pots.pots.market, True, 0, pots.selling, UNBOUND, sender=trader)
    with boa.reverts("Leverage: nothing to change"):
        pots.leverage.adjust(pots.pots.market, -(2**255), 0, pots.selling, UNBOUND, sender=trader)


@pytest.mark.parametrize(("path", "refused"), [
    ([], "Leverage: the path needs two tokens"),
    (["usd"], "Leverage: the path needs two tokens"),
    (["eth", "usd"], "Leverage: the path joins other tokens"),
    (["usd", "usd"], "Leverage: the path joins other tokens"),
])  # fmt: skip
def test_paths_that_lead_elsewhere(pots: LeveragePots, trader: str, path: list[str], refused: str) -> None:
    tokens = {"usd": pots.usd.address, "eth": pots.eth.address}
    buying = [tokens[each] for each in path]
    with boa.reverts(refused):
        pots.leverage.open(pots.pots.market, ETHER, 0, 2 * ETHER, MAX, buying, UNBOUND, sender=trader)
    pots.open(trader, 2 * ETHER, margin=ETHER)
    selling = buying[::-1]
    with boa.reverts(refused):
        pots.leverage.adjust(pots.pots.market, -ETHER // 2, 0, selling, UNBOUND, sender=trader)
    with boa.reverts(refused):
        pots.leverage.close(pots.pots.market, True, 0, selling, UNBOUND, sender=trader)


@pytest.mark.parametrize("in_loan", [False, True])
def test_a_debt_above_what_the_collateral_brings(pots: LeveragePots, trader: str, in_loan: bool) -> None:
    pots.open(trader, 30 * ETHER, margin=10 * ETHER)
    pots.trade_to(1_300)
    with boa.reverts("Leverage: the collateral does not pay the debt"):
        pots.leverage.close(pots.pots.market, in_loan, 0, pots.selling, UNBOUND, sender=trader)


def test_more_than_the_pool_has(pots: LeveragePots, trader: str) -> None:
    with boa.reverts("Router: more is asked than the pair has"):
        pots.open(trader, 6_000 * ETHER, margin=ETHER)


def test_deployed_on_contracts_only(pots: LeveragePots) -> None:
    refused = "Leverage: credit or router is no contract"
    nobody = boa.env.generate_address()
    with boa.reverts(refused):
        deploy("Leverage", nobody, pots.router)
    with boa.reverts(refused):
        deploy("Leverage", pots.pots.credit, nobody)
