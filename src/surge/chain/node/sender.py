"""Sends transactions of one account: fees, nonces counted here, receipts."""

import logging
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from coincurve import PrivateKey

from surge.chain.node.fees import Cap, Fees, ask, first, raised
from surge.chain.node.revert import as_error, reason_of, refusal, reverted
from surge.chain.node.rpc import Rpc, RpcError
from surge.chain.node.transaction import Transaction
from surge.model.errors import NoNetwork, Reverted, SurgeError, naming
from surge.model.signature import address_of, checksum
from surge.model.units import Address, Gas

log = logging.getLogger("surge.chain")

PATIENCE_SECONDS = 180.0
"""How long to wait for a receipt."""
GAS_MARGIN = (6, 5)
"""Gas limit over the estimate: other transactions may land first and change the path."""
GAS_OF_TIME = 80_000
"""On top of it: what a call writes only when seconds have passed since the last one (interest of a market,
the averages of a pair), which an estimate in the very second of the last block does not see."""
GAS_SALT = 4_096
UNKNOWN_SECONDS = 3.0
"""What the node does not know for so long is sent again as it was: its hash stays, so that it can't happen
twice. Nodes that lag say for a while that there is no such transaction."""
REPLACED_SECONDS = 60.0
"""After the account has passed a transaction's nonce, its receipt may lag for so long."""
STUCK_SECONDS = 20.0
"""After so long without a receipt a transaction is sent again with the same nonce and a higher fee."""
MAX_RAISES = 4
"""To 2.5 times the first fee in all, or to what blocks ask by then."""
_NONCE_TAKEN = ("nonce too low", "replacement transaction underpriced")
_DEFAULT = Cap()
_RACES = 8
_RACE_PAUSE = 0.01
"""Seconds at most after the first lost race, twice as many after each more: who raced parts by chance."""


@dataclass(frozen=True, slots=True)
class Call:
    """What a transaction does: `calldata` in hex to `to` (None: create a contract). `what` is for errors.
    most: wei that its gas may cost in all; None for no limit but that of the network."""

    what: str
    to: Address | None
    calldata: str
    value: int = 0
    most: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class _Limit:
    """expected: the gas that it takes by its estimate."""

    gas: int
    expected: int

    @classmethod
    def of(cls, estimate: int) -> "_Limit":
        return cls(estimate * GAS_MARGIN[0] // GAS_MARGIN[1] + GAS_OF_TIME, estimate)

    def per_gas(self, call: Call) -> int | None:
        """What the call may pay for each."""
        return None if call.most is None else call.most // max(1, self.expected)


@dataclass(slots=True)
class _Posted:
    """A call that is on its way, by hash and content of each of its transactions: only one can be mined."""

    call: Call
    limit: _Limit
    nonce: int
    fees: Fees
    raws: dict[str, str]
    seen: float
    raised: float
    raises: int = 0
    passed: float | None = None
    """Since when the account has passed its nonce, and no receipt is there."""
    replaced: bool = False
    receipt: dict[str, Any] | None = None

    @property
    def hash(self) -> str:
        """Of the first."""
        return next(iter(self.raws))

    @property
    def may_be_mined(self) -> bool:
        return self.receipt is None and not self.replaced

    def resume(self) -> None:
        """It was given up, and is waited for again: looked up, and sent again unless the node knows it."""
        now = time.monotonic()
        self.seen, self.raised, self.passed = now - UNKNOWN_SECONDS, now, None


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
    node that lost its last seconds, or another program that used the account, leaves no gap. A call that was
    given up and is sent once more is the same transaction as long as that may be mined: it happens once.
    """

    def __init__(self, rpc: Rpc, key: PrivateKey, chain_id: int, cap: Cap = _DEFAULT) -> None:
        self.address = address_of(key)
        self._cap = cap
        self._left: dict[Call, list[_Posted]] = {}
        self._rpc, self._key, self._chain_id = rpc, key, chain_id
        self._lock = threading.Lock()
        self._nonce = 0
        self._in_flight: set[str] = set()
        self._recount = False

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
        An interrupt names what may be on its way.
        """
        posted = self._resumed(calls)
        try:
            with naming(lambda: (hash_ for one in posted.values() for hash_ in one.raws)):
                fresh = {place: call for place, call in enumerate(calls) if place not in posted}
                if fresh:
                    self._send(fresh, gas, posted)
                self._wait(list(posted.values()))
        finally:
            with self._lock:
                self._in_flight.difference_update(one.hash for one in posted.values())
                for one in posted.values():
                    if one.may_be_mined:
                        self._left.setdefault(one.call, []).append(one)
        sent = []
        for place, call in enumerate(calls):
            receipt = posted[place].receipt or {}
            log.debug("mined: %s, gas=%d", call.what, int(receipt["gasUsed"], 16))
            sent.append(receipt)
        return [self._checked(call, receipt) for call, receipt in zip(calls, sent, strict=True)]

    def _resumed(self, calls: list[Call]) -> dict[int, _Posted]:
        """Those that were given up before, by their place among the calls."""
        posted: dict[int, _Posted] = {}
        with self._lock:
            for place, call in enumerate(calls):
                if left := self._left.get(call):
                    posted[place] = left.pop(0)
                    posted[place].resume()
                    if not left:
                        del self._left[call]
                    log.info("waiting once more: %s, hash=%s", call.what, posted[place].hash)
        return posted

    def _send(self, calls: dict[int, Call], gas: int | None, posted: dict[int, _Posted]) -> None:
        limits = [_Limit(gas, gas)] * len(calls) if gas else self._estimate(list(calls.values()))
        asked = ask(self._rpc, self.address)
        wanted = [
            (place, call, limit, first(asked, self._cap, call.what, limit.per_gas(call)))
            for (place, call), limit in zip(calls.items(), limits, strict=True)
        ]
        self._post(wanted, posted)

    def _estimate(self, calls: list[Call]) -> list[_Limit]:
        estimates = self._rpc.batch([("eth_estimateGas", [self._request(call), "pending"]) for call in calls])
        return [
            _Limit.of(int(as_error(estimate, call.what, self.address), 16))
            for call, estimate in zip(calls, estimates, strict=True)
        ]

    def _post(self, wanted: list[tuple[int, Call, _Limit, Fees]], posted: dict[int, _Posted]) -> None:
        """In the order of `wanted`, into `posted`; what may be on its way is in there whatever this raises.
        A call that lost its nonce to another program is signed again."""
        with self._lock:
            count = (
                self._recount or not self._in_flight
            )  # with nothing of ours on its way, the node knows best
            for race in range(_RACES):
                if count:
                    self._nonce = self._count()
                self._recount = True  # until all went well
                rest = [one for one in wanted if one[0] not in posted]
                now = time.monotonic()
                for n, (place, call, limit, fees) in enumerate(rest):
                    raws = dict([self._sign(call, limit.gas, self._nonce + n, fees)])
                    posted[place] = _Posted(call, limit, self._nonce + n, fees, raws, now, now)
                self._nonce += len(rest)
                self._hand_over([place for place, *_ in rest], posted)
                if all(place in posted for place, *_ in wanted):
                    self._in_flight.update(posted[place].hash for place, *_ in wanted)
                    self._recount = False
                    return
                count = True
                time.sleep(_RACE_PAUSE * 2**race * secrets.randbelow(1_000) / 1_000)
        late = next(call for place, call, *_ in wanted if place not in posted)
        raise NoNetwork(f"{late.what}: {self.address} sends from several places at once; try again")

    def _hand_over(self, places: list[int], posted: dict[int, _Posted]) -> None:
        """To the node. What it refuses is no longer posted; raises the first refusal but lost races."""
        raws = [posted[place].raws[posted[place].hash] for place in places]
        answers = self._rpc.batch([("eth_sendRawTransaction", [raw]) for raw in raws])
        refused: SurgeError | None = None
        for place, answer in zip(places, answers, strict=True):
            if not isinstance(answer, RpcError) or self._is_known(posted[place].hash):
                log.debug("sent: %s, hash=%s", posted[place].call.what, posted[place].hash)
                continue
            call = posted.pop(place).call
            if refused is None and not any(sign in answer.message.lower() for sign in _NONCE_TAKEN):
                refused = refusal(answer, call.what, self.address)
                refused.__cause__ = answer
        if refused is not None:
            raise refused

    def _count(self) -> int:
        """On top of what is on its way; a node without a pending block counts what is mined, so that what was
        given up here is counted by hand."""
        (count,) = self._rpc.batch([("eth_getTransactionCount", [self.address, "pending"])])
        mined = int(as_error(count, "counting transactions", self.address), 16)
        if self._rpc.knows_pending:
            return mined
        left = [one for posted in self._left.values() for one in posted if one.may_be_mined]
        return max([mined, *(one.nonce + 1 for one in left if one.passed is None)])

    def _sign(self, call: Call, gas: int, nonce: int, fees: Fees) -> tuple[str, str]:
        """Hash and raw transaction, in hex."""
        gas += secrets.randbelow(GAS_SALT)  # no other program's transaction has this hash: see _is_known
        transaction = Transaction(
            self._chain_id, nonce, fees.priority, fees.most, gas, call.to, call.value, call.calldata
        )
        digest, raw = transaction.sign(self._key)
        return "0x" + digest.hex(), raw

    def _is_known(self, hash_: str) -> bool:
        """Whether the node has this very transaction: an answer may be lost and its request repeated."""
        return bool(self._rpc.call("eth_getTransactionByHash", hash_))

    def _wait(self, posted: list[_Posted]) -> None:
        """Until each has its receipt, of whichever of its transactions was mined."""
        start, pause = time.monotonic(), 0.005
        while True:
            for one, answer in self._of_each("eth_getTransactionReceipt", posted):
                if answer and not isinstance(answer, RpcError):
                    one.receipt = answer
            waiting, now = [one for one in posted if one.receipt is None], time.monotonic()
            if not waiting:
                return
            if now - start > 1:
                self._look_for(waiting, now)
                self._unblock(waiting, now)
            for one in waiting:
                what = f"{one.call.what}: transaction {list(one.raws)[-1]}"
                if one.passed is not None and now - one.passed > REPLACED_SECONDS:
                    one.replaced = True
                    raise NoNetwork(
                        f"{what} was replaced by another program that sends from {self.address}; look at the "
                        "state before you send it again"
                    )
                if now - start > PATIENCE_SECONDS:
                    raise NoNetwork(
                        f"{what} was not mined within {PATIENCE_SECONDS:.0f} s; it may still be: "
                        "look it up before you send it again"
                    )
                if now - one.raised > STUCK_SECONDS:
                    self._raise(one)
            time.sleep(pause)
            pause = min(pause * 1.5, 1.0)

    def _look_for(self, waiting: list[_Posted], now: float) -> None:
        """What the node doesn't know any more is sent again, unless the account has gone on without it."""
        known = {one.nonce for one, answer in self._of_each("eth_getTransactionByHash", waiting) if answer}
        unknown = [one for one in waiting if one.nonce not in known]
        for one in waiting:
            if one.nonce in known:
                one.seen, one.passed = now, None
        if not unknown:
            return
        count = int(self._rpc.call("eth_getTransactionCount", self.address, "latest"), 16)
        for one in unknown:
            if count <= one.nonce:
                one.passed = None
            elif one.passed is None:
                one.passed = now
        lost = [one for one in unknown if one.passed is None and now - one.seen > UNKNOWN_SECONDS]
        self._rpc.batch([("eth_sendRawTransaction", [raw]) for one in lost for raw in one.raws.values()])
        for one in lost:
            log.info("sent again as it was: %s, hash=%s", one.call.what, one.hash)
            one.seen = now

    def _unblock(self, waiting: list[_Posted], now: float) -> None:
        """What was given up and is not mined stands in the way of all that the account sent after it."""
        first = min(one.nonce for one in waiting)
        with self._lock:
            left = [one for posted in self._left.values() for one in posted]
        late = [one for one in left if one.nonce < first and now - one.raised > STUCK_SECONDS]
        late = [one for one in late if one.may_be_mined and one.passed is None]
        if not late:
            return
        count = int(self._rpc.call("eth_getTransactionCount", self.address, "latest"), 16)
        for one in late:
            if one.nonce < count:
                one.passed = now
            else:
                self._raise(one)

    def _of_each(self, method: str, posted: list[_Posted]) -> list[tuple[_Posted, Any]]:
        """What the node says of each hash of each that waits."""
        asked = [(one, hash_) for one in posted if one.receipt is None for hash_ in one.raws]
        answers = self._rpc.batch([(method, [hash_]) for _, hash_ in asked])
        return [(one, answer) for (one, _), answer in zip(asked, answers, strict=True)]

    def _raise(self, stuck: _Posted) -> None:
        """The same call in the same place of the account, for a higher fee: only one of them can be mined.
        After MAX_RAISES, only once blocks take more than it offers."""
        stuck.raised = time.monotonic()
        asked = ask(self._rpc, self.address)
        if stuck.raises >= MAX_RAISES and asked.base <= stuck.fees.most:
            return
        fees = raised(stuck.fees, asked, self._cap, stuck.limit.per_gas(stuck.call))
        if fees is None:
            log.warning("waits for cheaper gas: no higher fee is allowed: %s", stuck.call.what)
            self._rpc.batch([("eth_sendRawTransaction", [list(stuck.raws.values())[-1]])])
            return
        stuck.fees, stuck.raises = fees, stuck.raises + 1
        hash_, raw = self._sign(stuck.call, stuck.limit.gas, stuck.nonce, fees)
        stuck.raws[hash_] = raw  # before it is sent: an answer may be lost
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
