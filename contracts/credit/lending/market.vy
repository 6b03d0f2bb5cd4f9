# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title credit_market
@license AGPL-3.0-only
@notice What a market is, what it holds, how that fits two words of storage, and its interest.
@dev Twins: src/surge/model/credit.py, src/surge/credit/interest.py.
"""

struct Position:
    supply_shares: uint256
    borrow_shares: uint256
    collateral: uint256

# The order is that of the ABI encoding that makes the id. Ratios are WAD, the minimum debt is in loan units.
struct MarketParams:
    loan_token: address
    collateral_token: address
    oracle: address
    irm: address
    max_ltv: uint256
    lltv: uint256
    target_health: uint256
    min_debt: uint256
    reserve_factor: uint256

# Supplied assets include the reserve, the rest is the lenders'. So C1 survives interest at full utilisation.
struct MarketState:
    supply_assets: uint256
    supply_shares: uint256
    borrow_assets: uint256
    borrow_shares: uint256
    reserve: uint256
    last_update: uint256

# supply assets (104 bits) | supply shares (120) | last update (32)
# borrow assets (96) | borrow shares (116) | reserve (44), in units of min_debt / 2**24, at least 1
struct Words:
    supply: uint256
    borrow: uint256

# The debt that a reserve's target follows, and when it last did.
struct Followed:
    debt: uint256
    time: uint256

WAD: constant(uint256) = 10**18
# Above, a bonus is too small for anybody to liquidate for.
MAX_LLTV: constant(uint256) = WAD * 98 // 100
# What a reserve's target goes by falls at most a day's part of a month's way at once.
DAY: constant(uint256) = 86_400
MONTH: constant(uint256) = 30 * DAY
# A rate model can't ask for more than 1,000% a year, per second.
MAX_RATE: constant(uint256) = 10 * WAD // (365 * 86_400)
U44: constant(uint256) = 2**44 - 1
U96: constant(uint256) = 2**96 - 1
U104: constant(uint256) = 2**104 - 1
U116: constant(uint256) = 2**116 - 1
U120: constant(uint256) = 2**120 - 1


@internal
@pure
def _id(params: MarketParams) -> bytes32:
    return keccak256(abi_encode(params))


@internal
@view
def _check(params: MarketParams):
    """
    @notice 0 < max LTV < LLTV <= 0.98, 1 < target health <= 2, and a partial liquidation ends outside the margin zone.
    """
    assert params.loan_token.is_contract and params.collateral_token.is_contract, "Credit: no code at a token"
    assert params.oracle.is_contract, "Credit: no code at the oracle"
    assert params.irm.is_contract, "Credit: no code at the rate model"
    assert params.max_ltv > 0 and params.max_ltv < params.lltv, "Credit: max LTV must be above 0, below the LLTV"
    assert params.lltv <= MAX_LLTV, "Credit: LLTV must be at most 0.98"
    assert params.target_health > WAD and params.target_health <= 2 * WAD, "Credit: target health must be in (1, 2]"
    assert params.lltv * WAD <= params.max_ltv * params.target_health, "Credit: target health ends in the margin zone"
    assert params.min_debt > 0 and params.min_debt <= U96, "Credit: min debt must be from 1 to 2**96 - 1"
    assert params.reserve_factor <= WAD // 2, "Credit: reserve factor above one half"


@internal
@view
def _grown(
    market: MarketState,
    owed: uint256,
    rate: uint256,
    elapsed: uint256,
    min_debt: uint256,
    reserve_factor: uint256,
) -> MarketState:
    """
    @notice With exp(rate * elapsed) - 1 of what is owed, by three terms of Taylor; a part of it to the reserve.
    @param owed What all borrowers owe together: at most the borrowed assets, of which virtual shares are nobody's.
    @dev Below 2**37 seconds at most 10 a year, every field and the unit (72 bits) within their widths, the
         reserve factor below 1: nothing here can overflow. Interest ends where its field does.
    """
    x: uint256 = unsafe_mul(min(rate, MAX_RATE), elapsed)
    second: uint256 = unsafe_div(unsafe_mul(x, x), 2 * WAD)
    growth: uint256 = unsafe_add(unsafe_add(x, second), unsafe_div(unsafe_mul(second, x), 3 * WAD))
    interest: uint256 = unsafe_div(unsafe_mul(owed, growth), WAD)
    interest = min(interest, min(unsafe_sub(U96, market.borrow_assets), unsafe_sub(U104, market.supply_assets)))
    unit: uint256 = self._reserve_unit(min_debt)
    earned: uint256 = unsafe_mul(unsafe_div(unsafe_mul(interest, reserve_factor), unsafe_mul(WAD, unit)), unit)
    return MarketState(
        supply_assets=unsafe_add(market.supply_assets, interest),
        supply_shares=market.supply_shares,
        borrow_assets=unsafe_add(market.borrow_assets, interest),
        borrow_shares=market.borrow_shares,
        reserve=min(unsafe_add(market.reserve, earned), unsafe_mul(U44, unit)),
        last_update=block.timestamp,
    )


@internal
@view
def _followed(followed: Followed, market: MarketState) -> Followed:
    """
    @notice An average that rises at once and falls slowly, however often it is asked; so a debt that is repaid for
            a moment frees no reserve. Before the first time it is all that could be owed.
    """
    debt: uint256 = market.supply_assets if followed.time == 0 else followed.debt
    above: uint256 = max(debt, market.borrow_assets) - market.borrow_assets
    elapsed: uint256 = min(block.timestamp - followed.time, DAY)
    if followed.time == 0:
        elapsed = 0
    return Followed(debt=market.borrow_assets + above - above * elapsed // MONTH, time=block.timestamp)


@internal
@pure
def _reserve_unit(min_debt: uint256) -> uint256:
    """
    @notice What the reserve is counted in. An accrual's earnings below it stay with the lenders.
    """
    return max(min_debt >> 24, 1)


@internal
@pure
def _unpack(words: Words, min_debt: uint256) -> MarketState:
    return MarketState(
        supply_assets=words.supply & U104,
        supply_shares=words.supply >> 104 & U120,
        borrow_assets=words.borrow & U96,
        borrow_shares=words.borrow >> 96 & U116,
        reserve=unsafe_mul(words.borrow >> 212, self._reserve_unit(min_debt)),
        last_update=words.supply >> 224,
    )


@internal
@pure
def _pack(market: MarketState, min_debt: uint256) -> Words:
    """
    @notice Every part fits its field: what grows is checked where it does.
    """
    return Words(
        supply=market.supply_assets | (market.supply_shares << 104) | (market.last_update << 224),
        borrow=market.borrow_assets
        | (market.borrow_shares << 96)
        | (unsafe_div(market.reserve, self._reserve_unit(min_debt)) << 212),
    )
