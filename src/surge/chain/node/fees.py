"""What a transaction pays for its gas: what the node asks for, within limits of ours. Pure but for `ask`.

A node may say anything: what it asks for beyond the limits is not signed. All in wei, per gas where nothing
else is said.
"""

from dataclasses import dataclass
from typing import Any

from surge.chain.node.revert import as_error
from surge.chain.node.rpc import Rpc, RpcError
from surge.model.errors import Unavailable
from surge.model.units import Address, divide_up

GWEI = 10**9
MOST_FEE_GWEI = 1_000
"""Unless a network's address book says otherwise."""
PRIORITY_SHARE = 10
"""Of the most fee, the priority fee is at most this part."""
BLOCKS, PERCENTILE = 10, 90
"""Of the last blocks, which transactions tell what priority is paid."""
RAISE = (5, 4)
"""What each raise multiplies the fees by at least."""
BUMP = (11, 10)
"""A raise by less than this is refused by nodes."""


@dataclass(frozen=True, slots=True)
class Fees:
    """Of one transaction: its priority fee, and the most that it pays in all."""

    priority: int
    most: int


@dataclass(frozen=True, slots=True)
class Asked:
    """base: what the last block took; priority: what is given on top of it."""

    base: int
    priority: int


@dataclass(frozen=True, slots=True)
class Cap:
    """gwei: the most fee, `most_fee_gwei` of the network's address book."""

    gwei: int = MOST_FEE_GWEI

    @property
    def most(self) -> int:
        return self.gwei * GWEI

    @property
    def priority(self) -> int:
        return self.most // PRIORITY_SHARE


def ask(rpc: Rpc, account: Address) -> Asked:
    """The priority is at most what the last blocks paid, or a gwei where they paid less."""
    block, priority, history = rpc.batch(
        [
            ("eth_getBlockByNumber", ["latest", False]),
            ("eth_maxPriorityFeePerGas", []),
            ("eth_feeHistory", [hex(BLOCKS), "latest", [PERCENTILE]]),
        ]
    )
    base = int(as_error(block, "reading the base fee", account).get("baseFeePerGas") or "0x0", 16)
    fee = GWEI if isinstance(priority, RpcError) else int(priority, 16)
    return Asked(base, min([fee, *_paid(history)]))


def _paid(history: Any) -> list[int]:
    """What blocks paid, if the node tells."""
    if isinstance(history, RpcError) or not history:
        return []
    rewards = [int(reward, 16) for block in history.get("reward") or [] for reward in block]
    return [max(GWEI, *rewards)] if rewards else []


def first(asked: Asked, cap: Cap, what: str, most: int | None = None) -> Fees:
    """What is offered at first: the base fee may double before it fails to be mined. most: what this one may
    pay. Raises Unavailable, for `what`, if the node asks for more."""
    if asked.priority > cap.priority or asked.base + asked.priority > cap.most:
        raise Unavailable(
            f"{what}: the node asks for fees of {_gwei(asked.base)} + {_gwei(asked.priority)} gwei per gas, "
            f"and at most {cap.gwei:,}, {_gwei(cap.priority)} of it as priority, are signed; nothing was "
            "sent: use another node, or raise most_fee_gwei in the network's address book"
        )
    if most is not None and asked.base > most:
        raise Unavailable(
            f"{what}: gas costs {_gwei(asked.base)} gwei by now, and it is worth {_gwei(most)}; "
            "nothing was sent"
        )
    return _within(Fees(asked.priority, 2 * asked.base + asked.priority), cap, most)


def raised(fees: Fees, asked: Asked, cap: Cap, most: int | None = None) -> Fees | None:
    """What is offered for one that sticks: more by RAISE, or what is asked for by now. None where the limits
    leave no room for a raise that a node takes."""
    more = Fees(
        max(asked.priority, divide_up(fees.priority * RAISE[0], RAISE[1])),
        max(2 * asked.base + asked.priority, divide_up(fees.most * RAISE[0], RAISE[1])),
    )
    more = _within(more, cap, most)
    room = more.priority * BUMP[1] >= fees.priority * BUMP[0] and more.most * BUMP[1] >= fees.most * BUMP[0]
    return more if room else None


def _within(fees: Fees, cap: Cap, most: int | None) -> Fees:
    limit = cap.most if most is None else min(cap.most, most)
    return Fees(min(fees.priority, cap.priority, limit), min(fees.most, limit))


def _gwei(wei: int) -> str:
    return f"{wei / GWEI:,.9g}" if wei < GWEI else f"{wei // GWEI:,}"
