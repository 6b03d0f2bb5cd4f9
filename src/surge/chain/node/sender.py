"""Sends transactions of one account: fees, nonces counted here, receipts."""

import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from coincurve import PrivateKey

from surge.chain.node.revert import as_error, reason_of, refusal, reverted
from surge.chain.node.rpc import Rpc, RpcError
from surge.chain.node.transaction import Transaction
from surge.model.errors import NoNetwork, Reverted
from surge.model.signature import address_of, checksum
from surge.model.units import Address, Gas, divide_up

log = logging.getLogger("surge.chain")

PATIENCE_SECONDS = 180.0
"""How long to wait for a receipt."""
GAS_MARGIN = (6, 5)
"""Gas limit over the estimate: other transactions may land first and change the path."""
GAS_OF_TIME = 80_000
"""On top of it: what a call writes only when seconds have passed since the last one (interest of a market,
the averages of a pair), which an estimate in the very second of the last block does not see."""
GAS_SALT = 4_096
REPLACED_SECONDS = 3.0
STUCK_SECONDS = 20.0
"""After so long without a receipt a transaction is sent again with the same nonce and a higher fee."""
MAX_RAISES = 4
RAISE = (5, 4)
"""What each raises the fee by at least: to 2.5 times the first in all, or to what blocks ask by then."""
_NONCE_TAKEN = ("nonce too low", "replacement transaction underpriced")
_RACES = 8
_RACE_PAUSE = 0.01
"""Seconds at most after the first lost race, twice as many after each more: who raced parts by chance."""


@dataclass(frozen=True, slots=True)
class Call:
    """What a transaction does: `calldata` in hex to `to` (None: create a contract). `what` is for errors."""

    what: str
    to: Address | None
    calldata: str
    value: int = 0


@dataclass(slots=True)
class _Posted:
    """A call that is on its way, under the hash of each of its transactions: only one can be mined."""

    call: Call
    gas: int
    nonce: int
    fees: tuple[int, int]
    hashes: list[str]
    seen: float = field(default_factory=time.monotonic)
    raised: float = field(default_factory=time.monotonic)
    raises: int = 0


@dataclass(frozen=True, slots=True)
class Sent:
    """A transaction that was mined and succeeded (status 1)."""

    hash: bytes
    gas: Gas
    block: int
    status: int
    logs: tuple[dict[str, Any], ...] = field(repr=False, default=())
    contract: Address | None = None


class Sender:
    """Thread-safe; several processes may send from the same account, a lost race is retried.

    Nonces are counted here while transactions are on their way, and asked of the node otherwise: a local
    node that lost its last seconds, or another program that used the account, leaves no gap.
    """

    def __init__(self, rpc: Rpc, key: PrivateKey, chain_id: int) -> None:
        self.address = address_of(key)
        self._rpc, self._key, self._chain_id = rpc, key, chain_id
        self._lock = threading.Lock()
        self._nonce = 0
        self._in_flight: set[str] = set()
        self._recount = False
        self._newest = "pending"

    def __repr__(self) -> str:
        return f"Sender({self.address})"

    def send(self, call: Call) -> Sent:
        """Estimate, sign, send, wait for the receipt.

        Raises Reverted (with the contract's reason), Underfunded, NoNetwork. When the estimate already
        reverts, nothing is sent and no gas is paid.
        """
        return self.send_all([call])[0]

    def send_all(self, calls: list[Call], gas: int | None = None) -> list[Sent]:
        """Several in consecutive nonces, in as few requests as possible; waits for all of them.

        Each is estimated alone on the state of now, unless `gas` gives the limit of each; none may depend on
        another. When the estimate of one reverts, none is sent. Raises the first failure; the others count.
        """
        limits = [gas] * len(calls) if gas else self._estimate(calls)
        posted = self._post(calls, limits, self._fees())
        for one in posted:
            log.debug("sent: %s, hash=%s", one.call.what, one.hashes[0])
        try:
            receipts = self._wait(posted)
        finally:
            with self._lock:
                self._in_flight.difference_update(one.hashes[0] for one in posted)
        for call, receipt in zip(calls, receipts, strict=True):
            log.debug("mined: %s, gas=%d", call.what, int(receipt["gasUsed"], 16))
        return [self._checked(call, receipt) for call, receipt in zip(calls, receipts, strict=True)]

    def _estimate(self, calls: list[Call]) -> list[int]:
        estimates = self._at_pending(
            lambda block: self._rpc.batch(
                [("eth_estimateGas", [self._request(call), block]) for call in calls]
            )
        )
        limits = []
        for call, estimate in zip(calls, estimates, strict=True):
            found = int(as_error(estimate, call.what, self.address), 16)
            limits.append(found * GAS_MARGIN[0] // GAS_MARGIN[1] + GAS_OF_TIME)
        return limits

    def _at_pending(self, ask: Callable[[str], list[Any]]) -> list[Any]:
        """On top of what is on its way; on the last block where the node knows no other."""
        answers = ask(self._newest)
        if self._newest == "pending" and any(_knows_no_pending(answer) for answer in answers):
            self._newest = "latest"
            return ask(self._newest)
        return answers

    def _fees(self) -> tuple[int, int]:
        """Priority and maximum fee in wei per gas: the base fee may double before it fails to be mined."""
        block, priority = self._rpc.batch(
            [("eth_getBlockByNumber", ["latest", False]), ("eth_maxPriorityFeePerGas", [])]
        )
        base = int(as_error(block, "reading the base fee", self.address).get("baseFeePerGas", "0x0"), 16)
        fee = 10**9 if isinstance(priority, RpcError) else int(priority, 16)
        return fee, 2 * base + fee

    def _post(self, calls: list[Call], limits: list[int], fees: tuple[int, int]) -> list[_Posted]:
        """In the order of `calls`. A call that lost its nonce to another program is signed again."""
        posted: dict[int, _Posted] = {}
        with self._lock:
            count = (
                self._recount or not self._in_flight
            )  # with nothing of ours on its way, the node knows best
            for race in range(_RACES):
                if count:
                    self._nonce = self._count()
                self._recount = True  # until all went well
                rest = [i for i in range(len(calls)) if i not in posted]
                signed = [self._sign(calls[i], limits[i], self._nonce + n, fees) for n, i in enumerate(rest)]
                answers = self._rpc.batch([("eth_sendRawTransaction", [raw]) for _, raw in signed])
                for n, (i, (hash_, _), answer) in enumerate(zip(rest, signed, answers, strict=True)):
                    if not isinstance(answer, RpcError) or self._is_known(hash_):
                        posted[i] = _Posted(calls[i], limits[i], self._nonce + n, fees, [hash_])
                    elif not any(sign in answer.message.lower() for sign in _NONCE_TAKEN):
                        raise refusal(answer, calls[i].what, self.address) from answer
                self._nonce += len(rest)
                if len(posted) == len(calls):
                    self._in_flight.update(one.hashes[0] for one in posted.values())
                    self._recount = False
                    return [posted[i] for i in range(len(calls))]
                count = True
                time.sleep(_RACE_PAUSE * 2**race * secrets.randbelow(1_000) / 1_000)
        late = next(i for i in range(len(calls)) if i not in posted)
        raise NoNetwork(f"{calls[late].what}: {self.address} sends from several places at once; try again")

    def _count(self) -> int:
        (count,) = self._at_pending(
            lambda block: self._rpc.batch([("eth_getTransactionCount", [self.address, block])])
        )
        return int(as_error(count, "counting transactions", self.address), 16)

    def _sign(self, call: Call, gas: int, nonce: int, fees: tuple[int, int]) -> tuple[str, str]:
        """Hash and raw transaction, in hex."""
        gas += secrets.randbelow(GAS_SALT)  # no other program's transaction has this hash: see _is_known
        transaction = Transaction(self._chain_id, nonce, *fees, gas, call.to, call.value, call.calldata)
        digest, raw = transaction.sign(self._key)
        return "0x" + digest.hex(), raw

    def _is_known(self, hash_: str) -> bool:
        """Whether the node has this very transaction: an answer may be lost and its request repeated."""
        return bool(self._rpc.call("eth_getTransactionByHash", hash_))

    def _wait(self, posted: list[_Posted]) -> list[dict[str, Any]]:
        """The receipt of each, of whichever of its transactions was mined."""
        receipts: dict[int, dict[str, Any]] = {}
        start, pause = time.monotonic(), 0.005
        while True:
            waiting = [one for one in posted if one.nonce not in receipts]
            receipts |= {
                one.nonce: answer
                for one, answer in self._of_each("eth_getTransactionReceipt", waiting)
                if answer and not isinstance(answer, RpcError)
            }
            if len(receipts) == len(posted):
                return [receipts[one.nonce] for one in posted]
            waiting, now = [one for one in waiting if one.nonce not in receipts], time.monotonic()
            if now - start > 1:
                for one, answer in self._of_each("eth_getTransactionByHash", waiting):
                    one.seen = now if answer else one.seen
            for one in waiting:
                what = f"{one.call.what}: transaction {one.hashes[-1]}"
                if now - one.seen > REPLACED_SECONDS:
                    raise NoNetwork(
                        f"{what} was dropped by the node, or replaced by another program that sends from "
                        f"{self.address}; look at the state before you send it again"
                    )
                if now - start > PATIENCE_SECONDS:
                    raise NoNetwork(
                        f"{what} was not mined within {PATIENCE_SECONDS:.0f} s; it may still be: "
                        "look it up before you send it again"
                    )
                if now - one.raised > STUCK_SECONDS and one.raises < MAX_RAISES:
                    self._raise(one)
            time.sleep(pause)
            pause = min(pause * 1.5, 1.0)

    def _of_each(self, method: str, waiting: list[_Posted]) -> list[tuple[_Posted, Any]]:
        """What the node says of each hash of each."""
        asked = [(one, hash_) for one in waiting for hash_ in one.hashes]
        answers = self._rpc.batch([(method, [hash_]) for _, hash_ in asked])
        return [(one, answer) for (one, _), answer in zip(asked, answers, strict=True)]

    def _raise(self, stuck: _Posted) -> None:
        """The same call in the same place of the account, for a higher fee: only one of them can be mined."""
        asked = self._fees()
        stuck.fees = (
            max(asked[0], divide_up(stuck.fees[0] * RAISE[0], RAISE[1])),
            max(asked[1], divide_up(stuck.fees[1] * RAISE[0], RAISE[1])),
        )
        stuck.raises, stuck.raised = stuck.raises + 1, time.monotonic()
        hash_, raw = self._sign(stuck.call, stuck.gas, stuck.nonce, stuck.fees)
        stuck.hashes.append(hash_)  # before it is sent: an answer may be lost
        (answer,) = self._rpc.batch([("eth_sendRawTransaction", [raw])])
        said = {"refused": answer.message} if isinstance(answer, RpcError) else {}
        log.info("sent again for a higher fee: %s, hash=%s %s", stuck.call.what, hash_, said or "")

    def _checked(self, call: Call, receipt: dict[str, Any]) -> Sent:
        hash_, block = receipt["transactionHash"], int(receipt["blockNumber"], 16)
        if int(receipt["status"], 16) != 1:
            failure = self._why(call, hash_, block)
            failure.gas = int(receipt["gasUsed"], 16)
            raise failure
        created = receipt.get("contractAddress")
        if created:
            created = checksum(bytes.fromhex(created[2:]))
        return Sent(
            bytes.fromhex(hash_[2:]),
            Gas(int(receipt["gasUsed"], 16)),
            block,
            1,
            tuple(receipt["logs"]),
            created,
        )

    def _why(self, call: Call, hash_: str, block: int) -> Reverted:
        """A mined failure has no reason in its receipt: run it again on the state before its block."""
        try:
            self._rpc.call("eth_call", self._request(call), hex(block - 1))
        except RpcError as error:
            return reverted(f"{call.what} (transaction {hash_})", reason_of(error) or "no reason given")
        return reverted(
            f"{call.what} (transaction {hash_})", "another transaction came first, or its gas ran out"
        )

    def _request(self, call: Call) -> dict[str, str]:
        request = {"from": str(self.address), "data": call.calldata, "value": hex(call.value)}
        return request | ({"to": str(call.to)} if call.to else {})


def _knows_no_pending(answer: Any) -> bool:
    """Whether this is the refusal of a node that has no pending block."""
    if not isinstance(answer, RpcError) or reason_of(answer) is not None:
        return False
    return "pending" in answer.message.lower()
