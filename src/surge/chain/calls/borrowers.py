"""Who owes in a market, as the chain's newest events tell it, and the bad debt that is coming from them."""

from collections.abc import Sequence

from surge.chain.calls.credit import Credit
from surge.chain.calls.liquidations import RECENT_BLOCKS
from surge.chain.network.artifacts import artifact
from surge.chain.network.connection import Connection
from surge.chain.node.logs import newest_logs
from surge.credit.coming import Coming, coming
from surge.credit.market import MarketView
from surge.model.credit import MarketId
from surge.model.signature import checksum
from surge.model.units import Address

MOST = 200
"""Borrowers, the newest."""


class Borrowers:
    """`chain.borrowers`. Raises NoNetwork when the node gives no logs."""

    def __init__(self, at: Connection, credit: Credit) -> None:
        self._at, self._credit = at, credit

    def coming(self, markets: Sequence[MarketView]) -> dict[MarketId, Coming | None]:
        """Of each of these markets, by its newest borrowers: what is past its LLTV now. None without a
        price."""
        lent = [view.id for view in markets if view.borrowed]
        found = self._credit.position_views(self.newest(lent)) if lent else []
        return {view.id: coming(view, (one for one in found if one.market.id == view.id)) for view in markets}

    def newest(self, markets: Sequence[MarketId]) -> list[tuple[MarketId, Address]]:
        """Who borrowed lately in any of these markets, MOST at the most, the newest first; some of them may
        owe nothing any more."""
        kind = artifact("Credit").event("Borrowed")
        topics = [kind.topic, [f"0x{id_.hex()}" for id_ in markets]]
        wanted = {"address": self._at.book.addresses["Credit"], "topics": topics}
        head = self._at.block_number()
        oldest = max(self._at.book.block, head - RECENT_BLOCKS)
        found: dict[tuple[MarketId, Address], None] = {}
        for log in newest_logs(self._at.rpc, wanted, oldest, head):
            id_, holder = (bytes.fromhex(topic[2:]) for topic in log["topics"][1:3])
            found[MarketId(id_), checksum(holder[-20:])] = None
            if len(found) == MOST:
                break
        return list(found)
