"""Options that several commands share."""

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")]
Network = Annotated[
    str | None,
    typer.Option(
        "--network", metavar="NAME", help="A network in SURGE_HOME (default: SURGE_NETWORK, local)."
    ),
]
Budget = Annotated[str, typer.Option("--budget", metavar="USD", help="The most that escrows may take.")]
MaxPrice = Annotated[
    str | None,
    typer.Option(
        "--max-price",
        metavar="USD",
        help="The most per Gfuel, about 0.1 s of one core (default: three times the median, at most 0.001).",
    ),
]
MaxPriceGib = Annotated[
    str | None,
    typer.Option(
        "--max-price-gib",
        metavar="USD",
        help="The most per GiB moved (default: three times the median, at most 1.00).",
    ),
]
Memory = Annotated[int, typer.Option("--memory", metavar="MIB", help="Of one sandbox, in MiB.")]
Duration = Annotated[
    int, typer.Option("--duration", min=1, metavar="SECONDS", help="How long a lease lasts at the most.")
]
File = Annotated[str, typer.Argument(metavar="FILE", help="A Python file, or a wasm32-wasi command.")]
Arguments = Annotated[
    list[str] | None, typer.Argument(metavar="-- ARGS", help="Given to the program.", show_default=False)
]

BUDGET = "1.00"
MEMORY_MIB = 1024
DURATION_SECONDS = 900
FUEL_GFUEL = 2_000
"""As model.task's default, which is slow to import."""
