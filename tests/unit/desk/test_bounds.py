"""Every least, most and deadline that an operation promises is in the call that it sends, to the unit."""

import pytest

from small_credit import ETHER, NOW, USD, position, price
from surge.chain.calls.exchange import SWAP_SECONDS
from surge.credit.exchange import amounts_in, amounts_out
from surge.desk.desk import Desk
from surge.model.units import WAD
from unit.desk.offline import BOOK, KEY, RESERVES, SHARES, SUPPLY, Offline

VIEW = position(debt=500 * USD)
BUYING = RESERVES.reversed
DEADLINE = NOW + SWAP_SECONDS
SOLD = amounts_in(100 * USD, [RESERVES])[0]
COST = amounts_in(ETHER, [BUYING])[0]
OUT = 10 * ETHER, 20_000 * USD
"""A hundredth of the pool."""


@pytest.fixture
def desk():
    with Desk(BOOK, key=KEY) as desk:
        desk._chain = desk._directory._chain = Offline(VIEW, (price(2_000), True))
        yield desk


def flat(given):
    """With the parts of `bounds` beside the others."""
    deadline, max_rate, min_health = given.get("bounds", (given.get("deadline"), 0, 0))
    return {**given, "deadline": deadline, "max_rate": max_rate, "min_health": min_health}


def less(amount, part=99):
    return amount * part // 100


@pytest.mark.parametrize(
    ("contract", "name", "plan", "words"),
    [
        ("Router", "swapExactTokensForTokens", lambda desk: desk.exchange.swap.preview("1", "ETH", "TUSD"),
         {"amount_in": ETHER, "least_out": less(amounts_out(ETHER, [RESERVES])[-1])}),
        ("Router", "swapExactTokensForTokens",
         lambda desk: desk.exchange.swap.preview("1", "ETH", "TUSD", max_slippage="3%"),
         {"least_out": less(amounts_out(ETHER, [RESERVES])[-1], 97)}),
        ("Router", "addLiquidity", lambda desk: desk.exchange.add.preview("ETH/TUSD", "3"),
         {"amount_a_desired": 3 * ETHER, "amount_b_desired": 6_000 * USD,
          "amount_a_min": less(3 * ETHER), "amount_b_min": less(6_000 * USD)}),
        ("Router", "removeLiquidity",
         lambda desk: desk.exchange.remove.preview("ETH/TUSD", SUPPLY // 100, max_slippage="2%"),
         {"liquidity": SUPPLY // 100, "amount_a_min": less(OUT[0], 98), "amount_b_min": less(OUT[1], 98)}),
        ("Leverage", "adjust",
         lambda desk: desk.leverage.repay.preview("ETH/TUSD", "100", max_slippage="2%", min_health="3"),
         {"change": -SOLD, "limit": less(amounts_out(SOLD, [RESERVES])[-1], 98), "min_health": 3 * WAD}),
        ("Leverage", "open", lambda desk: desk.leverage.open.preview("ETH/TUSD", "1", "2", min_health="3"),
         {"max_borrowed": -(-COST * 101 // 100), "min_health": 3 * WAD}),
        ("Leverage", "adjust",
         lambda desk: desk.leverage.adjust.preview("ETH/TUSD", "1.5", min_health="4"),
         {"min_health": 4 * WAD}),
        ("Leverage", "close", lambda desk: desk.leverage.close.preview("ETH/TUSD", to="loan"), {}),
    ],
)  # fmt: skip
def test_what_is_promised_is_sent(desk, contract, name, plan, words):
    plan(desk)
    sent, given = desk.chain.sent(contract)
    given = flat(given)
    assert sent == name
    assert given["deadline"] == DEADLINE
    assert {word: given[word] for word in words} == words


def test_without_a_named_health_the_slippage_bounds_it(desk):
    """What the sale may bring less leaves so much more debt; and the price may fall by as much."""
    after = desk.leverage.repay.preview("ETH/TUSD", "100", max_slippage="2%").after
    least = flat(desk.chain.sent("Leverage")[1])["min_health"]
    assert after.health * (400 / 402) * 0.98 == pytest.approx(least, rel=1e-3)


def test_a_closed_position_hands_out_what_was_promised(desk):
    out = amounts_out(ETHER // 2, [RESERVES])[-1] - 500 * USD
    desk.leverage.close.preview("ETH/TUSD", to="loan", max_slippage="2%")
    least = desk.chain.sent("Leverage")[1]["min_out"]
    assert least == pytest.approx(out - 1_000 * USD * 0.02, rel=1e-3)


def test_no_more_than_the_account_has_is_given_back(desk):
    assert desk.exchange.remove.preview("ETH/TUSD", "max").after.shares == 0
    assert desk.chain.sent("Router")[1]["liquidity"] == SHARES
