"""`surge credit swap`, `pools` and `pool`: the exchange beside the markets."""

from functools import partial
from typing import Annotated

import typer

from surge.cli.credit.options import Amount, DryRun, MaxImpact, MaxSlippage, Of, Yes
from surge.cli.terminal.options import AsJson, Network
from surge.cli.trade.options import Pool
from surge.credit import usual

pool = typer.Typer(no_args_is_help=True, help="Lend a pool both its tokens, and earn its fees.")


def swap(
    amount: Amount,
    paid: Annotated[str, typer.Argument(metavar="PAID", help="The token that you sell, such as TUSD.")],
    bought: Annotated[str, typer.Argument(metavar="BOUGHT", help="The token that you buy, such as ETH.")],
    max_slippage: MaxSlippage = usual.SLIPPAGE,
    max_impact: MaxImpact = usual.IMPACT,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Sell one token for another, over the best path of pools."""
    from surge.cli.credit.change import Consent, perform
    from surge.cli.credit.desk import acting
    from surge.cli.trade.documents import swap_change
    from surge.cli.trade.views import show_swap, show_swap_sent

    consent = Consent.read(yes, dry_run, as_json, max_slippage)
    bounds = {"max_slippage": max_slippage, "max_impact": max_impact}
    with acting(network) as desk:
        exchange = desk.exchange
        perform(
            lambda: exchange.swap.preview(amount, paid, bought, **bounds),
            lambda: exchange.swap(amount, paid, bought, **bounds),
            lambda done: swap_change(amount, done),
            consent,
            show_swap,
            show_swap_sent,
        )


def pools(of: Of = None, as_json: AsJson = False, network: Network = None) -> None:
    """Every pool: what it holds, its price, and your part."""
    from surge.cli.credit.desk import account, has_wallet, looking
    from surge.cli.terminal.output import answer
    from surge.cli.trade.documents import pool_document
    from surge.cli.trade.views import show_pools

    with looking(network) as desk:
        holder = account(of) if of or has_wallet() else None
        found = desk.exchange.pools(holder)
    documents = [pool_document(view) for view in found]
    answer({"account": holder, "pools": documents}, as_json, partial(show_pools, own=holder is not None))


@pool.command()
def add(
    name: Pool,
    amount: Annotated[
        str, typer.Argument(metavar="AMOUNT", help="Of the first token; `max` is all you have.")
    ],
    other: Annotated[
        str | None,
        typer.Argument(metavar="OTHER", help="Of the second: for an empty pool, whose price it sets."),
    ] = None,
    max_slippage: MaxSlippage = usual.SLIPPAGE,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Pay both tokens in, at the pool's ratio."""
    _change("add", (name, amount, other), max_slippage, yes, dry_run, as_json, network)


@pool.command()
def remove(
    name: Pool,
    amount: Annotated[
        str, typer.Argument(metavar="AMOUNT", help="Of LP tokens; `max` is all you have.")
    ] = "max",
    max_slippage: MaxSlippage = usual.SLIPPAGE,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Give LP tokens back, for their part of both tokens."""
    _change("remove", (name, amount), max_slippage, yes, dry_run, as_json, network)


def _change(
    verb: str,
    given: tuple[str | None, ...],
    max_slippage: str,
    yes: bool,
    dry_run: bool,
    as_json: bool,
    network: str | None,
) -> None:
    from surge.cli.credit.change import Consent, perform
    from surge.cli.credit.desk import acting
    from surge.cli.trade.documents import pool_change
    from surge.cli.trade.views import show_pool_change, show_pool_sent

    consent = Consent.read(yes, dry_run, as_json, max_slippage)
    with acting(network) as desk:
        operation = getattr(desk.exchange, verb)
        perform(
            lambda: operation.preview(*given, max_slippage=max_slippage),
            lambda: operation(*given, max_slippage=max_slippage),
            lambda done: pool_change(f"pool {verb}", str(given[1]), done),
            consent,
            show_pool_change,
            show_pool_sent,
        )
