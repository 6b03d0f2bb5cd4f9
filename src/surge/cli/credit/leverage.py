"""`surge credit leverage`: a multiplied position, opened, adjusted and closed in one transaction each."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from surge.cli.credit.options import Amount, DryRun, Market, MaxImpact, MaxSlippage, MinHealth, Yes
from surge.cli.terminal.options import AsJson, Network
from surge.credit import usual
from surge.model.errors import BadInput

if TYPE_CHECKING:
    from surge.desk import Desk
    from surge.desk.operation import Operation

leverage = typer.Typer(
    no_args_is_help=True,
    help="Multiply a position in one transaction: ETH/TUSD is long ether, TUSD/ETH short of it.",
)

Multiple = Annotated[
    str | None,
    typer.Option(
        "--multiple",
        metavar="TIMES",
        help=f"What it holds against what is yours (default: {usual.MULTIPLE}).",
    ),
]
InLoan = Annotated[bool, typer.Option("--in-loan", help="AMOUNT is of the loan's token.")]
Hold = Annotated[
    str | None,
    typer.Option("--hold", metavar="AMOUNT", help="Delta-neutral: borrow so much and hold it; no swap."),
]
Carry = Annotated[
    str | None, typer.Option("--carry", metavar="AMOUNT", help="Borrow so much and lend it through --vault.")
]
Through = Annotated[
    str | None, typer.Option("--vault", metavar="VAULT", help="As `surge credit vaults` shows it.")
]
To = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="SIDE",
        help="Sell collateral: `loan` sells all and hands out the rest, `collateral` what the debt needs.",
    ),
]
Shares = Annotated[
    str | None,
    typer.Option("--shares", metavar="AMOUNT", help="Of --vault, to pay with (default: as many as needed)."),
]
Held = Annotated[
    str | None, typer.Option("--held", metavar="AMOUNT", help="Pay the debt with what you hold first.")
]


@leverage.command("open")
def open_(
    market: Market,
    amount: Amount,
    multiple: Multiple = None,
    in_loan: InLoan = False,
    hold: Hold = None,
    carry: Carry = None,
    vault: Through = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    max_slippage: MaxSlippage = usual.SLIPPAGE,
    max_impact: MaxImpact = usual.IMPACT,
    min_health: MinHealth = None,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Hold AMOUNT times the multiple, the rest bought with a loan."""
    if (carry is None) != (vault is None) or (carry and hold):
        raise BadInput("a carry needs --carry AMOUNT and --vault VAULT; a neutral position --hold AMOUNT")
    if (carry or hold) and (multiple or in_loan):
        raise BadInput(
            "--carry and --hold lock AMOUNT of collateral as it is; leave --multiple and --in-loan out"
        )
    from surge.cli.credit.desk import named_vault

    bounds = {"max_slippage": max_slippage, "min_health": min_health or "0"}
    times = multiple or usual.MULTIPLE

    def planned(desk: "Desk") -> "tuple[Operation[..., Any], tuple[Any, ...], dict[str, Any]]":
        lever = desk.leverage
        if carry is not None and vault is not None:
            through = named_vault(desk, vault).name
            return lever.carry, (market, amount, carry, through), bounds
        if hold is not None:
            return lever.neutral, (market, amount, hold), bounds
        side = "loan" if in_loan else "collateral"
        return lever.open, (market, amount, times), {"margin_in": side, "max_impact": max_impact, **bounds}

    name = f"open {times}× with"
    if carry or hold:
        name = f"carry {carry} with" if carry else f"hold {hold} with"
    _perform(name, amount, planned, yes, dry_run, max_slippage, min_health, as_json, network, in_loan=in_loan)


@leverage.command()
def adjust(
    market: Market,
    multiple: Annotated[str, typer.Argument(metavar="MULTIPLE", help="The new one, such as 2.")],
    yes: Yes = False,
    dry_run: DryRun = False,
    max_slippage: MaxSlippage = usual.SLIPPAGE,
    max_impact: MaxImpact = usual.IMPACT,
    min_health: MinHealth = None,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Bring a position to another multiple, from itself alone."""

    def planned(desk: "Desk") -> "tuple[Operation[..., Any], tuple[Any, ...], dict[str, Any]]":
        bounds = {"max_slippage": max_slippage, "max_impact": max_impact, "min_health": min_health or "0"}
        return desk.leverage.adjust, (market, multiple), bounds

    name = f"adjust to {multiple}×"
    _perform(name, "", planned, yes, dry_run, max_slippage, min_health, as_json, network)


@leverage.command()
def close(
    market: Market,
    to: To = None,
    held: Held = None,
    vault: Through = None,
    shares: Shares = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    max_slippage: MaxSlippage = usual.SLIPPAGE,
    max_impact: MaxImpact = usual.IMPACT,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Repay the whole debt, and take what is left. No collateral is sold without --to.

    A carry is closed with --vault: its shares pay first. What you hold of a neutral one, with --held.
    """
    from surge.cli.credit.desk import named_vault

    if shares and not vault:
        raise BadInput("--shares are of a vault; name it with --vault")

    def planned(desk: "Desk") -> "tuple[Operation[..., Any], tuple[Any, ...], dict[str, Any]]":
        bounds = {"to": to, "max_slippage": max_slippage, "max_impact": max_impact}
        if vault is None and held is None:
            return desk.leverage.close, (market,), bounds
        through = named_vault(desk, vault).name if vault else None
        funds = {"held": held, "vault": through, "shares": shares}
        given = {name: value for name, value in funds.items() if value is not None}
        return desk.leverage.unwind, (market,), {**given, **bounds}

    _perform("close", "", planned, yes, dry_run, max_slippage, None, as_json, network)


@leverage.command()
def repay(
    market: Market,
    amount: Annotated[
        str, typer.Argument(metavar="AMOUNT", help="Of the loan's token, less than the whole debt.")
    ],
    yes: Yes = False,
    dry_run: DryRun = False,
    max_slippage: MaxSlippage = usual.SLIPPAGE,
    max_impact: MaxImpact = usual.IMPACT,
    min_health: MinHealth = None,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Sell collateral of a position to repay a part of its debt.

    It needs a price, as every sale here; the whole debt is repaid by `close`.
    """

    def planned(desk: "Desk") -> "tuple[Operation[..., Any], tuple[Any, ...], dict[str, Any]]":
        bounds = {"max_slippage": max_slippage, "max_impact": max_impact, "min_health": min_health or "0"}
        return desk.leverage.repay, (market, amount), bounds

    _perform("repay", amount, planned, yes, dry_run, max_slippage, min_health, as_json, network, in_loan=True)


def _perform(
    name: str,
    amount: str,
    planned: "Callable[[Desk], tuple[Operation[..., Any], tuple[Any, ...], dict[str, Any]]]",
    yes: bool,
    dry_run: bool,
    max_slippage: str,
    min_health: str | None,
    as_json: bool,
    network: str | None,
    in_loan: bool = False,
) -> None:
    from surge.cli.credit.change import Consent, perform
    from surge.cli.credit.desk import acting
    from surge.cli.credit.document import leverage_document

    consent = Consent.read(yes, dry_run, as_json, max_slippage, min_health)
    with acting(network) as desk:
        operation, given, named = planned(desk)
        looked = {name: value for name, value in named.items() if name != "min_health"}  # perform checks it
        perform(
            lambda: operation.preview(*given, **looked),
            lambda: operation(*given, **named),
            lambda done: leverage_document(name, amount, in_loan, done),
            consent,
        )
