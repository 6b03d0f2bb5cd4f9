"""`surge curate rules`, `cap`, `queue`, `reallocate`, `fee` and `collect`: a vault's owner at work."""

from typing import Annotated, Any

import typer

from surge.cli.credit.options import DryRun, Market, Yes
from surge.cli.curate.options import Vault
from surge.cli.terminal.options import AsJson, Network
from surge.model.errors import BadInput

cap = typer.Typer(no_args_is_help=True, help="How much of a vault may lie in a market.")
queue = typer.Typer(no_args_is_help=True, help="In which order a vault's markets are used.")
collect = typer.Typer(no_args_is_help=True, help="Have a fee or a surplus paid out; anybody may.")

Amount = Annotated[str, typer.Argument(metavar="AMOUNT", help="In whole tokens of the vault's asset.")]
Markets = Annotated[list[str], typer.Argument(metavar="MARKET...", help="In their new order.")]


def rules(vault: Vault, as_json: AsJson = False, network: Network = None) -> None:
    """A vault's owner, caps, queues and what is pending."""
    from surge.cli.credit.desk import looking, named_vault
    from surge.cli.curate.documents import ruled_document
    from surge.cli.curate.views import show_rules
    from surge.cli.terminal.output import answer

    with looking(network) as desk:
        document = ruled_document(desk.curator(named_vault(desk, vault).name).view())
    answer(document, as_json, show_rules)


@cap.command()
def submit(
    vault: Vault, market: Market, amount: Amount, yes: Yes = False, dry_run: DryRun = False,
    as_json: AsJson = False, network: Network = None,
) -> None:  # fmt: skip
    """Propose a higher cap, or a new market."""
    _of_cap("submit", vault, market, (amount,), yes, dry_run, as_json, network)


@cap.command()
def accept(
    vault: Vault, market: Market, yes: Yes = False, dry_run: DryRun = False, as_json: AsJson = False,
    network: Network = None,
) -> None:  # fmt: skip
    """Set a submitted cap, after its timelock."""
    _of_cap("accept", vault, market, (), yes, dry_run, as_json, network)


@cap.command()
def lower(
    vault: Vault, market: Market, amount: Amount, yes: Yes = False, dry_run: DryRun = False,
    as_json: AsJson = False, network: Network = None,
) -> None:  # fmt: skip
    """Set a lower cap at once; 0 closes a market to deposits."""
    _of_cap("lower", vault, market, (amount,), yes, dry_run, as_json, network)


@cap.command("revoke")
def revoke_(
    vault: Vault, market: Market, yes: Yes = False, dry_run: DryRun = False, as_json: AsJson = False,
    network: Network = None,
) -> None:  # fmt: skip
    """Drop a cap that is pending."""
    _of_cap("revoke", vault, market, (), yes, dry_run, as_json, network)


@queue.command()
def supply(
    vault: Vault, markets: Markets, yes: Yes = False, dry_run: DryRun = False, as_json: AsJson = False,
    network: Network = None,
) -> None:  # fmt: skip
    """Where deposits go, in this order."""
    _of_queue("supply", vault, markets, yes, dry_run, as_json, network)


@queue.command()
def withdraw(
    vault: Vault, markets: Markets, yes: Yes = False, dry_run: DryRun = False, as_json: AsJson = False,
    network: Network = None,
) -> None:  # fmt: skip
    """Where withdrawals come from, in this order."""
    _of_queue("withdraw", vault, markets, yes, dry_run, as_json, network)


def reallocate(
    vault: Vault,
    wanted: Annotated[
        list[str],
        typer.Argument(metavar="MARKET=AMOUNT...", help="Such as ETH/TUSD=400000; `max` takes what is idle."),
    ],
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Bring markets to so much each, within their caps."""
    named: dict[str, str] = {}
    for each in wanted:
        name, equals, amount = each.partition("=")
        if not (name and equals and amount):
            raise BadInput(
                f"{each!r} says not what a market shall hold; write MARKET=AMOUNT, such as ETH/TUSD=400000"
            )
        if name.casefold() in named:
            raise BadInput(f"{name} stands there twice; name each market once")
        named[name.casefold()] = amount
    _change(
        f"reallocate {' '.join(wanted)}", vault, "reallocate",
        lambda desk: ({desk.market(name): amount for name, amount in named.items()},),
        yes, dry_run, as_json, network,
    )  # fmt: skip


def fee(
    vault: Vault,
    part: Annotated[str, typer.Argument(metavar="PERCENT", help="Of gains, at most 50%, such as 10%.")],
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="ADDRESS", help="Who gets it (default: the present one, or you)."),
    ] = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Set a vault's fee on gains, from now on."""
    from surge.cli.credit.desk import account

    recipient = account(to) if to else None
    _change(f"fee {part}", vault, "fee", lambda _: (part, recipient), yes, dry_run, as_json, network)


@collect.command("fee")
def collect_fee(
    vault: Vault, yes: Yes = False, dry_run: DryRun = False, as_json: AsJson = False, network: Network = None
) -> None:
    """Mint a vault's fee on gains so far."""
    _change("collect the fee", vault, "collect", lambda _: (), yes, dry_run, as_json, network)


@collect.command("reserve")
def collect_reserve(
    market: Market,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Pay out what a market's reserve has too much."""
    from surge.cli.credit.change import Consent, perform
    from surge.cli.credit.desk import acting
    from surge.cli.curate.documents import reserve_change
    from surge.cli.curate.views import show_reserve, show_reserve_sent

    consent = Consent.read(yes, dry_run, as_json)
    with acting(network) as desk:
        chosen, operation = desk.market(market), desk.reserve.collect
        perform(
            lambda: operation.preview(chosen),
            lambda: operation(chosen),
            reserve_change,
            consent,
            show_reserve,
            show_reserve_sent,
        )


def _of_cap(
    verb: str, vault: str, market: str, amount: tuple[str, ...], yes: bool, dry_run: bool, as_json: bool,
    network: str | None,
) -> None:  # fmt: skip
    said = " ".join(["cap", verb, market, *amount])
    _change(
        said,
        vault,
        f"{verb}_cap",
        lambda desk: (desk.market(market), *amount),
        yes,
        dry_run,
        as_json,
        network,
    )


def _of_queue(
    side: str, vault: str, markets: list[str], yes: bool, dry_run: bool, as_json: bool, network: str | None
) -> None:
    _change(
        f"queue {side}", vault, f"{side}_queue", lambda desk: ([desk.market(one) for one in markets],),
        yes, dry_run, as_json, network,
    )  # fmt: skip


def _change(
    said: str, vault: str, name: str, given: Any, yes: bool, dry_run: bool, as_json: bool,
    network: str | None,
) -> None:  # fmt: skip
    """given: of a desk, the operation's arguments."""
    from surge.cli.credit.change import Consent, perform
    from surge.cli.credit.desk import acting, named_vault
    from surge.cli.curate.documents import ruled_change
    from surge.cli.curate.views import show_rules_change, show_rules_sent

    consent = Consent.read(yes, dry_run, as_json)
    with acting(network) as desk:
        operation = getattr(desk.curator(named_vault(desk, vault).name), name)
        arguments = given(desk)
        perform(
            lambda: operation.preview(*arguments),
            lambda: operation(*arguments),
            lambda done: ruled_change(said, done),
            consent,
            show_rules_change,
            show_rules_sent,
        )
