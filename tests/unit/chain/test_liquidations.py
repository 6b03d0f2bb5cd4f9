"""Liquidations from logs: newest first, each with its own bad debt, whatever ranges the node allows."""

from itertools import pairwise
from types import SimpleNamespace

import pytest
from eth_abi.abi import encode

from surge.chain.calls import liquidations
from surge.chain.network.artifacts import artifact
from surge.chain.node.rpc import RpcError
from surge.credit.market import Token
from surge.model.credit import PRICE_SCALE
from surge.model.errors import NoNetwork

ACCOUNT, CREDIT, KEEPER = "0x" + "a1" * 20, "0x" + "c2" * 20, "0x" + "4e" * 20
MARKET = b"\x07" * 32
HEAD, FIRST = 9_000, 10


def log(name, block, *figures, transaction="0x01"):
    event = artifact("Credit").event(name)
    words = ["0x" + MARKET.hex(), "0x" + ACCOUNT[2:].zfill(64), "0x" + KEEPER[2:].zfill(64)]
    return {
        "topics": [event.topic, *words[: 3 if name == "Liquidated" else 2]],
        "data": "0x" + encode(["uint256"] * len(figures), figures).hex(),
        "blockNumber": hex(block),
        "transactionHash": transaction,
    }


LOGS = [
    log("Liquidated", 12, 1, 2, 0, 7, transaction="0x12"),
    log("Liquidated", 4_000, 375, 225, 5, 7, transaction="0x40"),
    log("Liquidated", 8_999, 10, 20, 0, 7, transaction="0x89"),
    log("Liquidated", 8_999, 257, 274, 6, 7, transaction="0x89"),
    log("BadDebt", 8_999, 66, 6, 7, transaction="0x89"),
]


class Node:
    """Gives the logs of at most `longest` blocks at once."""

    where = "here"

    def __init__(self, longest):
        self.longest, self.asked = longest, []

    def call(self, method, *given):
        if method == "eth_blockNumber":
            return hex(HEAD)
        [wanted] = given
        first, last = int(wanted["fromBlock"], 16), int(wanted["toBlock"], 16)
        if last - first >= self.longest:
            raise RpcError(-32005, "too many blocks")
        self.asked.append((first, last))
        assert wanted["topics"][2] == "0x" + ACCOUNT[2:].zfill(64)
        return [one for one in LOGS if first <= int(one["blockNumber"], 16) <= last]

    def batch(self, calls):
        return [{"timestamp": hex(int(block, 16) * 10)} for _, (block, _) in calls]

    def close(self):
        pass


@pytest.fixture
def recent():
    book = SimpleNamespace(block=FIRST, addresses={"Credit": CREDIT})
    tokens = {name: Token(name, 0, name) for name in ("TUSD", "ETH")}
    params = SimpleNamespace(loan_token="TUSD", collateral_token="ETH", oracle="0x" + "33" * 20)

    def look(views, block):
        """The price of one block is kept no more."""
        assert [one.name for one in views] == ["price"]
        return [None if block == hex(12) else (2 * PRICE_SCALE, True)]

    def read(longest=10_000, **given):
        node = Node(longest)
        room = liquidations.Liquidations(
            SimpleNamespace(book=book, rpc=node, block_number=lambda: HEAD, look=look),
            SimpleNamespace(of=lambda _: tokens),
            SimpleNamespace(
                market_params=lambda ids: [params for _ in ids], market_name=lambda _: "ETH/TUSD 90"
            ),
        )
        return room.recent(ACCOUNT, **given), node

    return read


@pytest.mark.parametrize("longest", [1_000, 10_000])
def test_the_newest_come_first_with_their_own_bad_debt(recent, longest):
    found, node = recent(longest)
    assert [(one.block, one.repaid, one.seized, one.bad_debt) for one in found] == [
        (8_999, 257, 274, 66), (8_999, 10, 20, 0), (4_000, 375, 225, 0), (12, 1, 2, 0)
    ]  # fmt: skip
    assert (found[0].from_reserve, found[0].time, found[0].market) == (6, 89_990, MARKET)
    assert found[0].name == "ETH/TUSD 90"
    assert [one.cost for one in found] == [2 * 274 - 257 - 66, 2 * 20 - 10, 2 * 225 - 375, None]
    asked = sorted(node.asked)
    assert (asked[0][0], asked[-1][1]) == (FIRST, HEAD)
    assert all(this[1] + 1 == following[0] for this, following in pairwise(asked))


def test_no_more_is_read_than_is_wanted(recent):
    found, node = recent(most=2)
    assert [one.repaid for one in found] == [257, 10]
    assert len(node.asked) == 1


def test_it_does_not_look_back_for_ever(recent, monkeypatch):
    monkeypatch.setattr(liquidations, "RECENT_BLOCKS", 6_000)
    assert [one.block for one in recent()[0]] == [8_999, 8_999, 4_000]


def test_a_node_without_logs_is_named(recent):
    with pytest.raises(NoNetwork, match="eth_getLogs"):
        recent(longest=0)
