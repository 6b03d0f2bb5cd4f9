"""The steps of `surge demo credit`, each checked as it happens."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from surge.cli.credit.document import position_document
from surge.cli.credit.flash_view import flash_document
from surge.cli.terminal.figures import amount as figure
from surge.credit.exchange import best_arbitrage, mid_price
from surge.credit.health import Zone
from surge.model.credit import PRICE_SCALE
from surge.model.errors import Reverted, SurgeError, Unavailable
from surge.model.units import show_decimal

if TYPE_CHECKING:
    from surge.credit.market import PositionView, Token
    from surge.desk import Desk, Done
    from surge.desk.flash import FlashView
    from surge.local.network import LocalNetwork

MARKET = "ETH/TUSD"
DEPOSIT, LOAN, MORE = "0.5", "700", "50"
USUAL, LOWER, LOW, HIGHER = "2000", "1900", "1700", "2100"
"""Dollars for one ether: at first, in the margin zone, past liquidation, and when pools differ."""
MARGIN, MULTIPLE = "1", "3"
KEEPER_SECONDS, KEEPER_PAUSE = 60.0, 0.1

Step = dict[str, Any]


class Story:
    """One account and one market. Each step is handed to `show` when it has happened."""

    def __init__(self, network: "LocalNetwork", desk: "Desk", show: Callable[[Step], None]) -> None:
        self.steps: list[Step] = []
        self._network, self._desk, self._show = network, desk, show
        self._position = desk.market(MARKET).position()

    def run(self) -> None:
        """Tell the whole story, in order."""
        self._deposit()
        self._borrow()
        view = self._fall()
        self._refuse(view)
        self._liquidate(view)
        self._recover()
        self._leverage()
        amount = self._arbitrage()
        self._fail(amount)

    # The life of a loan

    def _deposit(self) -> None:
        done = self._position.add_collateral(DEPOSIT)
        loan = done.after.market.loan
        self._changed(
            "deposit",
            f"{DEPOSIT} ETH, worth 1,000 USD, as collateral: up to 70% of that can be borrowed",
            done,
            done.after.max_borrow == loan.parse(LOAN),
        )

    def _borrow(self) -> None:
        done = self._position.borrow(LOAN)
        after = done.after
        self._changed(
            "borrow",
            f"{LOAN} TUSD, up to the last dollar, in one transaction",
            done,
            after.debt >= after.market.loan.parse(LOAN) and after.zone is Zone.HEALTHY,
        )

    def _fall(self) -> "PositionView":
        before = self._position.view
        self._network.set_price("ETH", LOWER)
        after = self._position.view
        self._step(
            "price falls",
            f"ether costs {LOWER} USD: between max LTV and LLTV lies the margin zone, where nothing is sold",
            before,
            after,
            after.zone is Zone.MARGIN and after.position == before.position,
        )
        return after

    def _refuse(self, before: "PositionView") -> None:
        said = ""
        try:
            self._position.borrow(MORE)
        except SurgeError as refusal:
            said = str(refusal)
        after = self._position.view
        self._step(
            "margin zone",
            f"borrowing {MORE} TUSD more is refused",
            before,
            after,
            "margin zone" in said and after.position == before.position,
            refused=said,
        )

    def _liquidate(self, margin: "PositionView") -> None:
        self._network.set_price("ETH", LOW)
        after = self._liquidated()
        market = replace(margin.market, price=after.market.price)
        before = replace(margin, market=market)  # the keeper may be faster than a look in between
        gas, repaid, seized = self._event(after)
        worth = seized * (after.market.price or 0) // PRICE_SCALE
        loan, token = after.market.loan, after.market.collateral
        self._step(
            "partial liquidation",
            f"ether costs {LOW} USD, past the LLTV: the keeper repays {_rounded(loan, repaid)} and takes "
            f"{_rounded(token, seized)} for it, which costs the borrower {_rounded(loan, worth - repaid)}",
            before,
            after,
            before.zone is Zone.LIQUIDATABLE and after.zone is Zone.HEALTHY and 0 < after.debt < before.debt,
            gas,
            repaid=show_decimal(repaid, loan.decimals),
            seized=show_decimal(seized, token.decimals),
            cost=show_decimal(worth - repaid, loan.decimals),
        )

    def _recover(self) -> None:
        before = self._position.view
        self._network.set_price("ETH", USUAL)
        repaid = self._position.repay("max")
        taken = self._position.remove_collateral("max")
        self._step(
            "recovery",
            f"ether costs {USUAL} USD again: the debt is repaid, and what was not sold is taken out",
            before,
            taken.after,
            taken.after.empty and repaid.after.debt == 0,
            (repaid.gas or 0) + (taken.gas or 0),
        )

    def _liquidated(self) -> "PositionView":
        """The position when the keeper has been there."""
        end = time.monotonic() + KEEPER_SECONDS
        while time.monotonic() < end:
            view = self._position.view
            if view.zone is not Zone.LIQUIDATABLE:
                return view
            time.sleep(KEEPER_PAUSE)
        logs = ", ".join(str(program.log) for program in self._network.programs())
        raise Unavailable(f"no keeper liquidated the position in {KEEPER_SECONDS:.0f} s; see {logs}")

    def _event(self, after: "PositionView") -> tuple[int, int, int]:
        """Gas of the newest liquidation, what it repaid and seized."""
        index = self._desk.chain.index
        index.update()
        [event] = index.find("Liquidated", account=after.account, newest_first=True, limit=1)
        gas = self._desk.chain.gas_of(event.transaction) or 0
        return gas, int(event.members["repaid"]), int(event.members["seized"])

    # Leverage

    def _leverage(self) -> None:
        done = self._desk.leverage.open(MARKET, MARGIN, MULTIPLE)
        three = done.after.market.collateral.parse(MULTIPLE)
        self._changed(
            "leverage open",
            f"{MULTIPLE}× long ether with {MARGIN} ETH of one's own, in one transaction",
            done,
            done.after.collateral == three and done.after.zone is Zone.HEALTHY,
        )
        closed = self._desk.leverage.close(MARKET, to="loan")
        self._changed(
            "leverage close",
            "the debt is repaid from the position, in one transaction",
            closed,
            closed.after.empty,
        )

    # Flash loan

    def _arbitrage(self) -> int:
        """The amount that was borrowed."""
        self._network.set_price("ETH", HIGHER)
        flash = self._desk.flash
        done = flash.arbitrage(MARKET)
        amount = _best(done.before)
        profit, paid = done.after.held - done.before.held, done.before.paid
        self._told(
            "flash loan pays",
            f"ether costs {HIGHER} USD, less at the rival exchange: borrow {_rounded(paid, amount)}, buy "
            f"there, sell here, pay back, in one transaction: {_rounded(paid, profit)} earned with nothing",
            flash_document(done.before),
            flash_document(done.after),
            profit > 0,
            done.gas or 0,
            borrowed=show_decimal(amount, paid.decimals),
            profit=show_decimal(profit, paid.decimals),
        )
        return amount

    def _fail(self, amount: int) -> None:
        flash = self._desk.flash
        before, said, gas = flash.view(MARKET), "", 0
        try:
            flash.arbitrage.insist(MARKET, amount)
        except Reverted as refusal:
            said, gas = str(refusal), refusal.gas
        after = flash.view(MARKET)
        self._told(
            "flash loan fails",
            "only the fees are left of the gap: the same trade is sent, fails as a whole and moves nothing",
            flash_document(before),
            flash_document(after),
            gas > 0 and after == before,
            gas,
            refused=said,
        )

    def _changed(self, name: str, said: str, done: "Done[PositionView]", ok: bool) -> None:
        self._step(name, said, done.before, done.after, ok, done.gas or 0)

    def _step(
        self,
        name: str,
        said: str,
        before: "PositionView",
        after: "PositionView",
        ok: bool,
        gas: int = 0,
        **more: Any,
    ) -> None:
        self._told(name, said, position_document(before), position_document(after), ok, gas, **more)

    def _told(
        self, name: str, said: str, before: Step, after: Step, ok: bool, gas: int = 0, **more: Any
    ) -> None:
        number = len(self.steps) + 1
        step = {
            "number": number,
            "name": name,
            "said": said,
            "ok": ok,
            "before": before,
            "after": after,
            "gas": gas,
            **more,
        }
        self.steps.append(step)
        self._show(step)


def _best(view: "FlashView") -> int:
    """What the most profitable trade between two pools borrows."""
    cheap, dear = sorted((view.own, view.rival), key=mid_price)
    trip = best_arbitrage(cheap, dear.reversed)
    return trip.paid if trip else 0


def _rounded(token: "Token", amount: int) -> str:
    """For a sentence: two decimals of dollars, more of what is dear."""
    exact = show_decimal(amount, token.decimals)
    return f"{figure(exact, places=2 if token.decimals == 6 else 4)} {token.symbol}"
