"""Which positions are liquidated, by how much, and that none of it loses money."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

import small_credit
from small_credit import ETH, ETHER, TUSD, USD, market, price
from surge.credit import liquidation
from surge.credit.exchange import Reserves, Route, amount_out
from surge.keeper.exits import AtPrice, Burn
from surge.keeper.liquidating import (
    MOST_AT_ONCE,
    Case,
    Leave,
    Liquidate,
    Poke,
    Realise,
    Rules,
    Why,
    coin_prices,
    decide,
    decide_all,
    least_seized,
    most_repaid,
)
from surge.model.credit import PRICE_SCALE

KEEPER, ALTRUIST, RICH = Rules(), Rules(altruist=True), Rules(own_funds=True)
GWEI = 10**9


def position(collateral, debt, usd, safe=True):
    lent = market(supplied=10**15, borrowed=debt, usd=usd, safe=safe)
    view = small_credit.position(lent, collateral, debt)
    assert view.debt == debt
    return view


def pool(usd, eth=1_000):
    """A pool of ether against dollars."""
    return Route((ETH.address, TUSD.address), (Reserves(eth * ETHER, eth * usd * USD),))


def loan(usd, safe=True):
    """700 dollars on half an ether."""
    return position(ETHER // 2, 700 * USD, usd, safe)


def test_a_healthy_position_is_left_alone():
    left = decide(Case(loan(2_500), [pool(2_500)]), KEEPER)
    assert isinstance(left, Leave)
    assert left.why is Why.HEALTHY
    assert left.reason == "it is healthy, at an LTV of 56%"


def test_the_margin_zone_is_told_once_by_who_does_not_mind_the_gas():
    case = Case(loan(1_800), [pool(1_800)])
    assert decide(case, KEEPER).why is Why.MARGIN
    assert decide(case, ALTRUIST) == Poke(case.view)
    assert decide(replace(case, poked=True), ALTRUIST).why is Why.MARGIN


def test_no_price_means_no_action():
    for rules in (KEEPER, ALTRUIST, RICH):
        left = decide(Case(loan(None), [pool(1)], balance=10**12), rules)
        assert left.why is Why.NO_PRICE


def test_gas_of_unknown_worth_means_no_action():
    case = Case(loan(1_600), [pool(1_600)], gas_price=GWEI)
    assert decide(case, KEEPER).why is Why.NO_PRICE
    assert isinstance(decide(replace(case, gas_price=0), KEEPER), Liquidate)


def test_a_liquidation_pays_after_gas_and_impact():
    prices = coin_prices(2_000 * 10**8, {TUSD.address: (10**8, 6)})
    case = Case(loan(1_700), [pool(1_700)], gas_price=GWEI, coin_price=prices[TUSD.address])
    made = decide(case, KEEPER)
    assert isinstance(made, Liquidate)
    quote = liquidation.quote(ETHER // 2, price(1_700), 700 * USD, case.view.market.params)
    assert (made.repaid, made.whole) == (quote.repayable, True)
    assert made.gas_cost == 1_080_000  # 450,000 gas at 1 gwei and 2,000 dollars, and a fifth of it
    assert made.proceeds == amount_out(made.seized, 1_000 * ETHER, 1_700_000 * USD)
    assert made.profit == made.proceeds - made.repaid - made.gas_cost > 0
    left = decide(replace(case, gas_price=20 * GWEI), KEEPER)
    assert left.why is Why.NO_PROFIT
    assert "gas costs 21.6 TUSD" in left.reason


def test_a_small_bonus_waits_until_it_pays_the_sale():
    """Just past the LLTV the bonus is about nothing, and the pool keeps 0.3%."""
    assert decide(Case(loan(1_749), [pool(1_749)]), KEEPER).why is Why.NO_PROFIT
    assert isinstance(decide(Case(loan(1_720), [pool(1_720)]), KEEPER), Liquidate)


def test_a_thin_pool_takes_a_part():
    whale = position(500 * ETHER, 700_000 * USD, 1_650)
    deep = decide(Case(whale, [pool(1_650, 100_000)]), KEEPER)
    thin = decide(Case(whale, [pool(1_650, 2_000)]), KEEPER)
    assert deep.whole
    assert not thin.whole
    assert 0 < thin.repaid < deep.repaid
    assert decide(Case(whale, [pool(1_650, 1)]), KEEPER).profit < thin.profit


def test_the_better_way_out_is_taken():
    exits = [pool(1_650), pool(1_700), pool(1_600)]
    assert decide(Case(loan(1_650), exits), KEEPER).exit is exits[1]


def test_without_a_way_out():
    left = decide(Case(loan(1_600)), KEEPER)
    assert left.why is Why.NO_EXIT
    assert left.reason == "there is no pool in which ETH is sold for TUSD"


def test_own_funds_repay_what_they_reach():
    case = Case(loan(1_600), balance=10**12)
    kept = decide(case, RICH)
    assert kept.exit is None
    assert kept.whole
    part = decide(replace(case, balance=100 * USD), RICH)
    assert (part.repaid, part.whole) == (100 * USD, False)
    assert decide(case, KEEPER).why is Why.NO_EXIT
    assert decide(replace(case, balance=0), RICH).why is Why.NO_EXIT
    unsafe = Case(loan(1_600, safe=False), balance=10**12)
    assert decide(unsafe, RICH).why is Why.NO_EXIT


def test_beyond_repair_only_the_whole():
    broke = Case(loan(1_400), [pool(1_400)])
    made = decide(broke, KEEPER)
    assert made.whole
    assert made.seized == ETHER // 2
    assert made.repaid + made.bad_debt == 700 * USD


def test_bad_debt_that_pays_nobody_is_for_altruists():
    dust = Case(position(ETHER // 10**6, 700 * USD, 1_400), [pool(1_400)], gas_price=GWEI, coin_price=10**28)
    left = decide(dust, KEEPER)
    assert left.why is Why.NO_PROFIT
    assert "--altruist" in left.reason
    assert decide(dust, ALTRUIST).why is Why.NO_FUNDS
    made = decide(replace(dust, balance=USD), ALTRUIST)
    assert isinstance(made, Realise)
    assert made.repaid + made.bad_debt == 700 * USD


def test_bad_debt_on_dust_costs_a_unit_and_needs_a_price():
    bare = Case(position(1, 700 * USD, 1_400), [pool(1_400)], balance=1)
    assert decide(bare, KEEPER).why is Why.NO_PROFIT
    assert decide(bare, ALTRUIST) == Realise(bare.view, 1, 1, 700 * USD - 1, whole=True)
    assert decide(Case(position(1, 700 * USD, None), balance=1), ALTRUIST).why is Why.NO_PRICE


def stale(safe=True, balance=100_000 * USD, **changes):
    """A feed fell silent at 1,500 dollars, and ether is sold for 300."""
    view = position(50 * ETHER, 73_000 * USD, 1_500, safe)
    return Case(view, [pool(300)], balance=balance, **changes)


def test_an_altruist_gives_no_more_than_the_gas_for_collateral_at_a_wrong_price():
    """However much it has, in however many turns: only with own_funds it buys collateral."""
    dust = 10 * USD // 1_000
    made = decide(stale(), ALTRUIST)
    assert isinstance(made, Realise)
    assert (made.repaid, made.whole) == (dust, False)
    assert made.bad_debt > 0
    assert (least_seized(made), most_repaid(made)) == (made.seized * 995 // 1_000, dust)
    spent = decide(stale(given=dust), ALTRUIST)
    assert spent.why is Why.NO_PROFIT
    assert "--own-funds" in spent.reason
    costly = stale(gas_price=GWEI, coin_price=10**28)
    assert decide(costly, ALTRUIST).repaid == costly.gas_cost()
    assert decide(costly, replace(ALTRUIST, given_percent=10)).repaid == costly.gas_cost() // 10
    assert decide(replace(costly, given=costly.gas_cost()), ALTRUIST).why is Why.NO_PROFIT


def test_a_price_that_is_not_safe_realises_nothing():
    for rules in (ALTRUIST, RICH, Rules(altruist=True, own_funds=True)):
        left = decide(stale(safe=False), rules)
        assert isinstance(left, Leave)
    assert decide(stale(safe=False), ALTRUIST).why is Why.NO_PRICE


def test_what_is_paid_from_a_balance_is_bounded_on_both_sides():
    """A whole that grew by interest is still one; a price that jumped is not paid."""
    kept = decide(Case(loan(1_600), balance=10**12), RICH)
    assert kept.whole
    assert 0 < most_repaid(kept) - kept.repaid <= kept.repaid // 100
    assert kept.seized * 99 // 100 < least_seized(kept) < kept.seized
    part = decide(Case(loan(1_600), balance=100 * USD), RICH)
    assert most_repaid(part) == part.repaid


def test_who_trades_around_a_sale_takes_half_of_the_profit_at_the_most():
    """The pool is moved before it, as far as the sale still goes through, and back behind it."""
    prices = coin_prices(2_000 * 10**8, {TUSD.address: (10**8, 6)})
    case = Case(
        position(50 * ETHER, 70_000 * USD, 1_550), [pool(1_550, 2_000)],
        gas_price=GWEI, coin_price=prices[TUSD.address],
    )  # fmt: skip
    made = decide(case, KEEPER)
    gas = made.gas_cost * 100 // 120
    assert made.least >= gas + made.profit // 2
    assert gas < made.least < made.proceeds - made.repaid
    dust = made.exit.pairs[0].after(2_000 * ETHER // 10**4)
    assert Route(made.exit.path, (dust,)).proceeds(made.seized) - made.repaid > made.least


def test_what_pays_most_comes_first():
    cases = [Case(loan(usd), [AtPrice(price(usd))]) for usd in (2_500, 1_700, 1_800, 1_600)]
    cases.append(Case(position(1, USD, 1_400), balance=1))
    kinds = [type(decision) for decision in decide_all(cases, ALTRUIST)]
    assert kinds == [Liquidate, Liquidate, Realise, Poke, Leave]
    first, second = decide_all(cases, ALTRUIST)[:2]
    assert first.profit * second.repaid > second.profit * first.repaid


def test_who_comes_second_finds_the_pool_as_the_first_leaves_it():
    """A pool that takes one of two whole: of the other one a part, for less, and both together still gain."""
    cases = [Case(position(50 * ETHER, 70_000 * USD, 1_650), [pool(1_650, 2_000)]) for _ in range(2)]
    first, second = decide_all(cases, KEEPER)
    assert (first.whole, second.whole) == (True, False)
    assert second.exit.pairs[0] == pool(1_650, 2_000).pairs[0].after(first.seized)
    assert first.profit > second.profit > 0


def test_a_balance_is_spent_once():
    cases = [Case(loan(1_600), balance=600 * USD) for _ in range(3)]
    kept = [one.repaid for one in decide_all(cases, RICH) if isinstance(one, Liquidate)]
    assert len(kept) == 2
    assert sum(kept) <= 600 * USD
    assert decide_all(cases, RICH)[-1].why is Why.NO_EXIT


def test_what_failed_oftener_comes_later():
    """However much it promises: whoever makes something fail keeps nobody else from their turn."""
    good, better = (Case(loan(usd), [AtPrice(price(usd))]) for usd in (1_700, 1_600))
    assert [one.view for one in decide_all([good, better], KEEPER)] == [better.view, good.view]
    failures = {id(better.view): 1}
    made = decide_all([good, better], KEEPER, lambda case: failures.get(id(case.view), 0))
    assert [one.view for one in made] == [good.view, better.view]


def test_acts_of_one_look_are_bounded():
    cases = [Case(loan(1_600), [AtPrice(price(1_600))]) for _ in range(MOST_AT_ONCE + 3)]
    made = decide_all(cases, KEEPER)
    assert [type(one) for one in made] == [Liquidate] * MOST_AT_ONCE + [Leave] * 3
    assert {one.why for one in made[MOST_AT_ONCE:]} == {Why.WAITING}


def test_an_insolvent_position_is_taken_as_far_as_the_pool_is_deep():
    broke = position(500 * ETHER, 700_000 * USD, 1_300)
    made = decide(Case(broke, [pool(1_300, 2_000)]), KEEPER)
    assert (made.whole, made.bad_debt > 0, made.profit > 0) == (False, True, True)
    assert made.seized < broke.collateral
    deep = decide(Case(broke, [pool(1_300, 10**6)]), KEEPER)
    assert (deep.whole, deep.seized) == (True, broke.collateral)


def test_an_lp_token_is_burned_and_half_of_it_sold():
    reserves = Reserves(1_000 * ETHER, 2_000_000 * USD)
    burn = Burn(ETH.address, TUSD.address, reserves, supply=10**12)
    assert burn.parts(10**9) == (ETHER, 2_000 * USD)
    rest = Reserves(999 * ETHER, 1_998_000 * USD)
    assert burn.proceeds(10**9) == 2_000 * USD + amount_out(ETHER, rest.into, rest.out)
    assert burn.proceeds(10**12) == 2_000_000 * USD
    assert burn.proceeds(0) == 0


def test_what_a_wei_costs_in_each_token():
    prices = coin_prices(2_000, {TUSD.address: (1, 6), ETH.address: (2_000, 18), "free": (0, 6)})
    assert prices == {TUSD.address: 2_000 * 10**6 * PRICE_SCALE // 10**18, ETH.address: PRICE_SCALE}
    assert coin_prices(None, {TUSD.address: (1, 6)}) == {}


@given(
    collateral=st.integers(1, 10**22),
    debt=st.integers(1, 10**13),
    usd=st.one_of(st.none(), st.integers(1, 10_000)),
    pool_usd=st.integers(1, 10_000),
    depth=st.integers(1, 10**5),
    gas_price=st.integers(0, 500 * GWEI),
    coin_price=st.one_of(st.none(), st.integers(0, 10**28)),
    balance=st.integers(0, 10**13),
    altruist=st.booleans(),
    own_funds=st.booleans(),
)
def test_nothing_that_it_does_loses_money(
    collateral, debt, usd, pool_usd, depth, gas_price, coin_price, balance, altruist, own_funds
):
    view = position(collateral, debt, usd)
    case = Case(view, [pool(pool_usd, depth)], 400_000, gas_price, coin_price, balance)
    decision = decide(case, Rules(altruist, own_funds))
    assert decision.view is view
    if isinstance(decision, Liquidate):
        quote = liquidation.quote(collateral, view.market.price, debt, view.market.params)
        assert 0 < decision.repaid <= quote.repayable
        assert decision.whole == (decision.repaid == quote.repayable)
        rest = debt - decision.repaid - decision.bad_debt
        least = view.market.params.min_debt * (100 if decision.whole else 110) // 100
        assert rest == 0 or rest >= least
        assert decision.profit > 0
        assert decision.gas_cost == case.gas_cost()
        assert decision.seized <= collateral
        if decision.exit is None:
            assert own_funds
            assert decision.repaid <= balance
            assert decision.proceeds == AtPrice(view.market.price).proceeds(decision.seized)
    elif isinstance(decision, Realise):
        assert altruist
        assert decision.repaid <= balance
        assert own_funds or decision.repaid <= max(case.gas_cost(), view.market.params.min_debt // 1_000)
        assert (decision.repaid + decision.bad_debt == debt) or not decision.whole
        assert decision.repaid * PRICE_SCALE < collateral * view.market.price + PRICE_SCALE
    elif isinstance(decision, Poke):
        assert altruist
    else:
        assert decision.reason


@given(
    usd=st.integers(1_430, 1_750),
    depth=st.integers(1, 10**4),
    collateral=st.integers(10**18, 10**21),
)
def test_no_part_gains_much_more(usd, depth, collateral):
    view = position(collateral, collateral * 1_400 * USD // ETHER, usd)
    made = decide(Case(view, [pool(usd, depth)]), KEEPER)
    if not isinstance(made, Liquidate) or made.bad_debt:
        return
    quote = liquidation.quote(view.collateral, view.market.price, view.debt, view.market.params)
    for part in range(1, 100):
        repaid = quote.repayable * part // 100
        seized = liquidation.outcome(
            view.position, view.market.price, view.market.state, quote, repaid
        ).seized
        assert made.exit.proceeds(seized) - repaid <= made.profit + 4


sizes = st.one_of(st.integers(1, 10**6), st.integers(1, 2**112 - 1), st.just(2**112 - 1))


@given(
    collateral=st.one_of(st.integers(0, 10), st.integers(0, 2**128 - 1)),
    debt=st.one_of(st.integers(1, 10), st.integers(1, 2**96 - 1)),
    quoted=st.one_of(st.none(), st.integers(1, 10), st.integers(1, 2**256 - 1)),
    into=sizes,
    out=sizes,
    supply=sizes,
    coin_price=st.integers(0, 2**256 - 1),
    rules=st.builds(Rules, st.booleans(), st.booleans()),
)
def test_absurd_numbers_of_one_market_stop_nobody(
    collateral, debt, quoted, into, out, supply, coin_price, rules
):
    view = position(collateral, debt, 1)
    view = replace(view, market=replace(view.market, price=quoted))
    pair = Reserves(into, out)
    exits = [Route((ETH.address, TUSD.address), (pair,)), Burn(ETH.address, TUSD.address, pair, supply)]
    odd = Case(view, exits, 10**9, GWEI, coin_price, balance=2**256 - 1)
    good = Case(loan(1_600), [AtPrice(price(1_600))])
    made = decide_all([odd, odd, good], rules)
    assert [one.view for one in made if isinstance(one, Liquidate)].count(good.view) == 1
