"""Amounts, ratios, prices and rates as a person reads them. Exact strings come in, rounding is always said:
a debt or a price that must not be reached rounds up, everything that protects rounds down. What is more than
nothing is never shown as nothing, and what is beside a limit never as the limit."""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from itertools import pairwise

NONE = "–"
MOST_PLACES = 9
WHOLE = Decimal(1)
ROUND_PRICES, ROUND_MOVES = 1_000, Decimal("0.1")
"""From where on `dearer` leaves out cents, and hundredths of a per cent."""


def amount(exact: str, places: int = 6, up: bool = False, limit: bool = False) -> str:
    """ "1234.50" → "1,234.5". What a unit or two of rounding keeps below a round figure is that figure:
    99.999999 to two places is 100; not where it is a `limit`, that somebody may type."""
    value = Decimal(exact)
    if 0 < value < Decimal(1).scaleb(-places):
        return f"<{Decimal(1).scaleb(-places):f}"
    rounded = _rounded(value, places, up) if up or limit else _snapped(value, places)
    shown = f"{rounded:,f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def money(exact: str, symbol: str, up: bool = False) -> str:
    """An amount with its token's symbol: "700 TUSD"."""
    return f"{amount(exact, up=up)} {symbol}"


def most(exact: str, symbol: str) -> str:
    """An amount that somebody may type: never more than it is."""
    return f"{amount(exact, limit=True)} {symbol}"


def brief(exact: str, symbol: str, up: bool = False) -> str:
    """For lists: two decimals of dollars, four significant figures of what may be dear."""
    return f"{amount(exact, _places(exact, symbol), up)} {symbol}"


def about(exact: str, symbol: str) -> str:
    """The same of what is past and harms nobody: to the nearest."""
    places = _places(exact, symbol)
    near = Decimal(exact).quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
    return f"{amount(str(near) if near else exact, places)} {symbol}"


def _places(exact: str, symbol: str) -> int:
    if in_dollars(symbol):
        return 2
    return min(8, max(0, 3 - Decimal(exact).adjusted())) if Decimal(exact) else 0


def in_dollars(symbol: str) -> bool:
    """Whether a token is worth a dollar by its name."""
    return "USD" in symbol


def health(exact: str | None, debt: str) -> str:
    """Two decimals, down; more where they would say 1.00, at which a position can be liquidated."""
    if not Decimal(debt):
        return "no debt"
    return NONE if exact is None else f"{_beside(Decimal(exact), 2, False, [WHOLE]):,f}"


def times(exact: str | None) -> str:
    """A multiple, to the nearest below: "3.00×"."""
    return NONE if exact is None else f"{_snapped(Decimal(exact), 2):,f}×"


def percent(exact: str | None, up: bool = False, places: int = 2, limits: Sequence[str] = ()) -> str:
    """ "0.7" → "70.00%"; more decimals where these would say all, or one of the `limits`, and it isn't."""
    if exact is None:
        return NONE
    value, step = Decimal(exact) * 100, Decimal(1).scaleb(-places)
    if 0 < value < step and not up:
        return f"<{step:f}%"
    return f"{_beside(value, places, up, [100 * WHOLE, *(100 * Decimal(limit) for limit in limits)]):,f}%"


def parts(exact: Sequence[str]) -> list[str]:
    """Shares of a whole in per cent, one decimal each, that add up to what they make together: every one ends
    where the rounded sum up to it does."""
    sums = [_rounded_half(Decimal(100) * sum(map(Decimal, exact[:n]))) for n in range(len(exact) + 1)]
    return [
        _part(Decimal(share), end - start) for share, (start, end) in zip(exact, pairwise(sums), strict=True)
    ]


def _part(share: Decimal, shown: Decimal) -> str:
    if share and not shown:
        return "<0.1%"
    return ">99.9%" if share < 1 and shown == 100 else f"{shown:f}%"


def bound(exact: str) -> str:
    """A parameter in per cent, as short as it is: "0.7" → "70%"."""
    return amount(str(Decimal(exact) * 100)) + "%"


def price(exact: str | None, up: bool = False) -> str:
    """Two decimals from 1 on, else six significant figures."""
    if exact is None:
        return NONE
    value = Decimal(exact)
    places = 2 if value >= 1 else min(18, 5 - value.adjusted()) if value else 0
    return f"{_rounded(value, places, up):,f}"


def rate(simple: str, compounded: str, symbol: str, verb: str) -> str:
    """What a year at the rate of now makes, without and with interest on interest."""
    up, whole = verb == "cost", "1,000" if in_dollars(symbol) else "1"
    year = money(str(Decimal(compounded) * Decimal(whole.replace(",", ""))), symbol, up=up)
    return (
        f"{percent(simple, up=up)} a year simple, {percent(compounded, up=up)} compounded: "
        f"{whole} {symbol} {verb if whole != '1' else verb + 's'} {year} in a year"
    )


def rise(fall: str) -> Decimal:
    """By how much of itself a price may rise, whose inverse may fall by `fall`."""
    return Decimal(fall) / (1 - Decimal(fall))


def dearer(limit: str, fall: str | None, symbol: str) -> str:
    """A limit from below of an inverse price, as one from above: "ETH above 2,558 (+28%)"; down, so a hair
    nearer than it is. fall: by how much the inverse price may fall; left out where it is past the limit."""
    dear, move = 1 / Decimal(limit), rise(fall) if fall else Decimal(0)
    at = f"{int(dear):,}" if dear >= ROUND_PRICES else price(str(dear))
    by = f" (+{percent(str(move), places=0 if move >= ROUND_MOVES else 2)})" if move > 0 else ""
    return f"{symbol} above {at}{by}"


def _beside(value: Decimal, places: int, up: bool, limits: Sequence[Decimal]) -> Decimal:
    """Rounded; to as many more places as tell it from a limit that it is not."""
    for more in range(places, MOST_PLACES):
        shown = _rounded(value, more, up)
        if shown == value or shown not in limits:
            return shown
    return _rounded(value, MOST_PLACES, up)


def _snapped(value: Decimal, places: int) -> Decimal:
    """Rounded down; up where no more than a thousandth of the last place lacks."""
    above = _rounded(value, places, up=True)
    return above if (above - value) * 1_000 <= Decimal(1).scaleb(-places) else _rounded(value, places, False)


def _rounded_half(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.1"), ROUND_HALF_EVEN)


def _rounded(value: Decimal, places: int, up: bool) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), ROUND_CEILING if up else ROUND_FLOOR)
