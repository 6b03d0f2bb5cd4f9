# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title credit_shares
@license AGPL-3.0-only
@notice Shares of what a market's lenders own and of what its borrowers owe. Virtual assets and shares keep the
        first one from setting the price; the rounding is in the names, and favours the pool (C3).
@dev Amounts have at most 120 bits, as totals do: no product here can overflow. Twin: src/surge/credit/shares.py.
"""

VIRTUAL_SHARES: constant(uint256) = 10**6
VIRTUAL_ASSETS: constant(uint256) = 1
MAX_AMOUNT: constant(uint256) = 2**120 - 1


@internal
@pure
def _check_amounts(assets: uint256, shares: uint256):
    assert (assets == 0) != (shares == 0), "Credit: give either assets or shares"
    assert assets | shares <= MAX_AMOUNT, "Credit: amount too large"


@internal
@pure
def _paid_up_made_down(
    assets: uint256, shares: uint256, total_assets: uint256, total_shares: uint256
) -> (uint256, uint256):
    """
    @notice C3: who pays, pays up for shares and gets shares down for assets.
    """
    paid: uint256 = assets
    made: uint256 = shares
    if assets > 0:
        made = self._to_shares_down(assets, total_assets, total_shares)
        assert made > 0, "Credit: amount too small"
    else:
        paid = self._to_assets_up(shares, total_assets, total_shares)
    return paid, made


@internal
@pure
def _given_down_taken_up(
    assets: uint256, shares: uint256, total_assets: uint256, total_shares: uint256
) -> (uint256, uint256):
    """
    @notice C3: who is paid, gets assets down for shares and gives shares up for assets.
    """
    given: uint256 = assets
    taken: uint256 = shares
    if assets > 0:
        taken = self._to_shares_up(assets, total_assets, total_shares)
    else:
        given = self._to_assets_down(shares, total_assets, total_shares)
        assert given > 0, "Credit: amount too small"
    return given, taken


@internal
@pure
def _to_shares_down(assets: uint256, total_assets: uint256, total_shares: uint256) -> uint256:
    return unsafe_div(
        unsafe_mul(assets, unsafe_add(total_shares, VIRTUAL_SHARES)), unsafe_add(total_assets, VIRTUAL_ASSETS)
    )


@internal
@pure
def _to_shares_up(assets: uint256, total_assets: uint256, total_shares: uint256) -> uint256:
    product: uint256 = unsafe_mul(assets, unsafe_add(total_shares, VIRTUAL_SHARES))
    return unsafe_div(unsafe_add(product, total_assets), unsafe_add(total_assets, VIRTUAL_ASSETS))


@internal
@pure
def _to_assets_down(shares: uint256, total_assets: uint256, total_shares: uint256) -> uint256:
    return unsafe_div(
        unsafe_mul(shares, unsafe_add(total_assets, VIRTUAL_ASSETS)), unsafe_add(total_shares, VIRTUAL_SHARES)
    )


@internal
@pure
def _to_assets_up(shares: uint256, total_assets: uint256, total_shares: uint256) -> uint256:
    divisor: uint256 = unsafe_add(total_shares, VIRTUAL_SHARES)
    product: uint256 = unsafe_mul(shares, unsafe_add(total_assets, VIRTUAL_ASSETS))
    return unsafe_div(unsafe_add(product, unsafe_sub(divisor, 1)), divisor)
