"""Liquidate somebody's position by hand, with a bound on what must come out."""

from dataclasses import astuple
from typing import TYPE_CHECKING, Any

from surge.chain.calls.credit import ALL
from surge.chain.calls.tokens import Payment
from surge.chain.network.artifacts import artifact
from surge.chain.node.sender import Call
from surge.credit import preview, usual
from surge.credit.leverage import less
from surge.credit.market import PositionView
from surge.desk.amounts import Amount, slippage, units
from surge.desk.market import Market
from surge.desk.operation import Plan, operation
from surge.model.errors import BadInput
from surge.model.units import Address

if TYPE_CHECKING:
    from surge.chain.client import Chain

_BOUNDED = 6
"""Arguments of `liquidate` where it takes the least that must be seized."""


class Liquidator:
    """`desk.liquidator`. The account pays the debt, and gets the collateral and the bonus."""

    def __init__(self, chain: "Chain") -> None:
        self.chain = chain

    @operation
    def liquidate(
        self, market: Market, borrower: Address, repay: Amount = "max", *, min_seized: Amount | None = None,
        max_slippage: str = usual.SLIPPAGE,
    ) -> Plan[PositionView]:  # fmt: skip
        """Repay at most `repay` of a debt past its LLTV: `liquidate(desk.market("ETH/TUSD"), borrower)`.

        min_seized: of the collateral; by default what is expected now, less `max_slippage`.
        """
        view = market.position(borrower).view
        loan, token, params = view.market.loan, view.market.collateral, view.market.params
        limit = units(repay, loan, lambda: ALL)
        after, outcome = preview.liquidation_of(view, limit)
        least = (
            less(outcome.seized, slippage(max_slippage)) if min_seized is None else units(min_seized, token)
        )
        if outcome.seized < least:
            raise BadInput(
                f"nothing was sent: {loan.show(outcome.repaid)} would seize {token.show(outcome.seized)}, "
                f"less than your minimum of {token.show(least)}; ask for less, or wait"
            )
        worth = None if view.market.price is None else view.market.price * outcome.seized // 10**36
        notes = [f"repays {loan.show(outcome.repaid)} and seizes {token.show(outcome.seized)}"]
        if worth is not None:
            gain = worth - outcome.repaid
            said = "more" if gain >= 0 else "LESS"
            notes.append(
                f"that is worth {loan.show(worth)} at the oracle's price: {loan.show(abs(gain))} {said} than "
                "is repaid, before gas"
            )
        if outcome.bad_debt:
            notes.append(f"realises a bad debt of {loan.show(outcome.bad_debt)}, which its lenders bear")
        given: tuple[Any, ...] = (astuple(params), borrower, limit, 0, b"")
        if ("liquidate", _BOUNDED) in artifact("Credit").functions:
            given = (*given, least)
            notes.append(f"reverts when less than {token.show(least)} would be seized")
        call = self.chain.call(f"liquidating {borrower} in {view.market.name}", "Credit", "liquidate", *given)
        credit = self.chain.book.addresses["Credit"]
        allowances = self.chain.tokens.allowing([Payment(loan, outcome.repaid, credit, "Credit")])

        def look(block: int) -> PositionView:
            return self.chain.credit.position_view(view.market.id, borrower, block)

        calls: tuple[Call, ...] = (*allowances, call)
        return Plan(view, after, calls, look, tuple(notes))
