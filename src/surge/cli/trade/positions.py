"""`surge credit liquidate`, `repay`, `authorize` and `revoke`."""

from typing import TYPE_CHECKING, Annotated

import typer

from surge.cli.credit.options import (
    Amount,
    DryRun,
    Market,
    MaxSlippage,
    MinHealth,
    Yes,
)
from surge.cli.terminal.options import AsJson, Network
from surge.cli.trade.options import EYES, Account
from surge.cli.trade.options import MaxSlippage as Slippage
from surge.credit import usual

if TYPE_CHECKING:
    from surge.credit.market import PositionView
    from surge.desk import Done


def repay(
    market: Market,
    amount: Amount,
    from_collateral: Annotated[
        bool, typer.Option("--from-collateral", help="Sell collateral of the position for it.")
    ] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    max_slippage: MaxSlippage = usual.SLIPPAGE,
    min_health: MinHealth = None,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Pay debt back; works at any price."""
    from surge.cli.credit.change import Consent, perform
    from surge.cli.credit.desk import acting
    from surge.cli.credit.document import change_document
    from surge.cli.credit.resolved import moved
    from surge.desk.amounts import MAX

    consent = Consent.read(yes, dry_run, as_json, max_slippage, min_health)
    operation = "repay from collateral" if from_collateral else "repay"
    bounds = {"max_slippage": max_slippage}
    with acting(network) as desk:
        chosen = desk.market(market)
        own, sold = chosen.position().repay, desk.leverage.repay

        def document(done: "Done[PositionView]") -> dict[str, object]:
            resolved = moved("repay", done) if amount == MAX else None
            return change_document(operation, amount, chosen.name.split("/")[1], done, resolved)

        if from_collateral:
            perform(
                lambda: sold.preview(chosen, amount, **bounds),
                lambda: sold(chosen, amount, **bounds, min_health=min_health or 0),
                document,
                consent,
            )
        else:
            perform(lambda: own.preview(amount), lambda: own(amount), document, consent)


def liquidate(
    borrower: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Whose position is past its LLTV.")],
    market: Market,
    most: Annotated[
        str,
        typer.Option("--repay", metavar="AMOUNT", help="The most to repay; `max` is all that is allowed."),
    ] = "max",
    min_seized: Annotated[
        str | None,
        typer.Option("--min-seized", metavar="AMOUNT", help="Of the collateral, or nothing happens at all."),
    ] = None,
    slippage: Slippage = usual.SLIPPAGE,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Repay somebody's debt past its LLTV, for collateral and a bonus.

    Without --min-seized, the least is what is expected now, less --max-slippage.
    """
    from surge.cli.credit.change import Consent, perform
    from surge.cli.credit.desk import account, acting
    from surge.cli.credit.document import change_document
    from surge.cli.trade.views import show_liquidation, show_liquidation_sent

    consent = Consent.read(yes, dry_run, as_json, EYES, None)
    owner = account(borrower)
    with acting(network) as desk:
        chosen = desk.market(market)
        operation, token = desk.liquidator.liquidate, chosen.name.split("/")[1]
        perform(
            lambda: operation.preview(chosen, owner, most, min_seized=min_seized, max_slippage=slippage),
            lambda: operation(chosen, owner, most, min_seized=min_seized, max_slippage=slippage),
            lambda done: change_document("liquidate", most, token, done),
            consent,
            show_liquidation,
            show_liquidation_sent,
        )


def authorize(
    actor: Account,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Let an account or contract act on your positions.

    It may then borrow, withdraw and take collateral out in your name, in every market. Only do this for
    what you trust with all that you have there.
    """
    _authority("authorise", actor, yes, dry_run, as_json, network)


def revoke(
    actor: Account,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Take back what you allowed with `authorize`."""
    _authority("revoke", actor, yes, dry_run, as_json, network)


def _authority(verb: str, actor: str, yes: bool, dry_run: bool, as_json: bool, network: str | None) -> None:
    from surge.cli.credit.change import Consent, perform
    from surge.cli.credit.desk import account, acting
    from surge.cli.trade.documents import authority_change
    from surge.cli.trade.views import show_authority, show_authority_sent

    consent = Consent.read(yes, dry_run, as_json, EYES, None)
    with acting(network) as desk:
        listed = {name.casefold(): address for name, address in desk.chain.book.addresses.items()}
        who = listed.get(actor.casefold()) or account(actor)
        operation = getattr(desk.authority, verb)
        perform(
            lambda: operation.preview(who),
            lambda: operation(who),
            lambda done: authority_change(verb, done),
            consent,
            show_authority,
            show_authority_sent,
        )
