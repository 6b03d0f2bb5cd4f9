"""The exchange: swap one token for another, and lend a pool what it trades with."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from surge.chain.calls.exchange import SWAP_SECONDS
from surge.chain.calls.tokens import Payment
from surge.chain.node.sender import Call, Sent
from surge.credit import usual
from surge.credit.exchange import (
    MINIMUM_LIQUIDITY,
    Route,
    amounts_out,
    liquidity_burned,
    liquidity_minted,
    quote,
)
from surge.credit.impact import swapped
from surge.credit.leverage import less
from surge.credit.market import Token
from surge.desk.amounts import Amount, Percent, impact, slippage, units
from surge.desk.operation import Plan, operation
from surge.model.credit import PRICE_SCALE
from surge.model.errors import BadInput
from surge.model.units import NOBODY, Address, Seconds, divide_up

if TYPE_CHECKING:
    from surge.chain.client import Chain


@dataclass(frozen=True, slots=True)
class SwapView:
    """What an account holds of two tokens; path: by which tokens a swap between them goes now.

    price: units of the paid token for a whole bought one, before fees and size; 0 without a pool.
    """

    account: Address
    paid: Token
    bought: Token
    paid_held: int
    bought_held: int
    path: tuple[str, ...]
    price: int

    @property
    def prices(self) -> tuple[int, ...]:
        """What a swap's worth depends on while somebody looks at it."""
        return (self.price,)


@dataclass(frozen=True, slots=True)
class PoolView:
    """A pool of the exchange, and what an account has of it. reserves, held: of its tokens, in their order.

    shares: the account's LP tokens, of `supply` in all.
    """

    name: str
    pair: Address
    account: Address
    tokens: tuple[Token, Token]
    share: Token
    reserves: tuple[int, int]
    supply: int
    shares: int
    held: tuple[int, int]

    @property
    def prices(self) -> tuple[int, ...]:
        """Of one whole first token in the second, down; none while the pool is empty."""
        first, second = self.reserves
        return (second * 10 ** self.tokens[0].decimals // first,) if first else ()

    @property
    def worth(self) -> tuple[int, int]:
        """What the account's part would bring, down."""
        return liquidity_burned(self.shares, *self.reserves, self.supply) if self.supply else (0, 0)


class Exchange:
    """`desk.exchange`. Tokens by symbol, as the book has them, or by address; pools by both: "A/B"."""

    def __init__(self, chain: "Chain", *, looking: bool = False) -> None:
        """looking: there is no account, so nobody's part of a pool is shown."""
        self.chain = chain
        self._account = NOBODY if looking else chain.address

    @operation
    def swap(
        self, amount: Amount, paid: str, bought: str, *, max_slippage: Percent = usual.SLIPPAGE,
        max_impact: Percent = usual.IMPACT,
    ) -> Plan[SwapView]:  # fmt: skip
        """Sell exactly `amount` of one token for another: `swap("100", "TUSD", "ETH")`.

        max_slippage: how much less than now may come out. max_impact: how much worse than the oracle's price
        it may be as it is; the pools' own where no oracle of the address book gives one.
        """
        slip, worst = slippage(max_slippage), impact(max_impact)
        view, routes = self._look(paid, bought)
        given = units(amount, view.paid, lambda: view.paid_held)
        if not given:
            raise BadInput(f"a swap of 0 {view.paid.symbol} changes nothing; name an amount above 0")
        if not routes:
            raise self.chain.exchange.no_route(view.paid, view.bought)
        route = max(routes, key=lambda way: way.proceeds(given))
        out = route.proceeds(given)
        if not out:
            raise BadInput(f"{view.paid.show(given)} is too little to buy any {view.bought.symbol}; pay more")
        swap = swapped(view.paid, view.bought, given, out, self._oracle(view.paid, view.bought), route.pairs)
        swap.require(worst)
        least = less(out, slip)
        notes = str(swap), f"reverts when less than {view.bought.show(least)} would come out"
        router = self.chain.book.addresses["Router"]
        allowances = self.chain.tokens.allowing([Payment(view.paid, given, router, "Router")])
        call = self.chain.exchange.swapping(route, given, least, self._deadline())
        path = self._names(route)
        view = replace(view, path=path, price=_price(route, view.bought))
        after = replace(
            view, paid_held=view.paid_held - given, bought_held=view.bought_held + out,
            price=_price(_traded(route, given), view.bought),
        )  # fmt: skip

        def look(_: Sent) -> SwapView:
            now, ways = self._look(paid, bought)
            prices = [_price(way, view.bought) for way in ways if way.path == route.path]
            return replace(now, path=path, price=prices[0] if prices else 0)

        return Plan(view, after, (*allowances, call), look, notes, swap.part)

    # Pools

    def pools(self, of: Address | None = None) -> list[PoolView]:
        """Those of the address book, and what an account (default: this one) has of each."""
        return [self.pool(name, of) for name in self.chain.credit.book.pairs]

    def pool(self, name: str, of: Address | None = None) -> PoolView:
        """A pool of the exchange by its two tokens, in either order. Raises BadInput."""
        account = of or self._account
        symbols = name.split("/")
        if len(symbols) != 2:
            raise BadInput(f"{name!r} is no pool; name its two tokens, such as ETH/TUSD")
        first, second = (self.chain.tokens.named(symbol) for symbol in symbols)
        if first == second:
            raise BadInput(f"a pool is of two tokens, and {name!r} names one twice")
        pair = self.chain.exchange.pair_of(first, second)
        held = self.chain.tokens.balances(account, [first, second])
        if pair == NOBODY:
            none = Token("LP", 18, NOBODY)
            return PoolView(name, pair, account, (first, second), none, (0, 0), 0, 0, (held[0], held[1]))
        (pool,) = self.chain.exchange.pools([pair])
        sides = pool.selling(first.address) if pool.reserve0 and pool.reserve1 else None
        share = self.chain.tokens.of([pair])[pair]
        supply, shares = self.chain.exchange.liquidity(pair, account)
        reserves = (sides.into, sides.out) if sides else (0, 0)
        return PoolView(
            name, pair, account, (first, second), share, reserves, supply, shares, (held[0], held[1])
        )

    @operation
    def add(
        self,
        pool: str,
        amount: Amount,
        other: Amount | None = None,
        *,
        max_slippage: Percent = usual.SLIPPAGE,
    ) -> Plan[PoolView]:
        """Lend a pool both its tokens, at its ratio: `add("ETH/TUSD", "1")`.

        amount: of the first token. other: of the second, needed for the first liquidity alone, which sets
        the price; later what belongs to the first is paid.
        """
        slip, view = slippage(max_slippage), self.pool(pool)
        first, second = view.tokens
        paid = units(amount, first, lambda: view.held[0])
        if view.supply:
            if other is not None:
                raise BadInput(
                    f"the pool {pool} has a price, so the amount of {second.symbol} follows from the one of "
                    f"{first.symbol}; leave it out"
                )
            beside = quote(paid, *view.reserves)
        elif other is None:
            raise BadInput(
                f"there is nothing in a pool {pool} yet, and its first liquidity sets the price; name an "
                f"amount of {second.symbol} too"
            )
        else:
            beside = units(other, second, lambda: view.held[1])
        if not (paid and beside):
            raise BadInput(f"that is nothing of {first.symbol} or of {second.symbol}; name more")
        minted = liquidity_minted(paid, beside, *view.reserves, view.supply)
        if minted <= 0:
            raise BadInput(f"{first.show(paid)} is too little for any part of the pool; add more")
        supply = view.supply + minted + (0 if view.supply else MINIMUM_LIQUIDITY)
        after = replace(
            view, supply=supply, shares=view.shares + minted,
            reserves=(view.reserves[0] + paid, view.reserves[1] + beside),
            held=(view.held[0] - paid, view.held[1] - beside),
        )  # fmt: skip
        router = self.chain.book.addresses["Router"]
        payments = [Payment(first, paid, router, "Router"), Payment(second, beside, router, "Router")]
        call = self.chain.exchange.adding(
            (first, second), (paid, beside), (less(paid, slip), less(beside, slip)), self._deadline()
        )
        note = f"pays {first.show(paid)} and {second.show(beside)}"
        return self._plan(view, after, (*self.chain.tokens.allowing(payments), call), note)

    @operation
    def remove(
        self, pool: str, shares: Amount = "max", *, max_slippage: Percent = usual.SLIPPAGE
    ) -> Plan[PoolView]:
        """Give LP tokens back for their part of both tokens: `remove("ETH/TUSD", "max")`."""
        slip, view = slippage(max_slippage), self.pool(pool)
        first, second = view.tokens
        given = units(shares, view.share, lambda: view.shares)
        if not 0 < given <= view.shares:
            raise BadInput(
                f"this account has {view.share.show(view.shares)} of the pool {pool} and can't give "
                f"{view.share.show(given)} back; name an amount above 0, up to that (`max`)"
            )
        out = liquidity_burned(given, *view.reserves, view.supply)
        after = replace(
            view, supply=view.supply - given, shares=view.shares - given,
            reserves=(view.reserves[0] - out[0], view.reserves[1] - out[1]),
            held=(view.held[0] + out[0], view.held[1] + out[1]),
        )  # fmt: skip
        router = self.chain.book.addresses["Router"]
        allowances = self.chain.tokens.allowing([Payment(view.share, given, router, "Router")])
        call = self.chain.exchange.removing(
            (first, second), given, (less(out[0], slip), less(out[1], slip)), self._deadline()
        )
        note = f"hands out {first.show(out[0])} and {second.show(out[1])}"
        return self._plan(view, after, (*allowances, call), note)

    def _plan(self, view: PoolView, after: PoolView, calls: tuple[Call, ...], note: str) -> Plan[PoolView]:
        return Plan(view, after, calls, lambda _: self.pool(view.name), (note,))

    def _deadline(self) -> Seconds:
        return Seconds(self.chain.now() + SWAP_SECONDS)

    def _look(self, paid: str, bought: str) -> tuple[SwapView, list[Route]]:
        source, target = self.chain.tokens.named(paid), self.chain.tokens.named(bought)
        if source == target:
            raise BadInput(f"{source.symbol} for {target.symbol} is no swap; name two tokens")
        routes = self.chain.exchange.routes(source, target)
        held = self.chain.tokens.balances(self._account, [source, target])
        price = min((_price(route, target) for route in routes), default=0)
        return SwapView(self._account, source, target, held[0], held[1], (), price), routes

    def _oracle(self, paid: Token, bought: Token) -> int | None:
        """Units of the bought token for one of the paid, by 1e36, by the oracle of a market of the address
        book between them; None when there is none, or it is silent."""
        oracles = {
            (params.collateral_token, params.loan_token): params.oracle
            for params in self.chain.credit.book.markets.values()
        }
        there, back = (paid.address, bought.address), (bought.address, paid.address)
        for way in (there, back):
            found = self.chain.curation.price(oracles[way]) if way in oracles else None
            if found and found[0]:
                return found[0] if way == there else PRICE_SCALE**2 // found[0]
        return None

    def _names(self, route: Route) -> tuple[str, ...]:
        found = self.chain.tokens.of(route.path)
        return tuple(found[token].symbol for token in route.path)


def _price(route: Route, bought: Token) -> int:
    """Units of the first token for a whole one of the last, before fees; up."""
    cost, out = 10**bought.decimals, 1
    for pair in route.pairs:
        cost, out = cost * pair.into, out * pair.out
    return divide_up(cost, out)


def _traded(route: Route, amount: int) -> Route:
    """The route when `amount` has been sold along it."""
    amounts = amounts_out(amount, list(route.pairs))
    pairs = tuple(pair.after(given) for pair, given in zip(route.pairs, amounts[:-1], strict=True))
    return replace(route, pairs=pairs)
