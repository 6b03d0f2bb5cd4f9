# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title OracleGuard
@license AGPL-3.0-only
@notice The price of a market's collateral, and whether it is safe to lend on.

        price() -> (price, safe)           to liquidate by
        borrow_price() -> (price, safe)    to lend by: the lower of both sources
        price: value of one smallest unit of collateral in smallest loan units, by 1e36

        * The price comes from Chainlink feeds (AggregatorV3). It reverts when an answer is not positive, not of a
          finished round, ahead of the chain's time, or older than its greatest age and GRACE together.
        * The second source is the time-weighted price of a pair. While the feeds speak it can make a price unsafe,
          never stop or change what is liquidated by: whoever can move the pair can stop borrowing, not liquidation.
        * A price is unsafe, and still there to liquidate by: beyond the fixed bounds, as in a crash that nobody
          expected; when the second source has no observation of the right age, or deviates too much; and when a feed
          is silent. Without a pair, a fresh price within the bounds counts as safe.
        * A feed is silent from its greatest age on, for GRACE seconds. Its last answer may be far above what the
          collateral is worth by then (or, of the loan token, far below), so the lower of that price and the second
          source's counts. In that time, then, whoever can hold the pair down for a whole average lowers the price
          that others are liquidated by, to `min_price` at the lowest, and never raises it: nobody can stop
          liquidation then either. Choose the window, the bounds and the pair's depth for that. After it, nothing can
          be liquidated until the feed speaks: a price that old is nobody's.
        * The price of an exchange-rate asset (a vault's shares) is its underlying asset's, times the vault's rate; what
          the rate has grown since deployment counts up to a fixed speed, so a donation can't lift it at once.
          A fall counts at once, and the vault may be asked in the middle of anybody's transaction: take only vaults
          whose rate no call can lower for a moment, such as one that refuses to answer while it works. A vault that
          lends its assets in flash loans and counts its balance is none.
@dev Everything is fixed at deployment. `observe` keeps two observations of the pair, at least `window` apart; the
     youngest that is at least `window` old is the start of the average, which ends now.
     Accumulators wrap: they are subtracted modulo 2²⁵⁶, times modulo 2³².
"""

from ethereum.ercs import IERC20Detailed

interface Feed:
    def decimals() -> uint8: view
    def latestRoundData() -> (uint80, int256, uint256, uint256, uint80): view

interface RateProvider:
    def asset() -> address: view
    def convertToAssets(shares: uint256) -> uint256: view

interface V2Pair:
    def token0() -> address: view
    def token1() -> address: view

event Observed:
    time: uint256
    cumulative: uint256

struct Config:
    collateral_token: address
    loan_token: address
    base_feed: address         # collateral in USD; with a rate provider: its underlying asset in USD
    base_max_age: uint256      # seconds
    quote_feed: address        # loan token in USD; zero: it is worth 1
    quote_max_age: uint256     # seconds
    min_price: uint256         # by 1e36, inclusive
    max_price: uint256         # by 1e36, inclusive
    rate_provider: address     # the collateral's ERC-4626 vault; zero: none
    max_growth: uint256        # of its rate: part of the rate at deployment, per second, WAD
    pair: address              # of collateral and loan token, Uniswap V2's interface; zero: no second source
    window: uint256            # seconds, least length of the average
    longest: uint256           # seconds, its greatest length
    max_deviation: uint256     # of the two sources, part of the primary, WAD

struct Observation:
    time: uint256
    cumulative: uint256

WAD: constant(uint256) = 10**18
SCALE: constant(uint256) = 10**36
# Seconds that a feed may be silent beyond its greatest age while positions can still be liquidated.
GRACE: public(constant(uint256)) = 6 * 3_600
# More has no meaning for a price, and would overflow.
MAX_DECIMALS: constant(uint256) = 36
TOP_PRICE: constant(uint256) = 10**55
MAX_ANSWER: constant(uint256) = 10**40
MAX_RATE: constant(uint256) = 10**40
# An average (UQ112.112) below this is a price below about 1.8e55: beyond every bound that a guard can have.
MAX_AVERAGE: constant(uint256) = 2**176
CLOCK: constant(uint256) = 2**32 - 1

COLLATERAL_TOKEN: public(immutable(address))
LOAN_TOKEN: public(immutable(address))
BASE_FEED: public(immutable(address))
BASE_MAX_AGE: public(immutable(uint256))
QUOTE_FEED: public(immutable(address))
QUOTE_MAX_AGE: public(immutable(uint256))
MIN_PRICE: public(immutable(uint256))
MAX_PRICE: public(immutable(uint256))
RATE_PROVIDER: public(immutable(address))
MAX_GROWTH: public(immutable(uint256))
PAIR: public(immutable(address))
WINDOW: public(immutable(uint256))
LONGEST: public(immutable(uint256))
MAX_DEVIATION: public(immutable(uint256))

# Of the collateral in the pair: is it token0?
IS_TOKEN0: immutable(bool)
# base answer * 1e36 // quote answer * MULTIPLIER // DIVISOR is the price; one of the two is 1.
MULTIPLIER: immutable(uint256)
DIVISOR: immutable(uint256)
# What the rate is asked for, the answer at deployment, and when that was.
RATE_SHARES: public(immutable(uint256))
START_RATE: public(immutable(uint256))
START: public(immutable(uint256))

older: public(Observation)
newer: public(Observation)


@deploy
def __init__(config: Config):
    """
    @param config See Config. Decimals of tokens and feeds, and the start of the rate, are read here. The primary
           price must be there already, fresh and within the bounds, so that wrong ones show at once.
    """
    bounded: bool = config.min_price > 0 and config.min_price < config.max_price and config.max_price <= TOP_PRICE
    assert bounded, "OracleGuard: the bounds need 0 < min < max <= 1e55"
    assert config.base_feed.is_contract, "OracleGuard: the base feed has no code"
    COLLATERAL_TOKEN = config.collateral_token
    LOAN_TOKEN = config.loan_token
    BASE_FEED = config.base_feed
    BASE_MAX_AGE = config.base_max_age
    QUOTE_FEED = config.quote_feed
    QUOTE_MAX_AGE = config.quote_max_age
    MIN_PRICE = config.min_price
    MAX_PRICE = config.max_price
    RATE_PROVIDER = config.rate_provider
    MAX_GROWTH = config.max_growth
    PAIR = config.pair
    WINDOW = config.window
    LONGEST = config.longest
    MAX_DEVIATION = config.max_deviation
    START = block.timestamp

    # The base feed prices the collateral, or what the collateral's vault holds.
    priced: address = config.collateral_token
    rate_shares: uint256 = 0
    start_rate: uint256 = 0
    if config.rate_provider != empty(address):
        assert config.max_growth <= WAD, "OracleGuard: a rate can't grow above 100% a second"
        priced = staticcall RateProvider(config.rate_provider).asset()
        rate_shares = 10 ** max(18, self._decimals(config.collateral_token))
        start_rate = staticcall RateProvider(config.rate_provider).convertToAssets(rate_shares)
        assert start_rate > 0 and start_rate <= MAX_RATE, "OracleGuard: the rate has no start"
    RATE_SHARES = rate_shares
    START_RATE = start_rate

    up: uint256 = self._decimals(config.loan_token)
    down: uint256 = self._decimals(priced) + self._decimals(config.base_feed)
    if config.quote_feed != empty(address):
        up += self._decimals(config.quote_feed)
    MULTIPLIER = 10 ** (up - down) if up > down else 1
    DIVISOR = 10 ** (down - up) if down > up else 1

    is_token0: bool = False
    if config.pair != empty(address):
        assert config.window > 0, "OracleGuard: the window is empty"
        assert config.longest >= 2 * config.window, "OracleGuard: the longest average must be two windows or more"
        assert config.max_deviation > 0 and config.max_deviation < WAD, "OracleGuard: the deviation must be below 100%"
        token0: address = staticcall V2Pair(config.pair).token0()
        token1: address = staticcall V2Pair(config.pair).token1()
        is_token0 = token0 == config.collateral_token and token1 == config.loan_token
        is_token1: bool = token1 == config.collateral_token and token0 == config.loan_token
        assert is_token0 or is_token1, "OracleGuard: the pair is of other tokens"
    IS_TOKEN0 = is_token0

    price: uint256 = 0
    silent: bool = False
    price, silent = self._primary()
    assert not silent, "OracleGuard: the answer is too old"
    assert price >= config.min_price and price <= config.max_price, "OracleGuard: the price is out of bounds"


@external
def observe() -> bool:
    """
    @notice Record the pair's accumulator, when the last record is at least a window old. Anybody; without regular
            records the second source grows too old and the price unsafe.
    @return Whether it was recorded.
    """
    assert PAIR != empty(address), "OracleGuard: there is no second source"
    if block.timestamp - self.newer.time < WINDOW:
        return False
    answered: bool = False
    cumulative: uint256 = 0
    answered, cumulative = self._cumulative()
    assert answered, "OracleGuard: the pair doesn't answer"
    self.older = self.newer
    self.newer = Observation(time=block.timestamp, cumulative=cumulative)
    log Observed(time=block.timestamp, cumulative=cumulative)
    return True


@view
@external
def price() -> (uint256, bool):
    """
    @return The price by 1e36 that positions are liquidated by, and whether it is fresh, bounded, and both sources agree.
    """
    return self._price(False)


@view
@external
def borrow_price() -> (uint256, bool):
    """
    @return The lower of both sources' prices by 1e36, and whether to lend by it: when `price` is safe.
    """
    return self._price(True)


@view
@external
def second_price() -> (uint256, bool):
    """
    @return The pair's time-weighted price by 1e36, and whether there is one of the right age.
    """
    there: bool = False
    second: uint256 = 0
    if PAIR != empty(address):
        there, second = self._second()
    return second, there


@view
@external
def rate() -> uint256:
    """
    @return The vault's rate as it counts: assets for RATE_SHARES shares, capped; 0 without a rate provider.
    """
    return self._rate() if RATE_PROVIDER != empty(address) else 0


@view
@internal
def _price(to_lend: bool) -> (uint256, bool):
    primary: uint256 = 0
    silent: bool = False
    primary, silent = self._primary()
    safe: bool = not silent and primary >= MIN_PRICE and primary <= MAX_PRICE
    if PAIR == empty(address):
        return primary, safe
    there: bool = False
    second: uint256 = 0
    there, second = self._second()
    if not there:
        return primary, False
    if silent:
        # Never 0, and by the pair never below the bound.
        return min(primary, max(second, MIN_PRICE)), False
    lower: uint256 = min(primary, second)
    # Both prices are below 2 * 10^55.
    deviation: uint256 = unsafe_sub(max(primary, second), lower)
    safe = safe and unsafe_mul(deviation, WAD) <= unsafe_mul(MAX_DEVIATION, primary)
    return lower if to_lend else primary, safe


@view
@internal
def _primary() -> (uint256, bool):
    """
    @return The feeds' price, and whether one of them is silent.
    """
    silent: bool = False
    base: uint256 = 0
    base, silent = self._answer(BASE_FEED, BASE_MAX_AGE)
    quote: uint256 = 1
    if QUOTE_FEED != empty(address):
        quote_silent: bool = False
        quote, quote_silent = self._answer(QUOTE_FEED, QUOTE_MAX_AGE)
        silent = silent or quote_silent
    # 10^76 at the most, by at least 1.
    price: uint256 = unsafe_div(unsafe_mul(base, SCALE), quote)
    assert price <= TOP_PRICE // MULTIPLIER or MULTIPLIER == 1, "OracleGuard: the price is beyond numbers"
    price = unsafe_div(price * MULTIPLIER, DIVISOR)
    if RATE_PROVIDER != empty(address):
        rate: uint256 = self._rate()
        assert price <= max_value(uint256) // rate, "OracleGuard: the price is beyond numbers"
        price = price * rate // RATE_SHARES
    assert price > 0 and price <= TOP_PRICE, "OracleGuard: the price is beyond numbers"
    return price, silent


@view
@internal
def _answer(feed: address, max_age: uint256) -> (uint256, bool):
    """
    @return The feed's last answer, and whether it has been silent since, for no longer than GRACE.
    """
    round_id: uint80 = 0
    answer: int256 = 0
    started_at: uint256 = 0
    updated_at: uint256 = 0
    answered_in: uint80 = 0
    round_id, answer, started_at, updated_at, answered_in = staticcall Feed(feed).latestRoundData()
    assert answer > 0, "OracleGuard: the answer is not positive"
    assert updated_at != 0 and answered_in >= round_id, "OracleGuard: the round is unfinished"
    assert updated_at <= block.timestamp, "OracleGuard: the answer lies ahead"
    age: uint256 = unsafe_sub(block.timestamp, updated_at)
    silent: bool = age > max_age
    if silent:
        assert unsafe_sub(age, max_age) <= GRACE, "OracleGuard: the answer is too old"
    units: uint256 = convert(answer, uint256)
    assert units <= MAX_ANSWER, "OracleGuard: the price is beyond numbers"
    return units, silent


@view
@internal
def _rate() -> uint256:
    rate: uint256 = staticcall RateProvider(RATE_PROVIDER).convertToAssets(RATE_SHARES)
    assert rate > 0, "OracleGuard: the rate is zero"
    cap: uint256 = START_RATE * (WAD + MAX_GROWTH * (block.timestamp - START)) // WAD
    return min(rate, cap)


@view
@internal
def _second() -> (bool, uint256):
    """
    @return Whether there is an average of the right age, and the price that it is. Never reverts.
    """
    start: Observation = self.newer
    if block.timestamp - start.time < WINDOW:
        start = self.older
    elapsed: uint256 = block.timestamp - start.time
    if start.time == 0 or elapsed > LONGEST:
        return False, 0
    answered: bool = False
    cumulative: uint256 = 0
    answered, cumulative = self._cumulative()
    average: uint256 = unsafe_sub(cumulative, start.cumulative) // elapsed
    if not answered or average >= MAX_AVERAGE:
        return False, 0
    # average * 1e36 >> 112 in two steps that fit.
    return True, (((average * WAD) >> 56) * WAD) >> 56


@view
@internal
def _cumulative() -> (bool, uint256):
    """
    @return Whether the pair answers, and the collateral's accumulator up to now. Never reverts.
    """
    answered: bool = False
    answer: Bytes[96] = b""
    answered, answer = raw_call(
        PAIR, method_id("getReserves()"), max_outsize=96, is_static_call=True, revert_on_failure=False
    )
    if not answered or len(answer) != 96:
        return False, 0
    reserve: uint256 = 0
    other: uint256 = 0
    clock: uint256 = 0
    reserve, other, clock = abi_decode(answer, (uint256, uint256, uint256))
    accumulator: Bytes[4] = method_id("price0CumulativeLast()")
    if not IS_TOKEN0:
        accumulator = method_id("price1CumulativeLast()")
        reserve0: uint256 = reserve
        reserve = other
        other = reserve0
    last: Bytes[32] = b""
    answered, last = raw_call(PAIR, accumulator, max_outsize=32, is_static_call=True, revert_on_failure=False)
    if not answered or len(last) != 32 or reserve == 0 or other > 2**112 - 1:
        return False, 0
    since: uint256 = unsafe_sub(block.timestamp, clock) & CLOCK
    growth: uint256 = unsafe_mul((other << 112) // reserve, since)
    return True, unsafe_add(convert(last, uint256), growth)


@view
@internal
def _decimals(of: address) -> uint256:
    """
    @param of A token or a feed.
    """
    decimals: uint256 = convert(staticcall IERC20Detailed(of).decimals(), uint256)
    assert decimals <= MAX_DECIMALS, "OracleGuard: more than 36 decimals"
    return decimals
