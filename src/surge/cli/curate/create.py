"""`surge curate create`: a market, its oracle, a vault."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from surge.cli.credit.options import DryRun, Yes
from surge.cli.curate.options import Collateral, Loan, SingleSource
from surge.cli.terminal.options import AsJson, Network
from surge.credit import usual

if TYPE_CHECKING:
    from surge.desk.curate.creation import Created, Creator
    from surge.desk.operation import Operation

create = typer.Typer(no_args_is_help=True, help="Create a market, its oracle, or a vault.")


@create.command()
def oracle(
    collateral: Collateral,
    loan: Loan,
    min_price: Annotated[
        str,
        typer.Option("--min-price", metavar="PRICE", help="Loan tokens for 1 of collateral, such as 200."),
    ],
    max_price: Annotated[str, typer.Option("--max-price", metavar="PRICE", help="Likewise, such as 20000.")],
    base_feed: Annotated[
        str | None,
        typer.Option(
            "--base-feed", metavar="FEED", help="Of the collateral in dollars (default: the book's)."
        ),
    ] = None,
    quote_feed: Annotated[
        str | None,
        typer.Option("--quote-feed", metavar="FEED", help="Of the loan token; `none` takes it for a dollar."),
    ] = None,
    max_age: Annotated[
        int,
        typer.Option("--max-age", metavar="SECONDS", help="Of an answer: a bit above the feed's heartbeat."),
    ] = usual.MAX_AGE,
    quote_max_age: Annotated[
        int | None, typer.Option("--quote-max-age", metavar="SECONDS", help="Of the loan token's feed.")
    ] = None,
    second_source: Annotated[
        str | None, typer.Option("--second-source", metavar="POOL", help="A pool of both tokens.")
    ] = None,
    window: Annotated[
        int, typer.Option("--window", metavar="SECONDS", help="The least length of its average.")
    ] = usual.WINDOW,
    longest: Annotated[
        int | None,
        typer.Option("--longest", metavar="SECONDS", help="The greatest (default: two windows)."),
    ] = None,
    max_deviation: Annotated[
        str, typer.Option("--max-deviation", metavar="PERCENT", help="Of the two sources, such as 5%.")
    ] = usual.MAX_DEVIATION,
    single_source: SingleSource = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """An OracleGuard: two feeds, fixed bounds, a second source.

    A market that lends a token whose price moves needs a second source: one stale low price of that
    token would empty it.
    """
    given = {
        "min_price": min_price,
        "max_price": max_price,
        "base_feed": base_feed,
        "quote_feed": quote_feed,
        "max_age": max_age,
        "quote_max_age": quote_max_age,
        "second_source": second_source,
        "window": window,
        "longest": longest,
        "max_deviation": max_deviation,
        "single_source": single_source,
    }
    _create("oracle", (collateral, loan), given, yes, dry_run, as_json, network)


@create.command()
def market(
    collateral: Collateral,
    loan: Loan,
    oracle: Annotated[
        str, typer.Option("--oracle", metavar="ORACLE", help="By address, or the address book's name.")
    ],
    max_ltv: Annotated[
        str, typer.Option("--max-ltv", metavar="PERCENT", help="Debt may be taken up to it, such as 70%.")
    ],
    lltv: Annotated[
        str, typer.Option("--lltv", metavar="PERCENT", help="Past it anybody may liquidate, such as 80%.")
    ],
    min_debt: Annotated[
        str, typer.Option("--min-debt", metavar="AMOUNT", help="The least debt, in whole loan tokens.")
    ],
    target_health: Annotated[
        str, typer.Option("--target-health", metavar="FACTOR", help="That a liquidation restores.")
    ] = usual.TARGET_HEALTH,
    reserve_factor: Annotated[
        str, typer.Option("--reserve-factor", metavar="PERCENT", help="Of interest, kept for bad debt.")
    ] = usual.RESERVE_FACTOR,
    irm: Annotated[
        str | None,
        typer.Option("--irm", metavar="ADDRESS", help="The rate model (default: the network's)."),
    ] = None,
    single_source: SingleSource = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """A market; nothing of it can be changed later."""
    given = {
        "max_ltv": max_ltv,
        "lltv": lltv,
        "min_debt": min_debt,
        "target_health": target_health,
        "reserve_factor": reserve_factor,
        "irm": irm,
        "single_source": single_source,
    }
    _create("market", (collateral, loan, oracle), given, yes, dry_run, as_json, network)


@create.command()
def vault(
    asset: Annotated[str, typer.Argument(metavar="TOKEN", help="What it lends, such as TUSD.")],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Up to 25 letters.")],
    symbol: Annotated[
        str, typer.Option("--symbol", metavar="SYMBOL", help="Of its shares, up to 5 letters.")
    ],
    timelock: Annotated[
        int,
        typer.Option("--timelock", metavar="SECONDS", help="From submitting a cap to accepting it."),
    ] = usual.TIMELOCK,
    owner: Annotated[
        str | None, typer.Option("--owner", metavar="ADDRESS", help="Default: your wallet's account.")
    ] = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """A vault, whose owner sets caps and queues."""
    from surge.cli.credit.desk import account

    given = {"timelock": timelock, "owner": account(owner) if owner else None}
    _create("vault", (asset, name, symbol), given, yes, dry_run, as_json, network)


def _create(
    kind: str,
    named: tuple[str, ...],
    given: dict[str, Any],
    yes: bool,
    dry_run: bool,
    as_json: bool,
    network: str | None,
) -> None:
    from surge.cli.credit.change import Consent, perform
    from surge.cli.credit.desk import acting
    from surge.cli.curate.documents import creation_document
    from surge.cli.curate.views import show_created, show_creation

    consent = Consent.read(yes, dry_run, as_json)
    with acting(network) as desk:
        creator: Creator = desk.creator
        made: Operation[..., Created] = getattr(creator, kind)
        perform(
            lambda: made.preview(*named, **given),
            lambda: made(*named, **given),
            creation_document,
            consent,
            show_creation,
            show_created,
        )
