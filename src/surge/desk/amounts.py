"""Amounts as people give them: `"1.5"` whole tokens, `1_500_000` smallest units, `"max"` all that works."""

from collections.abc import Callable
from typing import TypeAlias

from surge.credit.market import Token
from surge.model.errors import BadInput

Amount: TypeAlias = int | str
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
