# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@notice An oracle that says what a test tells it; it can also have no price.
"""

quote: uint256
# What is lent by, where it is lower.
borrow_quote: uint256
safe: bool
broken: bool


@deploy
def __init__(quote: uint256):
    self.quote = quote
    self.borrow_quote = max_value(uint256)
    self.safe = True


@external
def set_price(quote: uint256):
    self.quote = quote


@external
def set_borrow_price(quote: uint256):
    self.borrow_quote = quote


@external
def set_safe(safe: bool):
    self.safe = safe


@external
def set_broken(broken: bool):
    self.broken = broken


@external
@view
def price() -> (uint256, bool):
    assert not self.broken, "SettableOracle: no price"
    return self.quote, self.safe


@external
@view
def borrow_price() -> (uint256, bool):
    assert not self.broken, "SettableOracle: no price"
    return min(self.quote, self.borrow_quote), self.safe
