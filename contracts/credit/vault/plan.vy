# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title vault_plan
@license AGPL-3.0-only
@notice What a vault's shares are worth, and how an amount is spread over its markets. Twin: surge/credit/vault.py.
@dev Rounding favours the vault (C3), and what rounding in a market costs the vault is charged to who moves the
     amount: a holding is worth its shares rounded down, so a move can lose up to a unit of it. Nearly always
     it loses none; it is counted exactly.
"""

from ..lending import market as credit_market

# What a vault has in a market. held: supply shares; assets, shares: of all the market's lenders; worth: of what
# is held, rounded down; cash: how much of that can be withdrawn now; room: what it still takes, by its cap (0
# unless asked for); unit: the most that rounding can cost in one move.
struct Holding:
    id: bytes32
    held: uint256
    assets: uint256
    shares: uint256
    worth: uint256
    cash: uint256
    room: uint256
    unit: uint256

# All that an operation goes by. holdings, queue (of ids): as many as counted, the rest is empty. total: idle
# assets and what the holdings are worth; supply: of vault shares.
struct Sight:
    holdings: Holding[MAX_MARKETS]
    count: uint256
    queue: bytes32[MAX_MARKETS]
    idle: uint256
    total: uint256
    supply: uint256

# A move of assets against vault shares. amounts: to or from each holding; rest: what found no place. lost: units
# that rounding loses; margin: the most that it can lose for any amount.
struct Plan:
    assets: uint256
    shares: uint256
    amounts: uint256[MAX_MARKETS]
    rest: uint256
    lost: uint256
    margin: uint256

MAX_MARKETS: constant(uint256) = 8
# Keeps products of shares and assets within a word, after the worst of losses too.
MAX_SUPPLY: constant(uint256) = 2**128
# What a market of Credit can hold.
MAX_SUPPLY_ASSETS: constant(uint256) = 2**104 - 1
MAX_SUPPLY_SHARES: constant(uint256) = 2**120 - 1
WAD: constant(uint256) = 10**18
PRICE_SCALE: constant(uint256) = 10**36
VIRTUAL_SHARES: constant(uint256) = 10**6
VIRTUAL_ASSETS: constant(uint256) = 1


@internal
@pure
def _holding(id: bytes32, held: uint256, state: credit_market.MarketState, live: bool, cap: uint256) -> Holding:
    """
    @param live False for a market that can't accrue: it counts as of its last accrual, without cash or room.
    """
    assets: uint256 = state.supply_assets - state.reserve
    above: uint256 = assets + VIRTUAL_ASSETS
    below: uint256 = state.supply_shares + VIRTUAL_SHARES
    worth: uint256 = held * above // below
    room: uint256 = 0
    if live and cap > worth:
        room = min(cap - worth, MAX_SUPPLY_ASSETS - state.supply_assets)
        room = min(room, (MAX_SUPPLY_SHARES - state.supply_shares) * above // below)
    return Holding(
        id=id,
        held=held,
        assets=assets,
        shares=state.supply_shares,
        worth=worth,
        cash=min(worth, state.supply_assets - state.borrow_assets) if live else 0,
        room=room,
        unit=self._up(above, below),
    )


@internal
@pure
def _fee_shares(total: uint256, supply: uint256, fee: uint256, high_water: uint256) -> uint256:
    """
    @notice Shares that are worth `fee` (WAD) of the gain above the high-water price, once they are minted.
    """
    above: uint256 = total + VIRTUAL_ASSETS
    below: uint256 = supply + VIRTUAL_SHARES
    if above * PRICE_SCALE // below <= high_water:
        return 0
    part: uint256 = (above - self._up(high_water * below, PRICE_SCALE)) * fee // WAD
    return part * below // (above - part)


@internal
@pure
def _price_up(sight: Sight) -> uint256:
    """
    @notice Units of the asset per vault share, times PRICE_SCALE.
    """
    return self._up((sight.total + VIRTUAL_ASSETS) * PRICE_SCALE, sight.supply + VIRTUAL_SHARES)


@internal
@pure
def _up(dividend: uint256, divisor: uint256) -> uint256:
    return (dividend + divisor - 1) // divisor


@internal
@pure
def _shares_down(assets: uint256, total: uint256, supply: uint256) -> uint256:
    return assets * (supply + VIRTUAL_SHARES) // (total + VIRTUAL_ASSETS)


@internal
@pure
def _assets_down(shares: uint256, total: uint256, supply: uint256) -> uint256:
    return shares * (total + VIRTUAL_ASSETS) // (supply + VIRTUAL_SHARES)


@internal
@pure
def _spread_in(sight: Sight, assets: uint256) -> Plan:
    """
    @notice Along the queue, each market up to its cap.
    """
    plan: Plan = empty(Plan)
    plan.assets = assets
    plan.rest = assets
    for id: bytes32 in sight.queue:
        for i: uint256 in range(sight.count, bound=MAX_MARKETS):
            holding: Holding = sight.holdings[i]
            if holding.id == id:
                amount: uint256 = min(plan.rest, holding.room)
                above: uint256 = holding.assets + VIRTUAL_ASSETS
                below: uint256 = holding.shares + VIRTUAL_SHARES
                shares: uint256 = amount * below // above
                after: uint256 = (holding.held + shares) * (above + amount) // (below + shares)
                plan.amounts[i] = amount
                plan.rest -= amount
                plan.lost += holding.worth + amount - after
                plan.margin += holding.unit
    return plan


@internal
@pure
def _spread_out(sight: Sight, assets: uint256) -> Plan:
    """
    @notice What is idle first, then each market's cash.
    """
    plan: Plan = empty(Plan)
    plan.assets = assets
    plan.rest = assets - min(assets, sight.idle)
    for i: uint256 in range(sight.count, bound=MAX_MARKETS):
        holding: Holding = sight.holdings[i]
        amount: uint256 = min(plan.rest, holding.cash)
        above: uint256 = holding.assets + VIRTUAL_ASSETS
        below: uint256 = holding.shares + VIRTUAL_SHARES
        shares: uint256 = self._up(amount * below, above)
        after: uint256 = (holding.held - shares) * (above - amount) // (below - shares)
        plan.amounts[i] = amount
        plan.rest -= amount
        plan.lost += holding.worth - amount - after
        plan.margin += holding.unit
    return plan


@internal
@pure
def _plan_in(sight: Sight, assets: uint256, shares: uint256) -> Plan:
    """
    @notice Assets paid in, or shares wanted; the other is 0. Shares cost the least that gives them where rounding
            costs nothing, else enough for any of it.
    """
    if shares == 0:
        plan: Plan = self._spread_in(sight, assets)
        plan.shares = self._shares_down(assets - plan.lost, sight.total, sight.supply)
        return plan
    paid: uint256 = self._up(shares * (sight.total + VIRTUAL_ASSETS), sight.supply + VIRTUAL_SHARES)
    plan: Plan = self._spread_in(sight, paid)
    if plan.lost > 0:
        plan = self._spread_in(sight, paid + plan.margin)
    plan.shares = shares
    return plan


@internal
@pure
def _plan_out(sight: Sight, assets: uint256, shares: uint256) -> Plan:
    """
    @notice Assets wanted, or shares given back; the other is 0.
    """
    if shares == 0:
        plan: Plan = self._spread_out(sight, assets)
        plan.shares = self._up((assets + plan.lost) * (sight.supply + VIRTUAL_SHARES), sight.total + VIRTUAL_ASSETS)
        return plan
    plan: Plan = self._payout(sight, self._assets_down(shares, sight.total, sight.supply))
    plan.shares = shares
    return plan


@internal
@pure
def _payout(sight: Sight, assets: uint256) -> Plan:
    """
    @notice All of `assets` where rounding costs nothing, else so much less that any of it is covered.
    """
    plan: Plan = self._spread_out(sight, assets)
    if plan.lost > 0:
        plan = self._spread_out(sight, assets - min(assets, plan.margin))
    return plan


@internal
@pure
def _liquidity(sight: Sight) -> uint256:
    liquidity: uint256 = sight.idle
    for holding: Holding in sight.holdings:
        liquidity += holding.cash
    return liquidity


@internal
@pure
def _room(sight: Sight) -> uint256:
    """
    @notice The most that can be paid in.
    """
    room: uint256 = self._assets_down(MAX_SUPPLY - min(MAX_SUPPLY, sight.supply), sight.total, sight.supply)
    return room - self._spread_in(sight, room).rest


@internal
@pure
def _mintable(sight: Sight) -> uint256:
    """
    @notice Shares that can surely be had within the room.
    """
    room: uint256 = self._room(sight)
    spare: uint256 = self._spread_in(sight, 0).margin
    return self._shares_down(room - min(room, spare), sight.total, sight.supply)


@internal
@pure
def _withdrawable(sight: Sight, shares: uint256) -> uint256:
    """
    @notice Assets that `shares` can take out now.
    """
    owned: uint256 = self._assets_down(shares, sight.total, sight.supply)
    return self._payout(sight, min(owned, self._liquidity(sight))).assets


@internal
@pure
def _redeemable(sight: Sight, shares: uint256) -> uint256:
    """
    @notice How many of `shares` can be given back now.
    """
    liquidity: uint256 = self._liquidity(sight)
    if self._assets_down(shares, sight.total, sight.supply) <= liquidity:
        return shares
    return self._shares_down(liquidity, sight.total, sight.supply)
