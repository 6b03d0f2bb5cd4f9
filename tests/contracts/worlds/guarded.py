"""Guarded oracles on the real bytecode, their feeds and their configuration."""

from dataclasses import dataclass
from typing import Any

from contracts.worlds.pots import deploy, deploy_mock, now
from contracts.worlds.venue import ETHER, NOBODY, USD

E36 = 10**36
WAD = 10**18
MAX_AGE = 3_600
GRACE = 6 * 3_600
WINDOW, LONGEST = 600, 3_600
FIVE_PERCENT = WAD // 20
PRICE = 2_000 * USD * E36 // ETHER
"""Of an ether in millionths of a dollar."""


@dataclass(frozen=True)
class Config:
    """The constructor's struct, in its order."""

    collateral_token: Any
    loan_token: Any
    base_feed: Any
    base_max_age: int = MAX_AGE
    quote_feed: Any = NOBODY
    quote_max_age: int = MAX_AGE
    min_price: int = 1
    max_price: int = 10**55
    rate_provider: Any = NOBODY
    max_growth: int = 0
    pair: Any = NOBODY
    window: int = WINDOW
    longest: int = LONGEST
    max_deviation: int = FIVE_PERCENT


def guard(config: Config) -> Any:
    return deploy("OracleGuard", tuple(vars(config).values()))


def feed_of(answer: int, decimals: int = 8) -> Any:
    return deploy_mock("RoundFeed", decimals, answer)


def say(
    feed: Any, answer: int = 2_000 * 10**8, *, updated_at: int | None = None, answered_in: int = 7
) -> None:
    updated_at = now() if updated_at is None else updated_at
    feed.say((7, answer, now(), updated_at, answered_in))
