"""Amounts as people give them: `"1.5"` whole tokens, `1_500_000` smallest units, `"max"` all that works."""

from collections.abc import Callable
from typing import TypeAlias

from surge.credit.market import Token
from surge.model.errors import BadInput
from surge.model.units import BPS, WAD, Bps, divide_up, parse_decimal

Amount: TypeAlias = int | str
Ratio: TypeAlias = int | str
"""`"3"` or `"1.5%"` as people write it, an int in WAD."""
MAX = "max"


def units(amount: Amount, token: Token, most: Callable[[], int] | None = None) -> int:
    """Smallest units of `token`. most: what `"max"` stands for, where it makes sense. Raises BadInput."""
    if amount == MAX:
        if most is None:
            raise BadInput(f"`max` says nothing here; name an amount of {token.symbol}, such as {'1.5'!r}")
        return most()
    if isinstance(amount, str):
        return token.parse(amount)
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise BadInput(
            f"{amount!r} is no exact amount; write a string of whole {token.symbol} ({'1.5'!r}), or an int "
            "of its smallest units"
        )
    if amount < 0:
        raise BadInput(f"an amount of {token.show(amount)} is negative; name one above 0")
    return amount


def ratio(value: Ratio, what: str) -> int:
    """A ratio as a person or program gives it, in WAD. Raises BadInput."""
    if isinstance(value, str):
        text = value.strip()
        if text.endswith("%"):
            return parse_decimal(text[:-1], 16, what)
        return parse_decimal(text, 18, what)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise BadInput(f"{what} {value!r} is no ratio; write '3' or '1%', or an int in 1e18ths")
    return value


def bps(value: Ratio) -> Bps:
    """A slippage in parts of ten thousand, up, below all. Raises BadInput."""
    part = divide_up(ratio(value, "maximal slippage") * BPS, WAD)
    if part >= BPS:
        raise BadInput(f"a slippage of {value} is no bound; name one below 100%, such as '1%'")
    return Bps(part)
