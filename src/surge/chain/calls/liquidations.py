"""What was sold of an account's collateral, as the chain's newest events tell it. No index is needed."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from surge.chain.network.artifacts import artifact
from surge.chain.node.logs import Log, newest_logs
from surge.chain.node.revert import as_error
from surge.chain.node.rpc import Rpc
from surge.credit.market import Token
from surge.model.credit import MarketId
from surge.model.units import Address, Seconds

if TYPE_CHECKING:
    from surge.chain.client import Chain

RECENT = 5
RECENT_BLOCKS = 100_000
"""How far back is looked."""


@dataclass(frozen=True, slots=True)
class Liquidation:
    """Money in smallest units. bad_debt: what nobody repaid; the reserve bore `from_reserve` of it."""

    market: MarketId
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


def recent_liquidations(
    chain: "Chain", account: Address, market: MarketId | None = None, most: int = RECENT
) -> list[Liquidation]:
    """The newest of an account, newest first. Raises NoNetwork when the node gives no logs."""
    rpc = Rpc(chain.book.rpc_url)
    try:
        found = _newest(rpc, chain, account, market, most)
        answers = rpc.batch([("eth_getBlockByNumber", [log["blockNumber"], False]) for log, _ in found])
    finally:
        rpc.close()
    blocks = [as_error(answer, "reading a block's time", "") for answer in answers]
    return [
        _liquidation(chain, log, loss, Seconds(int(block["timestamp"], 16)))
        for (log, loss), block in zip(found, blocks, strict=True)
    ]


def _newest(
    rpc: Rpc, chain: "Chain", account: Address, market: MarketId | None, most: int
) -> list[tuple[Log, Log | None]]:
    """Liquidations, each with its bad debt."""
    kinds = [artifact("Credit").event(name).topic for name in ("Liquidated", "BadDebt")]
    topics = [kinds, None if market is None else "0x" + market.hex(), "0x" + account[2:].lower().zfill(64)]
    wanted = {"address": chain.book.addresses["Credit"], "topics": topics}
    head = int(rpc.call("eth_blockNumber"), 16)
    oldest = max(chain.book.block, head - RECENT_BLOCKS)
    found: list[tuple[Log, Log | None]] = []
    losses: dict[tuple[str, str], Log] = {}
    for log in newest_logs(rpc, wanted, oldest, head):
        place = log["transactionHash"], log["topics"][1]
        if log["topics"][0] != kinds[0]:
            losses[place] = log  # logged after its liquidation, so it is met before it
            continue
        found.append((log, losses.pop(place, None)))
        if len(found) == most:
            break
    return found


def _liquidation(chain: "Chain", log: Log, loss: Log | None, time: Seconds) -> Liquidation:
    sold = artifact("Credit").event("Liquidated").decode(log)
    lost = artifact("Credit").event("BadDebt").decode(loss) if loss else {"loss": 0, "from_reserve": 0}
    (params,) = chain.market_params([sold["id"]])
    tokens = chain.tokens([params.loan_token, params.collateral_token])
    return Liquidation(
        market=sold["id"],
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
    )
