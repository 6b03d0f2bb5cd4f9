"""Amounts as people give them: `"1.5"` whole tokens, `1_500_000` smallest units, `"max"` all that works."""

from collections.abc import Callable
from typing import TypeAlias, TypeVar

from surge.credit.market import Token
from surge.model.errors import BadInput
from surge.model.units import BPS, Bps, parse_decimal, parse_percent

Amount: TypeAlias = int | str
Ratio: TypeAlias = int | str
"""A factor: `"3"` as people write it, an int in WAD."""
Percent: TypeAlias = str
"""`"0.5%"`: always with its sign."""
Word = TypeVar("Word", bound=str)
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
    """A factor as a person or program gives it, in WAD. Raises BadInput."""
    if isinstance(value, str):
        return parse_decimal(value, 18, what)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise BadInput(f"{what} {value!r} is no factor; write '3' or '1.5', or an int in 1e18ths")
    return value


def slippage(value: Percent) -> Bps:
    """How much worse a price may turn out: below all. Raises BadInput."""
    part = parse_percent(value, "max slippage")
    if part >= BPS:
        raise BadInput(f"a slippage of {value} is no bound; name one below 100%, such as '1%'")
    return part


def impact(value: Percent) -> Bps:
    """How much worse than the oracle's price a swap may be. Raises BadInput."""
    return parse_percent(value, "max impact")


def chosen(value: str, choices: tuple[Word, ...], what: str) -> Word:
    """The one of `choices` that a word is. Raises BadInput for any other, and names them."""
    for choice in choices:
        if value == choice:
            return choice
    raise BadInput(f"{what} {value!r} is unknown; write {' or '.join(map(repr, choices))}")
