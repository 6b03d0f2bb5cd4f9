"""What transactions would do if they were sent now, one after the other; nothing is sent."""

from collections.abc import Sequence
from typing import Any

from surge.chain.node.revert import as_error, reason_in, reverted
from surge.chain.node.rpc import Rpc, RpcError
from surge.chain.node.sender import Call
from surge.model.units import Address


def simulate(rpc: Rpc, sender: Address, calls: Sequence[Call], now: int) -> int | None:
    """The gas of all together in a block of the chain second `now`. None when the node can't say: it lacks
    `eth_simulateV1`, and later calls may need what earlier ones do. Raises Reverted for the first that would
    revert, with the reason."""
    requests = [_request(sender, call) for call in calls]
    try:
        block = {"blockOverrides": {"time": hex(now)}, "calls": requests}
        blocks = rpc.call("eth_simulateV1", {"blockStateCalls": [block]}, "latest")
    except RpcError:  # the node lacks the method
        return _estimate(rpc, sender, calls[0]) if len(calls) == 1 else None
    results: list[dict[str, Any]] = blocks[0]["calls"]
    for call, result in zip(calls, results, strict=True):
        if int(result["status"], 16) != 1:
            raise reverted(call.what, reason_in(result["returnData"]) or "no reason given")
    return sum(int(result["gasUsed"], 16) for result in results)


def _estimate(rpc: Rpc, sender: Address, call: Call) -> int:
    (answer,) = rpc.batch([("eth_estimateGas", [_request(sender, call), "pending"])])
    return int(as_error(answer, call.what, sender), 16)


def _request(sender: Address, call: Call) -> dict[str, str]:
    asked = {"from": str(sender), "data": call.calldata, "value": hex(call.value)}
    return asked if call.to is None else {**asked, "to": str(call.to)}
