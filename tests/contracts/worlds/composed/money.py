"""Who owns what of a World, in units of a dollar, and what a transaction may change of it.

All at constant time and constant price of ether; a share of the vault is worth what the vault says.
"""

from dataclasses import dataclass
from math import isqrt

from contracts.worlds.composed.world import (
    CAPS,
    HONEST,
    INTRUDER,
    PLEDGED,
    RISKY,
    SAFE,
    SCALE,
    SHORT,
    VAULT,
    World,
)
from surge.credit.shares import to_assets_down, to_assets_up

WAD = 10**18
DUST = 64
"""Units of a dollar, or shares: each part of a sum is rounded, each of 64 calls leaves one to others."""
WEI_DUST = 10**9
"""Of a market of ether: less than a unit of a dollar as well."""
USD_TOKEN, ETH_TOKEN, SHARE_TOKEN = range(3)
COLLATERAL = {RISKY: ETH_TOKEN, SAFE: ETH_TOKEN, SHORT: USD_TOKEN, PLEDGED: SHARE_TOKEN}
LOAN = {RISKY: USD_TOKEN, SAFE: USD_TOKEN, SHORT: ETH_TOKEN, PLEDGED: USD_TOKEN}
LENT = tuple(CAPS)
"""By the vault."""
LLTV = {RISKY: 90, SAFE: 70, SHORT: 80, PLEDGED: 90}
EVERYBODY = range(VAULT + 1)

Words = tuple[int, ...]
Heard = list[tuple[str, Words]]


@dataclass(frozen=True)
class Pool:
    """Reserves, balances and LP tokens of a pair of dollars and another token, in this order."""

    token: int
    reserves: tuple[int, int]
    balances: tuple[int, int]
    supply: int
    held: tuple[int, ...]

    def part(self, account: int, amount: int) -> int:
        return amount * self.held[account] // self.supply

    def worth(self, prices: Words) -> int:
        """To who provides all of it, at these prices."""
        return self.reserves[0] + self.reserves[1] * prices[self.token] // SCALE

    def floor(self, prices: Words) -> int:
        """The least that its k is worth at these prices: after whatever trades."""
        return 2 * isqrt(self.reserves[0] * self.reserves[1] * prices[self.token] // SCALE)

    def of_others(self, prices: Words) -> int:
        """What is there and not the intruder's, with what was sent and not yet counted."""
        there = self.balances[0] + self.balances[1] * prices[self.token] // SCALE
        return there - self.part(INTRUDER, self.worth(prices))


class Moment:
    """All that anybody owns and owes, as it is with interest up to now."""

    def __init__(self, world: World):
        share_price = world.share_price("price")[0]
        self.prices: Words = (SCALE, world.price("price")[0], share_price)
        self.markets: list[Words] = [world.credit("accrued", params) for params in world.markets]
        self.positions: list[list[Words]] = [
            [world.credit("position", id, account) for account in world.accounts] for id in world.ids
        ]
        self.balances = [[token("balanceOf", each) for each in world.accounts] for token in world.tokens]
        self.dust = DUST * max(1, *(self._share(market) for market in COLLATERAL))
        self.pools = [self._pool(world, number) for number in (0, 1)]
        self.shares = world.vault("totalSupply")
        self.held = [world.vault("held", world.ids[market]) for market in LENT]

    def _pool(self, world: World, number: int) -> Pool:
        pair, token = world.pairs[number], number + 1
        reserve0, reserve1, _ = pair("getReserves")
        first = pair("token0") == int(world.usd.address, 16)
        balances = tuple(each("balanceOf", pair.address) for each in (world.usd, world.tokens[token]))
        held = tuple(pair("balanceOf", account) for account in world.accounts)
        reserves = (reserve0, reserve1) if first else (reserve1, reserve0)
        return Pool(token, reserves, (balances[0], balances[1]), pair("totalSupply"), held)

    def _share(self, market: int) -> int:
        """What a share of the supply or the debt is worth, rounded up: rounding takes it, after years."""
        supplied, shares, borrowed, debt, reserve, _ = self.markets[market]
        found = max(to_assets_up(1, supplied - reserve, shares), to_assets_up(1, borrowed, debt))
        return self.dollars(LOAN[market], found)

    def lent(self, market: int, shares: int) -> int:
        supplied, supply_shares, _borrowed, _debt, reserve, _ = self.markets[market]
        return to_assets_down(shares, supplied - reserve, supply_shares)

    def claim(self, market: int, account: int) -> int:
        return self.lent(market, self.positions[market][account][0])

    def debt(self, market: int, account: int) -> int:
        _, _, borrowed, shares, _, _ = self.markets[market]
        return to_assets_up(self.positions[market][account][1], borrowed, shares)

    def dollars(self, token: int, amount: int) -> int:
        return amount * self.prices[token] // SCALE

    def equity(self, market: int, account: int) -> int:
        """What a position is worth; whoever owes more than that leaves it."""
        collateral = self.dollars(COLLATERAL[market], self.positions[market][account][2])
        return max(0, collateral - self.dollars(LOAN[market], self.debt(market, account)))

    def wealth(self, account: int) -> int:
        found = sum(self.dollars(token, held[account]) for token, held in enumerate(self.balances))
        for market in COLLATERAL:
            found += self.dollars(LOAN[market], self.claim(market, account)) + self.equity(market, account)
        return found + sum(pool.part(account, pool.worth(self.prices)) for pool in self.pools)

    def vault_shares(self, account: int) -> int:
        """In hand, pledged and in the pair."""
        pledged = self.positions[PLEDGED][account][2]
        pool = self.pools[1]
        return self.balances[SHARE_TOKEN][account] + pledged + pool.part(account, pool.reserves[1])

    def debt_price(self, market: int) -> int:
        """Units that a unit of debt is worth by now, rounded up; 1 at first."""
        _, _, borrowed, shares, _, _ = self.markets[market]
        return to_assets_up(10**6, borrowed, shares)


class Events:
    """What Credit said of liquidations in a transaction, in units of the loan token."""

    def __init__(self, world: World, heard: Heard):
        number_of = {int.from_bytes(id, "big"): number for number, id in enumerate(world.ids)}
        account_of = {int(account, 16): number for number, account in enumerate(world.accounts)}
        self.bonuses: list[tuple[int, int, int, int]] = []
        self.losses = dict.fromkeys(COLLATERAL, 0)
        for name, members in heard:
            if name == "Liquidated":
                id, borrower, liquidator, repaid, _seized, bonus, _shares = members
                who = account_of[borrower], account_of[liquidator]
                self.bonuses.append((number_of[id], *who, repaid * bonus // WAD))
            elif name == "BadDebt":
                id, _borrower, loss, from_reserve, _shares = members
                self.losses[number_of[id]] += loss - from_reserve

    def earned(self, moment: Moment, liquidator: int) -> int:
        return sum(
            moment.dollars(LOAN[market], bonus) + 1
            for market, _, by, bonus in self.bonuses
            if by == liquidator
        )

    def paid(self, moment: Moment, borrower: int) -> int:
        return sum(
            moment.dollars(LOAN[market], bonus) + 1
            for market, who, _, bonus in self.bonuses
            if who == borrower
        )

    def lost(self, moment: Moment) -> int:
        """By lenders, in all markets."""
        return sum(moment.dollars(LOAN[market], loss) for market, loss in self.losses.items())


def check(before: Moment, after: Moment, events: Events) -> None:
    """A transaction, whoever's it was."""
    intruder_earns_bonuses_alone(before, after, events)
    losses_are_counted_once(before, after, events)
    only_past_the_lltv(before, after, events)
    for account in HONEST:
        honest_keep(before, after, events, account)


def intruder_earns_bonuses_alone(before: Moment, after: Moment, events: Events) -> None:
    """Above what liquidations pay, no more than pools lose that stood beside the price."""
    gained = after.wealth(INTRUDER) - before.wealth(INTRUDER)
    earned = events.earned(before, INTRUDER)
    from_pools = sum(
        max(0, was.of_others(before.prices) - now.of_others(before.prices))
        for was, now in zip(before.pools, after.pools, strict=True)
    )
    assert gained <= earned + from_pools + after.dust, (
        f"the intruder gained {gained}, of bonuses {earned}, of pools {from_pools}"
    )


def losses_are_counted_once(before: Moment, after: Moment, events: Events) -> None:
    """All honest lenders, direct and through the vault, lose no more than was realised."""
    total = 0
    for market in COLLATERAL:
        shares = sum(
            min(moment.positions[market][account][0] for moment in (before, after)) for account in HONEST
        )
        fall = before.lent(market, shares) - after.lent(market, shares)
        assert fall <= events.losses[market] + after.dust, f"lenders of market {market} lost {fall}"
        total += max(0, before.dollars(LOAN[market], fall))
    held = min(moment.shares - moment.vault_shares(INTRUDER) for moment in (before, after))
    fall = (before.prices[SHARE_TOKEN] - after.prices[SHARE_TOKEN]) * held // SCALE
    total += max(0, fall)
    lost = events.lost(before)
    assert total <= lost + after.dust, (
        f"honest lenders lost {total}, the vault's {fall} of it, where {lost} was realised"
    )


def only_past_the_lltv(before: Moment, after: Moment, events: Events) -> None:
    """C5: an honest borrower is liquidated where it stood, or where a realised loss put its vault shares."""
    fell = after.prices[SHARE_TOKEN] < before.prices[SHARE_TOKEN]
    for market, borrower, _by, _bonus in events.bonuses:
        if borrower in HONEST and not (market == PLEDGED and fell):
            collateral = before.dollars(COLLATERAL[market], before.positions[market][borrower][2])
            debt = before.dollars(LOAN[market], before.debt(market, borrower))
            assert debt * 100 + 100 * after.dust > collateral * LLTV[market], (
                f"{borrower} was healthy in {market}"
            )


def honest_keep(before: Moment, after: Moment, events: Events, account: int) -> None:
    """Nobody loses but by what its shares fell, the bonus of its own liquidation, and trades in its pools."""
    lost = before.wealth(account) - after.wealth(account)
    allowed = events.paid(before, account)
    for market in COLLATERAL:
        shares = before.positions[market][account][0]
        fall = before.lent(market, shares) - after.lent(market, shares)
        allowed += max(0, before.dollars(LOAN[market], fall))
    fall = before.prices[SHARE_TOKEN] - after.prices[SHARE_TOKEN]
    allowed += max(0, fall * before.vault_shares(account) // SCALE)
    for pool in before.pools:
        beside = pool.worth(after.prices) - pool.floor(after.prices)
        allowed += max(0, pool.part(account, beside)) + 1
    assert lost <= allowed + after.dust, f"account {account} lost {lost}, {allowed} of it for a reason"


class Books:
    """What lenders and reserves have, cash is there for, and debts that somebody owes, however long it is.

    Units that rounding made nobody's debt stay; while a market is in debt they grow as that does.
    """

    def __init__(self) -> None:
        self.dearest = dict.fromkeys(COLLATERAL, 1)

    def cover(self, moment: Moment) -> None:
        for market in COLLATERAL:
            supplied, _, borrowed, shares, reserve, _ = moment.markets[market]
            if shares:
                self.dearest[market] = max(self.dearest[market], moment.debt_price(market))
            spare = self.dearest[market] * (DUST if LOAN[market] != ETH_TOKEN else WEI_DUST)
            claims = sum(moment.claim(market, account) for account in EVERYBODY) + reserve
            owed = sum(moment.debt(market, account) for account in EVERYBODY)
            there = supplied - borrowed + owed
            assert claims <= there + spare, f"market {market}: {claims} are claimed of {there}"
            assert shares or borrowed <= spare, f"market {market}: nobody owes {borrowed}"
            assert sum(position[1] for position in moment.positions[market]) == shares


class Allocation:
    """What came to the vault may have gone to any market, what left may have come from any.

    Nothing else moves from one to another, but what came or left since the owner allocated, which has no
    place of its own, and what interest carried above a cap, which does not come back.
    """

    def __init__(self) -> None:
        self.flows = [0, 0]

    def follow(self, before: Moment, after: Moment) -> list[int]:
        """What was moved into each market, by anybody."""
        moved = [
            before.lent(market, now) - before.lent(market, was)
            for market, was, now in zip(LENT, before.held, after.held, strict=True)
        ]
        self.flows = [flow + amount for flow, amount in zip(self.flows, moved, strict=True)]
        return moved

    def stands(self, before: Moment, after: Moment) -> None:
        """After a transaction without a loss: then an amount has one price."""
        above = [
            before.lent(market, held) - CAPS[market] for market, held in zip(LENT, before.held, strict=True)
        ]
        loose = sum(map(abs, self.flows)) + sum(max(0, excess) for excess in above)
        moved = self.follow(before, after)
        came, left = max(0, sum(moved)), max(0, -sum(moved))
        for market, amount in zip(LENT, moved, strict=True):
            assert amount <= came + loose + after.dust, f"market {market} got {amount}, where {came} came"
            assert -amount <= left + loose + after.dust, f"market {market} gave {-amount}, where {left} left"
