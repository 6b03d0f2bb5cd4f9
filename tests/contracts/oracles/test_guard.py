"""The guarded price: feeds that are wrong, old or unfinished; decimals; bounds; rates of vaults."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import boa
import pytest

from contracts.worlds.guarded import E36, GRACE, MAX_AGE, PRICE, WAD, Config, feed_of, guard, say
from contracts.worlds.pots import deploy_mock, now, wait
from contracts.worlds.venue import ETHER, NOBODY, USD


@pytest.fixture
def ether() -> Iterator[Config]:
    """Ether against dollars, one feed, nothing else."""
    with boa.env.anchor():
        tokens = deploy_mock("PlainToken", 18), deploy_mock("PlainToken", 6)
        yield Config(*tokens, feed_of(2_000 * 10**8))


def test_the_price_in_smallest_units(ether: Config) -> None:
    oracle = guard(ether)
    assert oracle.price() == (PRICE, True)
    assert ETHER * PRICE // E36 == 2_000 * USD
    assert oracle.second_price() == (0, False)
    assert oracle.rate() == 0


@pytest.mark.parametrize("feeds", [(0, 18), (8, 8), (18, 8), (18, None), (0, 0)])
def test_any_decimals(feeds: tuple[int, int | None]) -> None:
    """3 of the collateral's coin buy 7 of the loan's; exact, but for one rounding of the feeds' ratio."""
    base, quote = feeds
    for collateral, loan in ((0, 0), (0, 18), (18, 0), (8, 6), (18, 6), (6, 18), (18, 18), (24, 6), (6, 24)):
        with boa.env.anchor():
            config = Config(
                deploy_mock("PlainToken", collateral),
                deploy_mock("PlainToken", loan),
                feed_of(7 * 10**base, base),
            )
            exact = Fraction(7 * 10**loan, 10**collateral)
            if quote is not None:
                config = replace(config, quote_feed=feed_of(3 * 10**quote, quote))
                exact /= 3
            price, safe = guard(config).price()
            assert safe
            assert price <= exact * E36 < (price + 1) * (1 + Fraction(1, 10**17))


@pytest.mark.parametrize("answer", [0, -1, -(2**255)])
def test_an_answer_that_is_not_positive_is_no_price(ether: Config, answer: int) -> None:
    oracle = guard(ether)
    say(ether.base_feed, answer)
    with boa.reverts("OracleGuard: the answer is not positive"):
        oracle.price()


def test_an_unfinished_round_is_no_price(ether: Config) -> None:
    oracle = guard(ether)
    for wrong in ({"updated_at": 0}, {"answered_in": 6}):
        say(ether.base_feed, **wrong)
        with boa.reverts("OracleGuard: the round is unfinished"):
            oracle.price()
    say(ether.base_feed, answered_in=8)
    assert oracle.price()[1]


def test_an_answer_of_another_time_is_no_price(ether: Config) -> None:
    oracle = guard(ether)
    say(ether.base_feed, updated_at=now() + 1)
    with boa.reverts("OracleGuard: the answer lies ahead"):
        oracle.price()


def test_a_silent_feed_is_liquidated_by_for_a_while(ether: Config) -> None:
    """Safe to the last second of its age, there to the last second of GRACE, and then nobody's."""
    oracle = guard(ether)
    assert oracle.GRACE() == GRACE
    wait(MAX_AGE)
    assert oracle.price() == oracle.borrow_price() == (PRICE, True)
    wait(1)
    assert oracle.price() == oracle.borrow_price() == (PRICE, False)
    wait(GRACE - 1)
    assert oracle.price() == oracle.borrow_price() == (PRICE, False)
    wait(1)
    for ask in (oracle.price, oracle.borrow_price):
        with boa.reverts("OracleGuard: the answer is too old"):
            ask()
    say(ether.base_feed)
    assert oracle.price() == (PRICE, True)


def test_the_quote_feed_is_held_to_the_same(ether: Config) -> None:
    quote = feed_of(10**8)
    oracle = guard(replace(ether, quote_feed=quote, quote_max_age=10))
    say(quote, 2 * 10**8)
    assert oracle.price() == (PRICE // 2, True)
    wait(10)
    assert oracle.price() == (PRICE // 2, True)
    wait(1)
    assert oracle.price() == (PRICE // 2, False)
    wait(GRACE - 1)
    say(ether.base_feed)
    assert oracle.price() == (PRICE // 2, False)
    wait(1)
    with boa.reverts("OracleGuard: the answer is too old"):
        oracle.price()
    say(quote, 0)
    with boa.reverts("OracleGuard: the answer is not positive"):
        oracle.price()


def test_an_age_without_end_is_never_silent(ether: Config) -> None:
    oracle = guard(replace(ether, base_max_age=2**256 - 1))
    wait(10**9)
    assert oracle.price() == (PRICE, True)


def test_a_price_beyond_its_bounds_is_there_and_not_safe(ether: Config) -> None:
    """Both bounds are inclusive. A crash that nobody expected must not stop liquidation."""
    oracle = guard(replace(ether, min_price=PRICE // 2, max_price=2 * PRICE))
    for answer, safe in (
        (1_000 * 10**8, True), (4_000 * 10**8, True), (1_000 * 10**8 - 1, False), (4_000 * 10**8 + 1, False),
        (1, False), (10**30, False),
    ):  # fmt: skip
        say(ether.base_feed, answer)
        price = answer * USD * E36 // (ETHER * 10**8)
        assert oracle.price() == oracle.borrow_price() == (price, safe)


def test_numbers_that_are_no_price_are_none(ether: Config) -> None:
    """Nothing is 0, and nothing wraps."""
    oracle = guard(ether)
    for answer in (10**40 + 1, 2**255 - 1):
        say(ether.base_feed, answer)
        with boa.reverts("OracleGuard: the price is beyond numbers"):
            oracle.price()
    with boa.env.anchor():
        tokens = deploy_mock("PlainToken", 0), deploy_mock("PlainToken", 18)
        feed, quote = feed_of(1, 0), feed_of(10**18, 18)
        oracle = guard(Config(*tokens, feed, quote_feed=quote))
        assert oracle.price() == (10**54, True)
        for answer, price in ((10, 10**55), (11, None), (10**40, None)):
            say(feed, answer)
            if price:
                assert oracle.price() == (price, True)
            else:
                with boa.reverts("OracleGuard: the price is beyond numbers"):
                    oracle.price()
    with boa.env.anchor():
        tokens = deploy_mock("PlainToken", 18), deploy_mock("PlainToken", 0)
        feed, quote = feed_of(10**18, 18), feed_of(1, 0)
        oracle = guard(Config(*tokens, feed, quote_feed=quote))
        assert oracle.price() == (10**18, True)
        say(feed, 1)
        assert oracle.price() == (1, True)
        say(quote, 2)
        with boa.reverts("OracleGuard: the price is beyond numbers"):
            oracle.price()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"min_price": 0}, "OracleGuard: the bounds need 0 < min < max <= 1e55"),
        ({"min_price": PRICE, "max_price": PRICE}, "OracleGuard: the bounds need 0 < min < max <= 1e55"),
        ({"max_price": 10**55 + 1}, "OracleGuard: the bounds need 0 < min < max <= 1e55"),
        ({"max_price": PRICE - 1}, "OracleGuard: the price is out of bounds"),
        ({"min_price": PRICE + 1}, "OracleGuard: the price is out of bounds"),
        ({"base_feed": NOBODY}, "OracleGuard: the base feed has no code"),
    ],
)
def test_what_can_not_be_deployed(ether: Config, changes: dict[str, Any], reason: str) -> None:
    with boa.reverts(reason):
        guard(replace(ether, **changes))


@pytest.mark.parametrize("changes", [{"min_price": PRICE}, {"max_price": PRICE}])
def test_a_first_price_on_a_bound_is_within(ether: Config, changes: dict[str, Any]) -> None:
    assert guard(replace(ether, **changes)).price() == (PRICE, True)


def test_no_guard_is_deployed_on_a_feed_that_is_wrong_already(ether: Config) -> None:
    say(ether.base_feed, 0)
    with boa.reverts("OracleGuard: the answer is not positive"):
        guard(ether)
    say(ether.base_feed)
    wait(MAX_AGE + 1)
    with boa.reverts("OracleGuard: the answer is too old"):
        guard(ether)
    say(ether.base_feed)
    with boa.reverts("OracleGuard: more than 36 decimals"):
        guard(replace(ether, collateral_token=deploy_mock("PlainToken", 37)))


def test_without_a_pair_there_is_nothing_to_observe(ether: Config) -> None:
    with boa.reverts("OracleGuard: there is no second source"):
        guard(ether).observe()


@pytest.fixture
def vault(ether: Config) -> tuple[Any, Config]:
    """Shares of 18 decimals in a vault of ether, 1.1 ether each; its rate may grow 10% in 1,000 seconds."""
    shares = deploy_mock("RateVault", ether.collateral_token, 18, E36 * 11 // 10)
    return shares, replace(
        ether, collateral_token=shares, rate_provider=shares, max_growth=WAD // 10_000, base_max_age=10**9
    )


def test_a_vaults_share_is_worth_its_assets(vault: tuple[Any, Config]) -> None:
    shares, config = vault
    oracle = guard(config)
    assert oracle.price() == (PRICE * 11 // 10, True)
    assert oracle.rate() == oracle.START_RATE() == WAD * 11 // 10
    shares.set_rate(E36)
    assert oracle.price() == (PRICE, True)


def test_a_donation_to_the_vault_counts_as_fast_as_it_may_grow(vault: tuple[Any, Config]) -> None:
    shares, config = vault
    oracle = guard(config)
    shares.set_rate(1_000 * E36)
    assert oracle.price()[0] == PRICE * 11 // 10
    wait(1_000)
    assert oracle.price()[0] == PRICE * 121 // 100
    shares.set_rate(E36 * 115 // 100)
    assert oracle.price()[0] == PRICE * 115 // 100
    shares.set_rate(2**190)
    assert oracle.price()[0] == PRICE * 121 // 100


def test_an_empty_vault_is_no_collateral(vault: tuple[Any, Config]) -> None:
    """A rate of zero must not become a price, neither at deployment nor later."""
    shares, config = vault
    oracle = guard(config)
    shares.set_rate(0)
    with boa.reverts("OracleGuard: the rate is zero"):
        oracle.price()
    with boa.reverts("OracleGuard: the rate has no start"):
        guard(config)
    shares.set_rate((10**40 + 1) * WAD)
    with boa.reverts("OracleGuard: the rate has no start"):
        guard(config)
    shares.set_rate(E36)
    with boa.reverts("OracleGuard: a rate can't grow above 100% a second"):
        guard(replace(config, max_growth=WAD + 1))


@pytest.mark.parametrize(("asset", "shares"), [(6, 18), (18, 6), (8, 8), (6, 0), (6, 24)])
def test_vaults_of_other_decimals(ether: Config, asset: int, shares: int) -> None:
    """A whole share is worth 1.25 of an asset of 2,000 dollars."""
    token = deploy_mock("PlainToken", asset)
    rate = Fraction(125, 100) * Fraction(10**asset, 10**shares) * E36
    vault = deploy_mock("RateVault", token, shares, rate.numerator // rate.denominator)
    oracle = guard(replace(ether, collateral_token=vault, rate_provider=vault))
    exact = Fraction(2_500 * USD, 10**shares) * E36
    assert abs(oracle.price()[0] - exact) <= exact / 10**9


def test_a_price_times_a_rate_that_would_overflow_is_none(ether: Config) -> None:
    token = deploy_mock("PlainToken", 0)
    vault = deploy_mock("RateVault", token, 18, 10**48)
    config = replace(ether, collateral_token=vault, rate_provider=vault, base_feed=feed_of(1, 0))
    oracle = guard(config)
    say(config.base_feed, 10**10)
    with boa.reverts("OracleGuard: the price is beyond numbers"):
        oracle.price()
