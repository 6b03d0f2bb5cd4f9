"""The estimate of bad debt that is coming."""

from dataclasses import replace

from small_credit import ETHER, USD, market, position
from surge.credit.coming import Coming, coming


def test_only_what_the_collateral_does_not_pay_is_lost_and_the_reserve_bears_it_first():
    of = market(borrowed=2_000 * USD, usd=1_000)
    healthy, late, hopeless = (position(of, collateral=ETHER, debt=debt * USD) for debt in (500, 850, 1_400))
    assert coming(of, [healthy]) == Coming(0, 0, 0, 0)
    found = coming(of, [healthy, late])
    assert (found.positions, found.debt, found.loss) == (1, 850 * USD, 0)
    found = coming(of, [late, hopeless])
    assert (found.positions, found.debt) == (2, 2_250 * USD)
    assert 1_400 * USD - 1_000 * USD < found.loss == found.borne < 1_400 * USD
    reserved = replace(of, state=replace(of.state, reserve=found.loss - 7))
    assert coming(reserved, [hopeless]).borne == 7
    assert coming(replace(of, state=replace(of.state, reserve=10**12)), [hopeless]).borne == 0


def test_without_a_price_nothing_is_foreseen():
    of = market(borrowed=2_000 * USD, usd=None)
    assert coming(of, [position(of, debt=USD)]) is None


def test_a_lender_bears_its_part_up():
    assert Coming(1, 9, 9, 9).part(1, 2) == 5
    assert Coming(1, 9, 9, 9).part(1, 0) == 0
