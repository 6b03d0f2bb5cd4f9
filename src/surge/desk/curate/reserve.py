"""A market's reserve: what it holds above what it keeps goes to Credit's fee recipient."""

from dataclasses import astuple, replace
from typing import TYPE_CHECKING

from surge.chain.network.connection import View
from surge.chain.node.sender import Sent
from surge.credit.market import MarketView
from surge.desk.market import Market
from surge.desk.operation import Plan, operation
from surge.model.errors import BadInput

if TYPE_CHECKING:
    from surge.chain.client import Chain


class Reserve:
    """`desk.reserve`."""

    def __init__(self, chain: "Chain") -> None:
        self.chain = chain

    @operation
    def collect(self, market: Market) -> Plan[MarketView]:
        """Pay what the contract says is too much to its fee recipient; anybody may."""
        view = market.view
        credit = self.chain.book.addresses["Credit"]
        (surplus,) = self.chain.look([View("Credit", credit, "collect", (astuple(view.params),))])
        if not surplus:
            raise BadInput(
                f"the reserve of {view.name} holds {view.loan.show(view.state.reserve)}, no more than "
                "it keeps for bad debt; there is nothing to collect yet"
            )
        state = replace(
            view.state,
            supply_assets=view.state.supply_assets - surplus,
            reserve=view.state.reserve - surplus,
        )
        recipient = self.chain.read("Credit", "fee_recipient")
        call = self.chain.credit.collecting(view.params)

        def look(sent: Sent) -> MarketView:
            return self.chain.credit.market_views([view.id], sent.block)[0]

        note = f"goes to the fee recipient {recipient}"
        return Plan(view, view.with_state(state), (call,), look, (note,))
