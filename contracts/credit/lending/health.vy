# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title credit_health
@license AGPL-3.0-only
@notice What a position's debt and collateral are worth to each other: debt rounds up, worth and limits down (C3).
@dev Twin: src/surge/credit/health.py.
"""

interface Oracle:
    def price() -> (uint256, bool): view
    def borrow_price() -> (uint256, bool): view

WAD: constant(uint256) = 10**18
PRICE_SCALE: constant(uint256) = 10**36


@internal
@view
def _price(oracle: address) -> uint256:
    """
    @return Collateral in loan units, 1e36, to liquidate by: also while it isn't safe to lend by.
    """
    price: uint256 = (staticcall Oracle(oracle).price())[0]
    assert price > 0, "Credit: price is zero"
    return price


@internal
@view
def _check_max_ltv(oracle: address, collateral: uint256, debt: uint256, max_ltv: uint256):
    """
    @notice C2: new debt, or less collateral, only at a safe price and to at most the max LTV. The oracle may say a
            lower price here than the one that it liquidates by.
    """
    price: uint256 = 0
    safe: bool = False
    price, safe = staticcall Oracle(oracle).borrow_price()
    assert price > 0, "Credit: price is zero"
    assert safe, "Credit: price is unsafe"
    assert self._is_within(debt, self._worth(collateral, price), max_ltv), "Credit: above the max LTV"


@internal
@pure
def _worth(collateral: uint256, price: uint256) -> uint256:
    """
    @notice In loan units.
    """
    return unsafe_div(collateral * price, PRICE_SCALE)


@internal
@pure
def _is_within(debt: uint256, worth: uint256, ltv: uint256) -> bool:
    """
    @dev A worth has at most 137 bits: it is a product of 256 over 1e36.
    """
    return debt <= unsafe_div(unsafe_mul(worth, ltv), WAD)
