"""What was sold of an account's collateral, as the chain's newest events tell it. No index is needed."""

from dataclasses import dataclass

from surge.chain.calls.credit import Credit
from surge.chain.calls.tokens import Tokens
from surge.chain.network.artifacts import artifact
from surge.chain.network.connection import Connection, View
from surge.chain.node.logs import Log, newest_logs
from surge.chain.node.revert import as_error
from surge.credit import health
from surge.credit.market import Token
from surge.model.credit import MarketId
from surge.model.errors import NoNetwork
from surge.model.units import Address, Seconds

RECENT = 5
RECENT_BLOCKS = 100_000
"""How far back is looked."""


@dataclass(frozen=True, slots=True)
class Liquidation:
    """Money in smallest units. name: the market's. bad_debt: what nobody repaid; the reserve bore
    `from_reserve` of it. cost: by how much what was taken was worth more than the debt that went, by the
    oracle's price after that block; None where the node or the oracle doesn't tell."""

    market: MarketId
    name: str
    loan: Token
    collateral: Token
    block: int
    time: Seconds
    transaction: str
    liquidator: Address
    repaid: int
    seized: int
    bad_debt: int
    from_reserve: int
    cost: int | None


class Liquidations:
    """`chain.liquidations`."""

    def __init__(self, at: Connection, tokens: Tokens, credit: Credit) -> None:
        self._at, self._tokens, self._credit = at, tokens, credit

    def recent(
        self, account: Address, market: MarketId | None = None, most: int = RECENT
    ) -> list[Liquidation]:
        """The newest of an account, newest first. Raises NoNetwork when the node gives no logs."""
        found = self._newest(account, market, most)
        asked = [("eth_getBlockByNumber", [log["blockNumber"], False]) for log, _ in found]
        blocks = [as_error(answer, "reading a block's time", "") for answer in self._at.rpc.batch(asked)]
        if None in blocks:
            raise NoNetwork(
                "the node gave logs of blocks that it hasn't; try again, or use another RPC address"
            )
        return [
            self._liquidation(log, loss, Seconds(int(block["timestamp"], 16)))
            for (log, loss), block in zip(found, blocks, strict=True)
        ]

    def _newest(self, account: Address, market: MarketId | None, most: int) -> list[tuple[Log, Log | None]]:
        """Liquidations, each with its bad debt."""
        kinds = [artifact("Credit").event(name).topic for name in ("Liquidated", "BadDebt")]
        which = None if market is None else "0x" + market.hex()
        topics = [kinds, which, "0x" + account[2:].lower().zfill(64)]
        wanted = {"address": self._at.book.addresses["Credit"], "topics": topics}
        head = self._at.block_number()
        oldest = max(self._at.book.block, head - RECENT_BLOCKS)
        found: list[tuple[Log, Log | None]] = []
        losses: dict[tuple[str, str], Log] = {}
        for log in newest_logs(self._at.rpc, wanted, oldest, head):
            place = log["transactionHash"], log["topics"][1]
            if log["topics"][0] != kinds[0]:
                losses[place] = log  # logged after its liquidation, so it is met before it
                continue
            found.append((log, losses.pop(place, None)))
            if len(found) == most:
                break
        return found

    def _liquidation(self, log: Log, loss: Log | None, time: Seconds) -> Liquidation:
        sold = artifact("Credit").event("Liquidated").decode(log)
        lost = artifact("Credit").event("BadDebt").decode(loss) if loss else {"loss": 0, "from_reserve": 0}
        (params,) = self._credit.market_params([sold["id"]])
        tokens = self._tokens.of([params.loan_token, params.collateral_token])
        asked = View("OracleGuard", params.oracle, "price", may_fail=True)
        (priced,) = self._at.look([asked], log["blockNumber"])
        price = (priced or (0,))[0]
        gone = sold["repaid"] + lost["loss"]
        return Liquidation(
            market=sold["id"],
            name=self._credit.market_name(params),
            loan=tokens[params.loan_token],
            collateral=tokens[params.collateral_token],
            block=int(log["blockNumber"], 16),
            time=time,
            transaction=log["transactionHash"],
            liquidator=sold["liquidator"],
            repaid=sold["repaid"],
            seized=sold["seized"],
            bad_debt=lost["loss"],
            from_reserve=lost["from_reserve"],
            cost=health.value(sold["seized"], price) - gone if price else None,
        )
