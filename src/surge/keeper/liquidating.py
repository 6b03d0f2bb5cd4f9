"""Which positions to liquidate, by how much, and whether that pays: pure rules, told everything they need.

A liquidation needs no money of the keeper: Credit hands out the collateral before it takes the repayment, so
the seizure is sold in between. It pays when the sale brings more than the repayment and the gas together.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from surge.credit import liquidation
from surge.credit.exchange import Reserves
from surge.credit.health import Zone
from surge.credit.liquidation import Quote
from surge.credit.market import PositionView
from surge.keeper.exits import AtPrice, Exit, after, through
from surge.model.credit import PRICE_SCALE
from surge.model.units import WAD, Address, divide_up, show_decimal

LIQUIDATION_GAS = 450_000
"""Of a liquidation with a sale, until a simulation says better."""
GAS_COVER_PERCENT = 120
"""So much of the gas's cost must be gained: its price may rise before the transaction is mined."""
DEBT_LEFT_PERCENT = 110
"""So much of the minimum debt is left by a liquidation in part: a little that somebody repays first must not
make it leave too little."""
KEPT_PERCENT = 50
"""So much of the profit that is foreseen must be there when it is mined: whoever moves the pool before and
behind the sale takes the rest at the most, and whoever moves it a little stops nothing."""
DUST_PARTS = 1_000
"""One part in so many of the minimum debt is dust: it may be given where gas costs nothing."""
SLACK_PERMILLE = 5
"""What is paid from a balance may become so much more, and what it seizes so much less: anybody moves that
much for next to nothing."""
MOST_AT_ONCE = 16
"""Acts of one look: what is simulated and sent is bounded, however much there is."""


class Why(StrEnum):
    """Why a position is left alone, in a word; the reason says it in a sentence."""

    HEALTHY = "healthy"
    MARGIN = "margin"
    NO_PRICE = "no price"
    NO_EXIT = "no exit"
    NO_PROFIT = "no profit"
    NO_FUNDS = "no funds"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Case:
    """A position with debt, and what it takes to decide about it.

    exits: for the collateral. gas: of a liquidation. gas_price: wei; coin_price: of one wei in loan units,
    by 1e36, None when nobody knows. balance: of the loan token, to repay from. poked: its margin zone was
    told already. given: what was given for its bad debt already.
    """

    view: PositionView
    exits: Sequence[Exit] = ()
    gas: int = LIQUIDATION_GAS
    gas_price: int = 0
    coin_price: int | None = None
    balance: int = 0
    poked: bool = False
    given: int = 0

    def gas_cost(self) -> int | None:
        """Of a liquidation in loan units, up, with its cover; None while nobody knows what gas is worth."""
        wei = divide_up(self.gas * self.gas_price * GAS_COVER_PERCENT, 100)
        if wei == 0:
            return 0
        return None if self.coin_price is None else divide_up(wei * self.coin_price, PRICE_SCALE)


@dataclass(frozen=True, slots=True)
class Rules:
    """altruist: also sends what costs gas and brings nothing: pokes, bad debt. own_funds: also repays from
    its balance and keeps the collateral, where that gains at the oracle's price.

    given_percent: of a liquidation's gas, what an altruist without own_funds gives besides for the bad debt
    of one position, in all. No more can be lost by it, whatever the collateral is worth in truth.
    """

    altruist: bool = False
    own_funds: bool = False
    given_percent: int = 100

    def given(self, case: Case, gas_cost: int) -> int:
        """What may still be repaid of one's own to realise bad debt; loan units."""
        if self.own_funds:
            return case.balance
        dust = max(1, case.view.market.params.min_debt // DUST_PARTS)
        return max(0, max(gas_cost * self.given_percent // 100, dust) - case.given)


@dataclass(frozen=True, slots=True)
class Liquidate:
    """Repay `repaid` for `seized`, which brings `proceeds` by `exit`; without one it is kept, at the oracle's
    price. whole: everything that is allowed when it is mined, rather than at most `repaid`; what is paid from
    a balance has a bound all the same. Loan units."""

    view: PositionView
    repaid: int
    seized: int
    proceeds: int
    gas_cost: int
    bad_debt: int
    whole: bool
    exit: Exit | None = None

    @property
    def profit(self) -> int:
        return self.proceeds - self.repaid - self.gas_cost

    @property
    def least(self) -> int:
        """What must be gained when it is mined, whatever has moved until then: what its gas costs, and a part
        of the profit."""
        return max(1, self.gas_cost * 100 // GAS_COVER_PERCENT + self.profit * KEPT_PERCENT // 100)


@dataclass(frozen=True, slots=True)
class Realise:
    """Repay `repaid` of one's own for `seized`, which isn't worth the gas, so that `bad_debt` counts as such.
    whole: nothing is left of the position."""

    view: PositionView
    repaid: int
    seized: int
    bad_debt: int
    whole: bool


@dataclass(frozen=True, slots=True)
class Poke:
    """Tell everybody that the position is in the margin zone."""

    view: PositionView


@dataclass(frozen=True, slots=True)
class Leave:
    """Do nothing. Why, in words."""

    view: PositionView
    why: Why
    reason: str


Act = Liquidate | Realise | Poke
Decision = Act | Leave


def most_repaid(paid: Liquidate | Realise) -> int:
    """From a balance: a whole that has grown a little until it is mined is still taken whole."""
    return paid.repaid + divide_up(paid.repaid * SLACK_PERMILLE, 1_000) if paid.whole else paid.repaid


def least_seized(paid: Liquidate | Realise) -> int:
    """For what is paid from a balance: the price may have become another one."""
    return paid.seized * (1_000 - SLACK_PERMILLE) // 1_000


def decide(case: Case, rules: Rules) -> Decision:
    """What to do about one position. It never loses money, unless the rules say that it may."""
    view, market = case.view, case.view.market
    if view.zone is None:
        return Leave(view, Why.NO_PRICE, "the oracle gives no price, and without one nothing is decided")
    if view.zone is Zone.HEALTHY:
        return Leave(view, Why.HEALTHY, f"it is healthy, at an LTV of {_percent(view.ltv)}")
    if view.zone is Zone.MARGIN:
        if rules.altruist and not case.poked:
            return Poke(view)
        said = (
            f"it is in the margin zone, at an LTV of {_percent(view.ltv)} of {_percent(market.params.lltv)}"
        )
        return Leave(view, Why.MARGIN, said)
    quote = liquidation.quote(view.collateral, market.price or 0, view.debt, market.params)
    if quote is None:
        return Leave(view, Why.HEALTHY, "it is not past its LLTV")
    return _liquidate(case, rules, quote)


def decide_all(
    cases: Sequence[Case], rules: Rules, failures: Callable[[Case], int] = lambda _: 0
) -> list[Decision]:
    """The same for many that are carried out in this order: what pays most comes first, what is left alone
    last. Each finds the pools and the keeper's balance as the ones before it leave them. failures: what
    failed oftener comes later: it keeps nobody from their turn."""
    decided = [(decide(case, rules), case) for case in cases]
    decided.sort(key=lambda one: (failures(one[1]) if _acts(one[0]) else 0, _urgency(one[0])))
    acting = [case for decision, case in decided if _acts(decision)]
    left = [decision for decision, _ in decided if not _acts(decision)]
    made, late = _in_turn(acting[:MOST_AT_ONCE], rules), acting[MOST_AT_ONCE:]
    left += [Leave(case.view, Why.WAITING, "others come first; it is due at the next look") for case in late]
    return [*filter(_acts, made), *(one for one in made if not _acts(one)), *left]


def _in_turn(cases: Iterable[Case], rules: Rules) -> list[Decision]:
    pools: dict[tuple[Address, Address], Reserves] = {}
    spent: dict[Address, int] = {}
    made: list[Decision] = []
    for case in cases:
        loan = case.view.market.loan.address
        exits = [through(exit, pools) for exit in case.exits]
        decision = decide(replace(case, exits=exits, balance=case.balance - spent.get(loan, 0)), rules)
        made.append(decision)
        if isinstance(decision, Liquidate) and decision.exit is not None:
            pools |= after(decision.exit, decision.seized)
        elif isinstance(decision, Liquidate | Realise):
            spent[loan] = spent.get(loan, 0) + decision.repaid
    return made


def _acts(decision: Decision) -> bool:
    return not isinstance(decision, Leave)


def _urgency(decision: Decision) -> tuple[int, int]:
    if isinstance(decision, Liquidate):
        return 0, -decision.profit * WAD // (decision.repaid + 1)
    return {Realise: 1, Poke: 2, Leave: 3}[type(decision)], 0


def _liquidate(case: Case, rules: Rules, quote: Quote) -> Decision:
    gas_cost = case.gas_cost()
    if gas_cost is None:
        said = (
            f"what gas costs in {case.view.market.loan.symbol} is unknown: nobody gives the price of the coin"
        )
        return Leave(case.view, Why.NO_PRICE, said)
    plans = [_best(case.view, quote, exit, gas_cost) for exit in case.exits]
    if (
        rules.own_funds
        and case.view.market.safe
        and (kept := _paid(case.view, quote, case.balance, gas_cost))
    ):
        plans.append(kept)
    best = max(plans, key=lambda plan: plan.profit, default=None)
    if best is not None and best.profit > 0:
        return best
    if quote.insolvent:
        return _realise(case, rules, quote, gas_cost)
    return Leave(case.view, Why.NO_EXIT, _no_exit(case)) if best is None else _no_profit(case, best)


def _best(view: PositionView, quote: Quote, exit: Exit, gas_cost: int) -> Liquidate:
    """All that may be repaid, or less where a smaller sale gains more. The gain is concave in the amount, but
    for roundings."""
    whole = _plan(view, quote, exit, gas_cost, quote.repayable)
    most = _part(view, quote)
    if most <= 0:
        return whole
    low, high = 1, most
    while high - low > 2:
        left, right = low + (high - low) // 3, high - (high - low) // 3
        if _plan(view, quote, exit, gas_cost, left).profit < _plan(view, quote, exit, gas_cost, right).profit:
            low = left + 1
        else:
            high = right
    part = _plan(view, quote, exit, gas_cost, high)
    return part if part.profit > whole.profit else whole


def _part(view: PositionView, quote: Quote) -> int:
    """The most that leaves enough of the debt behind. The loss of an insolvent position goes with its share
    of the debt."""
    spare = view.debt - view.market.params.min_debt * DEBT_LEFT_PERCENT // 100
    return min(quote.repayable, quote.repayable * spare // view.debt if quote.insolvent else spare)


def _plan(view: PositionView, quote: Quote, exit: Exit, gas_cost: int, repaid: int) -> Liquidate:
    price = view.market.price or 0
    made = liquidation.outcome(view.position, price, view.market.state, quote, repaid)
    whole = made.repaid == quote.repayable
    proceeds = exit.proceeds(made.seized)
    return Liquidate(view, made.repaid, made.seized, proceeds, gas_cost, made.bad_debt, whole, exit)


def _paid(view: PositionView, quote: Quote, balance: int, gas_cost: int) -> Liquidate | None:
    """A liquidation paid from so much, as far as it goes; the collateral is kept, at the oracle's price. None
    where it doesn't reach for anything."""
    repaid = quote.repayable if balance >= quote.repayable else min(balance, _part(view, quote))
    if repaid <= 0:
        return None
    plan = _plan(view, quote, AtPrice(view.market.price or 0), gas_cost, repaid)
    return replace(plan, exit=None) if plan.seized and plan.repaid <= balance else None


def _realise(case: Case, rules: Rules, quote: Quote, gas_cost: int) -> Decision:
    """As much of the bad debt as what may be given reaches."""
    view, loan = case.view, case.view.market.loan
    waits = f"a bad debt of {loan.show(view.debt - quote.repayable)} waits"
    if not rules.altruist:
        return Leave(view, Why.NO_PROFIT, f"{waits} for somebody who pays the gas (--altruist)")
    if not view.market.safe:
        return Leave(view, Why.NO_PRICE, f"{waits} for a safe price: by another one too much would be paid")
    most = rules.given(case, gas_cost)
    plan = _paid(view, quote, min(most, case.balance), gas_cost)
    if plan is not None:
        return Realise(view, plan.repaid, plan.seized, plan.bad_debt, plan.whole)
    if case.balance < min(most, quote.repayable):
        said = f"{waits}: to realise it takes {loan.show(quote.repayable)} of one's own"
        return Leave(view, Why.NO_FUNDS, said)
    said = f"{waits} for somebody who repays {loan.show(quote.repayable)} of their own (--own-funds)"
    return Leave(view, Why.NO_PROFIT, said)


def _no_exit(case: Case) -> str:
    market = case.view.market
    return f"there is no pool in which {market.collateral.symbol} is sold for {market.loan.symbol}"


def _no_profit(case: Case, best: Liquidate) -> Leave:
    loan = case.view.market.loan
    said = (
        f"repaying {loan.show(best.repaid)} brings {loan.show(best.proceeds)}, "
        f"and the gas costs {loan.show(best.gas_cost)}; the bonus grows as the price falls"
    )
    return Leave(case.view, Why.NO_PROFIT, said)


def _percent(ratio: int | None) -> str:
    return "no value" if ratio is None else f"{show_decimal(ratio // 10**12, 4)}%"


def coin_prices(coin_usd: int | None, usd: Mapping[Address, tuple[int, int]]) -> dict[Address, int]:
    """What a wei of the chain's coin is worth in smallest units of each token, by 1e36, up.

    coin_usd: of a whole coin of 18 decimals; usd: of a whole token, and its decimals. Prices in one unit.
    """
    if not coin_usd:
        return {}
    return {
        token: divide_up(coin_usd * 10**decimals * PRICE_SCALE, price * 10**18)
        for token, (price, decimals) in usd.items()
        if price > 0
    }
