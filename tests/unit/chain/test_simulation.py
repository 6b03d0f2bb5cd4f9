"""What a node says of transactions that aren't sent, whatever it says."""

import pytest
from eth_abi.abi import encode

from surge.chain.node.rpc import RpcError
from surge.chain.node.sender import Call
from surge.chain.node.simulation import MOST_GAS, simulate, simulate_each
from surge.model.errors import NoNetwork, Reverted

ME, TO = "0x" + "11" * 20, "0x" + "22" * 20
FIRST, SECOND, THIRD = (Call(f"step {n}", TO, f"0x0{n}") for n in (1, 2, 3))
REASON = "0x08c379a0" + encode(["string"], ["no"]).hex()


class Node:
    """simulated: its answer to a simulation; an RpcError where it has no such method."""

    where = "here"

    def __init__(self, simulated):
        self.simulated, self.asked = simulated, []

    def call(self, method, *params):
        self.asked.append((method, params))
        if isinstance(self.simulated, Exception):
            raise self.simulated
        return self.simulated

    def batch(self, calls):
        self.asked += calls
        return [hex(50_000) if params[0]["data"] == "0x01" else REFUSED for _, params in calls]


REFUSED = RpcError(3, "execution reverted", REASON)


def made(*gas):
    """A block of calls that took so much; None for one that reverted."""
    calls = [
        {"status": "0x0", "gasUsed": "0x5", "returnData": REASON}
        if one is None
        else {"status": "0x1", "gasUsed": hex(one), "returnData": "0x"}
        for one in gas
    ]
    return [{"calls": calls}]


def test_each_group_is_told_what_becomes_of_it():
    node = Node(made(10, None, 30))
    (first, refused), (last,) = simulate_each(node, ME, [[FIRST, SECOND], [THIRD]], 77)
    assert (first, last) == (10, 30)
    assert isinstance(refused, Reverted)
    assert str(refused).startswith("step 2 was refused by the contract (no)")
    ((method, (asked, _)),) = node.asked
    assert method == "eth_simulateV1"
    (block,) = asked["blockStateCalls"]
    assert block["blockOverrides"] == {"time": hex(77), "gasLimit": hex(3 * MOST_GAS)}
    assert {call["gas"] for call in block["calls"]} == {hex(MOST_GAS)}


def test_all_together_may_take_what_a_block_takes():
    node = Node(made(10, 20))
    assert simulate(node, ME, [FIRST, SECOND], 77) == 30
    (block,) = node.asked[0][1][0]["blockStateCalls"]
    assert block["blockOverrides"] == {"time": hex(77)}
    assert not any("gas" in call for call in block["calls"])
    with pytest.raises(Reverted, match="step 2"):
        simulate(Node(made(10, None)), ME, [FIRST, SECOND], 77)


def test_a_node_that_cannot_simulate_estimates_what_stands_alone():
    node = Node(RpcError(-32601, "there is no such method"))
    alone, refused, together = simulate_each(node, ME, [[FIRST], [SECOND], [FIRST, SECOND]], 77)
    assert alone == [50_000]
    assert isinstance(refused[0], Reverted)
    assert together == [None, None]
    assert simulate(node, ME, [FIRST, SECOND], 77) is None
    assert simulate(node, ME, [FIRST], 77) == 50_000


@pytest.mark.parametrize(
    "answer",
    [None, [], {}, [{}], [{"calls": None}], made(1), made(1, 2, 3), [{"calls": [{"status": "0x1"}] * 2}],
     [{"calls": [{"status": 1, "gasUsed": "0x1"}] * 2}], [{"calls": ["x", "y"]}]],
)  # fmt: skip
def test_what_is_no_simulation_is_no_network(answer):
    with pytest.raises(NoNetwork, match="answers a simulation with something else"):
        simulate_each(Node(answer), ME, [[FIRST], [SECOND]], 77)
