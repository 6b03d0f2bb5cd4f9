"""`surge credit flash`: an arbitrage between two exchanges with money that is lent for one transaction."""

from typing import TYPE_CHECKING, Annotated

import typer

from surge.cli.credit.options import DryRun, MaxSlippage, Yes
from surge.cli.terminal.options import AsJson, Network
from surge.credit import usual
from surge.model.errors import BadInput

if TYPE_CHECKING:
    from surge.desk import Desk

Pool = Annotated[
    str, typer.Argument(metavar="POOL", help="TRADED/PAID: a pair of tokens that both exchanges have.")
]
Borrowed = Annotated[
    str,
    typer.Argument(
        metavar="[AMOUNT]",
        help="To borrow, of the second token; `max` (the default) is what earns the most.",
        show_default=False,
    ),
]
MinProfit = Annotated[
    str | None,
    typer.Option("--min-profit", metavar="AMOUNT", help="Earn at least so much, or nothing happens at all."),
]

MAX = "max"


def flash(
    pool: Pool,
    amount: Borrowed = MAX,
    min_profit: MinProfit = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    max_slippage: MaxSlippage = usual.SLIPPAGE,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Buy where it is cheap, sell where it is dear, with money lent for one transaction."""
    from surge.cli.credit.change import Consent, perform
    from surge.cli.credit.desk import acting
    from surge.cli.credit.flash_view import flash_change, show_flash, show_flash_sent

    consent = Consent.read(yes, dry_run, as_json, max_slippage)
    least = {"min_profit": min_profit} if min_profit else {}
    with acting(network) as desk:
        _require_profit(desk, pool, amount, min_profit)
        arbitrage = desk.flash.arbitrage
        perform(
            lambda: arbitrage.preview(pool, amount, **least),
            lambda: arbitrage(pool, amount, **least),
            lambda done: flash_change(amount, done),
            consent,
            show_flash,
            show_flash_sent,
        )


def _require_profit(desk: "Desk", pool: str, amount: str, min_profit: str | None) -> None:
    """What would lose, or earn less than is asked, is told before anything is sent."""
    profit, token = desk.flash.profit(pool, amount)
    least = token.parse(min_profit) if min_profit else 1
    if profit >= least:
        return
    best = "" if amount == MAX else "; `max` borrows what earns the most, if anything does"
    if profit <= 0:
        raise BadInput(f"borrowing {amount} {token.symbol} would lose {token.show(-profit)}{best}")
    asked = f"below your --min-profit {token.show(least)}"
    raise BadInput(f"that earns {token.show(profit)} now, {asked}{best or '; ask for less, or wait'}")
