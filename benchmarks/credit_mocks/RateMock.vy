# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@notice One rate model for Surge and Morpho Blue: x% utilisation costs x% a year, as Morpho's own mock has it.
"""

struct MorphoParams:
    loan_token: address
    collateral_token: address
    oracle: address
    irm: address
    lltv: uint256

struct MorphoMarket:
    supply_assets: uint128
    supply_shares: uint128
    borrow_assets: uint128
    borrow_shares: uint128
    last_update: uint128
    fee: uint128

YEAR: constant(uint256) = 365 * 86_400


@external
@pure
def borrow_rate(id: bytes32, borrowed: uint256, supplied: uint256, elapsed: uint256) -> uint256:
    return self._rate(borrowed, supplied)


@external
@pure
def borrow_rate_view(id: bytes32, borrowed: uint256, supplied: uint256, elapsed: uint256) -> uint256:
    return self._rate(borrowed, supplied)


@external
@pure
def borrow_rate_of(
    credit: address, id: bytes32, borrowed: uint256, supplied: uint256, elapsed: uint256
) -> uint256:
    return self._rate(borrowed, supplied)


@external
@pure
def borrowRate(params: MorphoParams, market: MorphoMarket) -> uint256:
    return self._rate(convert(market.borrow_assets, uint256), convert(market.supply_assets, uint256))


@internal
@pure
def _rate(borrowed: uint256, supplied: uint256) -> uint256:
    if supplied == 0:
        return 0
    return borrowed * 10**18 // supplied // YEAR
