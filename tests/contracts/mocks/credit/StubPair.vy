# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@notice What an oracle reads of a pair, as told; it can also refuse to answer.
"""

token0: public(address)
token1: public(address)
totalSupply: public(uint256)
refuses: bool
_reserve0: uint112
_reserve1: uint112
_clock: uint32
_cumulative: uint256


@deploy
def __init__(token0: address, token1: address):
    self.token0 = token0
    self.token1 = token1


@external
def say(reserve0: uint112, reserve1: uint112, clock: uint32, cumulative: uint256, supply: uint256):
    self._reserve0 = reserve0
    self._reserve1 = reserve1
    self._clock = clock
    self._cumulative = cumulative
    self.totalSupply = supply


@external
def refuse(refuses: bool):
    self.refuses = refuses


@view
@external
def getReserves() -> (uint112, uint112, uint32):
    assert not self.refuses, "StubPair: told to refuse"
    return self._reserve0, self._reserve1, self._clock


@view
@external
def price0CumulativeLast() -> uint256:
    return self._cumulative


@view
@external
def price1CumulativeLast() -> uint256:
    return self._cumulative


@external
def sync():
    self._clock = self._clock
