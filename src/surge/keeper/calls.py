"""Decisions of the keeper as transactions. Sales go through Batch: all or nothing, and never at a loss.

Between a look and its transaction anybody may move the price, the debt or the collateral a little, on purpose
too. So nothing in a sale is fixed but what must be gained: whatever is seized is sold, and what that brings
pays. What is paid from a balance is bounded on both sides instead.
"""

from typing import TYPE_CHECKING

from surge.chain.calls.batch import Inner, inner
from surge.chain.calls.credit import ALL
from surge.chain.calls.tokens import Payment
from surge.chain.node.sender import Call
from surge.credit.exchange import Route
from surge.keeper.exits import Burn, Exit
from surge.keeper.liquidating import Liquidate, Poke, Realise, least_seized, most_repaid
from surge.model.units import Address, Seconds

if TYPE_CHECKING:
    from surge.chain.client import Chain

DEADLINE_SECONDS = 120


def calls_of(chain: "Chain", decision: Liquidate | Realise | Poke) -> list[Call]:
    """In their order; the last one does it, others are allowances for it. Raises Underfunded, NoNetwork."""
    view = decision.view
    if isinstance(decision, Poke):
        return [chain.credit.poking(view.market.params, view.account)]
    if isinstance(decision, Liquidate) and decision.exit is not None:
        return [_sold(chain, decision, decision.exit)]
    most, least = most_repaid(decision), least_seized(decision)
    call = chain.credit.liquidating(view.market.params, view.account, most, min_seized=least)
    credit = chain.book.addresses["Credit"]
    return [*chain.tokens.allowing([Payment(view.market.loan, decision.repaid, credit, "Credit")]), call]


def _sold(chain: "Chain", decision: Liquidate, exit: Exit) -> Call:
    """Credit hands out the collateral and calls back; there it is sold, and then Credit takes its repayment.

    The whole of a debt may have grown a little until then: what the sale brings is what it may take.
    """
    view, params = decision.view, decision.view.market.params
    deadline = Seconds(view.market.now + DEADLINE_SECONDS)
    most = ALL if decision.whole else decision.repaid
    selling, tokens = _selling(chain, exit, params.collateral_token, params.loan_token, deadline)
    inside = chain.batch.liquidated(params, view.account, most, selling)
    sweeps = [(params.loan_token, decision.least), *((token, 0) for token in tokens)]
    return chain.batch.executing(
        f"liquidating {view.account} in {view.market.name}", [inside], sweeps, deadline
    )


def _selling(
    chain: "Chain", exit: Exit, collateral: Address, loan: Address, deadline: Seconds
) -> tuple[list[Inner], list[Address]]:
    """The calls inside, and the tokens of which something may be left besides the loan token."""
    router, batch = chain.book.addresses["Router"], chain.book.addresses["Batch"]

    def swap(path: tuple[Address, ...]) -> Inner:
        swap = ("swapExactTokensForTokens", ALL, 0, list(path), batch, deadline)
        return inner("Router", router, *swap, spends=((path[0], ALL),))

    if isinstance(exit, Route):
        return [swap(exit.path)], [collateral]
    if not isinstance(exit, Burn):
        raise TypeError(f"{exit} is no way to sell on the exchange")
    burned = ("removeLiquidity", exit.other, loan, ALL, 0, 0, batch, deadline)
    burn = inner("Router", router, *burned, spends=((collateral, ALL),))
    return [burn, swap((exit.other, loan))], [collateral, exit.other]
