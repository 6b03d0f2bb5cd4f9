"""`surge credit vaults` and `vault`: lend to several markets at once."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from surge.cli.credit.options import Amount, DryRun, MaxSlippage, Of, Yes
from surge.cli.terminal.options import AsJson, Network
from surge.credit import usual

if TYPE_CHECKING:
    from surge.credit.vault_view import VaultView
    from surge.desk import Done

vault = typer.Typer(no_args_is_help=True, help="Lend to several markets at once, through a vault.")

Name = Annotated[
    str,
    typer.Argument(metavar="VAULT", help="As `surge credit vaults` shows it, its beginning, or an address."),
]
InKind = Annotated[
    bool,
    typer.Option(
        "--in-kind", help="Your part of everything it has; AMOUNT is of shares. Needs no liquidity."
    ),
]


def vaults(
    vault: Annotated[
        str | None, typer.Argument(metavar="[VAULT]", help="Only this one, by its name or address.")
    ] = None,
    of: Of = None,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Every vault: where it lends, its rate, and your part."""
    from surge.cli.credit.desk import account, has_wallet, looking, named_vault
    from surge.cli.credit.events import lent_document
    from surge.cli.credit.vaults_view import show_vaults, vault_document
    from surge.cli.terminal.output import answer

    with looking(network) as desk:
        holder = account(of) if of or has_wallet() else None
        found = []
        for one in desk.vaults() if vault is None else [named_vault(desk, vault)]:
            view = one.of(holder) if holder else one.view
            lent = lent_document(partial(one.lent, view), view.asset, view.worth)
            found.append({**vault_document(view, one.listed), "lent": lent})
    answer({"account": holder, "vaults": found}, as_json, partial(show_vaults, own=of is None))


@vault.command()
def deposit(
    name: Name,
    amount: Amount,
    yes: Yes = False,
    dry_run: DryRun = False,
    max_slippage: MaxSlippage = usual.SLIPPAGE,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Lend through a vault."""
    _change("deposit", name, amount, yes, dry_run, max_slippage, as_json, network)


@vault.command()
def withdraw(
    name: Name,
    amount: Amount,
    in_kind: InKind = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    max_slippage: MaxSlippage = usual.SLIPPAGE,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Take out what you lent, or your part of each market."""
    _change(
        "redeem_in_kind" if in_kind else "withdraw",
        name,
        amount,
        yes,
        dry_run,
        max_slippage,
        as_json,
        network,
    )


def _change(
    verb: str,
    name: str,
    amount: str,
    yes: bool,
    dry_run: bool,
    max_slippage: str,
    as_json: bool,
    network: str | None,
) -> None:
    from surge.cli.credit.change import Consent, perform
    from surge.cli.credit.desk import acting, named_vault
    from surge.cli.credit.resolved import vault_moved
    from surge.cli.credit.vaults_view import show_vault_change, show_vault_sent, vault_change
    from surge.desk.amounts import MAX

    consent = Consent.read(yes, dry_run, as_json, max_slippage)
    operation, resolved = verb.replace("_", " "), None
    with acting(network) as desk:
        write = getattr(named_vault(desk, name), verb)

        def preview() -> "Done[VaultView]":
            nonlocal resolved
            shown: Done[VaultView] = write.preview(amount)
            resolved = vault_moved(operation, shown) if amount == MAX else None
            return shown

        perform(
            preview,
            lambda: write(amount),
            lambda done: vault_change(operation, amount, done, resolved),
            consent,
            show_vault_change,
            show_vault_sent,
        )
