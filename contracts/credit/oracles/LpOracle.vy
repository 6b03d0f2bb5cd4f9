# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title LpOracle
@license AGPL-3.0-only
@notice The price of a pair's LP tokens, from the pair's reserves and the prices of its two tokens:

            2 * sqrt(reserve0 * price0 * reserve1 * price1) / supply

        price() -> (price, safe)           to liquidate by, from the tokens' prices
        borrow_price() -> (price, safe)    to lend by, from the tokens' borrow prices
        price: value of one smallest LP unit in smallest loan units, by 1e36

        * Swaps move the reserves along reserve0 * reserve1 = k, and only k counts: no trade, however large, moves
          this price by more than its fee. A donation is really worth what it adds; beyond the bounds nothing is lent.
        * It reverts while the pair is in mid-operation, when supply and reserves do not belong together: what a
          token or a receiver of tokens could otherwise use to be lent on LP tokens that exist no more.
        * A price is safe when it is within its bounds and the prices of both tokens are safe. An unsafe one is still
          there to liquidate by.
@dev The pair is asked `sync` in a static call. A locked pair refuses with a reason. One that is not locked fails at
     its first write, without a reason and with all the gas that it was given: so the question costs PROBE_GAS.
     It works with every pair that has Uniswap V2's lock.
"""

interface Oracle:
    def price() -> (uint256, bool): view
    def borrow_price() -> (uint256, bool): view

interface V2Pair:
    def token0() -> address: view
    def token1() -> address: view
    def getReserves() -> (uint112, uint112, uint32): view
    def totalSupply() -> uint256: view

SCALE: constant(uint256) = 10**36
# A locked pair needs a third of it to say so.
PROBE_GAS: constant(uint256) = 10_000
# Values of reserves up to here multiply without wrapping.
MAX_VALUE: constant(uint256) = 2**127

PAIR: public(immutable(address))
LOAN_TOKEN: public(immutable(address))
ORACLE0: public(immutable(address))
ORACLE1: public(immutable(address))
MIN_PRICE: public(immutable(uint256))
MAX_PRICE: public(immutable(uint256))


@deploy
def __init__(pair: address, loan_token: address, oracle0: address, oracle1: address, min_price: uint256, max_price: uint256):
    """
    @param pair With Uniswap V2's interface and lock.
    @param loan_token In whose units the price is.
    @param oracle0 Of token0 in loan units; zero when token0 is the loan token.
    @param oracle1 Of token1 in loan units; zero when token1 is the loan token.
    @param min_price By 1e36, inclusive.
    @param max_price By 1e36, inclusive.
    """
    assert min_price > 0 and min_price < max_price, "LpOracle: the bounds need 0 < min < max"
    assert oracle0 != empty(address) or oracle1 != empty(address), "LpOracle: a token has no oracle"
    self._check(oracle0, staticcall V2Pair(pair).token0(), loan_token)
    self._check(oracle1, staticcall V2Pair(pair).token1(), loan_token)
    PAIR = pair
    LOAN_TOKEN = loan_token
    ORACLE0 = oracle0
    ORACLE1 = oracle1
    MIN_PRICE = min_price
    MAX_PRICE = max_price


@view
@external
def price() -> (uint256, bool):
    """
    @return The price by 1e36 that positions are liquidated by, and whether it is safe.
    """
    self._check_idle()
    price0: uint256 = SCALE
    safe0: bool = True
    price1: uint256 = SCALE
    safe1: bool = True
    if ORACLE0 != empty(address):
        price0, safe0 = staticcall Oracle(ORACLE0).price()
    if ORACLE1 != empty(address):
        price1, safe1 = staticcall Oracle(ORACLE1).price()
    return self._price(price0, price1, safe0 and safe1)


@view
@external
def borrow_price() -> (uint256, bool):
    """
    @return The price by 1e36 to lend by, never above `price`, and whether it is safe.
    """
    self._check_idle()
    price0: uint256 = SCALE
    safe0: bool = True
    price1: uint256 = SCALE
    safe1: bool = True
    if ORACLE0 != empty(address):
        price0, safe0 = staticcall Oracle(ORACLE0).borrow_price()
    if ORACLE1 != empty(address):
        price1, safe1 = staticcall Oracle(ORACLE1).borrow_price()
    return self._price(price0, price1, safe0 and safe1)


@view
@internal
def _check_idle():
    answered: bool = False
    refusal: Bytes[32] = b""
    answered, refusal = raw_call(
        PAIR, method_id("sync()"), max_outsize=32, gas=PROBE_GAS, is_static_call=True, revert_on_failure=False
    )
    assert len(refusal) == 0, "LpOracle: the pair is in mid-operation"


@view
@internal
def _price(price0: uint256, price1: uint256, safe: bool) -> (uint256, bool):
    reserve0: uint112 = 0
    reserve1: uint112 = 0
    clock: uint32 = 0
    reserve0, reserve1, clock = staticcall V2Pair(PAIR).getReserves()
    supply: uint256 = staticcall V2Pair(PAIR).totalSupply()
    assert supply > 0, "LpOracle: the pair is empty"
    value: uint256 = 2 * isqrt(self._value(reserve0, price0) * self._value(reserve1, price1))
    lp_price: uint256 = value * SCALE // supply
    assert lp_price > 0, "LpOracle: the price is beyond numbers"
    return lp_price, safe and lp_price >= MIN_PRICE and lp_price <= MAX_PRICE


@pure
@internal
def _value(reserve: uint112, price: uint256) -> uint256:
    units: uint256 = convert(reserve, uint256)
    if units == 0 or price == 0:
        return 0
    assert price <= max_value(uint256) // units, "LpOracle: the price is beyond numbers"
    value: uint256 = units * price // SCALE
    assert value <= MAX_VALUE, "LpOracle: the price is beyond numbers"
    return value


@view
@internal
def _check(oracle: address, token: address, loan_token: address):
    if oracle == empty(address):
        assert token == loan_token, "LpOracle: a token has no oracle"
    else:
        assert oracle.is_contract, "LpOracle: an oracle has no code"
