"""A change of a position, the same for every command: preview → bounds → show and ask → bounds → send."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from surge.cli.credit.view import show_change, show_sent
from surge.cli.terminal.figures import bound, health
from surge.cli.terminal.output import Part, answer, lay_out
from surge.model.errors import BadInput
from surge.model.units import BPS, WAD, Bps, parse_decimal, show_decimal, show_percent

if TYPE_CHECKING:
    from surge.desk import Done

View = TypeVar("View")
Show = Callable[[Any], Iterable[Part]]


@dataclass(frozen=True, slots=True)
class Consent:
    """How a change was asked for. max_slippage: None for what has no price; min_health in WAD."""

    yes: bool
    dry_run: bool
    as_json: bool
    max_slippage: Bps | None
    min_health: int | None

    @classmethod
    def read(
        cls, yes: bool, dry_run: bool, as_json: bool, max_slippage: str | None = None,
        min_health: str | None = None,
    ) -> "Consent":  # fmt: skip
        """The consent that a command's options give. Raises BadInput."""
        from surge.desk.amounts import slippage

        most = None if max_slippage is None else slippage(max_slippage)
        least = None if min_health is None else parse_decimal(min_health, 18, "health factor")
        if least is not None and least < WAD:
            raise BadInput(
                f"a health factor of {min_health} is past liquidation; name one above 1, such as 1.2"
            )
        return cls(yes, dry_run, as_json, most, least)


def perform(
    preview: Callable[[], "Done[View]"],
    send: Callable[[], "Done[View]"],
    document: Callable[["Done[View]"], dict[str, Any]],
    consent: Consent,
    show: Show = show_change,
    show_done: Show = show_sent,
) -> None:
    """Show what would change, ask, and send it. Nothing is sent by a dry run or against an answer."""
    shown = preview()
    require_health(shown, consent.min_health)
    if consent.dry_run:
        answer(document(shown), consent.as_json, show)
        return
    if not consent.yes:
        ask(document(shown), show)
        now = preview()  # a person takes their time
        if consent.max_slippage is not None:
            require_price(shown, now, consent.max_slippage)
        require_health(now, consent.min_health)
    done = send()
    answer(document(done), consent.as_json, show if consent.yes else show_done)


def ask(document: dict[str, Any], show: Show) -> None:
    """Raises BadInput when nobody can be asked, or the answer is no."""
    lay_out(show(document))
    if not sys.stdin.isatty():
        raise BadInput(
            "there is no terminal to agree on, so nothing was sent; look at the table and add --yes"
        )
    if not typer.confirm("Send it?", err=True):
        raise BadInput("nothing was sent; change the amount and try again, or look with --dry-run")


def require_health(change: "Done[Any]", least: int | None) -> None:
    """--min-health, of what ends with a debt and a lower health than it began with."""
    from surge.credit.market import PositionView

    before, after = change.before, change.after
    if least is None or not isinstance(after, PositionView) or after.health is None or after.health >= least:
        return
    if before.health is not None and before.health <= after.health:
        return
    raise BadInput(
        f"nothing was sent: it would end at a health factor of {_health(after.health)} with a debt of "
        f"{after.market.loan.show(after.debt)}, below your --min-health {_health(least)}; change the "
        "amount, or add collateral"
    )


def require_price(shown: "Done[Any]", now: "Done[Any]", most: Bps) -> None:
    """--max-slippage, while a person was looking at the table: of a price that moved against the change."""
    ways = _harms(shown)
    for then, today in zip(_prices(shown.before), _prices(now.before), strict=True):
        if not (then and today) or (1 if today > then else -1) not in ways:
            continue
        if abs(today - then) * BPS > most * then:
            moved = bound(show_decimal(abs(today - then) * WAD // then, 18))
            raise BadInput(
                f"nothing was sent: the price moved by {moved} since the table was shown, more than your "
                f"--max-slippage {show_percent(most)}; look again, or allow more"
            )


def _harms(change: "Done[Any]") -> tuple[int, ...]:
    """Which way a price must not move: up is 1, down is -1. Repaying, lending and adding collateral need no
    price; new debt, or collateral taken out, is harmed by a fall; what trades, either way."""
    from surge.credit.market import PositionView

    if not isinstance(change.after, PositionView):
        return 1, -1
    owes = change.after.debt - change.before.debt
    holds = change.after.collateral - change.before.collateral
    if owes <= 0 <= holds:
        return ()
    return (-1,) if owes == 0 or holds == 0 else (1, -1)


def _prices(view: object) -> list[int]:
    """What a change's worth depends on: the oracle's price, a share's, those of two pools."""
    from surge.credit.market import PositionView
    from surge.credit.vault_view import VaultView

    if isinstance(view, PositionView):
        return [view.market.price or 0]
    if isinstance(view, VaultView):
        return [view.share_price]
    prices: list[int] = list(getattr(view, "prices", ()))
    return prices


def _health(factor: int) -> str:
    return health(show_decimal(factor, 18), "1")
