"""`surge demo credit`: the life of a loan on a chain of its own, with a keeper at work, then leverage and a
flash loan. Every step is checked; nothing of it stays."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from surge.cli.demo_credit_view import show_end, show_step
from surge.cli.output import lay_out, print_json, tell
from surge.credit.health import Zone
from surge.desk import Desk
from surge.local import LocalNetwork
from surge.model.errors import SurgeError

if TYPE_CHECKING:
    from surge.credit.market import PositionView

MARKET = "ETH/TUSD"
COLLATERAL, LOAN, MORE = "0.5", "700", "50"
USUAL, LOWER, LOW = "2000", "1900", "1700"
"""Dollars for one ether: at the start, in the margin zone, past liquidation."""
KEEPER_SECONDS = 60.0
KEEPER_PAUSE = 0.2

Step = dict[str, Any]


def demo_credit(as_json: bool) -> int:
    """Tell the story; 1 if anything did not hold."""
    began = time.monotonic()
    show: Callable[[Step], None] = (lambda _: None) if as_json else (lambda step: lay_out(show_step(step)))
    with LocalNetwork(0, tell=tell) as network, Desk(network) as desk:
        story = Story(network, desk, show)
        story.loan()
        story.leverage()
        story.arbitrage()
    document = {
        "ok": all(step["ok"] for step in story.steps),
        "steps": story.steps,
        "seconds": round(time.monotonic() - began, 1),
    }
    if as_json:
        print_json(document)
    else:
        lay_out(show_end(document))
    return 0 if document["ok"] else 1


class Story:
    """One account, one market. Each step is told when it has happened."""

    def __init__(self, network: LocalNetwork, desk: Desk, show: Callable[[Step], None]) -> None:
        self.steps: list[Step] = []
        self._network, self._desk, self._show = network, desk, show
        self._market = desk.market(MARKET)
        self._position = self._market.position()

    # The life of a loan

    def loan(self) -> None:
        """From the deposit to the last token taken out."""
        position = self._position
        done = position.add_collateral(COLLATERAL)
        self._changed(
            "deposit",
            f"{COLLATERAL} ETH, worth 1,000 USD, as collateral; up to 70% of that can be borrowed",
            done,
            done.after.max_borrow == self._loan(LOAN),
        )
        done = position.borrow(LOAN)
        self._changed(
            "borrow",
            f"{LOAN} TUSD at once, up to the last dollar",
            done,
            done.after.debt >= self._loan(LOAN) and done.after.zone is Zone.HEALTHY,
        )
        before = done.after
        after = self._priced(LOWER)
        self._step(
            "price falls",
            f"ether at {LOWER} USD: the margin zone, a warning; nobody can liquidate",
            before,
            after,
            after.zone is Zone.MARGIN,
        )
        self._refused(after)
        self._liquidated(after)
        self._recovered()

    def _refused(self, view: "PositionView") -> None:
        said = ""
        try:
            self._position.borrow(MORE)
        except SurgeError as error:
            said = str(error)
        after = self._position.view
        self._step(
            "margin zone",
            f"borrowing {MORE} TUSD more",
            view,
            after,
            bool(said) and after.position == view.position,
            refused=said,
        )

    def _liquidated(self, margin: "PositionView") -> None:
        self._network.set_price("ETH", LOW)
        after = self._awaited(margin)
        before = replace(margin, market=after.market)
        before = replace(before, market=margin.market.priced(after.market.price))
        self._step(
            "partial liquidation",
            f"ether at {LOW} USD: past the LLTV, so the keeper repays a part and takes collateral for it",
            before,
            after,
            before.zone is Zone.LIQUIDATABLE and after.zone is Zone.HEALTHY and 0 < after.debt < before.debt,
        )
