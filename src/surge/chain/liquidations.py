"""What was sold of an account's collateral, as the chain's newest events tell it. No index is needed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from surge.chain.artifacts import artifact
from surge.chain.logs import FIRST_RANGE, LONGEST_RANGE
from surge.chain.revert import as_error
from surge.chain.rpc import Rpc, RpcError
from surge.credit.market import Token
from surge.model.credit import MarketId
from surge.model.errors import NoNetwork
from surge.model.units import Address, Seconds

if TYPE_CHECKING:
    from surge.chain.client import Chain

RECENT = 5
RECENT_BLOCKS = 100_000
"""How far back is looked."""
Log = dict[str, Any]


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
    head = int(rpc.call("eth_blockNumber"), 16)
    oldest = max(chain.book.block, head - RECENT_BLOCKS)
    found: list[tuple[Log, Log | None]] = []
    losses: dict[tuple[str, str], Log] = {}
    for log in _backwards(rpc, chain.book.addresses["Credit"], topics, oldest, head):
        place = log["transactionHash"], log["topics"][1]
        if log["topics"][0] != kinds[0]:
            losses[place] = log  # logged after its liquidation, so it is met before it
            continue
        found.append((log, losses.pop(place, None)))
        if len(found) == most:
            break
    return found


def _backwards(rpc: Rpc, address: Address, topics: list[Any], oldest: int, last: int) -> Iterator[Log]:
    """Logs from `last` to `oldest`, newest first, in ranges as `read_logs` takes them."""
    span = FIRST_RANGE
    while last >= oldest:
        first = max(oldest, last - span + 1)
        wanted = {"address": address, "topics": topics, "fromBlock": hex(first), "toBlock": hex(last)}
        try:
            found = rpc.call("eth_getLogs", wanted)
        except RpcError as error:
            if first == last:
                raise NoNetwork(
                    f"the node at {rpc.where} does not give the logs of block {last} ({error.message}); "
                    "use an RPC address that serves eth_getLogs"
                ) from error
            span = (last - first + 1) // 2
            continue
        yield from reversed(found)
        last, span = first - 1, min(span * 2, LONGEST_RANGE)


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
