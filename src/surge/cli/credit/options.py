"""Options and arguments that the credit commands share."""

from typing import Annotated

import typer

Market = Annotated[
    str,
    typer.Argument(metavar="MARKET", help="COLLATERAL/LOAN as `surge credit markets` shows it, or an id."),
]
Amount = Annotated[
    str, typer.Argument(metavar="AMOUNT", help="In whole tokens, such as 1.5; `max` takes all that works.")
]
Of = Annotated[
    str | None, typer.Option("--of", metavar="ADDR", help="Of another account (default: your wallet's).")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show before and after; send nothing.")]
MaxSlippage = Annotated[
    str,
    typer.Option(
        "--max-slippage",
        metavar="PERCENT",
        help="How much worse than now it may turn out, while you look and when it is mined, such as 0.5%.",
    ),
]
MinHealth = Annotated[
    str | None,
    typer.Option(
        "--min-health", metavar="FACTOR", help="Refuse to end below this health factor, such as 1.2."
    ),
]

MaxImpact = Annotated[
    str,
    typer.Option(
        "--max-impact",
        metavar="PERCENT",
        help="How much worse than the oracle's price a swap may be, such as 12%.",
    ),
]
