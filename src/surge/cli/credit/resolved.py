"""How much a change was of: what `max` stood for, read from the views before and after."""

from typing import TYPE_CHECKING

from surge.credit.shares import to_assets_down, to_assets_up
from surge.model.units import show_decimal

if TYPE_CHECKING:
    from surge.credit.market import PositionView
    from surge.credit.vault_view import VaultView
    from surge.desk import Done


def moved(operation: str, done: "Done[PositionView]") -> str:
    """In whole tokens, exact: the shares that came or went, at the price that they had then. What a debt or a
    claim is worth also grows by interest, which is no part of it."""
    before, after = done.before, done.after
    market = before.market.at(max(before.market.now, after.market.now))
    if operation.startswith("collateral"):
        return show_decimal(abs(after.collateral - before.collateral), market.collateral.decimals)
    state, old, new = market.state, before.position, after.position
    if operation in ("borrow", "repay"):
        shares, totals = (
            abs(new.borrow_shares - old.borrow_shares),
            (state.borrow_assets, state.borrow_shares),
        )
    else:
        shares, totals = abs(new.supply_shares - old.supply_shares), (state.lent_assets, state.supply_shares)
    paid_in = operation in ("repay", "supply")
    assets = to_assets_up(shares, *totals) if paid_in else to_assets_down(shares, *totals)
    return show_decimal(assets, market.loan.decimals)


def vault_moved(operation: str, shown: "Done[VaultView]") -> str:
    """In whole tokens, of a preview: shares that are redeemed in kind, else what is paid in or out."""
    before, after = shown.before, shown.after
    if "kind" in operation:
        return show_decimal(before.shares - after.shares, before.share.decimals)
    lent = zip(before.markets, after.markets, strict=True)
    moved = sum(old.market.state.supply_assets - new.market.state.supply_assets for old, new in lent)
    return show_decimal(abs(before.idle - after.idle + moved), before.asset.decimals)
