"""`surge credit flash`: an arbitrage between two exchanges with money that is lent for one transaction."""

from typing import Annotated

import typer

from surge.cli.credit_options import MAX_SLIPPAGE, DryRun, MaxSlippage, Yes
from surge.cli.options import AsJson, Network

Pool = Annotated[
    str, typer.Argument(metavar="POOL", help="TRADED/PAID: a pair of tokens that both exchanges have.")
]
Borrowed = Annotated[
    str,
    typer.Argument(
        metavar="[AMOUNT]",
        help="To borrow, of the second token; `max` is what earns the most.",
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
    max_slippage: MaxSlippage = MAX_SLIPPAGE,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Buy where it is cheap, sell where it is dear, with money lent for one transaction."""
    from surge.cli.credit_change import Consent, perform
    from surge.cli.credit_desk import acting
    from surge.cli.credit_flash_view import flash_change, show_flash, show_flash_sent

    consent = Consent.read(yes, dry_run, as_json, max_slippage, None)
    least = {"min_profit": min_profit} if min_profit else {}
    with acting(network) as desk:
        arbitrage = desk.flash.arbitrage
        perform(
            lambda: arbitrage.preview(pool, amount, **least),
            lambda: arbitrage(pool, amount, **least),
            lambda done: flash_change(amount, done),
            consent,
            show_flash,
            show_flash_sent,
        )
