"""What a vault's shares are worth, and how an amount is spread over its markets. Twin of vault/plan.vy.

Assets are units of the vault's asset; a market's shares are Credit's, `supply` counts the vault's own.
Rounding favours the vault (C3). What rounding in a market loses is charged to who moves the amount.
"""

from dataclasses import dataclass, replace

from surge.credit.shares import (
    VIRTUAL_ASSETS,
    VIRTUAL_SHARES,
    to_assets_down,
    to_assets_up,
    to_shares_down,
    to_shares_up,
)
from surge.model.credit import PRICE_SCALE, MarketId, MarketState
from surge.model.units import WAD, Wad, divide_up

MAX_SUPPLY = 2**128
MAX_SUPPLY_ASSETS = 2**104 - 1
MAX_SUPPLY_SHARES = 2**120 - 1
FIRST_PRICE = PRICE_SCALE * VIRTUAL_ASSETS // VIRTUAL_SHARES


@dataclass(frozen=True, slots=True)
class Holding:
    """What a vault has in a market. held: supply shares; assets, shares: of all the market's lenders;
    worth: of what is held, rounded down; cash: how much of that can be withdrawn now; room: what it still
    takes; unit: the most that rounding can cost in one move."""

    id: MarketId
    held: int
    assets: int
    shares: int
    worth: int
    cash: int
    room: int
    unit: int


@dataclass(frozen=True, slots=True)
class Sight:
    """A vault at one moment. holdings: in the order of withdrawals; queue: ids in the order of deposits;
    supply: of vault shares, those of the fee up to now included."""

    holdings: tuple[Holding, ...]
    queue: tuple[MarketId, ...]
    idle: int
    supply: int

    @property
    def total(self) -> int:
        """All assets: idle, and what the holdings are worth."""
        return self.idle + sum(holding.worth for holding in self.holdings)

    @property
    def liquidity(self) -> int:
        """What can be withdrawn now."""
        return self.idle + sum(holding.cash for holding in self.holdings)

    def shares_down(self, assets: int) -> int:
        return to_shares_down(assets, self.total, self.supply)

    def assets_down(self, shares: int) -> int:
        return to_assets_down(shares, self.total, self.supply)


@dataclass(frozen=True, slots=True)
class Plan:
    """A move of assets against vault shares. amounts: to or from each holding; rest: what found no place;
    lost: units that rounding loses; margin: the most that it can lose for any amount."""

    assets: int
    amounts: tuple[int, ...]
    rest: int
    lost: int
    margin: int
    shares: int = 0


def holding(id: MarketId, held: int, state: MarketState, cap: int = 0, live: bool = True) -> Holding:
    """`state`: with interest up to now; of the last accrual for a market that can't accrue (not `live`)."""
    assets = state.lent_assets
    worth = to_assets_down(held, assets, state.supply_shares)
    room = 0
    if live and cap > worth:
        places = to_assets_down(MAX_SUPPLY_SHARES - state.supply_shares, assets, state.supply_shares)
        room = min(cap - worth, MAX_SUPPLY_ASSETS - state.supply_assets, places)
    return Holding(
        id=id,
        held=held,
        assets=assets,
        shares=state.supply_shares,
        worth=worth,
        cash=min(worth, state.cash) if live else 0,
        room=room,
        unit=divide_up(assets + VIRTUAL_ASSETS, state.supply_shares + VIRTUAL_SHARES),
    )


def price_up(total: int, supply: int) -> int:
    """Units of the asset per vault share, times PRICE_SCALE."""
    return divide_up((total + VIRTUAL_ASSETS) * PRICE_SCALE, supply + VIRTUAL_SHARES)


def fee_shares(total: int, supply: int, fee: Wad, high_water: int) -> int:
    """Shares that are worth `fee` of the gain above the high-water price, once they are minted."""
    above, below = total + VIRTUAL_ASSETS, supply + VIRTUAL_SHARES
    if above * PRICE_SCALE // below <= high_water:
        return 0
    part = (above - divide_up(high_water * below, PRICE_SCALE)) * fee // WAD
    return part * below // (above - part)


def spread_in(sight: Sight, assets: int) -> Plan:
    """Where a deposit goes: along the queue, each market up to its cap."""
    rest, lost, margin = assets, 0, 0
    amounts = [0] * len(sight.holdings)
    for id in sight.queue:
        for place, one in enumerate(sight.holdings):
            if one.id == id:
                amount = min(rest, one.room)
                made = to_shares_down(amount, one.assets, one.shares)
                after = to_assets_down(one.held + made, one.assets + amount, one.shares + made)
                amounts[place] = amount
                rest -= amount
                lost += one.worth + amount - after
                margin += one.unit
    return Plan(assets, tuple(amounts), rest, lost, margin)


def spread_out(sight: Sight, assets: int) -> Plan:
    """Where a withdrawal comes from: what is idle first, then each market's cash."""
    rest, lost, margin = assets - min(assets, sight.idle), 0, 0
    amounts = []
    for one in sight.holdings:
        amount = min(rest, one.cash)
        burned = to_shares_up(amount, one.assets, one.shares)
        after = to_assets_down(one.held - burned, one.assets - amount, one.shares - burned)
        amounts.append(amount)
        rest -= amount
        lost += one.worth - amount - after
        margin += one.unit
    return Plan(assets, tuple(amounts), rest, lost, margin)


def deposit(sight: Sight, assets: int) -> Plan:
    """Of `assets` paid in; its `shares` are what they give."""
    plan = spread_in(sight, assets)
    return replace(plan, shares=sight.shares_down(assets - plan.lost))


def mint(sight: Sight, shares: int) -> Plan:
    """Of `shares` wanted; its `assets` are what they cost: enough for any rounding, if there is some."""
    paid = to_assets_up(shares, sight.total, sight.supply)
    plan = spread_in(sight, paid)
    if plan.lost:
        plan = spread_in(sight, paid + plan.margin)
    return replace(plan, shares=shares)


def withdraw(sight: Sight, assets: int) -> Plan:
    """Of `assets` wanted; its `shares` are what they cost."""
    plan = spread_out(sight, assets)
    return replace(plan, shares=to_shares_up(assets + plan.lost, sight.total, sight.supply))


def redeem(sight: Sight, shares: int) -> Plan:
    """Of `shares` given back; its `assets` are what comes out."""
    return replace(_payout(sight, sight.assets_down(shares)), shares=shares)


def redeem_in_kind(sight: Sight, shares: int) -> tuple[int, tuple[int, ...]]:
    """(idle assets, supply shares of each holding) that `shares` are handed out for."""
    supply = sight.supply + VIRTUAL_SHARES
    given = []
    for one in sight.holdings:
        part = one.held * shares // supply
        given.append(max(0, part - ((one.shares + VIRTUAL_SHARES) // (one.assets + VIRTUAL_ASSETS) + 1)))
    return sight.idle * shares // supply, tuple(given)


def max_deposit(sight: Sight) -> int:
    """The most that the caps let in now."""
    room = sight.assets_down(max(0, MAX_SUPPLY - sight.supply))
    return room - spread_in(sight, room).rest


def max_mint(sight: Sight) -> int:
    """Shares that can surely be had."""
    return sight.shares_down(max(0, max_deposit(sight) - spread_in(sight, 0).margin))


def max_withdraw(sight: Sight, shares: int) -> int:
    """Assets that the owner of `shares` can take out now."""
    return _payout(sight, min(sight.assets_down(shares), sight.liquidity)).assets


def max_redeem(sight: Sight, shares: int) -> int:
    """How many of `shares` can be given back now."""
    return shares if sight.assets_down(shares) <= sight.liquidity else sight.shares_down(sight.liquidity)


def _payout(sight: Sight, assets: int) -> Plan:
    plan = spread_out(sight, assets)
    return spread_out(sight, assets - min(assets, plan.margin)) if plan.lost else plan
