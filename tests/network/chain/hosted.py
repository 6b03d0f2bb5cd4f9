"""A node as it is rented: limits on batches and on requests a second, no pending block, members that lag."""

import http.client
import json
from http.server import BaseHTTPRequestHandler
from itertools import count
from urllib.parse import urlsplit

from network.provider.proxy import NodeProxy

MOST = 10


class HostedNode(NodeProxy):
    """In front of a real node. Every `every`th request is one too many: by HTTP or, of a batch, for a part of
    it. Each block is told of before it can be read: the first call at it finds no header. said: refusals."""

    def __init__(self, node: str, every: int = 3) -> None:
        self.every, self.said = every, list[str]()
        self._target, self._seen, self._numbers = urlsplit(node).netloc, set[str](), count(1)
        super().__init__(node)

    def answer(self, asked: BaseHTTPRequestHandler, body: bytes) -> None:
        self.requests += 1
        calls, turn = json.loads(body), next(self._numbers)
        if isinstance(calls, list) and len(calls) > MOST:
            self.said.append("long")
            refusal = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "batch too large"}}
            self._say(asked, 200, [refusal])
        elif turn % self.every == 0 and turn % 2 == 0:
            self.said.append("429")
            self._say(asked, 429, {})
        elif isinstance(calls, list):
            limited = turn % self.every == 0
            answers = [self._one(call) for call in calls]
            if limited:
                self.said.append("part")
                answers[-1] = _error(calls[-1], -32005, "daily request count exceeded, request rate limited")
            self._say(asked, 200, answers)
        else:
            self._say(asked, 200, self._one(calls))

    def _one(self, call: dict) -> dict:
        params = call["params"]
        if "pending" in params:
            self.said.append("pending")
            return _error(call, -32602, "block pending is not supported")
        if call["method"] == "eth_call" and params[-1] not in self._seen:
            self._seen.add(params[-1])
            self.said.append("header")
            return _error(call, -32000, "header not found")
        node = http.client.HTTPConnection(self._target)
        node.request("POST", "/", json.dumps(call), {"Content-Type": "application/json"})
        found = json.loads(node.getresponse().read())
        node.close()
        return found

    def _say(self, asked: BaseHTTPRequestHandler, status: int, said: object) -> None:
        content = json.dumps(said).encode()
        asked.send_response(status)
        asked.send_header("Content-Length", str(len(content)))
        if status == 429:
            asked.send_header("Retry-After", "0")
        asked.end_headers()
        asked.wfile.write(content)


def _error(call: dict, code: int, message: str) -> dict:
    return {"jsonrpc": "2.0", "id": call["id"], "error": {"code": code, "message": message}}
