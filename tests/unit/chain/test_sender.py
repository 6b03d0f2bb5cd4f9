"""For a node that says anything, or lags: no fee beyond the limits is signed, and no call twice."""

import itertools
import re

import pytest
from coincurve import PrivateKey

from surge.chain.node import sender as sender_module
from surge.chain.node.fees import GWEI, Asked, Cap, Fees, first, raised
from surge.chain.node.rpc import RpcError
from surge.chain.node.sender import PATIENCE_SECONDS, Call, Sender
from surge.model.errors import NoNetwork, Unavailable

TO = "0x" + "11" * 20


class Node:
    """Of one account. mines: whether what arrives is mined; shows: whether it tells of what it has."""

    knows_pending = True

    def __init__(self, base=GWEI, priority=GWEI, paid=None):
        self.base, self.priority, self.paid = base, priority, paid
        self.nonce, self.pool, self.receipts, self.sent = 0, {}, {}, []
        self.mines, self.shows, self.drops, self.silent = True, True, False, False
        self.now = 0.0

    def batch(self, calls):
        return [self.call(method, *params) for method, params in calls]

    def call(self, method, *params):
        if self.silent:
            raise NoNetwork("no node")
        return getattr(self, re.sub("([A-Z])", r"_\1", method).lower())(*params)

    def eth_estimate_gas(self, *_):
        return hex(100_000)

    def eth_get_block_by_number(self, *_):
        return {"baseFeePerGas": hex(int(self.base)), "timestamp": "0x1"}

    def eth_max_priority_fee_per_gas(self):
        return hex(int(self.priority))

    def eth_fee_history(self, *_):
        if self.paid is None:
            return RpcError(-32601, "there is no such method", None, "here")
        return {"reward": [[hex(int(one))] for one in self.paid]}

    def eth_get_transaction_count(self, _account, block):
        if block == "latest":
            return hex(self.nonce)
        return hex(max([self.nonce, *(nonce + 1 for nonce, *_ in self.pool.values())]))

    def eth_send_raw_transaction(self, raw):
        self.sent.append(raw)
        hash_, nonce = raw
        if nonce < self.nonce:
            return RpcError(-32000, "nonce too low", None, "here")
        if not self.drops:
            self.pool[hash_] = nonce, raw
        self.mine()
        return hash_

    def mine(self):
        if not self.mines:
            return
        for hash_, (nonce, _) in self.pool.items():
            if nonce == self.nonce:
                self.nonce += 1
                self.receipts[hash_] = {
                    "transactionHash": hash_, "blockNumber": "0x1", "status": "0x1",
                    "gasUsed": hex(100_000), "logs": [],
                }  # fmt: skip

    def eth_get_transaction_by_hash(self, hash_):
        return {"hash": hash_} if self.shows and hash_ in self.pool else None

    def eth_get_transaction_receipt(self, hash_):
        return self.receipts.get(hash_) if self.shows else None


@pytest.fixture
def signed(monkeypatch):
    """Nonce and fees of all that was signed."""
    made = []
    numbers = itertools.count(1)

    class Noted:
        def __init__(self, _chain, nonce, priority, most, *_):
            self.nonce = nonce
            made.append((nonce, Fees(priority, most)))

        def sign(self, _key):
            digest = next(numbers).to_bytes(32)
            return digest, ("0x" + digest.hex(), self.nonce)

    monkeypatch.setattr(sender_module, "Transaction", Noted)
    return made


def at(node, monkeypatch):
    """A sender whose time goes by while it sleeps."""

    class Clock:
        monotonic = staticmethod(lambda: node.now)

        @staticmethod
        def sleep(seconds):
            node.now += max(seconds, 0.05)
            node.later() if hasattr(node, "later") else None

    monkeypatch.setattr(sender_module, "time", Clock)
    return Sender(node, PrivateKey(b"\2" * 32), 1)


CALL = Call("staking 100 SURGE", TO, "0x00")


# Fees


def test_what_the_node_asks_for_beyond_the_limits_is_not_signed(signed, monkeypatch):
    node = Node(priority=50_000 * GWEI)
    with pytest.raises(Unavailable, match=r"50,000 gwei per gas, and at most 1,000, 100.*most_fee_gwei"):
        at(node, monkeypatch).send(CALL)
    node.priority, node.base = GWEI, 1_000 * GWEI
    with pytest.raises(Unavailable, match="1,000 \\+ 1 gwei"):
        at(node, monkeypatch).send(CALL)
    assert signed == []
    node.base = 600 * GWEI
    at(node, monkeypatch).send(CALL)
    assert signed == [(0, Fees(GWEI, 1_000 * GWEI))]


def test_no_more_priority_than_blocks_paid(signed, monkeypatch):
    at(Node(priority=50_000 * GWEI, paid=[2 * GWEI, 3 * GWEI]), monkeypatch).send(CALL)
    at(Node(priority=50_000 * GWEI, paid=[0, 0]), monkeypatch).send(CALL)
    at(Node(priority=5, paid=[2 * GWEI]), monkeypatch).send(CALL)
    assert [fees.priority for _, fees in signed] == [3 * GWEI, GWEI, 5]


@pytest.mark.parametrize("paid", [None, []])
def test_a_node_that_tells_of_no_blocks_is_believed_within_the_limits(signed, monkeypatch, paid):
    at(Node(priority=7 * GWEI, paid=paid), monkeypatch).send(CALL)
    assert signed == [(0, Fees(7 * GWEI, 9 * GWEI))]


def test_raises_stay_within_the_limits(signed, monkeypatch):
    node = Node(base=300 * GWEI, priority=50 * GWEI)
    node.mines = False
    with pytest.raises(NoNetwork, match="was not mined"):
        at(node, monkeypatch).send(CALL)
    assert [fees.most // GWEI for _, fees in signed] == [650, 812, 1_000]
    assert max(fees.priority for _, fees in signed) <= 100 * GWEI
    assert {nonce for nonce, _ in signed} == {0}


def test_what_a_transaction_is_worth_is_the_most_that_it_pays(signed, monkeypatch):
    node = Node(base=9 * GWEI, priority=GWEI)
    node.mines = False
    call = Call("settling", TO, "0x01", most=100_000 * 23 * GWEI)
    with pytest.raises(NoNetwork, match="was not mined"):
        at(node, monkeypatch).send(call)
    assert [fees.most // GWEI for _, fees in signed] == [19, 23]
    node.base = 24 * GWEI
    with pytest.raises(Unavailable, match="gas costs 24 gwei by now, and it is worth 20"):
        at(node, monkeypatch).send(Call("settling", TO, "0x02", most=100_000 * 20 * GWEI))
    assert len(signed) == 2


@pytest.mark.parametrize("most", [None, 10, 11, 12, 15, 10**6])
def test_a_raise_is_one_that_nodes_take_or_none(most):
    fees = first(Asked(4, 2), Cap(), "it", most)
    while (more := raised(fees, Asked(4, 2), Cap(), most)) is not None and more.most < 10**6:
        assert more.most * 10 >= fees.most * 11
        assert more.priority * 10 >= fees.priority * 11
        assert more.most <= (most or 10**12)
        assert more.priority <= more.most
        fees = more


# Nodes that lag


def test_a_node_that_lags_gets_one_transaction(signed, monkeypatch):
    node = Node()
    node.shows = node.mines = False
    sender = at(node, monkeypatch)
    for _ in range(3):
        began = node.now
        with pytest.raises(NoNetwork, match="was not mined within 180 s"):
            sender.send(CALL)
        assert node.now - began > PATIENCE_SECONDS
    assert {nonce for nonce, _ in signed} == {0}
    node.shows = node.mines = True
    node.mine()
    sender.send(CALL)
    assert node.nonce == 1
    sender.send(CALL)  # the first one is done: this is another
    assert node.nonce == 2


def test_what_is_dropped_is_sent_again_as_it_was(signed, monkeypatch):
    node = Node()
    node.drops = True

    def later():
        node.drops = node.now < 10

    node.later = later
    at(node, monkeypatch).send(CALL)
    assert len(signed) == 1
    assert len(node.sent) > 1
    assert len(set(node.sent)) == 1


def test_an_answer_that_was_lost_is_no_reason_to_send_twice(signed, monkeypatch):
    node = Node()
    real = node.eth_send_raw_transaction

    def lost(raw):
        real(raw)
        node.silent = True
        raise NoNetwork("the connection broke")

    node.eth_send_raw_transaction = lost
    sender = at(node, monkeypatch)
    with pytest.raises(NoNetwork):
        sender.send(CALL)
    node.eth_send_raw_transaction, node.silent = real, False
    sender.send(CALL)
    assert len(signed) == node.nonce == 1


def test_what_another_program_replaced_is_told_and_forgotten(signed, monkeypatch):
    node = Node()
    node.mines = False
    sender = at(node, monkeypatch)

    def later():
        node.pool.clear()
        node.nonce = 1

    node.later = later
    with pytest.raises(NoNetwork, match="was replaced by another program"):
        sender.send(CALL)
    node.mines, node.later = True, lambda: None
    sender.send(CALL)
    assert [nonce for nonce, _ in signed if nonce] == [1]
    assert node.nonce == 2


def test_what_was_refused_is_not_waited_for(signed, monkeypatch):
    node = Node()
    real = node.eth_send_raw_transaction
    node.eth_send_raw_transaction = lambda raw: RpcError(-32000, "too many in the pool", None, "here")
    sender = at(node, monkeypatch)
    with pytest.raises(NoNetwork):
        sender.send(CALL)
    node.eth_send_raw_transaction = real
    sender.send(CALL)
    assert len(signed) == 2
    assert node.nonce == 1


# What stands in the way


def test_what_was_given_up_does_not_hold_up_what_comes_after_it(signed, monkeypatch):
    """Gas has become ten times as dear: what nobody waits for any more is raised for those behind it."""
    node = Node(base=10 * GWEI)
    node.mines = False
    sender = at(node, monkeypatch)
    with pytest.raises(NoNetwork, match="was not mined"):
        sender.send(CALL)
    node.base = 100 * GWEI

    def later():
        node.mines = any(nonce == 0 and fees.most >= node.base for nonce, fees in signed)
        node.mine()

    node.later = later
    sender.send(Call("something else", TO, "0x02"))
    assert node.nonce == 2
    assert signed[-1] == (0, Fees(signed[-1][1].priority, 201 * GWEI))
    node.later = lambda: None
    before = len(signed)
    sender.send(Call("and once more", TO, "0x03"))
    assert [nonce for nonce, _ in signed[before:]] == [2]


def test_what_nobody_waits_for_and_is_mined_is_left_alone(signed, monkeypatch):
    node = Node()
    node.mines = False
    sender = at(node, monkeypatch)
    with pytest.raises(NoNetwork, match="was not mined"):
        sender.send(CALL)
    node.mines = True
    node.mine()
    node.mines, before = False, len(signed)
    with pytest.raises(NoNetwork, match="was not mined"):
        sender.send(Call("something else", TO, "0x02"))
    assert {nonce for nonce, _ in signed[before:]} == {1}
