"""Whether a transaction is worth its gas, and when gas runs out is said before money is lost."""

from fractions import Fraction

import pytest

from surge.model.units import GFUEL, MicroUsd, Seconds, Wei, parse_usd
from surge.settle.gas import (
    CLOSE_GAS,
    COIN,
    NEAR_SECONDS,
    SETTLE_GAS,
    WARN_SECONDS,
    Choice,
    Due,
    Looked,
    Purse,
    Scales,
    Short,
    freed,
    near,
)

GWEI = Wei(10**9)
COINS_AT_2500 = Scales(parse_usd("2500"))
NEAR = Seconds(1_800)


def test_a_cost_is_rounded_up():
    assert COINS_AT_2500.cost(100_000, GWEI) == parse_usd("0.25")
    assert COINS_AT_2500.cost(1, Wei(1)) == 1


def test_nothing_is_weighed_without_a_price():
    assert Scales().choose(0, SETTLE_GAS, Wei(COIN), Seconds(-1), NEAR) is Choice.SEND


def test_246_dollars_of_gas_for_a_hundredth_of_a_cent():
    cost = COINS_AT_2500.cost(SETTLE_GAS, Wei(895 * GWEI))
    assert cost > parse_usd("246")
    for left in (Seconds(10_000), Seconds(100)):
        assert COINS_AT_2500.choose(136, SETTLE_GAS, Wei(895 * GWEI), left, NEAR) is Choice.WAIT
    assert COINS_AT_2500.choose(136, SETTLE_GAS, Wei(895 * GWEI), Seconds(0), NEAR) is Choice.LOST


def test_gas_may_cost_what_a_transaction_brings():
    assert COINS_AT_2500.worth(parse_usd("0.25")) == COIN // 10_000
    assert COINS_AT_2500.cost(1, COINS_AT_2500.worth(136)) <= 136
    assert Scales().worth(136) is None


@pytest.mark.parametrize(
    ("brings", "left", "choice"),
    [
        ("2.75", 10_000, Choice.SEND),  # gas takes a tenth
        ("2.74", 10_000, Choice.WAIT),
        ("0.28", 1_801, Choice.WAIT),
        ("0.28", 1_800, Choice.SEND),  # little time: whatever gains
        ("0.275", 1_800, Choice.WAIT),
        ("0.28", -5, Choice.SEND),  # late, but not yet taken
        ("0.275", 0, Choice.LOST),
    ],
)
def test_a_voucher_while_time_runs_out(brings, left, choice):
    """110,000 gas at 1 gwei and 2,500 dollars a coin are 27.5 cents."""
    assert COINS_AT_2500.choose(parse_usd(brings), SETTLE_GAS, GWEI, Seconds(left), NEAR) is choice


def test_what_has_no_deadline_waits_for_ever():
    assert COINS_AT_2500.choose(parse_usd("1"), SETTLE_GAS, GWEI, None, NEAR) is Choice.WAIT


def test_a_share_of_ones_own():
    half = Scales(parse_usd("2500"), Fraction(1, 2))
    assert half.choose(parse_usd("0.55"), SETTLE_GAS, GWEI, None, NEAR) is Choice.SEND


def test_free_slots_are_worth_an_hour_of_work():
    assert freed(2, 1_000) == 2 * 3_600 * 10 * 1_000
    assert GFUEL == 10**9


def test_little_time_is_less_where_grace_is_short():
    assert near(Seconds(7_200)) == NEAR_SECONDS
    assert near(Seconds(600)) == 300


# The purse

DEADLINE = Seconds(100_000)
DUE = (Due(1, MicroUsd(500), DEADLINE), Due(2, MicroUsd(700), Seconds(DEADLINE + 50)))
NEEDED = 2 * CLOSE_GAS * GWEI


def looked(now, coins=NEEDED - 1, due=DUE):
    return Looked(Seconds(now), GWEI, Wei(coins), due)


def test_a_warning_at_once_and_an_hour_before():
    purse = Purse()
    assert purse.handle(looked(0)) == [Short(NEEDED, NEEDED - 1, MicroUsd(1_200), DEADLINE, False)]
    assert purse.handle(looked(60)) == []
    (last,) = purse.handle(looked(DEADLINE - WARN_SECONDS))
    assert last.last
    assert purse.handle(looked(DEADLINE)) == []


def test_one_warning_where_there_is_less_than_an_hour():
    purse = Purse()
    (only,) = purse.handle(looked(DEADLINE - 60))
    assert only.last
    assert purse.handle(looked(DEADLINE - 30)) == []


def test_warned_anew_after_there_were_coins():
    purse = Purse()
    assert purse.handle(looked(0))
    assert purse.handle(looked(60, coins=NEEDED)) == []
    assert purse.handle(looked(120))
    assert purse.handle(looked(180, coins=0, due=())) == []
    assert purse.handle(looked(240))
