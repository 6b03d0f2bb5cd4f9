"""A vault as a lender reads it, and what each operation makes of it. Pure; by the integers of `vault`."""

from dataclasses import dataclass, field, replace

from surge.credit import shares, vault
from surge.credit.market import MarketView, Token
from surge.credit.vault import Plan, Sight
from surge.model.credit import MarketId
from surge.model.errors import BadInput
from surge.model.units import WAD, Address, Wad


@dataclass(frozen=True, slots=True)
class VaultMarket:
    """What a vault has in a market: `held` supply shares; `cap` and `flow` (what deposits brought since the
    owner allocated, less what withdrawals drew) in the asset's units; `live`: it can be read."""

    market: MarketView
    held: int
    cap: int
    flow: int = 0
    live: bool = True

    @property
    def worth(self) -> int:
        """In the asset's units, down."""
        return self.market.worth_of(self.held)


@dataclass(frozen=True, slots=True)
class VaultView:
    """A vault at one moment, and what `account` has of it. Money in the asset's smallest units.

    share: the vault's own token. markets: in the order of withdrawals; queue: in the order of deposits.
    supply: of shares, those of the fee up to now included. fee: of gains, WAD. drawn: what withdrawals took
    of the idle assets since the owner allocated. high_water: the highest price of a share up to the last
    operation, × 1e36; 0 where it is not known.
    """

    name: str
    asset: Token
    share: Token
    account: Address
    shares: int
    idle: int
    supply: int
    fee: Wad
    markets: tuple[VaultMarket, ...]
    queue: tuple[MarketId, ...]
    drawn: int = 0
    high_water: int = field(default=0, compare=False)

    @property
    def address(self) -> Address:
        return self.share.address

    @property
    def sight(self) -> Sight:
        """The vault as its formulas take it."""
        holdings = tuple(
            vault.holding(m.market.id, m.held, m.market.state, m.cap, m.live, m.flow) for m in self.markets
        )
        return Sight(holdings, self.queue, self.idle, self.supply, self.drawn)

    @property
    def total(self) -> int:
        """All that the vault has: idle, and lent."""
        return self.sight.total

    @property
    def worth(self) -> int:
        """Of the account's shares, down."""
        return self.sight.assets_down(self.shares)

    @property
    def share_price(self) -> int:
        """The asset's units for a whole share, down."""
        return self.sight.assets_down(10**self.share.decimals)

    @property
    def fallen(self) -> int:
        """By how much of itself a share is below its highest price, WAD, down: a loss that lenders bear."""
        now = vault.price_up(self.total, self.supply)
        return (self.high_water - now) * WAD // self.high_water if now < self.high_water else 0

    @property
    def max_deposit(self) -> int:
        """What its caps still take; nothing while a market that holds something can't be read."""
        return vault.max_deposit(self.sight)

    @property
    def max_withdraw(self) -> int:
        """What the account can take out now; the rest is lent out, see redeem_in_kind."""
        return vault.max_withdraw(self.sight, self.shares)

    @property
    def rate(self) -> int:
        """WAD per year to its lenders now, without compounding, after the fee; down."""
        if not self.total:
            return 0
        earned = sum(one.worth * one.market.supply_rate for one in self.markets)
        return earned // self.total * (WAD - self.fee) // WAD


def deposit(view: VaultView, assets: int) -> VaultView:
    """Pay in; raises BadInput where the vault would refuse."""
    if assets <= 0:
        raise BadInput(f"an amount of {view.asset.show(assets)} changes nothing; name how much to deposit")
    if view.sight.blind:
        raise BadInput(
            f"the {view.name} takes no deposits while one of its markets can't be read; "
            "try again when `surge credit vaults` shows that it takes more"
        )
    if assets > view.max_deposit:
        raise BadInput(
            f"{view.asset.show(assets)} is more than the caps of the {view.name} take; "
            f"deposit {view.asset.show(view.max_deposit)} or less"
        )
    plan = vault.deposit(view.sight, assets)
    if not plan.shares:
        raise BadInput(
            f"{view.asset.show(assets)} is too little for one share of the {view.name}; deposit more"
        )
    return replace(_moved(view, plan, 1), shares=view.shares + plan.shares, supply=view.supply + plan.shares)


def withdraw(view: VaultView, assets: int) -> VaultView:
    """Take out an exact amount; raises BadInput where the vault would refuse."""
    _can_withdraw(view, assets)
    plan = vault.withdraw(view.sight, assets)
    if plan.shares > view.shares:
        raise BadInput(
            f"{view.asset.show(assets)} costs more than the {view.account}'s shares of the {view.name}; "
            "withdraw `max`"
        )
    return _left(view, plan)


def redeem(view: VaultView, given: int) -> VaultView:
    """Give shares back for the asset."""
    return _left(view, vault.redeem(view.sight, given))


def redeem_in_kind(view: VaultView, given: int) -> tuple[VaultView, int, tuple[int, ...]]:
    """Give shares back for the same part of everything: the vault, the idle assets, the markets' shares."""
    idle, handed = vault.redeem_in_kind(view.sight, given)
    markets = tuple(_handed_out(one, part) for one, part in zip(view.markets, handed, strict=True))
    after = replace(
        view,
        shares=view.shares - given,
        supply=view.supply - given,
        idle=view.idle - idle,
        drawn=view.drawn + idle,
        markets=markets,
    )
    return after, idle, handed


def _handed_out(one: VaultMarket, part: int) -> VaultMarket:
    state = one.market.state
    assets = shares.to_assets_down(part, state.lent_assets, state.supply_shares)
    return replace(one, held=one.held - part, flow=one.flow - assets)


def _left(view: VaultView, plan: Plan) -> VaultView:
    return replace(_moved(view, plan, -1), shares=view.shares - plan.shares, supply=view.supply - plan.shares)


def _moved(view: VaultView, plan: Plan, sign: int) -> VaultView:
    """The plan's amounts into (1) or out of (-1) the markets and what is idle."""
    markets = tuple(
        _supplied(one, amount) if sign > 0 else _withdrawn(one, amount)
        for one, amount in zip(view.markets, plan.amounts, strict=True)
    )
    moved = sign * plan.idle
    return replace(view, markets=markets, idle=view.idle + moved, drawn=view.drawn - moved)


def _supplied(one: VaultMarket, amount: int) -> VaultMarket:
    state = one.market.state
    made = shares.to_shares_down(amount, state.lent_assets, state.supply_shares)
    return _with(one, amount, made) if amount else one


def _withdrawn(one: VaultMarket, amount: int) -> VaultMarket:
    state = one.market.state
    burned = shares.to_shares_up(amount, state.lent_assets, state.supply_shares)
    return _with(one, -amount, -burned) if amount else one


def _with(one: VaultMarket, assets: int, made: int) -> VaultMarket:
    state = one.market.state
    grown = replace(
        state, supply_assets=state.supply_assets + assets, supply_shares=state.supply_shares + made
    )
    return replace(one, market=one.market.with_state(grown), held=one.held + made, flow=one.flow + assets)


def _can_withdraw(view: VaultView, assets: int) -> None:
    if assets <= 0:
        raise BadInput(f"an amount of {view.asset.show(assets)} changes nothing; name how much to withdraw")
    if assets > view.worth:
        raise BadInput(
            f"{view.asset.show(assets)} can't be withdrawn: {view.account} has {view.asset.show(view.worth)} "
            f"in the {view.name}; withdraw {view.asset.show(view.max_withdraw)} or less (`max`)"
        )
    if assets > view.sight.liquidity:
        raise BadInput(
            f"{view.asset.show(assets)} can't be withdrawn now: the rest of the {view.name} is lent out; "
            f"withdraw {view.asset.show(view.max_withdraw)} or less (`max`), or redeem in kind"
        )
