"""Reads event logs in ranges that adapt to what the node allows."""

from collections.abc import Iterator
from typing import Any

from surge.chain.rpc import Rpc, RpcError
from surge.model.errors import NoNetwork

FIRST_RANGE = 2_000
LONGEST_RANGE = 100_000


def read_logs(
    rpc: Rpc, addresses: list[str], start: int, end: int, first_range: int = FIRST_RANGE
) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Logs of `addresses` in blocks start..end, as (last block of the range, its logs).

    A range that the node refuses (too many blocks or results) is halved, one that it grants is doubled.
    """
    span = first_range
    while start <= end:
        last = min(start + span - 1, end)
        wanted = {"address": addresses, "fromBlock": hex(start), "toBlock": hex(last)}
        try:
            logs = rpc.call("eth_getLogs", wanted)
        except RpcError as error:
            if span == 1:
                raise NoNetwork(
                    f"the node at {rpc.where} does not give the logs of block {start} ({error.message}); "
                    "use an RPC address that serves eth_getLogs"
                ) from error
            span = max(1, min(span, last - start + 1) // 2)
            continue
        yield last, logs
        start, span = last + 1, min(span * 2, LONGEST_RANGE)
