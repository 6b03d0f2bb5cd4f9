"""Whatever a node answers, the client gives what can be read, or says that this is no answer (N2)."""

import contextlib
import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from surge.chain.network.artifacts import artifact
from surge.chain.node.fees import GWEI, _paid
from surge.chain.node.rpc import Rpc
from surge.chain.node.shapes import _SHAPES
from surge.model.errors import NoNetwork

ANSWERS = 500
"""For each of the 100 seeds of `make test`, and of the 2,000 of `make nightly`: a million."""
WORD = "0x" + "11" * 32
LOG: dict[str, Any] = {
    "address": "0x" + "22" * 20, "topics": [WORD], "data": "0x", "blockNumber": "0x5", "logIndex": "0x0",
    "transactionHash": WORD, "blockHash": WORD,
}  # fmt: skip
GOOD: dict[str, Any] = {
    "eth_feeHistory": {"oldestBlock": "0x5", "reward": [["0x1"], ["0x2", "0x3"]]},
    "eth_getBlockByNumber": {"hash": WORD, "number": "0x5", "timestamp": "0x9", "baseFeePerGas": "0x7"},
    "eth_getLogs": [LOG, LOG],
    "eth_getTransactionByHash": {"hash": WORD},
    "eth_getTransactionReceipt": {
        "transactionHash": WORD, "blockNumber": "0x5", "gasUsed": "0x9", "status": "0x1", "logs": [LOG],
        "contractAddress": None,
    },
    "eth_call": WORD,
    "eth_sendRawTransaction": WORD,
    "eth_getCode": "0x6001",
}  # fmt: skip
JUNK: list[Any] = [
    None,
    True,
    0,
    -1,
    1e9,
    "",
    "0x",
    "0xzz",
    "0x123",
    "latest",
    [],
    {},
    ["0x1"],
    {"a": 1},
    "0x" + "f" * 65,
]


def spoiled(draw: random.Random, value: Any) -> Any:
    """The same with something in it replaced, taken away or added."""
    if draw.random() < 0.3 or not isinstance(value, list | dict) or not value:
        return draw.choice(JUNK)
    if isinstance(value, list):
        at = draw.randrange(len(value))
        return [*value[:at], spoiled(draw, value[at]), *value[at + 1 :]]
    name = draw.choice(sorted(value))
    return {**value, name: spoiled(draw, value[name])} if draw.random() < 0.8 else {}


def read_as_its_callers_do(method: str, found: Any) -> None:
    if method == "eth_getBlockByNumber":
        if found is not None:
            int(found["timestamp"], 16)
            int(found.get("baseFeePerGas") or "0x0", 16)
    elif method == "eth_feeHistory":
        assert all(paid >= GWEI for paid in _paid(found))
    elif method == "eth_getLogs":
        for log in found:
            read_log(log)
    elif method == "eth_getTransactionReceipt":
        if found:
            bytes.fromhex(found["transactionHash"][2:])
            assert all(int(found[name], 16) >= 0 for name in ("status", "gasUsed", "blockNumber"))
            for log in found["logs"]:
                read_log(log)
    elif method in ("eth_call", "eth_getCode", "eth_sendRawTransaction"):
        bytes.fromhex(found[2:])
    elif method != "eth_getTransactionByHash":
        int(found, 16)


def read_log(log: dict[str, Any]) -> None:
    for topic in log["topics"]:
        bytes.fromhex(topic[2:])
    bytes.fromhex(log["data"][2:])
    int(log["blockNumber"], 16)
    assert log["address"].lower().startswith("0x")


@given(st.integers(0, 2**64))
def test_whatever_a_node_answers(seed: int) -> None:
    draw = random.Random(seed)
    rpc = Rpc("http://127.0.0.1:1")
    for number in range(ANSWERS):
        method = draw.choice(sorted(_SHAPES))
        good = {"jsonrpc": "2.0", "id": number, "result": GOOD.get(method, "0x5")}
        reply = good if draw.random() < 0.1 else spoiled(draw, good)
        body = {"id": number, "method": method, "params": [draw.choice(["latest", "0x5"]), False]}
        try:
            found = rpc._result(body, reply)
        except NoNetwork:
            assert reply is not good
            continue
        read_as_its_callers_do(method, found)


@given(st.binary(max_size=200))
def test_bytes_that_no_contract_gives(content: bytes) -> None:
    for function in artifact("Market").functions.values():
        with contextlib.suppress(NoNetwork):
            function.decode("0x" + content.hex())
