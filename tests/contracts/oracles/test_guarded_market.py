"""G1 in markets of Credit: a crash, a feed that falls silent, a volatile token that is lent."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boa
import pytest

from contracts.worlds.credit_pots import MAX, CreditPots, deploy_credit, percent
from contracts.worlds.guarded import E36, GRACE, MAX_AGE, PRICE, WINDOW, Config, feed_of, guard, say
from contracts.worlds.pots import now, wait
from contracts.worlds.venue import ETHER, NOBODY, USD, Venue, deploy_traded
from surge.credit import exchange as twin

TOO_OLD, UNSAFE = "OracleGuard: the answer is too old", "Credit: price is unsafe"


@dataclass
class Guarded:
    """A market that lends dollars on ether, one that lends ether on dollars; both have a second source."""

    venue: Venue
    eth_feed: Any
    usd_feed: Any
    long: CreditPots
    short: CreditPots
    blind: CreditPots
    """As `short`, without a second source."""

    def say(self, usd: int) -> None:
        """Both feeds speak: ether costs so much."""
        say(self.eth_feed, usd * 10**8)
        say(self.usd_feed, 10**8)

    def observe(self) -> None:
        for pots in (self.long, self.short):
            pots.oracle.observe()

    def trade_to(self, usd: int) -> None:
        """The pair, by whoever has tokens."""
        for sold, bought, price in (
            (self.venue.eth, self.venue.usd, ETHER * E36 // (usd * USD)),
            (self.venue.usd, self.venue.eth, usd * USD * E36 // ETHER),
        ):
            if amount := twin.amount_to_price(self.venue.reserves(sold), price):
                self.venue.sell(self.venue.actor("trader"), amount, sold, bought)


def _market(pots: CreditPots, oracle: Any, min_debt: int) -> CreditPots:
    made = pots.create(oracle=oracle.address, min_debt=min_debt)
    made.oracle = oracle
    return made


@pytest.fixture(scope="module")
def deployed() -> Iterator[Guarded]:
    with boa.env.anchor():
        venue, _provider = deploy_traded()
        eth_feed, usd_feed = feed_of(2_000 * 10**8), feed_of(10**8)
        bounds = {"min_price": PRICE // 4, "max_price": 4 * PRICE}
        long = guard(Config(venue.eth, venue.usd, eth_feed, quote_feed=usd_feed, pair=venue.pair, **bounds))
        turned = {"min_price": E36 * E36 // (40 * PRICE), "max_price": E36 * E36 * 40 // PRICE}
        back = Config(venue.usd, venue.eth, usd_feed, quote_feed=eth_feed, pair=venue.pair, **turned)
        short, blind = guard(back), guard(Config(**{**vars(back), "pair": NOBODY}))
        of_dollars = deploy_credit(loan=venue.usd, collateral=venue.eth)
        of_ether = deploy_credit(loan=venue.eth, collateral=venue.usd, lltv=percent(80))
        of_ether.credit = of_dollars.credit
        yield Guarded(
            venue, eth_feed, usd_feed,
            _market(of_dollars, long, 10 * USD),
            _market(of_ether, short, ETHER // 100),
            _market(of_ether, blind, ETHER // 100),
        )  # fmt: skip


@pytest.fixture
def world(deployed: Guarded) -> Iterator[Guarded]:
    """Lent to, observed, and a window later."""
    with boa.env.anchor():
        for market in (deployed.long, deployed.short):  # the third shares them
            market.actors.clear()
            for role in ("lender", "borrower", "keeper", "cheater"):
                market.actor(role)
        deployed.observe()
        wait(WINDOW)
        deployed.long.supply("lender", 100_000 * USD)
        for market in (deployed.short, deployed.blind):
            market.supply("lender", 400 * ETHER)
        deployed.say(2_000)
        yield deployed


def indebted(world: Guarded) -> str:
    """Ten ether, and 70% of their worth borrowed; a little below, as the pair may say a unit less."""
    world.long.add_collateral("borrower", 10 * ETHER)
    world.long.borrow("borrower", 13_990 * USD)
    return world.long.actor("borrower")


def refused_to_lend(pots: CreditPots, role: str, reason: str = UNSAFE) -> None:
    with boa.reverts(reason):
        pots.borrow(role, pots.params.min_debt)
    with boa.reverts(reason):
        pots.remove_collateral(role, 1)


@pytest.mark.parametrize("usd", [501, 500, 499, 100, 1])
def test_a_crash_below_the_bound_is_liquidated_and_its_loss_realised(world: Guarded, usd: int) -> None:
    """C6 with a real guard: the bound of 500 dollars stops new loans, and no liquidation."""
    account = indebted(world)
    before = world.long.state().supply_assets
    world.say(usd)
    assert world.long.oracle.price() == (usd * USD * E36 // ETHER, False)
    refused_to_lend(world.long, "borrower")
    seized, repaid = world.long.liquidate("keeper", "borrower", MAX)
    assert seized == 10 * ETHER
    assert repaid < 10 * usd * USD
    position = world.long.position(account)
    assert (position.collateral, position.borrow_shares) == (0, 0)
    assert before - world.long.state().supply_assets == pytest.approx(13_990 * USD - repaid, abs=2)


def test_a_silent_feed_is_liquidated_by_until_grace_ends_and_never_lent_by(world: Guarded) -> None:
    account = indebted(world)
    world.say(1_700)  # and silence from here on
    spoke = now()
    for later in (MAX_AGE, MAX_AGE + 1, MAX_AGE + GRACE):
        wait(spoke + later - now())
        refused_to_lend(world.long, "borrower")
        with boa.env.anchor():
            assert world.long.liquidate("keeper", "borrower", 1_000 * USD)[1] == 1_000 * USD
    wait(1)
    refused_to_lend(world.long, "borrower", TOO_OLD)
    with boa.reverts(TOO_OLD):
        world.long.liquidate("keeper", "borrower", 1_000 * USD)
    # What needs no price needs no feed either (C7).
    world.long.repay("borrower", shares=world.long.position(account).borrow_shares)
    world.long.remove_collateral("borrower", 10 * ETHER)


def test_in_silence_the_pair_shows_a_crash_that_the_feed_does_not(world: Guarded) -> None:
    """The feed's last word is 2,000. While that is fresh the pair liquidates nobody; in silence it does."""
    indebted(world)
    wait(MAX_AGE - 2 * WINDOW)
    world.trade_to(1_000)
    world.observe()
    wait(2 * WINDOW)
    assert world.long.oracle.price() == (PRICE, False)
    with boa.reverts("Credit: not past the LLTV"):
        world.long.liquidate("keeper", "borrower", MAX)
    wait(1)
    assert world.long.oracle.price()[0] == pytest.approx(PRICE // 2, rel=0.01)
    seized, _repaid = world.long.liquidate("keeper", "borrower", MAX)
    assert seized == 10 * ETHER  # worth 10,000 for a debt of 13,990


def emptied(world: Guarded, pots: CreditPots) -> int:
    """What somebody with a million dollars borrows at most on them; 0 when the market doesn't lend."""
    with boa.env.anchor():
        pots.add_collateral("cheater", 10**6 * USD)
        price, safe = pots.oracle.borrow_price()
        wanted = 10**6 * USD * price // E36 * 69 // 100
        if safe:
            return int(pots.borrow("cheater", wanted)[0])
        with boa.reverts(UNSAFE):
            pots.borrow("cheater", wanted)
        return 0


@pytest.mark.parametrize("minutes", [2, 5, 10, 30])
def test_a_stale_low_price_of_what_is_lent_empties_no_market(world: Guarded, minutes: int) -> None:
    """October 2025: ether costs 4,000 by now and its feed says 2,000, fresh enough. Without a second source a
    million dollars borrow ether worth 1.38 million; with one they borrow nothing, from a few per cent of the
    average on, and never by more than the lower of the two."""
    assert emptied(world, world.short) == pytest.approx(345 * ETHER, rel=0.01)
    world.trade_to(4_000)
    wait(60 * minutes)
    assert world.blind.oracle.price() == world.blind.oracle.borrow_price()
    assert emptied(world, world.blind) == pytest.approx(345 * ETHER, rel=0.01)  # 1.38 million dollars
    assert emptied(world, world.short) == 0
    price, safe = world.short.oracle.borrow_price()
    assert not safe
    assert price < world.short.oracle.price()[0]


def test_a_short_is_liquidated_by_the_pair_when_the_loans_feed_is_silent(world: Guarded) -> None:
    """The other side of it: who owes ether that doubled is past the LLTV, whatever its feed said last."""
    world.short.add_collateral("shorter", 10_000 * USD)
    world.short.borrow("shorter", 34 * ETHER // 10)
    wait(MAX_AGE - 2 * WINDOW)
    world.trade_to(2_600)
    world.observe()
    wait(2 * WINDOW)
    with boa.reverts("Credit: not past the LLTV"):
        world.short.liquidate("keeper", "shorter", MAX)
    wait(1)
    world.short.liquidate("keeper", "shorter", MAX)
