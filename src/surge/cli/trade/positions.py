"""`surge credit liquidate`, `authorize` and `revoke`."""

from typing import Annotated, Any

import typer

from surge.cli.credit.options import DryRun, Market, MaxSlippage, Yes
from surge.cli.terminal.options import AsJson, Network
from surge.cli.trade.options import Account
from surge.credit import usual


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
    max_slippage: MaxSlippage = usual.SLIPPAGE,
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

    consent = Consent.read(yes, dry_run, as_json, max_slippage)
    owner = account(borrower)
    bounds: dict[str, Any] = {"min_seized": min_seized, "max_slippage": max_slippage}
    with acting(network) as desk:
        chosen = desk.market(market)
        operation, token = chosen.position(owner).liquidate, chosen.name.split("/")[1]
        perform(
            lambda: operation.preview(most, **bounds),
            lambda: operation(most, **bounds),
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
    _authority("authorize", actor, yes, dry_run, as_json, network)


def revoke(
    actor: Account,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Take back what you allowed with `authorize`."""
    _authority("revoke", actor, yes, dry_run, as_json, network)


def revoke_leverage(
    yes: Yes = False, dry_run: DryRun = False, as_json: AsJson = False, network: Network = None
) -> None:
    """Take back what you allowed Leverage to do with your positions."""
    _authority("revoke", "Leverage", yes, dry_run, as_json, network)


def _authority(verb: str, actor: str, yes: bool, dry_run: bool, as_json: bool, network: str | None) -> None:
    from surge.cli.credit.change import Consent, perform
    from surge.cli.credit.desk import account, acting
    from surge.cli.trade.documents import authority_change
    from surge.cli.trade.views import show_authority, show_authority_sent

    consent = Consent.read(yes, dry_run, as_json)
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
