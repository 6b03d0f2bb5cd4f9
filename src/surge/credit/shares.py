"""Shares of a growing pool. Twin of Credit's arithmetic: virtual assets and shares keep the first lender from
setting the price, and each rounding direction is in the name (C3: it favours the pool).
"""

from surge.model.units import divide_up

VIRTUAL_SHARES = 10**6
VIRTUAL_ASSETS = 1


def to_shares_down(assets: int, total_assets: int, total_shares: int) -> int:
    """Shares that a deposit makes, or that a repayment burns."""
    return assets * (total_shares + VIRTUAL_SHARES) // (total_assets + VIRTUAL_ASSETS)


def to_shares_up(assets: int, total_assets: int, total_shares: int) -> int:
    """Shares that a withdrawal burns, or that new debt makes."""
    return divide_up(assets * (total_shares + VIRTUAL_SHARES), total_assets + VIRTUAL_ASSETS)


def to_assets_down(shares: int, total_assets: int, total_shares: int) -> int:
    """What supply shares are worth, or what borrowing by shares pays out."""
    return shares * (total_assets + VIRTUAL_ASSETS) // (total_shares + VIRTUAL_SHARES)


def to_assets_up(shares: int, total_assets: int, total_shares: int) -> int:
    """What a debt of these shares is, or what supplying by shares costs."""
    return divide_up(shares * (total_assets + VIRTUAL_ASSETS), total_shares + VIRTUAL_SHARES)
