"""Amounts, ratios, prices and rates as a person reads them. Exact strings come in, rounding is always said:
a debt or a price that must not be reached rounds up, everything that protects rounds down."""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from itertools import pairwise

NONE = "–"


def amount(exact: str, places: int = 6, up: bool = False) -> str:
    """ "1234.50" → "1,234.5"; what is more than nothing is never shown as nothing."""
    value = Decimal(exact)
    if 0 < value < Decimal(1).scaleb(-places):
        return f"<{Decimal(1).scaleb(-places):f}"
    shown = f"{_rounded(value, places, up):,f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def money(exact: str, symbol: str, up: bool = False) -> str:
    """An amount with its token's symbol: "700 TUSD"."""
    return f"{amount(exact, up=up)} {symbol}"


def brief(exact: str, symbol: str, up: bool = False) -> str:
    """For lists: two decimals of dollars, four significant figures of what may be dear."""
    dollars = "USD" in symbol
    places = 2 if dollars else min(8, max(0, 3 - Decimal(exact).adjusted())) if Decimal(exact) else 0
    return f"{amount(exact, places, up)} {symbol}"


def health(exact: str | None, debt: str) -> str:
    """Two decimals, down: what is below 1.00 is never shown as 1.00."""
    if not Decimal(debt):
        return "no debt"
    return NONE if exact is None else f"{_rounded(Decimal(exact), 2, up=False):,f}"


def times(exact: str | None) -> str:
    """A multiple, to the nearest below: "3.00×"."""
    return NONE if exact is None else f"{_rounded(Decimal(exact), 2, up=False):,f}×"


def percent(exact: str | None, up: bool = False, places: int = 2) -> str:
    """ "0.7" → "70.00%"."""
    return NONE if exact is None else f"{_rounded(Decimal(exact) * 100, places, up):,f}%"


def parts(exact: Sequence[str]) -> list[str]:
    """Shares of a whole in per cent, one decimal each, that add up to what they make together: every one ends
    where the rounded sum up to it does."""
    sums = [_rounded_half(Decimal(100) * sum(map(Decimal, exact[:n]))) for n in range(len(exact) + 1)]
    return [f"{end - start:f}%" for start, end in pairwise(sums)]


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


def _rounded_half(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.1"), ROUND_HALF_EVEN)


def _rounded(value: Decimal, places: int, up: bool) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), ROUND_CEILING if up else ROUND_FLOOR)
