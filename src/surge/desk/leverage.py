"""Multiplied, carried and hedged positions, each opened and closed in one transaction."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from surge.chain.calls.exchange import SWAP_SECONDS
from surge.chain.calls.leverage import Bounds
from surge.chain.calls.tokens import Payment
from surge.chain.node.sender import Call, Sent
from surge.credit import leverage, vault_view
from surge.credit.exchange import Route, amounts_in
from surge.credit.leverage import Ended, Lowered, Raised
from surge.credit.market import PositionView, Token
from surge.credit.vault_view import VaultView
from surge.desk.amounts import Amount, Ratio, bps, ratio, units
from surge.desk.operation import Plan, operation
from surge.model.errors import BadInput
from surge.model.units import NOBODY, Address, Seconds

if TYPE_CHECKING:
    from surge.chain.client import Chain
    from surge.desk.directory import Directory
    from surge.desk.market import Market

Side: TypeAlias = Literal["collateral", "loan"]
Sum = TypeVar("Sum", Raised, Lowered, Raised | Lowered, Ended)

USUAL_SLIPPAGE = "1%"
AUTHORISES = (
    "lets Leverage act on this account's positions, by a signature inside the call; that stays until "
    "`desk.leverage.revoke()`"
)


class Leverage:
    """`desk.leverage`. The market decides long or short: ETH/TUSD is long ether, TUSD/ETH is short of it.

    multiple: what the position holds against what is its owner's: `"3"` borrows two thirds. A short of
    twice the margin is a multiple of 3. max_slippage: how much worse than now a swap, and so the health,
    may turn out. min_health: the least health factor that it may end with besides.
    """

    def __init__(self, chain: "Chain", directory: "Directory") -> None:
        self.chain, self._directory = chain, directory

    @operation
    def open(
        self, market: "Market | str", margin: Amount, multiple: Ratio, *, margin_in: Side = "collateral",
        max_slippage: Ratio = USUAL_SLIPPAGE, min_health: Ratio = 0,
    ) -> Plan[PositionView]:  # fmt: skip
        """Hold `multiple` times the margin, the rest bought with a loan: `open("ETH/TUSD", "1", "3")`.

        margin_in: "loan" pays the margin in the loan's token, and spends `multiple` times as much.
        """
        view, times, slip = self._view(market), ratio(multiple, "multiple"), bps(max_slippage)
        loan, token = view.market.loan, view.market.collateral
        paying = token if margin_in == "collateral" else loan
        paid = units(margin, paying, lambda: self._held(paying))
        make = leverage.opened if margin_in == "collateral" else leverage.opened_with_loan
        route, plan = self._best(
            loan, token, lambda way: make(view, paid, times, list(way.pairs), slip), _equity
        )
        margins = (paid, 0) if margin_in == "collateral" else (0, paid)
        call = self.chain.leverage.opening(
            view.market.params, margins, plan.collateral, plan.max_borrowed, route.path,
            self._bounds(plan.max_rate, plan.min_health, min_health),
        )  # fmt: skip
        note = (
            f"buys {token.show(plan.collateral - margins[0])} for {loan.show(plan.cost)}; "
            f"borrows {loan.show(plan.max_borrowed)} at the most"
        )
        return self._plan(view, plan.after, [(paying, paid)], call, note)

    @operation
    def adjust(
        self, market: "Market | str", multiple: Ratio, *, max_slippage: Ratio = USUAL_SLIPPAGE,
        min_health: Ratio = 0,
    ) -> Plan[PositionView]:  # fmt: skip
        """Bring a position to another multiple, by itself: `adjust("ETH/TUSD", "2")`."""
        view, times, slip = self._view(market), ratio(multiple, "multiple"), bps(max_slippage)
        loan, token, params = view.market.loan, view.market.collateral, view.market.params
        route, plan = self._best(
            loan, token, lambda way: leverage.adjusted(view, times, list(way.pairs), slip), _equity
        )
        if isinstance(plan, Raised):
            bounds = self._bounds(plan.max_rate, plan.min_health, min_health)
            call = self.chain.leverage.adjusting(
                params, plan.collateral, plan.max_borrowed, route.path, bounds
            )
            note = f"buys {token.show(plan.collateral)} for {loan.show(plan.cost)}"
        else:
            bounds, path = self._bounds(leverage.NO_BOUND, plan.min_health, min_health), route.path[::-1]
            call = self.chain.leverage.adjusting(params, -plan.sold, plan.min_repaid, path, bounds)
            note = f"sells {token.show(plan.sold)} for {loan.show(plan.repaid)}"
        return self._plan(view, plan.after, [], call, note)

    @operation
    def close(
        self, market: "Market | str", *, to: Side = "loan", max_slippage: Ratio = USUAL_SLIPPAGE
    ) -> Plan[PositionView]:
        """Repay the whole debt from the collateral and hand out what is left: `close("ETH/TUSD")`.

        to: "loan" sells all collateral, "collateral" only what the debt needs.
        """
        view, slip, in_loan = self._view(market), bps(max_slippage), to == "loan"
        loan, token, params = view.market.loan, view.market.collateral, view.market.params
        route, plan = self._best(
            token, loan, lambda way: leverage.closed(view, in_loan, list(way.pairs), slip), _out
        )
        bounds = self._bounds(leverage.NO_BOUND, 0, 0)
        call = self.chain.leverage.closing(params, in_loan, plan.min_out, route.path, bounds)
        return self._plan(view, plan.after, [], call, _hands_out(plan, loan if in_loan else token))

    @operation
    def carry(
        self, market: "Market | str", collateral: Amount, borrowed: Amount, vault: str, *,
        max_slippage: Ratio = USUAL_SLIPPAGE, min_health: Ratio = 0,
    ) -> Plan[PositionView]:  # fmt: skip
        """Borrow against collateral and lend the loan on through a vault, whose shares this account gets:
        `carry("ETH/TUSD", "1", "1000", "TUSD vault")`. A collateral of 0 takes what the position has."""
        view, slip = self._view(market), bps(max_slippage)
        loan, token = view.market.loan, view.market.collateral
        plan = leverage.carried(view, self._added(collateral, token), units(borrowed, loan), slip)
        address = self._directory.vault(vault).address
        least = leverage.less(self.chain.vaults.shares(address, plan.borrowed), slip)
        call = self.chain.leverage.carrying(
            view.market.params, plan.collateral, plan.borrowed, address, least,
            self._bounds(plan.max_rate, plan.min_health, min_health),
        )  # fmt: skip
        note = f"lends {loan.show(plan.borrowed)} through the {vault}"
        after = _beside(plan.after, self._directory.vault(vault).view, plan.borrowed, vault_view.deposit)
        return self._plan(view, after, [(token, plan.collateral)], call, note)

    @operation
    def neutral(
        self, market: "Market | str", margin: Amount, spot: Amount, *, max_slippage: Ratio = USUAL_SLIPPAGE,
        min_health: Ratio = 0,
    ) -> Plan[PositionView]:  # fmt: skip
        """Hold as much of the loan's token as is owed, so that its price no longer matters; `spot` of it is
        borrowed and held: `neutral("TUSD/ETH", "3000", "1")`."""
        view = self._view(market)
        loan, token = view.market.loan, view.market.collateral
        plan = leverage.carried(view, self._added(margin, token), units(spot, loan), bps(max_slippage))
        bounds = self._bounds(plan.max_rate, plan.min_health, min_health)
        call = self.chain.leverage.hedging(view.market.params, plan.collateral, plan.borrowed, bounds)
        note = f"this account holds the {loan.show(plan.borrowed)}"
        return self._plan(view, plan.after, [(token, plan.collateral)], call, note)

    @operation
    def unwind(
        self, market: "Market | str", *, held: Amount = 0, vault: str | None = None, shares: Amount = 0,
        to: Side = "collateral", max_slippage: Ratio = USUAL_SLIPPAGE,
    ) -> Plan[PositionView]:  # fmt: skip
        """End a carried or neutral position: the debt is paid from `shares` of `vault`, then from what is
        `held`, then from collateral; the rest is handed out. `unwind("TUSD/ETH", held="max")`."""
        view, slip, in_loan = self._view(market), bps(max_slippage), to == "loan"
        loan, token, params = view.market.loan, view.market.collateral, view.market.params
        own = units(held, loan, lambda: self._held(loan))
        pays, address, given, found = [(loan, min(own, view.debt))], NOBODY, 0, 0
        notes = [f"pays up to {loan.show(min(own, view.debt))} from this account"] if own else []
        if vault:
            address = self._directory.vault(vault).address
            share = self.chain.tokens.of([address])[address]
            given = units(shares, share, lambda: self._held(share))
            found = self.chain.vaults.assets(address, given)
            pays.append((share, given))
            notes.append(f"redeems {share.show(given)} of the {vault}, worth {loan.show(found)}")
        make: Callable[[Route], Ended] = lambda way: leverage.ended(  # noqa: E731
            view, found, own, in_loan, list(way.pairs), slip
        )
        if in_loan or found + own < view.debt:
            route, plan = self._best(token, loan, make, _out)
        else:
            route = Route((), ())
            plan = make(route)
        bounds = self._bounds(leverage.NO_BOUND, 0, 0)
        call = self.chain.leverage.unwinding(
            params, address, given, own, in_loan, plan.min_out, route.path, bounds
        )
        after = plan.after
        if vault:
            after = _beside(after, self._directory.vault(vault).view, given, vault_view.redeem)
        notes.append(_hands_out(plan, loan if in_loan else token))
        return self._plan(view, after, pays, call, *notes)

    @operation
    def repay(
        self, market: "Market | str", amount: Amount, *, max_slippage: Ratio = USUAL_SLIPPAGE,
        min_health: Ratio = 0,
    ) -> Plan[PositionView]:  # fmt: skip
        """Pay a part of a debt with the position's own collateral: `repay("ETH/TUSD", "100")`."""
        view, slip = self._view(market), bps(max_slippage)
        loan, token = view.market.loan, view.market.collateral
        wanted = units(amount, loan)
        if not 0 < wanted < view.debt:
            raise BadInput(
                f"{loan.show(wanted)} is no part of a debt of {loan.show(view.debt)} in {view.market.name}; "
                "name less, or close the position (`surge credit leverage close`)"
            )
        route, plan = self._best(
            token, loan,
            lambda way: leverage.lowered(view, amounts_in(wanted, list(way.pairs))[0], list(way.pairs), slip),
            _equity,
        )  # fmt: skip
        bounds = self._bounds(leverage.NO_BOUND, plan.min_health, min_health)
        call = self.chain.leverage.adjusting(
            view.market.params, -plan.sold, plan.min_repaid, route.path, bounds
        )
        note = f"sells {token.show(plan.sold)} for {loan.show(plan.repaid)}"
        return self._plan(view, plan.after, [], call, note)

    def revoke(self) -> Sent:
        """Take back what this account allowed Leverage to do in Credit."""
        return self.chain.send(self.chain.credit.authorising(self._contract, False))[0]

    def _plan(
        self, view: PositionView, after: PositionView, pays: list[tuple[Token, int]], call: Call, *notes: str
    ) -> Plan[PositionView]:
        payments = [Payment(token, amount, self._contract, "Leverage") for token, amount in pays if amount]
        allowances = self.chain.tokens.allowing(payments) if payments else []
        if self.chain.leverage.needs_authorising():
            notes = (*notes, AUTHORISES)

        def look(block: int) -> PositionView:
            return self.chain.credit.position_view(view.market.id, view.account, block)

        return Plan(view, after, (*allowances, call), look, notes)

    def _best(
        self, source: Token, target: Token, make: Callable[[Route], Sum], worth: Callable[[Sum], int]
    ) -> tuple[Route, Sum]:
        """The route whose plan is worth the most to the account. Raises what the last one refused."""
        plans: list[tuple[Route, Sum]] = []
        refusal: BadInput | None = None
        for route in self.chain.exchange.routes(source, target):
            try:
                plans.append((route, make(route)))
            except BadInput as error:
                refusal = refusal or error
        if plans:
            return max(plans, key=lambda one: worth(one[1]))
        raise refusal or self.chain.exchange.no_route(source, target)

    @property
    def _contract(self) -> Address:
        return self.chain.book.addresses["Leverage"]

    def _view(self, market: "Market | str") -> PositionView:
        handle = self._directory.market(market) if isinstance(market, str) else market
        return handle.position().view

    def _bounds(self, max_rate: int, usual_health: int, min_health: Ratio) -> Bounds:
        least = max(usual_health, ratio(min_health, "health factor"))
        return Bounds(Seconds(self.chain.now() + SWAP_SECONDS), max_rate, least)

    def _added(self, amount: Amount, token: Token) -> int:
        return units(amount, token, lambda: self._held(token))

    def _held(self, token: Token) -> int:
        return self.chain.tokens.balances(self.chain.address, [token])[0]


def _equity(plan: Raised | Lowered) -> int:
    """What the position leaves to its owner, in loan units."""
    return (plan.after.collateral_value or 0) - plan.after.debt


def _beside(
    after: PositionView, vault: VaultView, amount: int, move: Callable[[VaultView, int], VaultView]
) -> PositionView:
    """The position when a vault has moved an amount besides, perhaps into or out of the same market."""
    id_ = after.market.id
    markets = tuple(replace(m, market=after.market) if m.market.id == id_ else m for m in vault.markets)
    moved = move(replace(vault, markets=markets), amount)
    return replace(after, market=next((m.market for m in moved.markets if m.market.id == id_), after.market))


def _out(plan: Ended) -> int:
    return plan.out


def _hands_out(plan: Ended, token: Token) -> str:
    return f"hands out about {token.show(plan.out)}, {token.show(plan.min_out)} at the least"
