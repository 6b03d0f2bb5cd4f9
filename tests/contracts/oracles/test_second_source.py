"""G1, G2: the second source of a guarded price, averages of a pair. While feeds speak it makes unsafe, and
never stops or changes what is liquidated by; when one is silent, it can lower that."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import boa
import pytest

from contracts.worlds.actors import told
from contracts.worlds.guarded import E36, GRACE, LONGEST, PRICE, WAD, WINDOW, Config, feed_of, guard, say
from contracts.worlds.pots import deploy_mock, now, wait
from contracts.worlds.venue import ETHER, USD, Venue, deploy_traded


@pytest.fixture(scope="module")
def traded() -> Iterator[tuple[Venue, Config]]:
    """The same with a pair at the same price as second source."""
    with boa.env.anchor():
        venue, _provider = deploy_traded()
        feed = feed_of(2_000 * 10**8)
        yield venue, Config(venue.eth, venue.usd, feed, base_max_age=10**9, pair=venue.pair)


@pytest.fixture
def watched(traded: tuple[Venue, Config]) -> Iterator[tuple[Venue, Any]]:
    """A guard that has one observation of the pair, a window ago."""
    venue, config = traded
    with boa.env.anchor():
        oracle = guard(config)
        assert oracle.observe()
        wait(WINDOW)
        yield venue, oracle


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"window": 0}, "OracleGuard: the window is empty"),
        ({"longest": 2 * WINDOW - 1}, "OracleGuard: the longest average must be two windows or more"),
        ({"max_deviation": 0}, "OracleGuard: the deviation must be below 100%"),
        ({"max_deviation": WAD}, "OracleGuard: the deviation must be below 100%"),
    ],
)
def test_second_sources_that_mean_nothing(
    traded: tuple[Venue, Config], changes: dict[str, Any], reason: str
) -> None:
    with boa.env.anchor(), boa.reverts(reason):
        guard(replace(traded[1], **changes))


def test_the_pair_must_be_of_the_two_tokens(traded: tuple[Venue, Config]) -> None:
    with boa.env.anchor():
        other = deploy_mock("StubPair", traded[0].eth, deploy_mock("PlainToken", 6))
        with boa.reverts("OracleGuard: the pair is of other tokens"):
            guard(replace(traded[1], pair=other))


def test_without_an_observation_the_price_is_there_but_not_safe(traded: tuple[Venue, Config]) -> None:
    with boa.env.anchor():
        oracle = guard(traded[1])
        assert oracle.price() == (PRICE, False)
        assert oracle.observe()
        assert told(oracle, "Observed")[0] == now()
        wait(WINDOW - 1)
        assert oracle.price() == (PRICE, False)
        wait(1)
        assert oracle.price() == (PRICE, True)


def test_an_observation_is_not_replaced_before_its_window_is_over(watched: tuple[Venue, Any]) -> None:
    """Whoever observes all the time can neither shorten the average nor starve it."""
    _venue, oracle = watched
    assert oracle.observe()
    first = oracle.older().time
    for _ in range(7):
        wait(WINDOW // 7)
        observed = oracle.observe(sender=boa.env.generate_address("cheater"))
        assert not observed
        assert oracle.price() == (PRICE, True)
    wait(WINDOW)
    assert oracle.observe()
    assert oracle.older().time == first + WINDOW


def test_an_average_that_is_too_long_is_not_safe(watched: tuple[Venue, Any]) -> None:
    _venue, oracle = watched
    wait(LONGEST - WINDOW)
    assert oracle.price() == (PRICE, True)
    wait(1)
    assert oracle.price() == (PRICE, False)
    assert oracle.second_price() == (0, False)
    oracle.observe()
    wait(WINDOW)
    assert oracle.price() == (PRICE, True)


def test_the_second_source_is_the_pairs_average_until_now(watched: tuple[Venue, Any]) -> None:
    venue, oracle = watched
    trader = venue.actor("trader")
    started = now() - WINDOW
    # Ten minutes at 2,000, then five at what a sale left.
    venue.sell(trader, 10 * ETHER)
    wait(300)
    pair = venue.reserves()
    spot = Fraction(pair.out, pair.into) * E36
    expected = (PRICE * WINDOW + spot * 300) / (now() - started)
    second, there = oracle.second_price()
    assert there
    assert abs(second - expected) < expected / 10**12


def test_a_trade_in_the_block_of_the_question_moves_nothing(watched: tuple[Venue, Any]) -> None:
    venue, oracle = watched
    trader = venue.actor("cheater")
    before = oracle.second_price()
    venue.sell(trader, 1_000 * ETHER)
    assert oracle.second_price() == before
    assert oracle.price() == (PRICE, True)


def test_a_deviation_makes_unsafe_and_changes_nothing_else(watched: tuple[Venue, Any]) -> None:
    """Whoever moves the pair stops borrowing; liquidation goes on at the primary price."""
    venue, oracle = watched
    feed_price = oracle.price()[0]
    venue.sell(venue.actor("cheater"), 1_000 * ETHER)
    wait(WINDOW)
    assert oracle.second_price()[0] < feed_price * 3 // 4
    assert oracle.price() == (feed_price, False)


def test_the_deviation_is_exact_on_both_sides(traded: tuple[Venue, Config]) -> None:
    venue, config = traded
    with boa.env.anchor():
        pair = deploy_mock("StubPair", venue.eth, venue.usd)
        oracle = guard(replace(config, pair=pair))
        pair.say(1, 1, now(), 0, 0)
        oracle.observe()
        wait(WINDOW)
        for part, safe in ((949, False), (951, True), (1_049, True), (1_051, False)):
            average = PRICE * part // 1_000 * 2**112 // E36
            pair.say(1, 1, now(), average * WINDOW, 0)
            assert oracle.price() == (PRICE, safe), part
            lower, lent = oracle.borrow_price()
            assert (lower == min(PRICE, oracle.second_price()[0]), lent) == (True, safe)


Average = Callable[[int], None]


def silenced(traded: tuple[Venue, Config], **changes: Any) -> tuple[Config, Any, Average]:
    """A guard whose pair's average a test sets, in thousandths of the price; its feed speaks no more."""
    venue, config = traded
    pair = deploy_mock("StubPair", venue.eth, venue.usd)
    config = replace(config, pair=pair, base_max_age=WINDOW, **changes)
    say(config.base_feed)
    oracle = guard(config)
    pair.say(1, 1, now(), 0, 0)
    oracle.observe()
    wait(WINDOW)

    def average(part: int) -> None:
        start = oracle.newer() if now() - oracle.newer().time >= WINDOW else oracle.older()
        growth = PRICE * part // 1_000 * 2**112 // E36 * (now() - start.time)
        pair.say(1, 1, now() % 2**32, start.cumulative + growth, 0)

    return config, oracle, average


def test_a_silent_feed_counts_no_more_than_the_pair(traded: tuple[Venue, Config]) -> None:
    """Its last answer may be far above the market: the lower one counts, for GRACE, and nothing is lent."""
    with boa.env.anchor():
        _config, oracle, average = silenced(traded)
        average(500)
        assert oracle.price() == (PRICE, False)  # the last second of its age: the pair changes nothing
        wait(1)
        for part in (1_050, 1_001):
            average(part)
            assert oracle.price() == oracle.borrow_price() == (PRICE, False), part
        for part in (999, 500, 1):
            average(part)
            second, there = oracle.second_price()
            assert there
            assert abs(second - PRICE * part // 1_000) <= 10**3 < PRICE - second
            assert oracle.price() == oracle.borrow_price() == (second, False), part
        wait(GRACE - 1 - LONGEST)
        oracle.observe()
        wait(LONGEST)
        average(500)
        assert oracle.second_price()[1]
        assert oracle.price() == (oracle.second_price()[0], False)
        wait(1)
        for ask in (oracle.price, oracle.borrow_price):
            with boa.reverts("OracleGuard: the answer is too old"):
                ask()


def test_the_pair_lowers_a_silent_feeds_price_to_the_bound_at_most(traded: tuple[Venue, Config]) -> None:
    """Whoever holds the pair down while the feed is silent seizes nothing for nothing; and if the feed itself
    was below the bound when it fell silent, its answer stays."""
    with boa.env.anchor():
        config, oracle, average = silenced(traded, min_price=PRICE // 4)
        wait(1)
        for part in (0, 1, 249):
            average(part)
            assert oracle.price() == oracle.borrow_price() == (PRICE // 4, False), part
        average(251)
        assert PRICE // 4 < oracle.price()[0] < PRICE // 3
        say(config.base_feed, 100 * 10**8, updated_at=now() - WINDOW - 1)
        assert oracle.price() == (PRICE // 20, False)


def test_a_silent_feed_without_an_average_keeps_its_last_answer(traded: tuple[Venue, Config]) -> None:
    """No observation of the right age, no answer of the pair: liquidation goes on by what there is."""
    with boa.env.anchor():
        config, oracle, average = silenced(traded)
        wait(1)
        average(500)
        config.pair.refuse(True)
        assert oracle.price() == oracle.borrow_price() == (PRICE, False)
        config.pair.refuse(False)
        assert oracle.price()[0] < PRICE
        wait(LONGEST)
        assert oracle.price() == oracle.borrow_price() == (PRICE, False)


def test_it_is_lent_by_the_lower_source(watched: tuple[Venue, Any]) -> None:
    """Within the deviation too: what the pair says more doesn't raise it, what it says less lowers it."""
    venue, oracle = watched
    trader = venue.actor("trader")
    venue.sell(trader, ETHER)
    wait(WINDOW)
    second = oracle.second_price()[0]
    assert PRICE * 95 // 100 < second < PRICE
    assert oracle.price() == (PRICE, True)
    assert oracle.borrow_price() == (second, True)
    venue.sell(trader, 4_000 * USD, venue.usd, venue.eth)
    wait(3 * WINDOW)
    assert oracle.second_price()[0] > PRICE
    assert oracle.borrow_price() == oracle.price() == (PRICE, True)


def test_an_average_does_not_make_a_price_beyond_the_bounds_safe(traded: tuple[Venue, Config]) -> None:
    venue, config = traded
    with boa.env.anchor():
        pair = deploy_mock("StubPair", venue.eth, venue.usd)
        oracle = guard(replace(config, pair=pair, min_price=PRICE, max_price=PRICE + 1))
        pair.say(1, 1, now(), 0, 0)
        oracle.observe()
        wait(WINDOW)
        pair.say(1, 1, now() % 2**32, PRICE * 2**112 // E36 * WINDOW, 0)
        assert oracle.price() == (PRICE, True)
        for answer in (1_999 * 10**8, 2_001 * 10**8):
            say(config.base_feed, answer)
            price, safe = oracle.price()
            assert (price == answer * PRICE // (2_000 * 10**8), safe) == (True, False)
            assert oracle.borrow_price() == (min(price, oracle.second_price()[0]), False)


@pytest.mark.parametrize(("second", "safe"), [(19, True), (21, True), (18, False), (22, False)])
def test_the_greatest_deviation_is_still_safe(second: int, safe: bool) -> None:
    """Prices that are whole numbers, so that 5% of them is 5% to the unit."""
    with boa.env.anchor():
        tokens = deploy_mock("PlainToken", 18), deploy_mock("PlainToken", 18)
        pair = deploy_mock("StubPair", *tokens)
        oracle = guard(Config(*tokens, feed_of(20, 0), pair=pair))
        pair.say(1, 1, now() % 2**32, 0, 0)
        oracle.observe()
        wait(WINDOW)
        pair.say(1, 1, now() % 2**32, second * 2**112 * WINDOW, 0)
        assert oracle.second_price() == (second * E36, True)
        assert oracle.price() == (20 * E36, safe)
        assert oracle.borrow_price() == (min(20, second) * E36, safe)


def test_accumulators_that_wrap(traded: tuple[Venue, Config]) -> None:
    """Both the accumulator and the pair's 32-bit clock pass their end between observation and question."""
    venue, config = traded
    with boa.env.anchor():
        wait(2**32 - now() % 2**32 - 100)
        say(config.base_feed)
        pair = deploy_mock("StubPair", venue.eth, venue.usd)
        oracle = guard(replace(config, pair=pair))
        reserves = (100 * ETHER, 200_000 * USD)
        average = (reserves[1] << 112) // reserves[0]
        start = 2**256 - average * 50
        pair.say(*reserves, now() % 2**32, start, 0)
        oracle.observe()
        # The pair is not written again: what it says is of before the wrap.
        wait(WINDOW)
        assert now() % 2**32 == 500
        second, there = oracle.second_price()
        assert there
        assert abs(second - PRICE) < PRICE // 10**12
        assert oracle.price() == (PRICE, True)
        # And when it is.
        pair.say(*reserves, now() % 2**32, (start + average * WINDOW) % 2**256, 0)
        assert oracle.second_price() == (second, True)


def test_a_pair_that_stops_answering_stops_nothing(traded: tuple[Venue, Config]) -> None:
    venue, config = traded
    with boa.env.anchor():
        pair = deploy_mock("StubPair", venue.eth, venue.usd)
        oracle = guard(replace(config, pair=pair))
        for empty in ((0, 0), (0, 5)):
            pair.say(*empty, now(), 0, 0)
            with boa.reverts("OracleGuard: the pair doesn't answer"):
                oracle.observe()
        pair.say(10**18, 2_000 * 10**6, now(), 0, 0)
        oracle.observe()
        wait(WINDOW)
        assert oracle.price() == (PRICE, True)
        pair.refuse(True)
        assert oracle.price() == (PRICE, False)
        assert oracle.second_price() == (0, False)
        with boa.reverts("OracleGuard: the pair doesn't answer"):
            oracle.observe()
        pair.refuse(False)
        pair.say(0, 0, now(), 0, 0)
        assert oracle.price() == (PRICE, False)
        # An average beyond every bound.
        pair.say(1, 1, now(), 2**255, 0)
        assert oracle.price() == (PRICE, False)
        boa.env.set_code(pair.address, b"")
        assert oracle.price() == (PRICE, False)
