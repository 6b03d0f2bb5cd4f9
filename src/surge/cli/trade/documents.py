"""Swaps, pools and authorities as documents: exact decimal strings."""

from typing import TYPE_CHECKING

from surge.cli.credit.document import Document, outcome, wad
from surge.model.units import show_decimal

if TYPE_CHECKING:
    from surge.desk import Done
    from surge.desk.trade.authority import AuthorityView
    from surge.desk.trade.exchange import PoolView, SwapView


def swap_change(amount: str, done: "Done[SwapView]") -> Document:
    """`price`: of a whole bought token, before fees and size. `bought`: what came, or would come, out.
    `price_impact`: the part of the worth at the oracle's price that is lost."""
    before, after = done.before, done.after
    return {
        **outcome("swap", done),
        "amount": amount,
        "paid_token": before.paid.symbol,
        "bought_token": before.bought.symbol,
        "path": list(before.path),
        "paid": show_decimal(before.paid_held - after.paid_held, before.paid.decimals),
        "bought": show_decimal(after.bought_held - before.bought_held, before.bought.decimals),
        "price_impact": wad(done.impact),
        "before": _swap_side(before),
        "after": _swap_side(after),
    }


def _swap_side(view: "SwapView") -> Document:
    return {
        "paid_held": show_decimal(view.paid_held, view.paid.decimals),
        "bought_held": show_decimal(view.bought_held, view.bought.decimals),
        "price": show_decimal(view.price, view.paid.decimals),
    }


def pool_document(view: "PoolView") -> Document:
    """`price`: of one whole first token in the second, None while the pool is empty."""
    first, second = view.tokens
    worth = view.worth
    return {
        "pool": view.name,
        "pair": view.pair,
        "tokens": [first.symbol, second.symbol],
        "token_addresses": [first.address, second.address],
        "reserves": [
            show_decimal(held, token.decimals) for held, token in zip(view.reserves, view.tokens, strict=True)
        ],
        "price": show_decimal(view.prices[0], second.decimals) if view.prices else None,
        "supply": show_decimal(view.supply, view.share.decimals),
        "account": view.account,
        "shares": show_decimal(view.shares, view.share.decimals),
        "worth": [show_decimal(part, token.decimals) for part, token in zip(worth, view.tokens, strict=True)],
        "held": [
            show_decimal(held, token.decimals) for held, token in zip(view.held, view.tokens, strict=True)
        ],
    }


def pool_change(operation: str, amount: str, done: "Done[PoolView]") -> Document:
    """`token`: what the amount is of: the first of the pool's, or its LP tokens."""
    token = done.before.share if operation.endswith("remove") else done.before.tokens[0]
    return {
        **outcome(operation, done),
        "pool": done.before.name,
        "amount": amount,
        "token": token.symbol,
        "before": pool_document(done.before),
        "after": pool_document(done.after),
    }


def authority_change(operation: str, done: "Done[AuthorityView]") -> Document:
    after = done.after
    return {
        **outcome(operation, done),
        "account": after.owner,
        "actor": after.actor,
        "name": after.known or None,
        "contract": after.contract,
        "before": done.before.allowed,
        "after": after.allowed,
    }
