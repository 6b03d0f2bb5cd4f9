"""The JSON-RPC client against nodes that misbehave."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from surge.chain.node import limits
from surge.chain.node.rpc import Rpc, RpcError, shown_address
from surge.model.errors import BadInput, NoNetwork


class Script(BaseHTTPRequestHandler):
    """Answers as the test says: a list of (status, function of the request), the last one for ever."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answers = self.server.answers
        most, refused = getattr(self.server, "limit", (10**6, 200))
        if isinstance(request, list) and len(request) > most:
            answers = [(refused, lambda _: b"too long")]
        status, answer = answers.pop(0) if len(answers) > 1 else answers[0]
        content = answer(request)
        content = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        if wanted := getattr(self.server, "wanted", None):
            self.send_header("Retry-After", wanted)
        self.end_headers()
        self.server.requests.append(request)
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def node(monkeypatch):
    monkeypatch.setattr("surge.chain.node.limits.time.sleep", lambda _: None)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Script)
    server.daemon_threads = True
    server.requests = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    server.rpc = Rpc(f"http://127.0.0.1:{server.server_address[1]}/v1/some-access-key", timeout=5)
    yield server
    server.rpc.close()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://127.0.0.1:8545", "http://127.0.0.1:8545"),
        ("https://node.example/", "https://node.example"),
        ("https://somebody:secret@node.example:8545", "https://node.example:8545/…"),
        ("https://node.example/v3/secret", "https://node.example/…"),
        ("https://node.example?key=secret", "https://node.example/…"),
        ("http://[::1]:8545/secret", "http://[::1]:8545/…"),
        ("wss://node.example/secret", "an address that can't be one"),
    ],
)
def test_what_is_secret_in_an_address_is_not_shown(address, shown):
    assert shown_address(address) == shown


@pytest.mark.parametrize(
    "address",
    ["ftp://node/secret", "node/secret", "http:///secret", "http://n:secret", "http://[n/secret",
     "http://node/a secret", "http://node/secret\n", "http://node/sécret", ""],
)  # fmt: skip
def test_what_can_be_no_address_is_refused_without_a_secret(address):
    with pytest.raises(BadInput, match="rpc_url in the address book") as raised:
        Rpc(address)
    assert "cret" not in str(raised.value)


def good(request):
    if isinstance(request, list):
        return [good(each) for each in reversed(request)]  # the order of answers is free
    return {"jsonrpc": "2.0", "id": request["id"], "result": request["method"]}


def refusing(request):
    return {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "no batches here"}}


def test_answers_find_their_calls(node):
    node.answers = [(200, good)]
    assert node.rpc.call("one") == "one"
    assert node.rpc.batch([("one", []), ("two", [])]) == ["one", "two"]


def test_a_busy_node_is_asked_again(node):
    node.answers = [(429, lambda _: b""), (503, lambda _: b""), (200, good)]
    assert node.rpc.call("one") == "one"
    assert len(node.requests) == 3


def test_a_node_that_stays_busy_is_given_up(node):
    node.answers = [(429, lambda _: b"")]
    with pytest.raises(NoNetwork, match="HTTP 429") as caught:
        node.rpc.call("one")
    assert "some-access-key" not in str(caught.value)


def test_a_node_without_batches_is_asked_one_by_one(node):
    node.answers = [(200, refusing), (200, good)]
    assert node.rpc.batch([("one", []), ("two", [])]) == ["one", "two"]


@pytest.mark.parametrize("answer", [lambda _: b"<html>", lambda _: [], lambda _: {"id": 1}, lambda _: 7])
def test_what_is_no_answer_is_no_network(node, answer):
    node.answers = [(200, answer)]
    with pytest.raises(NoNetwork, match=r"rpc_url"):
        node.rpc.call("one")


def test_an_unanswered_call_of_a_batch_is_no_network(node):
    node.answers = [(200, lambda request: good(request)[:1])]
    with pytest.raises(NoNetwork, match="unanswered"):
        node.rpc.batch([("one", []), ("two", [])])


def test_a_refusal_is_an_error_of_ours_with_the_nodes_words(node):
    node.answers = [(200, refusing)]
    with pytest.raises(RpcError, match=r"no batches here.*another RPC address") as caught:
        node.rpc.call("one")
    assert isinstance(caught.value, NoNetwork)
    assert (caught.value.code, caught.value.message) == (-32600, "no batches here")


@pytest.mark.parametrize(
    "answer",
    [
        lambda r: {"jsonrpc": "2.0", "id": r["id"], "error": "rate limited"},
        lambda r: {"jsonrpc": "2.0", "id": r["id"], "error": ["busy"]},
        lambda r: {"jsonrpc": "2.0", "id": r["id"], "error": {"code": "x", "message": None}},
        lambda r: {"jsonrpc": "2.0", "id": r["id"], "result": None},
        lambda r: {"jsonrpc": "2.0", "id": r["id"], "result": "soon"},
        lambda r: {"jsonrpc": "2.0", "id": r["id"], "result": {"timestamp": 5}},
        lambda r: ["x"],
        lambda r: None,
    ],
)
def test_what_can_be_no_answer_is_no_network(node, answer):
    node.answers = [(200, answer)]
    for method, params in (("eth_blockNumber", ()), ("eth_getBlockByNumber", ("latest", False))):
        with pytest.raises(NoNetwork):
            node.rpc.call(method, *params)


def test_junk_among_the_answers_of_a_batch_is_no_network(node):
    node.answers = [(200, lambda requests: ["x"] * len(requests) if isinstance(requests, list) else "x")]
    with pytest.raises(NoNetwork):
        node.rpc.batch([("eth_blockNumber", []), ("eth_chainId", [])])


@pytest.mark.parametrize("status", [400, 413, 500])
def test_batches_become_as_short_as_the_node_takes_them(node, status):
    node.answers = [(200, good)]
    node.limit = 10, status
    assert node.rpc.batch([(f"m{n}", []) for n in range(47)]) == [f"m{n}" for n in range(47)]
    sizes = [len(request) for request in node.requests if isinstance(request, list)]
    assert max(sizes[3:]) <= 10
    before = len(node.requests)
    node.rpc.batch([(f"m{n}", []) for n in range(47)])
    assert len(node.requests) - before <= 10  # it remembers


def test_a_block_that_the_node_lacks_is_told(node):
    node.answers = [(200, lambda r: {"jsonrpc": "2.0", "id": r["id"], "result": None})]
    with pytest.raises(NoNetwork, match="has no block 7; it lags behind"):
        node.rpc.block(7)


# Nodes for many people


def answered(request, refuse):
    """As `good`, but for what `refuse` answers with an error: its code and message."""
    if isinstance(request, list):
        return [answered(each, refuse) for each in request]
    error = refuse(request)
    if error is None:
        return good(request)
    return {
        "jsonrpc": "2.0",
        "id": request["id"],
        "error": dict(zip(("code", "message"), error, strict=True)),
    }


def once(code, message):
    """Refuses each call the first time."""
    seen = set()

    def refuse(request):
        place = json.dumps([request["method"], request["params"]])
        if place in seen:
            return None
        seen.add(place)
        return code, message

    return refuse


@pytest.mark.parametrize(
    ("code", "message"),
    [(-32005, "limit exceeded"), (-32016, "over the limit"), (429, "exceeded its compute units per second"),
     (-32000, "header not found"), (-32000, "Unknown block"), (-32001, "block not found: 0x10")],
)  # fmt: skip
def test_what_a_node_will_answer_later_is_asked_again(node, code, message):
    refuse = once(code, message)
    node.answers = [(200, lambda request: answered(request, refuse))]
    assert node.rpc.call("one") == "one"
    assert node.rpc.batch([(f"m{n}", []) for n in range(30)]) == [f"m{n}" for n in range(30)]
    assert len(node.requests) <= 5


def test_only_what_was_refused_is_asked_again(node):
    refuse = once(-32005, "limit exceeded")
    node.answers = [
        (200, lambda request: answered(request, lambda one: refuse(one) if one["method"] == "m3" else None))
    ]
    assert node.rpc.batch([(f"m{n}", []) for n in range(9)]) == [f"m{n}" for n in range(9)]
    assert [one["method"] for one in node.requests[1:]] == ["m3"]


def test_a_node_that_limits_for_ever_is_given_up(node):
    node.answers = [
        (200, lambda request: answered(request, lambda _: (-32005, "rate limit of \x1b[31mfree")))
    ]
    for ask in (lambda: node.rpc.call("one"), lambda: node.rpc.batch([("one", []), ("two", [])])):
        with pytest.raises(NoNetwork, match=r"takes no more requests for now.*another RPC address") as caught:
            ask()
        assert not isinstance(caught.value, RpcError)
        assert "\x1b" not in str(caught.value)
    assert len(node.requests) == 2 * (limits.MOST_WAITS + 1)


def test_a_block_that_never_comes_is_a_refusal(node):
    node.answers = [(200, lambda request: answered(request, lambda _: (-32000, "header not found")))]
    with pytest.raises(RpcError, match="header not found"):
        node.rpc.call("one")


def test_too_many_logs_are_no_reason_to_wait(node):
    """A smaller range is asked for instead."""
    node.answers = [(200, lambda request: answered(request, lambda _: (-32005, "limit exceeded")))]
    with pytest.raises(RpcError, match="limit exceeded"):
        node.rpc.call("eth_getLogs")
    assert len(node.requests) == 1


def test_a_contracts_words_are_no_nodes(node):
    node.answers = [
        (200, lambda request: answered(request, lambda _: (3, "execution reverted: unknown block")))
    ]
    with pytest.raises(RpcError, match="unknown block"):
        node.rpc.call("one")
    assert len(node.requests) == 1


@pytest.mark.parametrize(
    ("wanted", "pauses"),
    [("2", [2.0]), (" 7 ", [7.0]), ("0", [0.0]), ("soon", [0.25]), ("-5", [0.25]), (None, [0.25]),
     ("Thu, 01 Jan 1970 00:00:00 GMT", [0.0])],
)  # fmt: skip
def test_it_waits_as_long_as_the_node_asks(node, monkeypatch, wanted, pauses):
    slept = []
    monkeypatch.setattr("surge.chain.node.limits.time.sleep", slept.append)
    node.wanted = wanted
    node.answers = [(429, lambda _: b""), (200, good)]
    assert node.rpc.call("one") == "one"
    assert slept == pauses


def test_it_waits_no_longer_than_its_patience(node, monkeypatch):
    slept = []
    monkeypatch.setattr("surge.chain.node.limits.time.sleep", slept.append)
    node.answers = [(429, lambda _: b"")]
    for wanted, most in (("3600", 0), ("11", 2), (None, limits.MOST_WAITS)):
        slept.clear()
        node.wanted = wanted
        with pytest.raises(NoNetwork, match="HTTP 429"):
            node.rpc.call("one")
        assert len(slept) == most
        assert sum(slept) <= limits.MOST_SECONDS


def test_a_crowded_batch_is_shortened_and_grows_again(node):
    node.answers = [(429, lambda _: b""), (200, good)]
    names = [(f"m{n}", []) for n in range(200)]
    assert node.rpc.batch(names) == [name for name, _ in names]
    assert [len(one) for one in node.requests] == [100, 50, 51, 52, 47]


def test_the_error_of_a_whole_batch_is_known_for_what_it_is(node):
    """As some nodes put it: a list of one error that is about no call."""
    too_long = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "batch too large"}}
    busy = {"jsonrpc": "2.0", "id": None, "error": {"code": -32005, "message": "rate limit"}}
    for refusal, limit in ((busy, 100), (too_long, 1)):
        node.answers = [(200, lambda _, refusal=refusal: [refusal]), (200, good)]
        assert node.rpc.batch([("one", []), ("two", [])]) == ["one", "two"]
        assert node.rpc._limit == limit


def test_a_node_without_a_pending_block_is_asked_for_its_last_from_then_on(node):
    def refuse(request):
        return (-32602, "pending is not supported") if "pending" in request["params"] else None

    node.answers = [(200, lambda request: answered(request, refuse))]
    for _ in range(2):
        assert node.rpc.batch([("one", ["pending", False]), ("two", [])]) == ["one", "two"]
    assert node.rpc.call("three", "pending") == "three"
    asked = [
        one["params"]
        for request in node.requests
        for one in (request if isinstance(request, list) else [request])
    ]
    assert [("pending" in params) for params in asked] == [True] + [False] * (len(asked) - 1)
    assert node.requests[-1]["params"] == ["latest"]


@pytest.mark.parametrize(
    ("url", "most"),
    [
        ("http://127.0.0.1:1", 100),
        ("http://localhost:1", 100),
        ("http://[::1]:1", 100),
        ("https://node.example", 10),
    ],
)
def test_a_hosted_node_gets_short_batches(url, most):
    assert Rpc(url)._most == most
