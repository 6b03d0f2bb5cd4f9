"""Whether what a node answered can be an answer to what it was asked: https://ethereum.github.io/execution-apis.

A node behind a broken proxy, or one that lags, answers all sorts of things. What passes here can be read
without a further look: quantities and bytes are hex, and blocks, receipts and logs have the members that are
read.
"""

import re
from collections.abc import Callable
from typing import Any

_QUANTITY = re.compile("0x[0-9a-fA-F]{1,64}")
_BYTES = re.compile("0x(?:[0-9a-fA-F]{2})*")


def _is_quantity(value: Any) -> bool:
    return type(value) is str and _QUANTITY.fullmatch(value) is not None


def _is_bytes(value: Any) -> bool:
    return type(value) is str and _BYTES.fullmatch(value) is not None


def _is_block(value: Any) -> bool:
    """The pending one has no hash, and perhaps no number."""
    if type(value) is not dict or not _is_quantity(value.get("timestamp")):
        return False
    known = {
        "hash": _is_bytes,
        "parentHash": _is_bytes,
        "number": _is_quantity,
        "baseFeePerGas": _is_quantity,
    }
    return all(value.get(name) is None or fits(value[name]) for name, fits in known.items())


def _is_log(value: Any) -> bool:
    if type(value) is not dict or type(value.get("topics")) is not list:
        return False
    quantities = ("blockNumber", "logIndex")
    contents = ("address", "data", "transactionHash", "blockHash")
    return (
        all(_is_quantity(value.get(name)) for name in quantities)
        and all(_is_bytes(value.get(name)) for name in contents)
        and all(map(_is_bytes, value["topics"]))
    )


def _are_logs(value: Any) -> bool:
    return type(value) is list and all(map(_is_log, value))


def _is_receipt(value: Any) -> bool:
    if type(value) is not dict or not _is_bytes(value.get("transactionHash")):
        return False
    created = value.get("contractAddress")
    return (
        all(_is_quantity(value.get(name)) for name in ("blockNumber", "gasUsed", "status"))
        and (created is None or _is_bytes(created))
        and _are_logs(value.get("logs"))
    )


def _is_transaction(value: Any) -> bool:
    return type(value) is dict and _is_bytes(value.get("hash"))


def _is_history(value: Any) -> bool:
    """Of fees; rewards are missing where none were asked for."""
    if type(value) is not dict:
        return False
    blocks = value.get("reward") or []
    return type(blocks) is list and all(type(one) is list and all(map(_is_quantity, one)) for one in blocks)


_SHAPES: dict[str, Callable[[Any], bool]] = {
    "eth_blockNumber": _is_quantity,
    "eth_call": _is_bytes,
    "eth_chainId": _is_quantity,
    "eth_estimateGas": _is_quantity,
    "eth_feeHistory": _is_history,
    "eth_gasPrice": _is_quantity,
    "eth_getBalance": _is_quantity,
    "eth_getBlockByNumber": _is_block,
    "eth_getCode": _is_bytes,
    "eth_getLogs": _are_logs,
    "eth_getTransactionByHash": _is_transaction,
    "eth_getTransactionCount": _is_quantity,
    "eth_getTransactionReceipt": _is_receipt,
    "eth_maxPriorityFeePerGas": _is_quantity,
    "eth_sendRawTransaction": _is_bytes,
}
_MAY_LACK = ("eth_getBlockByNumber", "eth_getTransactionByHash", "eth_getTransactionReceipt")
"""Answered with null for what isn't there (yet)."""


def can_answer(method: str, params: "list[Any] | tuple[Any, ...]", result: Any) -> bool:
    if result is None and method in _MAY_LACK:
        return params[:1] != ["latest"] and params[:1] != ("latest",)  # there is always a latest block
    return method not in _SHAPES or _SHAPES[method](result)
