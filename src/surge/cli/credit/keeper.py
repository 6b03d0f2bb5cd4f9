"""`surge keeper`: liquidates what pays, on its own or once."""

from typing import TYPE_CHECKING, Annotated

import typer

from surge.cli.terminal.access import found, keystore
from surge.cli.terminal.options import AsJson, Network
from surge.cli.terminal.output import answer
from surge.model.errors import BadInput

if TYPE_CHECKING:
    from surge.chain.client import Chain
    from surge.keeper.liquidating import Decision, Rules

EVERY_SECONDS = 5.0
COIN = "ETH"
ROUNDS = 100
"""Of --once: each liquidation moves the pools, and what else pays is looked at anew."""


def keeper(
    once: Annotated[bool, typer.Option("--once", help="Do what is due now, say it, and end.")] = False,
    metrics: Annotated[
        int | None,
        typer.Option(min=0, max=65535, metavar="PORT", help="Serve Prometheus metrics on 127.0.0.1."),
    ] = None,
    altruist: Annotated[
        bool,
        typer.Option("--altruist", help="Also pay for what gains nothing: bad debt, alerts, observations."),
    ] = False,
    own_funds: Annotated[
        bool,
        typer.Option("--own-funds", help="Also repay from the wallet, and keep the collateral."),
    ] = False,
    every: Annotated[
        float, typer.Option(min=0.1, metavar="SECONDS", help="Between two looks.")
    ] = EVERY_SECONDS,
    coin: Annotated[
        str, typer.Option(metavar="SYMBOL", help="The token whose price is that of the chain's coin.")
    ] = COIN,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Liquidate positions when that pays.

    Needs gas and no money: the collateral is sold in the same transaction, which fails as a whole when it
    would lose. Runs until Ctrl-C, and logs to stderr.
    """
    if as_json and not once:
        raise BadInput("--json is of one look; add --once, or read the metrics of a keeper that runs")
    access = found(network)
    keystore(access.home)
    from surge.keeper.liquidating import Rules

    rules = Rules(altruist, own_funds)
    with access.chain() as chain:
        _ = chain.credit.book
        if once:
            from surge.cli.credit.keeper_view import show_keeper

            answer(_once(chain, rules, coin), as_json, show_keeper)
            return
        from surge.keeper.program import serve_liquidator
        from surge.store.logs import log_to_stderr

        log_to_stderr()
        book = access.home.book(access.network)
        serve_liquidator(chain, rules, every=every, port=metrics, coin=coin, book=book)


def _once(chain: "Chain", rules: "Rules", coin: str) -> dict[str, object]:
    from surge.chain.node.sender import PATIENCE_SECONDS
    from surge.cli.credit.keeper_view import decision_document
    from surge.keeper.liquidator import Liquidator
    from surge.store.logs import log_to_stderr

    log_to_stderr()
    liquidator = Liquidator(chain, rules, coin=coin, patience=PATIENCE_SECONDS)
    done = list["Decision"]()
    for _ in range(ROUNDS):
        stepped = liquidator.step()
        done += stepped.done
        if not stepped.sent:
            break
    return {
        "network": chain.book.name,
        "account": chain.address,
        "done": [decision_document(decision) for decision in done],
        "left": [decision_document(decision, failed=True) for decision in stepped.decisions],
        "unreadable": stepped.blind,
    }
