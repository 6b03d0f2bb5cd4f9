"""Multiplied, carried and hedged positions, each opened and closed in one transaction."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from surge.chain.calls.exchange import SWAP_SECONDS
from surge.chain.calls.leverage import Bounds
from surge.chain.calls.tokens import Payment
from surge.chain.node.sender import Call, Sent
from surge.credit import impact as swaps
from surge.credit import leverage, usual, vault_view
from surge.credit.exchange import Reserves, Route, amounts_in
from surge.credit.impact import Impact
from surge.credit.leverage import Ended, Lowered, Raised
from surge.credit.market import PositionView, Token
from surge.credit.vault_view import VaultView
from surge.desk.amounts import Amount, Percent, Ratio, chosen, impact, ratio, slippage, units
from surge.desk.funds import Funds, net_of_carry
from surge.desk.operation import Plan, operation
from surge.desk.position import OUTSIDE
from surge.desk.slack import later
from surge.model.errors import BadInput
from surge.model.units import Address, Bps, Seconds, divide_up

if TYPE_CHECKING:
    from surge.chain.client import Chain
    from surge.desk.directory import Directory
    from surge.desk.market import Market

Side: TypeAlias = Literal["collateral", "loan"]
Sum = TypeVar("Sum", Raised, Lowered, Raised | Lowered, Ended)

SURELY = 10**6
"""One part in so many is what rounding may take from a redemption."""
SIDES: tuple[Side, ...] = ("collateral", "loan")
AUTHORISES = (
    "lets Leverage act on this account's positions, by a signature inside the call; that stays until "
    "`desk.leverage.revoke()`"
)


class Leverage:
    """`desk.leverage`. The market decides long or short: ETH/TUSD is long ether, TUSD/ETH is short of it.

    multiple: what the position holds against what is its owner's: `"3"` borrows two thirds. A short of
    twice the margin is a multiple of 3. max_slippage: how much worse than now a swap, and so the health,
    may turn out. max_impact: how much worse than the oracle's price a swap may be as it is. min_health: the
    least health factor that it may end with besides.
    """

    def __init__(self, chain: "Chain", directory: "Directory") -> None:
        self.chain, self._directory = chain, directory

    @operation
    def open(
        self, market: "Market | str", margin: Amount, multiple: Ratio = usual.MULTIPLE, *,
        margin_in: Side = "collateral", max_slippage: Percent = usual.SLIPPAGE,
        max_impact: Percent = usual.IMPACT, min_health: Ratio = 0,
    ) -> Plan[PositionView]:  # fmt: skip
        """Hold `multiple` times the margin, the rest bought with a loan: `open("ETH/TUSD", "1", "3")`.

        margin_in: "loan" pays the margin in the loan's token, and spends `multiple` times as much.
        """
        in_loan = chosen(margin_in, SIDES, "margin_in") == "loan"
        worst = impact(max_impact)
        times, slip, view = ratio(multiple, "multiple"), slippage(max_slippage), self._view(market)
        loan, token = view.market.loan, view.market.collateral
        paying = loan if in_loan else token
        paid = units(margin, paying, lambda: self._held(paying))
        make = leverage.opened_with_loan if in_loan else leverage.opened
        route, plan = self._best(
            loan, token, lambda way: make(view, paid, times, list(way.pairs), slip), _equity
        )
        margins = (0, paid) if in_loan else (paid, 0)
        call = self.chain.leverage.opening(
            view.market.params, margins, plan.collateral, plan.max_borrowed, route.path,
            self._bounds(plan.max_rate, plan.min_health, min_health),
        )  # fmt: skip
        swap = swaps.bought(view.market, plan.collateral - margins[0], plan.cost, route.pairs)
        note = f"borrows {loan.show(plan.max_borrowed)} at the most"
        return self._swapping(view, plan.after, [(paying, paid)], call, swap, worst, note)

    @operation
    def adjust(
        self, market: "Market | str", multiple: Ratio, *, max_slippage: Percent = usual.SLIPPAGE,
        max_impact: Percent = usual.IMPACT, min_health: Ratio = 0,
    ) -> Plan[PositionView]:  # fmt: skip
        """Bring a position to another multiple, by itself: `adjust("ETH/TUSD", "2")`."""
        times, slip, worst = ratio(multiple, "multiple"), slippage(max_slippage), impact(max_impact)
        view = self._view(market)
        loan, token, params = view.market.loan, view.market.collateral, view.market.params
        route, plan = self._best(
            loan, token, lambda way: leverage.adjusted(view, times, list(way.pairs), slip), _equity
        )
        if isinstance(plan, Raised):
            bounds = self._bounds(plan.max_rate, plan.min_health, min_health)
            call = self.chain.leverage.adjusting(
                params, plan.collateral, plan.max_borrowed, route.path, bounds
            )
            swap = swaps.bought(view.market, plan.collateral, plan.cost, route.pairs)
        else:
            bounds, path = self._bounds(leverage.NO_BOUND, plan.min_health, min_health), route.path[::-1]
            call = self.chain.leverage.adjusting(params, -plan.sold, plan.min_repaid, path, bounds)
            swap = swaps.sold(view.market, plan.sold, plan.repaid, _turned(route))
        return self._swapping(view, plan.after, [], call, swap, worst)

    @operation
    def close(
        self, market: "Market | str", *, to: Side | None = None, max_slippage: Percent = usual.SLIPPAGE,
        max_impact: Percent = usual.IMPACT,
    ) -> Plan[PositionView]:  # fmt: skip
        """Sell collateral to repay the whole debt, and hand out what is left: `close("ETH/TUSD", to="loan")`.

        to: "loan" sells all collateral, "collateral" only what the debt needs. Nothing is sold unasked, so
        one of them has to be said; a carried or neutral position is ended with `unwind`.
        """
        if to is None:
            raise BadInput(
                "closing sells collateral, and only when it is told: to 'loan' sells all of it, to "
                "'collateral' no more than the debt needs (`--to loan`, `--to collateral`); a carried or "
                "neutral position is paid with what is held instead (`--vault`, `--held`)"
            )
        in_loan, worst = chosen(to, SIDES, "to") == "loan", impact(max_impact)
        slip, view = slippage(max_slippage), self._view(market)
        loan, token, params = view.market.loan, view.market.collateral, view.market.params

        def make(way: Route, at: PositionView = view) -> Ended:
            return leverage.closed(at, in_loan, list(way.pairs), slip)

        route, plan = self._best(token, loan, make, _out)
        least = min(plan.min_out, make(route, later(view, SWAP_SECONDS)).min_out)
        bounds = self._bounds(leverage.NO_BOUND, 0, 0)
        call = self.chain.leverage.closing(params, in_loan, least, route.path, bounds)
        swap = _selling(view, plan, route, in_loan, view.debt)
        note = _hands_out(plan.out, least, loan if in_loan else token)
        return self._swapping(view, plan.after, [], call, swap, worst, note)

    @operation
    def carry(
        self, market: "Market | str", collateral: Amount, borrowed: Amount, vault: str, *,
        max_slippage: Percent = usual.SLIPPAGE, min_health: Ratio = 0,
    ) -> Plan[PositionView]:  # fmt: skip
        """Borrow against collateral and lend the loan on through a vault, whose shares this account gets:
        `carry("ETH/TUSD", "1", "1000", "TUSD vault")`. A collateral of 0 takes what the position has."""
        slip, view = slippage(max_slippage), self._view(market)
        loan, token = view.market.loan, view.market.collateral
        plan = leverage.carried(view, self._added(collateral, token), units(borrowed, loan), slip)
        address = self._directory.vault(vault).address
        least = leverage.less(self.chain.vaults.shares(address, plan.borrowed), slip)
        call = self.chain.leverage.carrying(
            view.market.params, plan.collateral, plan.borrowed, address, least,
            self._bounds(plan.max_rate, plan.min_health, min_health),
        )  # fmt: skip
        note = f"lends {loan.show(plan.borrowed)} through the {vault}"
        after, lent = _beside(
            plan.after, self._directory.vault(vault).view, plan.borrowed, vault_view.deposit
        )
        net = net_of_carry(lent.rate, after.market.borrow_rate)
        return self._plan(view, after, [(token, plan.collateral)], call, note, net)

    @operation
    def neutral(
        self, market: "Market | str", margin: Amount, spot: Amount, *, max_slippage: Percent = usual.SLIPPAGE,
        min_health: Ratio = 0,
    ) -> Plan[PositionView]:  # fmt: skip
        """Hold as much of the loan's token as is owed, so that its price no longer matters; `spot` of it is
        borrowed and held: `neutral("TUSD/ETH", "3000", "1")`."""
        slip, view = slippage(max_slippage), self._view(market)
        loan, token = view.market.loan, view.market.collateral
        plan = leverage.carried(view, self._added(margin, token), units(spot, loan), slip)
        bounds = self._bounds(plan.max_rate, plan.min_health, min_health)
        call = self.chain.leverage.hedging(view.market.params, plan.collateral, plan.borrowed, bounds)
        note = f"this account holds the {loan.show(plan.borrowed)}"
        return self._plan(view, plan.after, [(token, plan.collateral)], call, note)

    @operation
    def unwind(
        self, market: "Market | str", *, held: Amount = 0, vault: str | None = None,
        shares: Amount | None = None, to: Side | None = None, max_slippage: Percent = usual.SLIPPAGE,
        max_impact: Percent = usual.IMPACT,
    ) -> Plan[PositionView]:  # fmt: skip
        """End a carried or neutral position: the debt is paid from `shares` of `vault` (by default as many as
        it needs), then from what is `held`; the collateral is handed out: `unwind("TUSD/ETH", held="max")`.

        to: by default no collateral is sold. "collateral" sells what shares and `held` leave owed, "loan" all
        of it.
        """
        worst, slip = impact(max_impact), slippage(max_slippage)
        in_loan = to is not None and chosen(to, SIDES, "to") == "loan"
        view = self._view(market)
        loan, token, params = view.market.loan, view.market.collateral, view.market.params
        late = later(view, SWAP_SECONDS)
        funds = self._funds(late, held, vault, shares)
        owed = max(view.debt - funds.paid, 0)

        def make(way: Route, at: PositionView = view) -> Ended:
            return leverage.ended(at, funds.found, funds.own, in_loan, list(way.pairs), slip)

        if to is None:
            funds.require(late)
        route, swap = Route((), ()), None
        if in_loan or late.debt > funds.paid:
            route, plan = self._best(token, loan, make, _out)
            swap = _selling(view, plan, route, in_loan, owed)
        else:
            plan = make(route)
        # Until it is mined the debt may have grown: the wider of both bounds.
        then = make(route, late)
        least, least_loan = min(plan.min_out, then.min_out), min(plan.min_loan, then.min_loan)
        taken = max(plan.max_taken, then.max_taken)
        bounds = self._bounds(leverage.NO_BOUND, 0, 0)
        call = self.chain.leverage.unwinding(
            params, funds.vault, funds.shares, taken, in_loan, least, route.path, bounds, least_loan
        )
        after = plan.after
        if vault:
            after, _ = _beside(after, self._directory.vault(vault).view, funds.shares, vault_view.redeem)
        notes = [*funds.notes(view, plan.taken), _hands_out(plan.out, least, loan if in_loan else token)]
        if plan.surplus:
            notes.append(f"hands out about {loan.show(plan.surplus)} besides")
        return self._swapping(view, after, funds.payments(late), call, swap, worst, *notes)

    @operation
    def repay(
        self, market: "Market | str", amount: Amount, *, max_slippage: Percent = usual.SLIPPAGE,
        max_impact: Percent = usual.IMPACT, min_health: Ratio = 0,
    ) -> Plan[PositionView]:  # fmt: skip
        """Pay a part of a debt with the position's own collateral: `repay("ETH/TUSD", "100")`."""
        slip, worst, view = slippage(max_slippage), impact(max_impact), self._view(market)
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
        swap = swaps.sold(view.market, plan.sold, plan.repaid, route.pairs)
        return self._swapping(view, plan.after, [], call, swap, worst)

    def revoke(self) -> Sent:
        """Take back what this account allowed Leverage to do in Credit."""
        return self.chain.send(self.chain.credit.authorising(self._contract, False))[0]

    def _funds(self, late: PositionView, held: Amount, vault: str | None, shares: Amount | None) -> Funds:
        """What pays the debt as it is when it is mined, without a sale."""
        loan = late.market.loan
        own = units(held, loan, lambda: self._held(loan))
        if not vault:
            return Funds(own)
        address = self._directory.vault(vault).address
        share = self.chain.tokens.of([address])[address]
        if shares is None:
            given = self._needed(address, self._held(share), late.debt)
        else:
            given = units(shares, share, lambda: self._held(share))
        return Funds(own, vault, address, share, given, self.chain.vaults.assets(address, given))

    def _needed(self, vault: Address, shares: int, debt: int) -> int:
        """As many of the shares as surely bring the debt, or all."""
        worth = self.chain.vaults.assets(vault, shares) if shares else 0
        if worth <= debt:
            return shares
        return min(shares, divide_up(shares * debt * (SURELY + 1), worth * SURELY))

    def _swapping(
        self, view: PositionView, after: PositionView, pays: list[tuple[Token, int]], call: Call,
        swap: Impact | None, most: Bps, *notes: str,
    ) -> Plan[PositionView]:  # fmt: skip
        """A plan that swaps: its price is told, and bounded."""
        if swap is None:
            return self._plan(view, after, pays, call, *notes)
        swap.require(most)
        return replace(self._plan(view, after, pays, call, str(swap), *notes), impact=swap.part)

    def _plan(
        self, view: PositionView, after: PositionView, pays: list[tuple[Token, int]], call: Call, *notes: str
    ) -> Plan[PositionView]:
        payments = [Payment(token, amount, self._contract, "Leverage") for token, amount in pays if amount]
        allowances = self.chain.tokens.allowing(payments) if payments else []
        if view.market.params not in self.chain.credit.book.markets.values():
            notes = (OUTSIDE, *notes)
        if self.chain.leverage.needs_authorising():
            notes = (*notes, AUTHORISES)

        def look(sent: Sent) -> PositionView:
            return self.chain.credit.position_view(view.market.id, view.account, sent.block)

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
) -> tuple[PositionView, VaultView]:
    """Position and vault when that has moved an amount besides, perhaps into or out of the same market."""
    id_ = after.market.id
    markets = tuple(replace(m, market=after.market) if m.market.id == id_ else m for m in vault.markets)
    moved = move(replace(vault, markets=markets), amount)
    market = next((m.market for m in moved.markets if m.market.id == id_), after.market)
    return replace(after, market=market), moved


def _out(plan: Ended) -> int:
    return plan.out


def _selling(view: PositionView, plan: Ended, route: Route, in_loan: bool, owed: int) -> Impact | None:
    """The sale of a plan: of all collateral, or of what brings exactly what is owed."""
    if not plan.sold:
        return None
    brought = route.proceeds(plan.sold) if in_loan else owed
    return swaps.sold(view.market, plan.sold, brought, route.pairs)


def _turned(route: Route) -> list[Reserves]:
    """The pairs of a route, as a swap back sees them."""
    return [pair.reversed for pair in reversed(route.pairs)]


def _hands_out(out: int, least: int, token: Token) -> str:
    return f"hands out about {token.show(out)}, {token.show(least)} at the least"
