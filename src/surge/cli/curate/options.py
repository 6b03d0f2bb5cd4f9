"""Options and arguments that an operator's commands share."""

from typing import Annotated

import typer

Vault = Annotated[
    str, typer.Argument(metavar="VAULT", help="As `surge credit vaults` shows it, or an address.")
]
Collateral = Annotated[str, typer.Argument(metavar="COLLATERAL", help="A token's symbol or address.")]
Loan = Annotated[str, typer.Argument(metavar="LOAN", help="The token that is lent.")]
SingleSource = Annotated[
    bool,
    typer.Option("--single-source", help="Accept one price source, though the lent token's price moves."),
]
