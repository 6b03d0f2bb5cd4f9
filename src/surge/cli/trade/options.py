"""Options and arguments of swaps and pools."""

from typing import Annotated

import typer

MaxSlippage = Annotated[
    str,
    typer.Option(
        "--max-slippage", metavar="PERCENT", help="How much less than now may come out, such as 0.5%."
    ),
]
MaxImpact = Annotated[
    str,
    typer.Option(
        "--max-impact", metavar="PERCENT", help="How much its own size and the fees may cost, such as 2%."
    ),
]
Pool = Annotated[
    str, typer.Argument(metavar="POOL", help="Its two tokens, such as ETH/TUSD; see `surge credit pools`.")
]
Account = Annotated[str, typer.Argument(metavar="ADDRESS", help="An account or a contract.")]

EYES = "1%"
"""How far a price may move while somebody looks at a table."""
