"""The bidder: keeps the fee auction going, one look at a time.

Each epoch it starts the auction of the fee pot, and buys the pot with SURGE when that pays (see `bidding`).
"""

import structlog

from surge.chain.client import Chain
from surge.keeper.bidding import Bid, Sight, Start, Wait, decide
from surge.model.errors import BadInput
from surge.model.units import MicroUsd, Seconds, Wei, show_surge, show_usd

DEFAULT_VALUE = "0.10"

_log = structlog.get_logger("bidder")


class Bidder:
    """value: millionths of a dollar that a SURGE is worth to it, above zero. cap: the most that it gives for
    one pot, in wei of SURGE; None for what it has."""

    def __init__(self, chain: Chain, value: MicroUsd, cap: Wei | None = None) -> None:
        if value == 0:
            raise BadInput("a SURGE that is worth nothing buys nothing; name a value above zero")
        self.chain, self.value, self.cap = chain, value, cap
        self._told = ""

    def step(self) -> Start | Bid | Wait:
        """Look once, and act once. Raises what `Chain` raises."""
        decision = decide(self._look(), self.value, self.cap)
        if isinstance(decision, Start):
            sent = self.chain.rewards.start()
            _log.info("auction started", transaction="0x" + sent.hash.hex())
        elif isinstance(decision, Bid):
            self._bid(decision)
        kind = type(decision).__name__
        if kind != self._told:
            _log.info(decision.reason if isinstance(decision, Wait) else "acted", decision=kind)
            self._told = kind
        return decision

    def _look(self) -> Sight:
        """What `decide` needs, read from the chain."""
        chain, auction = self.chain, self.chain.rewards.auction()
        return Sight(
            now=chain.now(),
            pot=auction.pot if auction else chain.rewards.pot(),
            min_pot=chain.book.parameters.min_pot,
            next_auction=chain.rewards.next_auction() if auction is None else Seconds(0),
            balance=chain.money.surge(chain.address),
            epoch=auction.epoch if auction else None,
            cost=chain.rewards.cost() if auction else None,
        )

    def _bid(self, bid: Bid) -> None:
        sent = self.chain.rewards.bid(bid.epoch, bid.most)
        sold = next(sale for sale in reversed(self.chain.rewards.sales()) if sale.epoch == bid.epoch)
        _log.info(
            "pot bought",
            epoch=sold.epoch,
            pot=show_usd(sold.pot),
            burned=show_surge(sold.burned),
            transaction="0x" + sent.hash.hex(),
        )
