"""JSON-RPC over HTTP: one call, or many in one request; thread-safe, connections kept open.

What a node can't do is learnt from its refusals and kept: longer batches, the pending block.
"""

import http.client
import itertools
import threading
import weakref
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import msgspec

from surge.chain.node.limits import BUSY_STATUS, Patience, is_busy, knows_no_pending, lags, retry_after
from surge.chain.node.shapes import can_answer
from surge.model.errors import BadInput, NoNetwork

BATCH, LOCAL_BATCH = 10, 100
"""Calls in one request: what every public endpoint allows, and a node on this machine."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
TOLD = 200
"""Characters of an error that isn't one as JSON-RPC has them."""


class RpcError(NoNetwork):
    """What the node answered instead of a result; callers that know better turn it into another error.
    busy: it would answer later."""

    def __init__(
        self, code: int, message: str, payload: Any = None, where: str = "", busy: bool = False
    ) -> None:
        super().__init__(
            f"the node {where} refused a call ({message}); try again, or use another RPC address"
        )
        self.code, self.message, self.payload, self.busy = code, message, payload, busy


class HttpRefused(NoNetwork):
    """What stands before the node, or the node, answered with an HTTP error."""


class _Busy(NoNetwork):
    """The node would answer later. pause: seconds that it asks to wait. crowded: it was asked too much."""

    def __init__(self, where: str, said: str, pause: float | None = None, crowded: bool = False) -> None:
        super().__init__(
            f"the chain at {where} takes no more requests for now ({said[:TOLD]}); try later, or use another "
            "RPC address"
        )
        self.pause, self.crowded = pause, crowded


class Rpc:
    """A node at `url` (http or https). Raises NoNetwork when it can't be reached, or keeps refusing."""

    def __init__(self, url: str, timeout: float = 30.0) -> None:
        host = _host(url)
        if host is None:
            raise BadInput(
                "the RPC address can't be one: it is http:// or https:// and a host, in ASCII and without "
                "blanks; correct rpc_url in the address book"
            )
        parts = urlsplit(url)
        self.url, self.where = url, host
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._parts, self._timeout = parts, timeout
        self._idle: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._limit = self._most = LOCAL_BATCH if parts.hostname in _LOOPBACK else BATCH
        self.knows_pending = True
        self._finalizer = weakref.finalize(self, _close_all, self._idle)

    def __repr__(self) -> str:  # an address may carry an access key: show the host alone
        return f"Rpc({self.where})"

    def close(self) -> None:
        """Close idle connections; a later call opens new ones."""
        with self._lock:
            _close_all(self._idle)

    def call(self, method: str, *params: Any) -> Any:
        """One result. Raises RpcError when the node answers with an error."""
        (result,) = self.batch([(method, list(params))])
        if isinstance(result, RpcError):
            raise result
        return result

    def block(self, number: int) -> dict[str, Any]:
        """Without its transactions. Raises NoNetwork for one that the node hasn't, and doesn't get soon."""
        patience = Patience()
        while True:
            found: dict[str, Any] | None = self.call("eth_getBlockByNumber", hex(number), False)
            if found is not None:
                return found
            if not patience.wait():
                raise NoNetwork(
                    f"the node at {self.where} has no block {number}; it lags behind, or keeps no old "
                    "blocks: try again, or use another RPC address"
                )

    def batch(self, calls: Sequence[tuple[str, list[Any]]]) -> list[Any]:
        """Results in order; an RpcError takes the place of a call that failed. Waits, for some seconds, for a
        node that is busy or lacks a block that others have."""
        results: list[Any] = [None] * len(calls)
        rest, patience = list(range(len(calls))), Patience()
        while rest:
            asked = rest[: self._most]
            answers = self._asked([calls[n] for n in asked], patience)
            if answers is None:
                continue
            late = []
            for n, answer in zip(asked, answers, strict=True):
                results[n] = answer
                if isinstance(answer, RpcError) and (answer.busy or lags(answer.message)):
                    late.append(n)
            if len(late) < len(asked):
                patience.renew()
            if late and not patience.wait():
                busy = next((results[n] for n in late if results[n].busy), None)
                if busy is not None:
                    raise _Busy(self.where, busy.message)
                late = []  # it may never have the block: its refusal is the answer
            rest = late + rest[len(asked) :]
        return results

    def _asked(self, calls: list[tuple[str, list[Any]]], patience: Patience) -> list[Any] | None:
        """Results and errors, in order. None where they are to be asked for anew, in another form."""
        bodies = [self._body(method, params) for method, params in calls]
        try:
            replies = self._replies(bodies)
        except _Busy as busy:
            if busy.crowded:
                self._most = max(1, len(bodies) // 2)
            if not patience.wait(busy.pause):
                raise
            return None
        if replies is None:
            self._limit = self._most = max(1, len(bodies) // 2)  # of all batches from now on
            return None
        answers = [self._kept(body, replies.get(body["id"])) for body in bodies]
        if self.knows_pending and any(
            isinstance(one, RpcError) and knows_no_pending(one.code, one.message) for one in answers
        ):
            self.knows_pending = False
            return None
        self._most = min(self._limit, self._most + 1)
        return answers

    def _body(self, method: str, params: Sequence[Any]) -> dict[str, Any]:
        if not self.knows_pending:
            params = ["latest" if one == "pending" else one for one in params]
        return {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": list(params)}

    def _replies(self, bodies: list[dict[str, Any]]) -> dict[Any, Any] | None:
        """By id; None where the endpoint takes no batch of this length."""
        if len(bodies) == 1:
            return {bodies[0]["id"]: self._post(bodies[0])}
        try:
            replies = self._post(bodies)
        except HttpRefused:
            return None
        together = replies if isinstance(replies, list) else [replies]
        found = {reply.get("id"): reply for reply in together if isinstance(reply, dict)}
        if found.keys() & {body["id"] for body in bodies} or (
            isinstance(replies, list) and None not in found
        ):
            return found
        error = found.get(None, {}).get("error")
        if isinstance(error, dict):
            said = str(error.get("message", ""))
            if is_busy("", error.get("code"), said):
                raise _Busy(self.where, said, crowded=True)
        return None

    def _kept(self, body: dict[str, Any], reply: Any) -> Any:
        """A reply's result, or the RpcError itself."""
        try:
            return self._result(body, reply)
        except RpcError as error:
            return error

    def _result(self, body: dict[str, Any], reply: Any) -> Any:
        """Raises RpcError for an error, and for what can't be an answer."""
        if not isinstance(reply, dict) or ("result" not in reply and "error" not in reply):
            raise NoNetwork(
                f"the node at {self.where} left a call unanswered; check rpc_url in the address book"
            )
        error = reply.get("error")
        if isinstance(error, dict):
            code, message = error.get("code", 0), str(error.get("message", ""))
            busy = is_busy(body["method"], code, message)
            code = code if isinstance(code, int) else 0
            raise RpcError(code, message, error.get("data"), self.where, busy)
        if error is not None:
            raise RpcError(0, str(error)[:TOLD], None, self.where)
        if not can_answer(body["method"], body["params"], reply["result"]):
            raise RpcError(0, f"{body['method']}: what it answered is no answer", None, self.where)
        return reply["result"]

    def _post(self, body: Any) -> Any:
        status, wanted, answer = self._exchange(msgspec.json.encode(body))
        if status in BUSY_STATUS:
            crowded = status == HTTPStatus.TOO_MANY_REQUESTS and isinstance(body, list)
            raise _Busy(self.where, f"HTTP {status}", retry_after(wanted), crowded)
        if status != HTTPStatus.OK:
            raise HttpRefused(
                f"the chain at {self.where} answered HTTP {status}; try later, or use another RPC address"
            )
        try:
            return msgspec.json.decode(answer)
        except msgspec.DecodeError as error:
            raise NoNetwork(
                f"what answers at {self.where} is no Ethereum node; check rpc_url in the address book"
            ) from error

    def _exchange(self, content: bytes) -> tuple[int, str | None, bytes]:
        """Status, how long to wait, and what it says."""
        reused = True
        while True:
            connection = self._take()
            if connection is None:
                reused, connection = False, self._connect()
            try:
                connection.request("POST", self._path, content, {"Content-Type": "application/json"})
                response = connection.getresponse()
                answer = response.read()
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if reused and not isinstance(error, TimeoutError):
                    continue  # the node closed an idle connection; every call of ours may be repeated
                raise NoNetwork(
                    f"the chain at {self.where} can't be reached ({_reason(error)}); "
                    "start it with `surge up`, or check the network's rpc_url"
                ) from error
            with self._lock:
                self._idle.append(connection)
            return response.status, response.getheader("Retry-After"), answer

    def _take(self) -> http.client.HTTPConnection | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _connect(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        return kind(str(self._parts.hostname), self._parts.port, timeout=self._timeout)


def shown_address(url: str) -> str:
    """Of an RPC address what is no secret: name and password, path and query may be one."""
    host = _host(url)
    if host is None:
        return "an address that can't be one"
    return host if url.rstrip("/") == host else f"{host}/…"


def _host(url: str) -> str | None:
    """Scheme, host and port; None where it is no address of HTTP."""
    if not url.isascii() or not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{name}{port}"


def _close_all(connections: list[http.client.HTTPConnection]) -> None:
    while connections:
        connections.pop().close()


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
