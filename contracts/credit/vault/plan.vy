# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title vault_plan
@license AGPL-3.0-only
@notice What a vault's shares are worth, and how an amount is spread over its markets. Twin: surge/credit/vault.py.
@dev Rounding favours the vault (C3), and what rounding in a market costs the vault is charged to who moves the
     amount: a holding is worth its shares rounded down, so a move can lose up to a unit of it. Nearly always
     it loses none; it is counted exactly.

     The owner's allocation is what `reallocate` left. A flow is how far deposits and withdrawals, of anybody, have
     moved a holding from it since, or what is idle. Both go first against the flows, on the way that those came:
     a deposit gives back what withdrawals drew, a withdrawal takes what deposits brought. So coming and going
     again, in either order, moves nothing.
"""

from ..lending import market as credit_market

# What a vault has in a market. held: supply shares; assets, shares: of all the market's lenders; worth: of what
# is held, rounded down; cash: how much of that can be withdrawn now; room: what it still takes, by its cap (0
# unless asked for); unit: the most that rounding can cost in one move; brought, drawn: the flow into it or out of
# it, one of them 0; live: whether the market can be read.
struct Holding:
    id: bytes32
    held: uint256
    assets: uint256
    shares: uint256
    worth: uint256
    cash: uint256
    room: uint256
    unit: uint256
    brought: uint256
    drawn: uint256
    live: bool

# All that an operation goes by. holdings: as many as counted, the rest is empty. order: of deposits; places in
# holdings, from 1, four bits each, the first lowest. drawn: from what was idle; fresh: what deposits of this
# transaction brought; blind: a market that holds something can't be read. total: idle assets and what the holdings
# are worth; supply: of vault shares.
struct Sight:
    holdings: Holding[MAX_MARKETS]
    count: uint256
    order: uint256
    idle: uint256
    drawn: uint256
    fresh: uint256
    blind: bool
    total: uint256
    supply: uint256

# A move of assets against vault shares. amounts: to or from each holding; idle: to or from what is idle; rest: what
# found no place; sure: what came before a holding had less cash than it owed. lost: units that rounding loses;
# margin: the most that it can lose for any amount.
struct Plan:
    assets: uint256
    shares: uint256
    amounts: uint256[MAX_MARKETS]
    idle: uint256
    rest: uint256
    sure: uint256
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
# A holding's word in vault_books: supply shares (120 bits) | flow (136, modulo 2**136).
FLOW_AT: constant(uint256) = 120
FLOWS: constant(uint256) = 2**136
U120: constant(uint256) = 2**120 - 1


@internal
@pure
def _holding(id: bytes32, word: uint256, state: credit_market.MarketState, live: bool, cap: uint256) -> Holding:
    """
    @param live False for a market that can't accrue: it counts as of its last accrual, without cash or room.
    """
    held: uint256 = word & U120
    brought: uint256 = word >> FLOW_AT
    drawn: uint256 = 0
    if brought >= FLOWS // 2:
        drawn = unsafe_sub(FLOWS, brought)
        brought = 0
    assets: uint256 = unsafe_sub(state.supply_assets, state.reserve)
    above: uint256 = unsafe_add(assets, VIRTUAL_ASSETS)
    below: uint256 = unsafe_add(state.supply_shares, VIRTUAL_SHARES)
    worth: uint256 = unsafe_div(unsafe_mul(held, above), below)
    room: uint256 = 0
    if live and cap > worth:
        room = min(unsafe_sub(cap, worth), unsafe_sub(MAX_SUPPLY_ASSETS, state.supply_assets))
        room = min(room, unsafe_div(unsafe_mul(unsafe_sub(MAX_SUPPLY_SHARES, state.supply_shares), above), below))
    return Holding(
        id=id,
        held=held,
        assets=assets,
        shares=state.supply_shares,
        worth=worth,
        cash=min(worth, unsafe_sub(state.supply_assets, state.borrow_assets)) if live else 0,
        room=room,
        unit=self._up(above, below),
        brought=brought,
        drawn=drawn,
        live=live,
    )


@internal
@pure
def _word(assets: uint256, shares: uint256) -> uint256:
    """
    @notice What a holding's word gains, or loses, with assets and the shares that they made; modulo 2**256.
    """
    return unsafe_add(assets << FLOW_AT, shares)


@internal
@pure
def _fee_shares(total: uint256, supply: uint256, fee: uint256, high_water: uint256) -> uint256:
    """
    @notice Shares that are worth `fee` (WAD) of the gain above the high-water price, once they are minted.
    """
    above: uint256 = unsafe_add(total, VIRTUAL_ASSETS)
    below: uint256 = unsafe_add(supply, VIRTUAL_SHARES)
    if unsafe_div(unsafe_mul(above, PRICE_SCALE), below) <= high_water:
        return 0
    part: uint256 = (above - self._up(high_water * below, PRICE_SCALE)) * fee // WAD
    return part * below // (above - part)


@internal
@pure
def _price_up(total: uint256, supply: uint256) -> uint256:
    """
    @notice Units of the asset per vault share, times PRICE_SCALE.
    """
    return self._up(
        unsafe_mul(unsafe_add(total, VIRTUAL_ASSETS), PRICE_SCALE), unsafe_add(supply, VIRTUAL_SHARES)
    )


@internal
@pure
def _up(dividend: uint256, divisor: uint256) -> uint256:
    return unsafe_div(dividend + unsafe_sub(divisor, 1), divisor)


@internal
@pure
def _shares_down(assets: uint256, total: uint256, supply: uint256) -> uint256:
    return unsafe_div(assets * unsafe_add(supply, VIRTUAL_SHARES), unsafe_add(total, VIRTUAL_ASSETS))


@internal
@pure
def _shares_up(assets: uint256, total: uint256, supply: uint256) -> uint256:
    return self._up(assets * unsafe_add(supply, VIRTUAL_SHARES), unsafe_add(total, VIRTUAL_ASSETS))


@internal
@pure
def _assets_down(shares: uint256, total: uint256, supply: uint256) -> uint256:
    return unsafe_div(shares * unsafe_add(total, VIRTUAL_ASSETS), unsafe_add(supply, VIRTUAL_SHARES))


@internal
@pure
def _dear(total: uint256, supply: uint256, peak: uint256) -> uint256:
    """
    @notice The total at which a share costs the peak, or the real one when it costs as much: what who enters pays by.
    """
    if self._price_up(total, supply) >= peak:
        return total
    return self._up(peak * unsafe_add(supply, VIRTUAL_SHARES), PRICE_SCALE) - VIRTUAL_ASSETS


@internal
@pure
def _spread(sight: Sight, assets: uint256, entering: bool, in_kind: bool = False) -> Plan:
    """
    @notice In: back to where withdrawals drew it, the last first; to what was idle; then along the supply queue, from
            where deposits have come so far, each market up to its cap. An empty queue takes nothing.
            Out: what deposits brought, the last first; what is idle; then along the withdraw queue, from where
            withdrawals have come so far, each market as far as its cash goes, or `in_kind` as its worth does.
    """
    plan: Plan = empty(Plan)
    plan.assets = assets
    plan.rest = assets
    plan.sure = max_value(uint256)
    if entering and sight.order == 0:
        return plan
    count: uint256 = sight.count
    # Along the queue from where its last money went, so that the same amount goes back the same way; then from its head.
    start: uint256 = 0
    for j: uint256 in range(count, bound=MAX_MARKETS):
        i: uint256 = unsafe_sub((sight.order >> unsafe_mul(4, j)) & 15, 1) if entering else j
        if i < count and (sight.holdings[i].brought if entering else sight.holdings[i].drawn) > 0:
            start = j
    # Against the flows in as many steps as there are markets, what is idle, then along a queue.
    for j: uint256 in range(2 * count + 1, bound=2 * MAX_MARKETS + 1):
        later: bool = j >= count
        if j == count:
            plan.idle = min(plan.rest, sight.drawn if entering else sight.idle)
            plan.rest = unsafe_sub(plan.rest, plan.idle)
        if plan.rest == 0:
            break
        i: uint256 = unsafe_add(start, j) % max(count, 1) if later else unsafe_sub(unsafe_sub(count, 1), j)
        if entering == later:
            i = unsafe_sub((sight.order >> unsafe_mul(4, i)) & 15, 1)
        if i < count:
            holding: Holding = sight.holdings[i]
            before: uint256 = plan.amounts[i]
            wanted: uint256 = plan.rest
            if not later:
                wanted = min(wanted, holding.drawn if entering else holding.brought)
            limit: uint256 = holding.worth if in_kind else holding.cash
            amount: uint256 = min(wanted, unsafe_sub(holding.room if entering else limit, before))
            plan.rest = unsafe_sub(plan.rest, amount)
            if not entering and amount < min(wanted, unsafe_sub(holding.worth, before)):
                plan.sure = min(plan.sure, unsafe_sub(assets, plan.rest))
            plan.amounts[i] = unsafe_add(before, amount)
    for i: uint256 in range(count, bound=MAX_MARKETS):
        holding: Holding = sight.holdings[i]
        amount: uint256 = plan.amounts[i]
        above: uint256 = unsafe_add(holding.assets, VIRTUAL_ASSETS)
        below: uint256 = unsafe_add(holding.shares, VIRTUAL_SHARES)
        shares: uint256 = unsafe_mul(amount, below)
        if entering:
            shares = unsafe_div(shares, above)
        else:
            shares = unsafe_sub(0, self._up(shares, above))
            amount = unsafe_sub(0, amount)
        after: uint256 = unsafe_div(
            unsafe_mul(unsafe_add(holding.held, shares), unsafe_add(above, amount)), unsafe_add(below, shares)
        )
        plan.lost = unsafe_add(plan.lost, unsafe_sub(unsafe_add(holding.worth, amount), after))
        plan.margin = unsafe_add(plan.margin, holding.unit)
    return plan


@internal
@pure
def _plan_in(sight: Sight, assets: uint256, shares: uint256) -> Plan:
    """
    @notice Assets paid in, or shares wanted; the other is 0. Shares cost the least that gives them where rounding
            costs nothing, else enough for any of it. While a market is blind a share has no sure price.
    """
    assert not sight.blind or assets + shares == 0, "Vault: a market can't be read"
    if shares == 0:
        plan: Plan = self._spread(sight, assets, True)
        plan.shares = self._shares_down(assets - plan.lost, sight.total, sight.supply)
        return plan
    paid: uint256 = self._up(shares * (sight.total + VIRTUAL_ASSETS), sight.supply + VIRTUAL_SHARES)
    plan: Plan = self._spread(sight, paid, True)
    if plan.lost > 0:
        plan = self._spread(sight, paid + plan.margin, True)
    plan.shares = shares
    return plan


@internal
@pure
def _plan_out(sight: Sight, assets: uint256, shares: uint256) -> Plan:
    """
    @notice Assets wanted, or shares given back; the other is 0.
    """
    if shares == 0:
        plan: Plan = self._spread(sight, assets, False)
        plan.shares = self._shares_up(assets + plan.lost, sight.total, sight.supply)
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
    plan: Plan = self._spread(sight, assets, False)
    if plan.lost > 0:
        plan = self._spread(sight, unsafe_sub(assets, min(assets, plan.margin)), False)
    return plan


@internal
@pure
def _plan_in_kind(sight: Sight, shares: uint256) -> Plan:
    """
    @notice Shares given back for a part of everything; the amounts are supply shares. What deposits of this transaction
            brought goes first, from where it lies, cash or not: else who comes and goes would move the rest.
    """
    plan: Plan = empty(Plan)
    if sight.fresh > 0:
        worth: uint256 = self._assets_down(shares, sight.total, sight.supply)
        plan = self._spread(sight, min(sight.fresh, worth), False, True)
    used: uint256 = self._shares_up(plan.assets, sight.total, sight.supply)
    left: uint256 = unsafe_sub(shares, used)
    supply: uint256 = sight.supply + VIRTUAL_SHARES - used
    plan.idle += unsafe_sub(sight.idle, plan.idle) * left // supply
    for i: uint256 in range(sight.count, bound=MAX_MARKETS):
        holding: Holding = sight.holdings[i]
        moved: uint256 = self._shares_down(plan.amounts[i], holding.assets, holding.shares)
        given: uint256 = unsafe_add(moved, unsafe_sub(holding.held, moved) * left // supply)
        spare: uint256 = unsafe_add(self._shares_down(1, holding.assets, holding.shares), 1)
        plan.amounts[i] = unsafe_sub(given, min(given, spare))
    return plan


@internal
@pure
def _liquidity(sight: Sight, purse: uint256) -> uint256:
    """
    @notice What can be taken out. What came in this transaction leaves by the way it came; all that comes from
            markets is paid from the purse.
    """
    plan: Plan = self._spread(sight, sight.total, False)
    liquidity: uint256 = unsafe_sub(plan.assets, plan.rest)
    if unsafe_sub(liquidity, plan.idle) > purse:
        liquidity = purse
    if plan.sure < sight.fresh:
        liquidity = min(liquidity, plan.sure)
    return liquidity


@internal
@pure
def _room(sight: Sight) -> uint256:
    """
    @notice The most that can be paid in.
    """
    if sight.blind:
        return 0
    room: uint256 = self._assets_down(unsafe_sub(MAX_SUPPLY, min(MAX_SUPPLY, sight.supply)), sight.total, sight.supply)
    return unsafe_sub(room, self._spread(sight, room, True).rest)


@internal
@pure
def _mintable(sight: Sight) -> uint256:
    """
    @notice Shares that can surely be had within the room.
    """
    room: uint256 = self._room(sight)
    spare: uint256 = self._spread(sight, 0, True).margin
    return self._shares_down(unsafe_sub(room, min(room, spare)), sight.total, sight.supply)


@internal
@pure
def _withdrawable(sight: Sight, shares: uint256, purse: uint256) -> uint256:
    """
    @notice Assets that `shares` can take out now.
    """
    owned: uint256 = self._assets_down(shares, sight.total, sight.supply)
    return self._payout(sight, min(owned, self._liquidity(sight, purse))).assets


@internal
@pure
def _redeemable(sight: Sight, shares: uint256, purse: uint256) -> uint256:
    """
    @notice How many of `shares` can be given back now.
    """
    liquidity: uint256 = self._liquidity(sight, purse)
    if self._assets_down(shares, sight.total, sight.supply) <= liquidity:
        return shares
    return self._shares_down(liquidity, sight.total, sight.supply)
