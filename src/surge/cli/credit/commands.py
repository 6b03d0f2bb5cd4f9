"""`surge credit`: lend, borrow, and see every number before it changes. The desk acts; this asks, shows."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from surge.cli.credit import flash as credit_flash
from surge.cli.credit import leverage as credit_leverage
from surge.cli.credit import vaults
from surge.cli.credit.options import (
    Amount,
    DryRun,
    Market,
    MaxSlippage,
    MinHealth,
    Of,
    Yes,
)
from surge.cli.terminal.options import AsJson, Network
from surge.credit import usual

if TYPE_CHECKING:
    from surge.credit.market import PositionView
    from surge.desk import Done

credit = typer.Typer(no_args_is_help=True, help="Lend, borrow and leverage on the same chain.")
collateral = typer.Typer(no_args_is_help=True, help="Lock collateral in a market, or take it out.")


@credit.command()
def markets(as_json: AsJson = False, network: Network = None) -> None:
    """Every market, then what others created: price, limits, rates."""
    from surge.cli.credit.desk import looking, outside_documents, tell_absent
    from surge.cli.credit.document import market_document
    from surge.cli.credit.view import show_markets
    from surge.cli.terminal.output import answer

    with looking(network) as desk:
        views = desk.market_views()
        tell_absent(desk, views)
        found = [market_document(view) for view in views]
        outside = outside_documents(desk)
    answer({"markets": found, "outside": outside}, as_json, show_markets)


@credit.command()
def market(market: Market, as_json: AsJson = False, network: Network = None) -> None:
    """One market's rules and numbers.

    And the bad debt that is coming, estimated by its newest borrowers.
    """
    from surge.cli.credit.desk import looking
    from surge.cli.credit.document import market_document
    from surge.cli.credit.events import coming_document, coming_of
    from surge.cli.credit.view import show_market
    from surge.cli.terminal.output import answer

    with looking(network) as desk:
        chosen = desk.market(market)
        view = chosen.view
        coming = coming_document(coming_of(desk, [view]).get(view.id), view.loan)
        document = {**market_document(view, chosen.listed), "coming": coming}
    answer(document, as_json, show_market)


@credit.command()
def position(
    market: Annotated[
        str | None, typer.Argument(metavar="[MARKET]", help="Only this one, in detail.")
    ] = None,
    of: Of = None,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """What an account has and owes, and how healthy that is."""
    from surge.cli.credit.desk import account, looking, outside_positions, tell_absent
    from surge.cli.credit.document import position_document
    from surge.cli.credit.events import lent_in_market, liquidation_documents
    from surge.cli.credit.view import show_position, show_positions
    from surge.cli.terminal.output import answer

    with looking(network) as desk:
        holder = account(of)
        if market is not None:
            one = desk.market(market)
            whose = one.position(holder)
            view = whose.view
            document = {**position_document(view), "listed": one.listed, "lent": lent_in_market(whose, view)}
            document["liquidations"] = liquidation_documents(desk.chain, holder, one.id)
            answer(document, as_json, show_position)
            return
        views = desk.position_views(holder)
        tell_absent(desk, (view.market for view in views))
        liquidations = liquidation_documents(desk.chain, holder)
        held = [
            {
                **position_document(view),
                "lent": lent_in_market(desk.market(view.market.id).position(holder), view),
            }
            for view in views
            if not view.empty
        ]
        outside = outside_positions(desk, holder)
    document = {"account": holder, "positions": held, "outside": outside, "liquidations": liquidations}
    answer(document, as_json, partial(show_positions, own=of is None))


def _token(done: "Done[PositionView]", of_collateral: bool) -> str:
    market = done.before.market
    return (market.collateral if of_collateral else market.loan).symbol


def _changing(operation: str, verb: str, of_collateral: bool = False) -> Callable[..., None]:
    """A command that changes one position by one amount."""

    def command(
        market: Market,
        amount: Amount,
        yes: Yes = False,
        dry_run: DryRun = False,
        max_slippage: MaxSlippage = usual.SLIPPAGE,
        min_health: MinHealth = None,
        as_json: AsJson = False,
        network: Network = None,
    ) -> None:
        from surge.cli.credit.change import Consent, perform
        from surge.cli.credit.desk import acting
        from surge.cli.credit.document import change_document
        from surge.cli.credit.resolved import moved
        from surge.desk.amounts import MAX

        consent = Consent.read(yes, dry_run, as_json, max_slippage, min_health)
        with acting(network) as desk:
            chosen = desk.market(market)
            write = getattr(chosen.position(), verb)
            perform(
                lambda: write.preview(amount),
                lambda: write(amount),
                lambda done: change_document(
                    operation,
                    amount,
                    _token(done, of_collateral),
                    done,
                    moved(operation, done) if amount == MAX else None,
                ),
                consent,
            )

    return command


for _verb, _help in (
    ("supply", "Lend to a market's borrowers; earns its rate."),
    ("withdraw", "Take back what you supplied."),
    ("borrow", "Take debt against your collateral, up to the max LTV."),
    ("repay", "Pay debt back; works at any price."),
):
    credit.command(_verb, help=_help)(_changing(_verb, _verb))

for _verb, _help in (
    ("add", "Lock collateral; works at any price."),
    ("remove", "Take collateral out, as far as the max LTV allows."),
):
    collateral.command(_verb, help=_help)(
        _changing(f"collateral {_verb}", f"{_verb}_collateral", of_collateral=True)
    )

credit.add_typer(collateral, name="collateral")
credit.add_typer(
    credit_leverage.leverage, name="leverage", short_help="Multiply a position in one transaction."
)
credit.command(short_help="Trade between two exchanges with borrowed money.")(credit_flash.flash)
credit.command()(vaults.vaults)
credit.add_typer(vaults.vault, name="vault")
