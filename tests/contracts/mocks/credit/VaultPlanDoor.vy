# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@notice The functions of vault_plan, from outside.
"""

from .....contracts.credit.lending import market as credit_market
from .....contracts.credit.vault import plan as vault_plan


@external
@pure
def holding(id: bytes32, word: uint256, state: credit_market.MarketState, live: bool, cap: uint256) -> vault_plan.Holding:
    return vault_plan._holding(id, word, state, live, cap)


@external
@pure
def word(assets: uint256, shares: uint256) -> uint256:
    return vault_plan._word(assets, shares)


@external
@pure
def dear(total: uint256, supply: uint256, peak: uint256) -> uint256:
    return vault_plan._dear(total, supply, peak)


@external
@pure
def fee_shares(total: uint256, supply: uint256, fee: uint256, high_water: uint256) -> uint256:
    return vault_plan._fee_shares(total, supply, fee, high_water)


@external
@pure
def plans_in(sight: vault_plan.Sight, assets: uint256, shares: uint256) -> (vault_plan.Plan, vault_plan.Plan):
    return vault_plan._plan_in(sight, assets, 0), vault_plan._plan_in(sight, 0, shares)


@external
@pure
def plans_out(sight: vault_plan.Sight, assets: uint256, shares: uint256) -> (vault_plan.Plan, vault_plan.Plan):
    return vault_plan._plan_out(sight, assets, 0), vault_plan._plan_out(sight, 0, shares)


@external
@pure
def plan_in_kind(sight: vault_plan.Sight, shares: uint256) -> vault_plan.Plan:
    return vault_plan._plan_in_kind(sight, shares)


@external
@pure
def limits(sight: vault_plan.Sight, shares: uint256, purse: uint256) -> (uint256, uint256, uint256, uint256, uint256):
    return (
        vault_plan._price_up(sight.total, sight.supply),
        vault_plan._room(sight),
        vault_plan._mintable(sight),
        vault_plan._withdrawable(sight, shares, purse),
        vault_plan._redeemable(sight, shares, purse),
    )
