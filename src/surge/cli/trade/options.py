"""Arguments of swaps, pools and authorities."""

from typing import Annotated

import typer

Pool = Annotated[
    str, typer.Argument(metavar="POOL", help="Its two tokens, such as ETH/TUSD; see `surge credit pools`.")
]
Account = Annotated[str, typer.Argument(metavar="ADDRESS", help="An account or a contract.")]
