"""The exchange's pools: what they hold, which way a swap goes best, and the calls that swap."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from surge.chain.network.connection import Connection, View
from surge.chain.node.sender import Call
from surge.credit.exchange import Reserves, Route
from surge.credit.market import Token
from surge.model.errors import BadInput
from surge.model.units import NOBODY, Address, Seconds

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
        """The pool's reserves as a swap sees them that sells `token`."""
        if token == self.token0:
            return Reserves(self.reserve0, self.reserve1)
        return Reserves(self.reserve1, self.reserve0)


class Exchange:
    """`chain.exchange`. All errors: BadInput (no route), NoNetwork."""

    def __init__(self, at: Connection) -> None:
        self._at = at
        self._known_pairs: dict[tuple[Address, ...], Address] = {}
        self._known_sides: dict[Address, tuple[Address, Address]] = {}

    def pools(self, pairs: Sequence[Address]) -> list[Pool]:
        """What these pairs hold now; two requests at the most."""
        new = [pair for pair in pairs if pair not in self._known_sides]
        sides = self._at.look([View("Pair", pair, name) for pair in new for name in ("token0", "token1")])
        self._known_sides.update(zip(new, zip(sides[::2], sides[1::2], strict=True), strict=True))
        held = self._at.look([View("Pair", pair, "getReserves") for pair in pairs])
        return [
            Pool(pair, *self._known_sides[pair], reserve0, reserve1)
            for pair, (reserve0, reserve1, _) in zip(pairs, held, strict=True)
        ]

    def routes(self, source: Token, target: Token) -> list[Route]:
        """Every way from one token to another over at most one other token of the address book."""
        listed = self._at.book.credit.tokens.values() if self._at.book.credit else ()
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

    def swapping(self, route: Route, amount: int, least: int, deadline: Seconds) -> Call:
        """Sell exactly `amount` for at least `least`."""
        return self._at.call(
            "swapping", "Router", "swapExactTokensForTokens",
            amount, least, list(route.path), self._at.address, deadline,
        )  # fmt: skip

    def pair_of(self, first: Token, second: Token) -> Address:
        """The exchange's pair of two tokens; NOBODY when there is none yet."""
        return self._pairs_of([(first.address, second.address)]).get((first.address, second.address), NOBODY)

    def liquidity(self, pair: Address, account: Address) -> tuple[int, int]:
        """All LP tokens of a pair, and those of an account."""
        supply, held = self._at.look(
            [View("Pair", pair, "totalSupply"), View("Pair", pair, "balanceOf", (account,))]
        )
        return int(supply), int(held)

    def adding(
        self, tokens: tuple[Token, Token], paid: tuple[int, int], least: tuple[int, int], deadline: Seconds
    ) -> Call:
        """Lend a pool both its tokens, each at least so much; LP tokens come back. A missing pair is made."""
        return self._at.call(
            "adding liquidity", "Router", "addLiquidity",
            *(token.address for token in tokens), *paid, *least, self._at.address, deadline,
        )  # fmt: skip

    def removing(
        self, tokens: tuple[Token, Token], shares: int, least: tuple[int, int], deadline: Seconds
    ) -> Call:
        """Give LP tokens back for at least so much of each token."""
        return self._at.call(
            "removing liquidity", "Router", "removeLiquidity",
            *(token.address for token in tokens), shares, *least, self._at.address, deadline,
        )  # fmt: skip

    def no_route(self, source: Token, target: Token) -> BadInput:
        """The error of a pair of tokens that no path joins; whoever looked for one raises it."""
        return BadInput(
            f"there is no pool between {source.symbol} and {target.symbol} on {self._at.book.name}; "
            "add liquidity to one, or choose another market"
        )

    def _pairs_of(self, sides: Sequence[tuple[Address, ...]]) -> dict[tuple[Address, ...], Address]:
        """The exchange's pairs of these tokens, those that exist."""
        factory = self._at.book.addresses["Exchange"]
        new = [side for side in sides if side not in self._known_pairs]
        found = self._at.look([View("Exchange", factory, "getPair", side) for side in new])
        self._known_pairs.update(
            {side: pair for side, pair in zip(new, found, strict=True) if pair != NOBODY}
        )
        return {side: self._known_pairs[side] for side in sides if side in self._known_pairs}
