"""What a vault's shares are worth, and how an amount is spread over its markets. Twin of vault/plan.vy.

Assets are units of the vault's asset; a market's shares are Credit's, `supply` counts the vault's own.
Rounding favours the vault (C3). What rounding in a market loses is charged to who moves the amount.
Deposits and withdrawals go first against the flows, on the way that those came: what comes and goes again
moves nothing between the markets.
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
    takes; unit: the most that rounding can cost in one move; brought, drawn: what deposits brought here or
    withdrawals drew since the owner allocated, one of them 0; live: the market can be read."""

    id: MarketId
    held: int
    assets: int
    shares: int
    worth: int
    cash: int
    room: int
    unit: int
    brought: int = 0
    drawn: int = 0
    live: bool = True


@dataclass(frozen=True, slots=True)
class Sight:
    """A vault at one moment. holdings: in the order of withdrawals; queue: ids in the order of deposits;
    supply: of vault shares, those of the fee up to now included; drawn: what withdrawals took of the idle
    assets since the owner allocated. Of this transaction: fresh is what deposits brought, peak the highest
    price of a share that was seen."""

    holdings: tuple[Holding, ...]
    queue: tuple[MarketId, ...]
    idle: int
    supply: int
    drawn: int = 0
    fresh: int = 0
    peak: int = 0

    @property
    def total(self) -> int:
        """All assets: idle, and what the holdings are worth."""
        return self.idle + sum(holding.worth for holding in self.holdings)

    @property
    def dear(self) -> int:
        """The total by which who enters pays: a share costs at least the peak, so a loss is counted once."""
        if price_up(self.total, self.supply) >= self.peak:
            return self.total
        return divide_up(self.peak * (self.supply + VIRTUAL_SHARES), PRICE_SCALE) - VIRTUAL_ASSETS

    @property
    def blind(self) -> bool:
        """A market that holds something can't be read: a share has no sure price, nobody enters."""
        return any(one.worth and not one.live for one in self.holdings)

    @property
    def liquidity(self) -> int:
        """What can be withdrawn now. What came in this transaction leaves by the way it came."""
        plan = spread_out(self, self.total)
        liquidity = plan.assets - plan.rest
        return liquidity if plan.sure is None or plan.sure >= self.fresh else plan.sure

    def shares_down(self, assets: int) -> int:
        return to_shares_down(assets, self.total, self.supply)

    def assets_down(self, shares: int) -> int:
        return to_assets_down(shares, self.total, self.supply)


@dataclass(frozen=True, slots=True)
class Plan:
    """A move of assets against vault shares. amounts: to or from each holding; idle: to or from what is idle;
    rest: what found no place; lost: units that rounding loses; margin: the most that it can lose for any
    amount; sure: what came before a holding had less cash than it owed, None when none had."""

    assets: int
    amounts: tuple[int, ...]
    idle: int
    rest: int
    lost: int
    margin: int
    sure: int | None = None
    shares: int = 0


def holding(
    id: MarketId, held: int, state: MarketState, cap: int = 0, live: bool = True, flow: int = 0
) -> Holding:
    """`state`: with interest up to now; of the last accrual for a market that can't accrue (not `live`).
    flow: what deposits brought, less what withdrawals drew."""
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
        brought=max(flow, 0),
        drawn=max(-flow, 0),
        live=live,
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


def deposit(sight: Sight, assets: int) -> Plan:
    """Of `assets` paid in; its `shares` are what they give."""
    plan = spread_in(sight, assets)
    return replace(plan, shares=to_shares_down(assets - plan.lost, sight.dear, sight.supply))


def mint(sight: Sight, shares: int) -> Plan:
    """Of `shares` wanted; its `assets` are what they cost: enough for any rounding, if there is some."""
    paid = to_assets_up(shares, sight.dear, sight.supply)
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
    """(idle assets, supply shares of each holding) that `shares` are handed out for. What deposits of this
    transaction brought goes first, from where it lies, cash or not; the rest is the same part of all."""
    fresh = min(sight.fresh, sight.assets_down(shares))
    open_handed = tuple(replace(one, cash=one.worth) for one in sight.holdings)
    plan = spread_out(replace(sight, holdings=open_handed), fresh)
    used = to_shares_up(fresh, sight.total, sight.supply)
    left, supply = shares - used, sight.supply + VIRTUAL_SHARES - used
    given = []
    for one, amount in zip(sight.holdings, plan.amounts, strict=True):
        moved = to_shares_down(amount, one.assets, one.shares)
        part = moved + (one.held - moved) * left // supply
        given.append(max(0, part - (to_shares_down(1, one.assets, one.shares) + 1)))
    return plan.idle + (sight.idle - plan.idle) * left // supply, tuple(given)


def max_deposit(sight: Sight) -> int:
    """The most that the caps let in now."""
    if sight.blind:
        return 0
    room = to_assets_down(max(0, MAX_SUPPLY - sight.supply), sight.dear, sight.supply)
    return room - spread_in(sight, room).rest


def max_mint(sight: Sight) -> int:
    """Shares that can surely be had."""
    spare = spread_in(sight, 0).margin
    return to_shares_down(max(0, max_deposit(sight) - spare), sight.dear, sight.supply)


def max_withdraw(sight: Sight, shares: int, purse: int | None = None) -> int:
    """Assets that the owner of `shares` can take out now. purse: what Credit has of the asset, which is less
    than it lends while a flash loan is out; None when none is."""
    return _payout(sight, min(sight.assets_down(shares), _payable(sight, purse))).assets


def max_redeem(sight: Sight, shares: int, purse: int | None = None) -> int:
    """How many of `shares` can be given back now."""
    liquidity = _payable(sight, purse)
    return shares if sight.assets_down(shares) <= liquidity else sight.shares_down(liquidity)


def _payable(sight: Sight, purse: int | None) -> int:
    """Of the liquidity: all that comes from markets is paid from the purse."""
    plan = spread_out(sight, sight.total)
    if purse is None or sum(plan.amounts) <= purse:
        return sight.liquidity
    return min(sight.liquidity, purse)


def _payout(sight: Sight, assets: int) -> Plan:
    plan = spread_out(sight, assets)
    return spread_out(sight, assets - min(assets, plan.margin)) if plan.lost else plan


def spread_in(sight: Sight, assets: int) -> Plan:
    """Where a deposit goes: back to where withdrawals drew it, the last first; to what was idle; then along
    the queue from where deposits have come so far, each market up to its cap. An empty queue takes none."""
    if not sight.queue:
        return Plan(assets, (0,) * len(sight.holdings), 0, assets, 0, 0)
    rest, amounts = assets, [0] * len(sight.holdings)
    for place, one in reversed([*enumerate(sight.holdings)]):
        amounts[place] = min(rest, one.drawn, one.room)
        rest -= amounts[place]
    idle = min(rest, sight.drawn)
    rest -= idle
    for place in _from_the_last(_places(sight), [bool(one.brought) for one in sight.holdings]):
        amount = min(rest, sight.holdings[place].room - amounts[place])
        amounts[place] += amount
        rest -= amount
    lost = 0
    for one, amount in zip(sight.holdings, amounts, strict=True):
        made = to_shares_down(amount, one.assets, one.shares)
        after = to_assets_down(one.held + made, one.assets + amount, one.shares + made)
        lost += one.worth + amount - after
    return Plan(assets, tuple(amounts), idle, rest, lost, _margin(sight))


def spread_out(sight: Sight, assets: int) -> Plan:
    """Where a withdrawal comes from: what deposits brought, the last first; what is idle; then along the
    withdraw queue, from where withdrawals have come so far. Each market as far as its cash goes."""
    rest, amounts = assets, [0] * len(sight.holdings)
    sure = None

    def draw(place: int, most: int) -> None:
        nonlocal rest, sure
        one = sight.holdings[place]
        wanted = min(rest, most, one.worth - amounts[place])
        amount = min(wanted, one.cash - amounts[place])
        amounts[place] += amount
        rest -= amount
        if amount < wanted and sure is None:
            sure = assets - rest

    for place in reversed(_places(sight)):
        draw(place, sight.holdings[place].brought)
    idle = min(rest, sight.idle)
    rest -= idle
    for place in _from_the_last([*range(len(sight.holdings))], [bool(one.drawn) for one in sight.holdings]):
        draw(place, rest)
    lost = 0
    for one, amount in zip(sight.holdings, amounts, strict=True):
        burned = to_shares_up(amount, one.assets, one.shares)
        after = to_assets_down(one.held - burned, one.assets - amount, one.shares - burned)
        lost += one.worth - amount - after
    return Plan(assets, tuple(amounts), idle, rest, lost, _margin(sight), sure)


def _from_the_last(places: list[int], moved: list[bool]) -> list[int]:
    """A queue from where its last money went, so that the same amount goes back the same way; then from its
    head."""
    last = max((at for at, place in enumerate(places) if moved[place]), default=0)
    return places[last:] + places[:last]


def _places(sight: Sight) -> list[int]:
    """Of the supply queue, in the order of withdrawals."""
    ids = [one.id for one in sight.holdings]
    return [ids.index(id) for id in sight.queue]


def _margin(sight: Sight) -> int:
    return sum(one.unit for one in sight.holdings)
