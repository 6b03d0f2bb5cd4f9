"""What this room adds to `surge credit`."""

import typer

from surge.cli.credit.leverage import leverage
from surge.cli.trade import exchange, positions


def attach(credit: typer.Typer) -> None:
    """Its commands, behind those of loans."""
    credit.command(short_help="Repay somebody's debt past its LLTV, for a bonus.")(positions.liquidate)
    credit.command()(exchange.swap)
    credit.command()(exchange.pools)
    credit.add_typer(exchange.pool, name="pool")
    credit.command()(positions.authorize)
    credit.command()(positions.revoke)
    leverage.command("revoke")(positions.revoke_leverage)
