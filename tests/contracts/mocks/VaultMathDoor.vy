# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@notice The functions of vault_math, from outside.
"""

from ....contracts.credit import vault_math


@external
@pure
def holding(id: bytes32, held: uint256, state: vault_math.MarketState, live: bool, cap: uint256) -> vault_math.Holding:
    return vault_math._holding(id, held, state, live, cap)


@external
@pure
def fee_shares(total: uint256, supply: uint256, fee: uint256, high_water: uint256) -> uint256:
    return vault_math._fee_shares(total, supply, fee, high_water)


@external
@pure
def plans_in(sight: vault_math.Sight, assets: uint256, shares: uint256) -> (vault_math.Plan, vault_math.Plan):
    return vault_math._plan_in(sight, assets, 0), vault_math._plan_in(sight, 0, shares)


@external
@pure
def plans_out(sight: vault_math.Sight, assets: uint256, shares: uint256) -> (vault_math.Plan, vault_math.Plan):
    return vault_math._plan_out(sight, assets, 0), vault_math._plan_out(sight, 0, shares)


@external
@pure
def limits(sight: vault_math.Sight, shares: uint256) -> (uint256, uint256, uint256, uint256, uint256):
    return (
        vault_math._price_up(sight),
        vault_math._room(sight),
        vault_math._mintable(sight),
        vault_math._withdrawable(sight, shares),
        vault_math._redeemable(sight, shares),
    )
