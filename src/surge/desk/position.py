"""One account's position in one market: how it is, and everything that changes it."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from surge.chain.sender import Call
from surge.chain.tokens import Payment
from surge.credit import preview
from surge.credit.market import PositionView, Token
from surge.desk.amounts import Amount, units
from surge.desk.operation import Operation, Plan
from surge.model.errors import BadInput
from surge.model.units import Address

if TYPE_CHECKING:
    from surge.chain.client import Chain
    from surge.desk.market import Market

Write: TypeAlias = Operation[[Amount], PositionView]

SLACK_SECONDS = 60
"""What `"max"` leaves room for: the interest until a transaction is mined."""


class Position:
    """From `market.position(address)`. Amounts: `"1.5"` whole tokens, an int of smallest units, `"max"`.

    Tokens come from and go to the desk's account. Its own position needs nothing else; supply, repay,
    add_collateral and liquidate work on anybody's; the others need its owner's authorisation.
    """

    def __init__(self, chain: "Chain", market: "Market", account: Address) -> None:
        self._chain, self.market, self.account = chain, market, account

    def __repr__(self) -> str:
        return f"Position({self.market.name}, {self.account})"

    @property
    def view(self) -> PositionView:
        """How it is now, with the interest up to now."""
        return self._chain.position_view(self.market.id, self.account)

    @property
    def supply(self) -> Write:
        """Lend to the market's borrowers."""
        return self._write(self._supply)

    @property
    def withdraw(self) -> Write:
        """Take back what was lent."""
        return self._write(self._withdraw)

    @property
    def borrow(self) -> Write:
        """Take a loan against the collateral, up to the max LTV."""
        return self._write(self._borrow)

    @property
    def repay(self) -> Write:
        """Pay the loan back, in part or (`"max"`) as a whole."""
        return self._write(self._repay)

    @property
    def add_collateral(self) -> Write:
        """Lock tokens to borrow against."""
        return self._write(self._add_collateral)

    @property
    def remove_collateral(self) -> Write:
        """Take collateral out; with debt, up to the max LTV."""
        return self._write(self._remove_collateral)

    def _write(self, plan: Callable[[Amount], Plan[PositionView]]) -> Write:
        return Operation(self._chain, plan, self._after)

    def _after(self, block: int) -> PositionView:
        return self._chain.position_view(self.market.id, self.account, block)

    # What each would do. A preview of 1 stands for a `max` of nothing: it says why.

    def _supply(self, amount: Amount) -> Plan[PositionView]:
        """Lend to the market's borrowers: `supply("500")`."""
        view = self.view
        loan = view.market.loan
        assets = units(amount, loan, lambda: self._held(loan)) or 1
        call = self._chain.supplying(view.market.params, assets, on_behalf=self.account)
        return self._paid(view, preview.supply(view, assets), loan, assets, call)

    def _withdraw(self, amount: Amount) -> Plan[PositionView]:
        """Take back what was lent: `withdraw("500")`, `withdraw("max")`."""
        view = self._own("withdraw")
        assets = units(amount, view.market.loan, lambda: view.max_withdraw) or 1
        after = preview.withdraw(view, assets)
        given = (0, view.position.supply_shares) if assets == view.supplied else (assets, 0)
        call = self._chain.withdrawing(view.market.params, *given, on_behalf=self.account)
        return Plan(view, after, (call,))

    def _borrow(self, amount: Amount) -> Plan[PositionView]:
        """Take a loan: `borrow("700")`, `borrow("max")`."""
        view = self._own("borrow")
        assets = units(amount, view.market.loan, lambda: self._later(view).max_borrow) or 1
        call = self._chain.borrowing(view.market.params, assets, on_behalf=self.account)
        return Plan(view, preview.borrow(view, assets), (call,))

    def _repay(self, amount: Amount) -> Plan[PositionView]:
        """Pay the loan back: `repay("100")`, `repay("max")`."""
        view = self.view
        loan = view.market.loan
        assets = units(amount, loan, lambda: self._payable(view)) or 1
        after = preview.repay(view, assets)
        given = (0, view.position.borrow_shares) if assets == view.debt else (assets, 0)
        call = self._chain.repaying(view.market.params, *given, on_behalf=self.account)
        return self._paid(view, after, loan, assets, call)

    def _add_collateral(self, amount: Amount) -> Plan[PositionView]:
        """Lock tokens to borrow against: `add_collateral("0.5")`."""
        view = self.view
        token = view.market.collateral
        assets = units(amount, token, lambda: self._held(token)) or 1
        call = self._chain.adding_collateral(view.market.params, assets, on_behalf=self.account)
        return self._paid(view, preview.add_collateral(view, assets), token, assets, call)

    def _remove_collateral(self, amount: Amount) -> Plan[PositionView]:
        """Take collateral out: `remove_collateral("0.1")`, `remove_collateral("max")`."""
        view = self._own("take collateral out")
        assets = units(amount, view.market.collateral, lambda: self._later(view).max_removable) or 1
        call = self._chain.removing_collateral(view.market.params, assets, on_behalf=self.account)
        return Plan(view, preview.remove_collateral(view, assets), (call,))

    def _paid(
        self, view: PositionView, after: PositionView, token: Token, amount: int, call: Call
    ) -> Plan[PositionView]:
        """With the allowance that Credit lacks."""
        credit = self._chain.book.addresses["Credit"]
        allowances = self._chain.allowing([Payment(token, amount, credit, "Credit")])
        return Plan(view, after, (*allowances, call))

    def _own(self, verb: str) -> PositionView:
        """The view, when the desk's account may act for the position's."""
        me = self._chain.address
        if not self._chain.authorised(self.account, me):
            raise BadInput(f"{me} may not {verb} for {self.account}; its owner has to authorise it first")
        return self.view

    def _held(self, token: Token) -> int:
        return self._chain.token_balances(self._chain.address, [token])[0]

    def _payable(self, view: PositionView) -> int:
        """All of the debt, or what the account has of it."""
        return min(view.debt, self._held(view.market.loan))

    def _later(self, view: PositionView) -> PositionView:
        return replace(view, market=view.market.at(view.market.now + SLACK_SECONDS))
