"""One account's position in one market: how it is, and everything that changes it."""

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from surge.chain.calls.credit import ALL
from surge.chain.calls.lent import Lent
from surge.chain.calls.tokens import Payment
from surge.chain.node.sender import Call, Sent
from surge.credit import health, preview, usual
from surge.credit.leverage import less
from surge.credit.market import PositionView, Token
from surge.desk.amounts import Amount, Percent, slippage, units
from surge.desk.operation import Plan, foreseen, operation
from surge.desk.slack import later
from surge.model.credit import MarketId
from surge.model.errors import BadInput, Underfunded
from surge.model.units import Address

if TYPE_CHECKING:
    from surge.chain.client import Chain

OUTSIDE = (
    "this market is not in the address book: anybody can create a market; look at its oracle first "
    "(`surge credit market`)"
)


class Place(Protocol):
    """The market of a position: `desk.market`'s."""

    id: MarketId

    @property
    def name(self) -> str: ...
    @property
    def listed(self) -> bool: ...


class Position:
    """From `market.position(address)`. Amounts: `"1.5"` whole tokens, an int of smallest units, `"max"`.

    Tokens come from and go to the desk's account. Its own position needs nothing else; supply, repay,
    add_collateral and liquidate work on anybody's; the others need its owner's authorisation.
    """

    def __init__(self, chain: "Chain", market: Place, account: Address) -> None:
        self.chain, self.market, self.account = chain, market, account

    def __repr__(self) -> str:
        return f"Position({self.market.name}, {self.account})"

    @property
    def view(self) -> PositionView:
        """The position as it is now, with the interest up to now."""
        return self.chain.credit.position_view(self.market.id, self.account)

    def lent(self, view: PositionView) -> Lent | None:
        """What was paid in and taken out since the lending of a view began; None where its events don't
        tell."""
        return self.chain.lending.in_market(self.market.id, self.account, view.position.supply_shares)

    @operation
    def supply(self, amount: Amount) -> Plan[PositionView]:
        """Lend to the market's borrowers: `supply("500")`."""
        view = self.view
        loan = view.market.loan
        assets = units(amount, loan, lambda: self._held(loan))
        call = self.chain.credit.supplying(view.market.params, assets, on_behalf=self.account)
        return self._paid(view, foreseen(preview.supply, view, assets, amount), loan, assets, call)

    @operation
    def withdraw(self, amount: Amount) -> Plan[PositionView]:
        """Take back what was lent: `withdraw("500")`, `withdraw("max")`."""
        view = self._own("withdraw")
        assets = units(amount, view.market.loan, lambda: _withdrawable(view))
        after = foreseen(preview.withdraw, view, assets, amount)
        given = (0, view.position.supply_shares) if assets == view.supplied else (assets, 0)
        call = self.chain.credit.withdrawing(view.market.params, *given, on_behalf=self.account)
        return self._plan(view, after, call)

    @operation
    def borrow(self, amount: Amount) -> Plan[PositionView]:
        """Take a loan against the collateral, up to the max LTV: `borrow("700")`, `borrow("max")`."""
        view = self._own("borrow")
        assets = units(amount, view.market.loan, lambda: later(view).max_borrow)
        call = self.chain.credit.borrowing(view.market.params, assets, on_behalf=self.account)
        return self._plan(view, foreseen(preview.borrow, view, assets, amount), call)

    @operation
    def repay(self, amount: Amount) -> Plan[PositionView]:
        """Pay the loan back, in part or as a whole: `repay("100")`, `repay("max")`. The whole is what is owed
        when it is mined."""
        view = self.view
        loan = view.market.loan
        assets = units(amount, loan, lambda: self._repayable(view))
        after = foreseen(preview.repay, view, assets, amount)
        whole = assets == view.debt
        given = (0, view.position.borrow_shares) if whole else (assets, 0)
        call = self.chain.credit.repaying(view.market.params, *given, on_behalf=self.account)
        return self._paid(view, after, loan, later(view).debt if whole else assets, call)

    @operation
    def add_collateral(self, amount: Amount) -> Plan[PositionView]:
        """Lock tokens to borrow against: `add_collateral("0.5")`."""
        view = self.view
        token = view.market.collateral
        assets = units(amount, token, lambda: self._held(token))
        call = self.chain.credit.adding_collateral(view.market.params, assets, on_behalf=self.account)
        return self._paid(view, foreseen(preview.add_collateral, view, assets, amount), token, assets, call)

    @operation
    def remove_collateral(self, amount: Amount) -> Plan[PositionView]:
        """Take collateral out; with debt, up to the max LTV: `remove_collateral("max")`."""
        view = self._own("take collateral out")
        assets = units(amount, view.market.collateral, lambda: later(view).max_removable)
        call = self.chain.credit.removing_collateral(view.market.params, assets, on_behalf=self.account)
        return self._plan(view, foreseen(preview.remove_collateral, view, assets, amount), call)

    @operation
    def liquidate(
        self, amount: Amount = "max", *, min_seized: Amount | None = None,
        max_slippage: Percent = usual.SLIPPAGE,
    ) -> Plan[PositionView]:  # fmt: skip
        """Repay at most `amount` of a debt that is past its LLTV, for collateral and a bonus.

        min_seized: the least collateral for it; by default what is expected now, less `max_slippage`.
        """
        view, slip = self.view, slippage(max_slippage)
        loan, token = view.market.loan, view.market.collateral
        limit = units(amount, loan, lambda: ALL)
        after, outcome = preview.liquidation_of(view, limit)
        least = less(outcome.seized, slip) if min_seized is None else units(min_seized, token)
        if outcome.seized < least:
            raise BadInput(
                f"nothing was sent: {loan.show(outcome.repaid)} would seize {token.show(outcome.seized)}, "
                f"less than your minimum of {token.show(least)}; ask for less, or wait"
            )
        worth = health.value(outcome.seized, view.market.price or 0)
        gain = worth - outcome.repaid
        notes = [
            f"repays {loan.show(outcome.repaid)} and seizes {token.show(outcome.seized)}",
            f"that is worth {loan.show(worth)} at the oracle's price: {loan.show(abs(gain))} "
            f"{'more' if gain >= 0 else 'LESS'} than is repaid, before gas",
        ]
        if outcome.bad_debt:
            notes.append(f"realises a bad debt of {loan.show(outcome.bad_debt)}, which its lenders bear")
        notes.append(f"reverts when less than {token.show(least)} would be seized")
        call = self.chain.credit.liquidating(view.market.params, self.account, limit, min_seized=least)
        _, late = preview.liquidation_of(later(view), limit)
        plan = self._paid(view, after, loan, max(outcome.repaid, late.repaid), call)
        return replace(plan, notes=(*notes, *plan.notes))

    def _paid(
        self, view: PositionView, after: PositionView, token: Token, amount: int, call: Call
    ) -> Plan[PositionView]:
        """The call with the allowance before it that Credit lacks."""
        credit = self.chain.book.addresses["Credit"]
        allowances = self.chain.tokens.allowing([Payment(token, amount, credit, "Credit")])
        return self._plan(view, after, *allowances, call)

    def _plan(self, view: PositionView, after: PositionView, *calls: Call) -> Plan[PositionView]:
        return Plan(view, after, calls, self._after, () if self.market.listed else (OUTSIDE,))

    def _after(self, sent: Sent) -> PositionView:
        return self.chain.credit.position_view(self.market.id, self.account, sent.block)

    def _own(self, verb: str) -> PositionView:
        """The view, when the desk's account may act for the position's."""
        me = self.chain.address
        if not self.chain.credit.authorised(self.account, me):
            raise BadInput(
                f"{me} may not {verb} for {self.account}; its owner has to authorise it in Credit first"
            )
        return self.view

    def _repayable(self, view: PositionView) -> int:
        """What `max` repays: all where the account has that, and the interest until it is mined; else what it
        has. Raises Underfunded when that would leave a debt below the minimum."""
        market, loan = view.market, view.market.loan
        held, owed = self._held(loan), later(view).debt
        if held >= owed:
            return view.debt
        if view.debt - held >= market.params.min_debt:
            return held
        part = max(0, min(held, view.debt - market.params.min_debt))
        instead = f", or repay {loan.show(part)} and leave the least debt" if part else ""
        raise Underfunded(
            f"{self.chain.address} has {loan.show(held)}, and up to {loan.show(owed)} are owed until a "
            f"repayment is mined: {loan.show(owed - held)} are missing; get so much more{instead}"
        )

    def _held(self, token: Token) -> int:
        return self.chain.tokens.balances(self.chain.address, [token])[0]


def _withdrawable(view: PositionView) -> int:
    """What `max` withdraws: all, with the interest until it is mined, or what the market surely has then."""
    late = later(view)
    if late.supplied <= late.market.available:
        return view.max_withdraw
    return min(max(view.supplied - 1, 0), view.market.available)  # all would be the shares, not this sum
