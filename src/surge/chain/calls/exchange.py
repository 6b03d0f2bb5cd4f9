"""The exchange's pools: what they hold, which way a swap goes best, and the calls that swap."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from surge.chain.calls.tokens import TokenCalls
from surge.chain.network.artifacts import artifact
from surge.chain.network.connection import View
from surge.chain.node.sender import Call
from surge.credit import exchange
from surge.credit.exchange import Reserves
from surge.credit.market import Token
from surge.model.errors import BadInput
from surge.model.units import Address, Seconds

NO_PAIR = "0x" + "0" * 40
SWAP_SECONDS = 300
"""How long a swap may wait to be mined."""


@dataclass(frozen=True, slots=True)
class Pool:
    """A pair and what it held when it was read."""

    pair: Address
    token0: Address
    token1: Address
    reserve0: int
    reserve1: int

    def selling(self, token: Address) -> Reserves:
        """As a swap sees it that sells `token`."""
        if token == self.token0:
            return Reserves(self.reserve0, self.reserve1)
        return Reserves(self.reserve1, self.reserve0)


@dataclass(frozen=True, slots=True)
class Route:
    """A path of tokens, and the pairs between them."""

    path: tuple[Address, ...]
    pairs: tuple[Reserves, ...]

    def sale(self, amount: int) -> int:
        """What `amount` of the first token gives of the last."""
        return exchange.amounts_out(amount, list(self.pairs))[-1]

    def cost(self, amount: int) -> int:
        """What `amount` of the last token costs of the first. Raises BadInput when the pools hold less."""
        return exchange.amounts_in(amount, list(self.pairs))[0]


class ExchangeCalls(TokenCalls):
    """Part of `Chain`. All errors: BadInput (no route), NoNetwork."""

    def pools(self, pairs: Sequence[Address]) -> list[Pool]:
        """What these pairs hold now; two requests at the most."""
        new = [pair for pair in pairs if pair not in self._known_sides]
        sides = self.look([View("Pair", pair, name) for pair in new for name in ("token0", "token1")])
        self._known_sides.update(zip(new, zip(sides[::2], sides[1::2], strict=True), strict=True))
        held = self.look([View("Pair", pair, "getReserves") for pair in pairs])
        return [
            Pool(pair, *self._known_sides[pair], reserve0, reserve1)
            for pair, (reserve0, reserve1, _) in zip(pairs, held, strict=True)
        ]

    def routes(self, source: Token, target: Token) -> list[Route]:
        """Every way from one token to another over at most one other token of the address book."""
        listed = self.book.credit.tokens.values() if self.book.credit else ()
        ends = (source.address, target.address)
        hubs = [token for token in listed if token not in ends]
        paths: list[tuple[Address, ...]] = [ends, *((ends[0], hub, ends[1]) for hub in hubs)]
        sides = {frozenset(side) for path in paths for side in pairwise(path)}
        found = self._pairs_of(sorted(tuple(sorted(side)) for side in sides))
        pools = {
            frozenset((pool.token0, pool.token1)): pool
            for pool in self.pools(list(found.values()))
            if pool.reserve0 and pool.reserve1
        }
        return [
            Route(
                path,
                tuple(pools[frozenset(side)].selling(side[0]) for side in pairwise(path)),
            )
            for path in paths
            if all(frozenset(side) in pools for side in pairwise(path))
        ]

    def best_sale(self, source: Token, target: Token, amount: int) -> Route:
        """The route that gives the most for `amount` of the source."""
        return self._best(source, target, lambda route: -route.sale(amount))

    def best_purchase(self, source: Token, target: Token, amount: int) -> Route:
        """The route on which `amount` of the target costs the least."""
        return self._best(source, target, lambda route: route.cost(amount))

    def swapping(self, route: Route, amount: int, least: int, deadline: Seconds) -> Call:
        """Sell exactly `amount` for at least `least`."""
        return self._call(
            "swapping", "Router", "swapExactTokensForTokens",
            amount, least, list(route.path), self.address, deadline,
        )  # fmt: skip

    def _best(self, source: Token, target: Token, cost: Callable[[Route], int]) -> Route:
        priced: list[tuple[int, Route]] = []
        refusal: BadInput | None = None
        for route in self.routes(source, target):
            try:
                priced.append((cost(route), route))
            except BadInput as error:
                refusal = error
        if priced:
            return min(priced, key=lambda pair: pair[0])[1]
        if refusal:
            raise BadInput(
                f"the pools between {source.symbol} and {target.symbol} hold too little; ask for less"
            ) from refusal
        raise self.no_route(source, target)

    def no_route(self, source: Token, target: Token) -> BadInput:
        """To be raised."""
        return BadInput(
            f"there is no pool between {source.symbol} and {target.symbol} on {self.book.name}; "
            "add liquidity to one, or choose another market"
        )

    def _pairs_of(self, sides: Sequence[tuple[Address, ...]]) -> dict[tuple[Address, ...], Address]:
        """The exchange's pairs of these tokens, those that exist."""
        factory = self.book.addresses["Exchange"]
        new = [side for side in sides if side not in self._known_pairs]
        found = self.look([View("Exchange", factory, "getPair", side) for side in new])
        self._known_pairs.update(
            {side: pair for side, pair in zip(new, found, strict=True) if pair != NO_PAIR}
        )
        return {side: self._known_pairs[side] for side in sides if side in self._known_pairs}

    @cached_property
    def _known_pairs(self) -> dict[tuple[Address, ...], Address]:
        return {}

    @cached_property
    def _known_sides(self) -> dict[Address, tuple[Address, Address]]:
        return {}


def pair_call(what: str, pool: Pool, name: str, *arguments: object) -> Call:
    """A call of a pair itself."""
    return Call(what, pool.pair, artifact("Pair").function(name, len(arguments)).encode(arguments))
