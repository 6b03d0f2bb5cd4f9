"""Reads event logs in ranges that adapt to what the node allows."""

from collections.abc import Iterator
from typing import Any

from surge.chain.node.rpc import Rpc, RpcError
from surge.model.errors import NoNetwork

Log = dict[str, Any]

FIRST_RANGE = 2_000
LONGEST_RANGE = 100_000


def read_logs(
    rpc: Rpc, addresses: list[str], start: int, end: int, first_range: int = FIRST_RANGE
) -> Iterator[tuple[int, list[Log]]]:
    """Logs of `addresses` in blocks start..end, as (last block of the range, its logs).

    A range that the node refuses (too many blocks or results) is halved, one that it grants is doubled.
    """
    span = first_range
    while start <= end:
        last = min(start + span - 1, end)
        logs = _asked(rpc, {"address": addresses}, start, last)
        if logs is None:
            span = max(1, (last - start + 1) // 2)
            continue
        yield last, logs
        start, span = last + 1, min(span * 2, LONGEST_RANGE)


def newest_logs(rpc: Rpc, wanted: Log, oldest: int, last: int) -> Iterator[Log]:
    """Logs of an address and topics (`wanted`) from block `last` back to `oldest`, newest first, in ranges as
    `read_logs` takes them."""
    span = FIRST_RANGE
    while last >= oldest:
        first = max(oldest, last - span + 1)
        logs = _asked(rpc, wanted, first, last)
        if logs is None:
            span = max(1, (last - first + 1) // 2)
            continue
        yield from reversed(logs)
        last, span = first - 1, min(span * 2, LONGEST_RANGE)


def _asked(rpc: Rpc, wanted: Log, first: int, last: int) -> list[Log] | None:
    """None when the range is too much for the node. Raises NoNetwork when it is one block."""
    try:
        logs: list[Log] = rpc.call("eth_getLogs", {**wanted, "fromBlock": hex(first), "toBlock": hex(last)})
    except RpcError as error:
        if first == last:
            raise NoNetwork(
                f"the node at {rpc.where} does not give the logs of block {first} ({error.message}); "
                "use an RPC address that serves eth_getLogs"
            ) from error
        return None
    return logs
