"""Constant-product pairs: what a swap gives, costs and moves. Twin of Pair.vy and Router.vy, pure integers.

A swap of x into reserves (in, out) keeps 0.3% of x in the pair; the rest trades along in * out = k:

    y = 997 x * out // (1000 in + 997 x)

Amounts are smallest units; a price is smallest units of what goes in, per one of what comes out, by 1e36.
Each function that divides says where it rounds.
"""

from dataclasses import dataclass
from math import isqrt

from surge.model.credit import PRICE_SCALE
from surge.model.errors import BadInput
from surge.model.units import Address

MINIMUM_LIQUIDITY = 1_000
"""Of a pair's first liquidity this much is locked for ever."""
_KEPT, _WHOLE = 997, 1_000


@dataclass(frozen=True, slots=True)
class Reserves:
    """A pair's two reserves, seen from a swap: what goes in and what comes out."""

    into: int
    out: int

    def __post_init__(self) -> None:
        if self.into <= 0 or self.out <= 0:
            raise BadInput("the pair is empty; it needs liquidity of both tokens before anything is swapped")

    @property
    def reversed(self) -> "Reserves":
        """The same pair for a swap in the other direction."""
        return Reserves(self.out, self.into)

    def after(self, amount_in: int) -> "Reserves":
        """The pair when `amount_in` has been sold to it."""
        return Reserves(self.into + amount_in, self.out - amount_out(amount_in, self.into, self.out))


@dataclass(frozen=True, slots=True)
class Route:
    """A path of tokens, and the pairs between them, each as a sale along the path sees it."""

    path: tuple[Address, ...]
    pairs: tuple[Reserves, ...]

    def proceeds(self, amount: int) -> int:
        """What `amount` of the first token gives of the last."""
        return amounts_out(amount, list(self.pairs))[-1] if amount else 0


@dataclass(frozen=True, slots=True)
class Arbitrage:
    """Buy `bought` in the cheaper pair for `paid`, sell it in the dearer one for `received`."""

    paid: int
    bought: int
    received: int

    @property
    def profit(self) -> int:
        """In the token that is paid; before gas."""
        return self.received - self.paid


def amount_out(amount_in: int, reserve_in: int, reserve_out: int) -> int:
    """What `amount_in` buys, down."""
    paid = amount_in * _KEPT
    return paid * reserve_out // (reserve_in * _WHOLE + paid)


def amount_in(amount_out: int, reserve_in: int, reserve_out: int) -> int:
    """What `amount_out` costs: rounded down, and one more. Raises BadInput when the pair can't sell that."""
    if amount_out >= reserve_out:
        raise BadInput(f"the pair holds {reserve_out} and can't sell {amount_out}; ask for less")
    return reserve_in * amount_out * _WHOLE // ((reserve_out - amount_out) * _KEPT) + 1


def amounts_out(amount_in: int, path: list[Reserves]) -> list[int]:
    """The amounts along a path of pairs, the first included, when `amount_in` is sold."""
    amounts = [amount_in]
    for pair in path:
        amounts.append(amount_out(amounts[-1], pair.into, pair.out))
    return amounts


def amounts_in(amount_out: int, path: list[Reserves]) -> list[int]:
    """The amounts along a path of pairs, the last included, when `amount_out` is bought."""
    amounts = [amount_out]
    for pair in reversed(path):
        amounts.append(amount_in(amounts[-1], pair.into, pair.out))
    return amounts[::-1]


def quote(amount: int, reserve: int, reserve_other: int) -> int:
    """What belongs to `amount` at the reserves' ratio, down: how liquidity is added."""
    return amount * reserve_other // reserve


def liquidity_minted(amount0: int, amount1: int, reserve0: int, reserve1: int, supply: int) -> int:
    """LP tokens for what was paid in, down."""
    if supply == 0:
        return isqrt(amount0 * amount1) - MINIMUM_LIQUIDITY
    return min(amount0 * supply // reserve0, amount1 * supply // reserve1)


def liquidity_burned(liquidity: int, balance0: int, balance1: int, supply: int) -> tuple[int, int]:
    """What LP tokens are given back for, down."""
    return liquidity * balance0 // supply, liquidity * balance1 // supply


def mid_price(pair: Reserves) -> int:
    """What goes in per unit that comes out, before fee and impact, by 1e36, down."""
    return pair.into * PRICE_SCALE // pair.out


def amount_to_price(pair: Reserves, price_e36: int) -> int:
    """What to sell so that the next unit costs `price_e36`, fee included: where arbitrage stops. Down; 0 when
    the pair is there already, or beyond, in this direction.

    The next unit costs 1000 in / (997 out), and in * out stays k, so in = √(k * price * 997 / 1000).
    """
    target = isqrt(pair.into * pair.out * price_e36 * _KEPT // (PRICE_SCALE * _WHOLE))
    return max(0, (target - pair.into) * _WHOLE // _KEPT)


def best_arbitrage(cheap: Reserves, dear: Reserves) -> Arbitrage | None:
    """The most profitable round trip: into `cheap`, out into `dear`, out of that. None when nothing pays.

    cheap: (paid token, bought token); dear: (bought token, paid token). With g = 997/1000 both swaps are one:
    received = g² c d x / (a b + g (b + g c) x) of cheap (a, c) and dear (b, d), best at the x where its slope
    is one: x = (√(g² a b c d) - a b) / (g (b + g c)). Rounding moves the best a little: neighbours are tried.
    """
    a, c, b, d = cheap.into, cheap.out, dear.into, dear.out
    # Everything times 1000².
    start = a * b * _WHOLE**2
    root = isqrt(_KEPT**2 * _WHOLE**2 * a * b * c * d)
    if root <= start:
        return None
    paid = (root - start) // (_KEPT * (_WHOLE * b + _KEPT * c))
    # Either token may be the coarse one: neighbours in units of both.
    middle = amount_out(paid, a, c)
    bought = {amount_out(near, a, c) for near in range(max(0, paid - 2), paid + 4)}
    bought.update(range(middle - 2, middle + 4))
    tried = [_round_trip(cheap, dear, each) for each in sorted(bought) if 0 < each < c]
    best = max(tried, key=lambda trip: trip.profit, default=None)
    return best if best is not None and best.profit > 0 else None


def _round_trip(cheap: Reserves, dear: Reserves, bought: int) -> Arbitrage:
    paid = amount_in(bought, cheap.into, cheap.out)
    return Arbitrage(paid, bought, amount_out(bought, dear.into, dear.out))
