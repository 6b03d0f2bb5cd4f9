# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@notice One oracle for every protocol of the benchmark: each reads the same word of storage.
        Surge calls price() and borrow_price(), Morpho Blue price() alone, of which it ignores the flag. Aave calls getAssetPrice().
"""

LOAN: immutable(address)
AAVE_UNIT: constant(uint256) = 10**8
AAVE_DIVISOR: constant(uint256) = 10**16  # 1e36 scale with 6 and 18 decimals -> Aave's base unit

stored: uint256


@deploy
def __init__(loan: address, price: uint256):
    LOAN = loan
    self.stored = price


@external
def set_price(price: uint256):
    self.stored = price


@external
@view
def price() -> (uint256, bool):
    return self.stored, True


@external
@view
def borrow_price() -> (uint256, bool):
    return self.stored, True


@external
@view
def getAssetPrice(asset: address) -> uint256:
    return AAVE_UNIT if asset == LOAN else self.stored // AAVE_DIVISOR
