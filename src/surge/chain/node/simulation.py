"""What transactions would do if they were sent now, one after the other; nothing is sent."""

from collections.abc import Sequence
from typing import Any

from surge.chain.node.revert import as_error, reason_in, reverted
from surge.chain.node.rpc import Rpc, RpcError
from surge.chain.node.sender import Call
from surge.model.errors import NoNetwork, Refused
from surge.model.units import Address

MOST_GAS = 3_000_000
"""Of each call in groups: one that burns all that it gets leaves the others theirs."""


def simulate(rpc: Rpc, sender: Address, calls: Sequence[Call], now: int) -> int | None:
    """The gas of all together in a block of the chain second `now`. None when the node can't say: it lacks
    `eth_simulateV1`, and later calls may need what earlier ones do. Raises Reverted for the first that would
    revert, with the reason."""
    gas = 0
    for outcome in _simulated(rpc, sender, [calls], now, None)[0]:
        if outcome is None:
            return None
        if isinstance(outcome, Exception):
            raise outcome
        gas += outcome
    return gas


def simulate_each(
    rpc: Rpc, sender: Address, groups: Sequence[Sequence[Call]], now: int
) -> list[list[int | Refused | None]]:
    """The gas of each call, or why it would be refused. Groups need nothing of each other, and come one after
    the other all the same: what an earlier one moves, a later one finds moved. Where the node lacks
    `eth_simulateV1`, groups of one are estimated for themselves, and of others nothing is known."""
    return _simulated(rpc, sender, groups, now, MOST_GAS)


def _simulated(
    rpc: Rpc, sender: Address, groups: Sequence[Sequence[Call]], now: int, most: int | None
) -> list[list[int | Refused | None]]:
    calls = [call for group in groups for call in group]
    block: dict[str, Any] = {"blockOverrides": {"time": hex(now)}}
    block["calls"] = [_request(sender, call) for call in calls]
    if most is not None:
        block["blockOverrides"]["gasLimit"] = hex(most * len(calls))
        block["calls"] = [request | {"gas": hex(most)} for request in block["calls"]]
    try:
        blocks = rpc.call("eth_simulateV1", {"blockStateCalls": [block]}, "latest")
    except RpcError:  # the node lacks the method
        return [
            [_estimate(rpc, sender, group[0])] if len(group) == 1 else [None] * len(group) for group in groups
        ]
    results = iter(_read(rpc, calls, blocks))
    return [[next(results) for _ in group] for group in groups]


def _read(rpc: Rpc, calls: Sequence[Call], blocks: Any) -> list[int | Refused | None]:
    """Raises NoNetwork for what is no answer to these calls."""
    try:
        results = [
            (int(one["status"], 16), int(one["gasUsed"], 16), str(one.get("returnData")))
            for one in blocks[0]["calls"]
        ]
        return [
            gas if status == 1 else reverted(call.what, reason_in(said) or "no reason given")
            for call, (status, gas, said) in zip(calls, results, strict=True)
        ]
    except (TypeError, KeyError, IndexError, ValueError, AttributeError) as error:
        raise NoNetwork(
            f"the node at {rpc.where} answers a simulation with something else; try again, or use another "
            "RPC address"
        ) from error


def _estimate(rpc: Rpc, sender: Address, call: Call) -> int | Refused:
    (answer,) = rpc.batch([("eth_estimateGas", [_request(sender, call), "pending"])])
    try:
        return int(as_error(answer, call.what, sender), 16)
    except Refused as error:
        return error


def _request(sender: Address, call: Call) -> dict[str, str]:
    asked = {"from": str(sender), "data": call.calldata, "value": hex(call.value)}
    return asked if call.to is None else {**asked, "to": str(call.to)}
