"""A price of the contracts, units of money for a unit of a token by 1e36, and as people write it: whole
tokens of money for a whole one. Pure."""

from surge.credit.market import Token
from surge.model.credit import PRICE_SCALE
from surge.model.units import WAD, parse_decimal, show_decimal


def scaled(text: str, token: Token, money: Token) -> int:
    """As people write it → by 1e36, down. Raises BadInput."""
    above = parse_decimal(text, 18, "price") * 10**money.decimals * PRICE_SCALE
    price: int = above // (10**token.decimals * WAD)
    return price


def whole(price_e36: int, token: Token, money: Token, up: bool = False) -> str:
    """By 1e36 → as people write it, to 18 decimals."""
    above, below = price_e36 * 10**token.decimals * WAD, PRICE_SCALE * 10**money.decimals
    return show_decimal(-(-above // below) if up else above // below, 18)
