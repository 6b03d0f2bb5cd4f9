"""Stands between a provider and its node: counts requests, stops answering, or hangs up, as a test wants."""

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class NodeProxy:
    """`url` is its own. hangs: requests wait for an answer that doesn't come; away: they are hung up on.
    hangs_from: the first request with these bytes hangs, and all after it."""

    def __init__(self, node: str) -> None:
        self.requests = 0
        self.hangs = self.away = False
        self.hangs_from: bytes | None = None
        self.heard = threading.Event()
        """Set with each request."""
        self.hung = threading.Event()
        """Set once a request hangs."""
        self._node = urlsplit(node).netloc
        self._closed = threading.Event()
        proxy = self

        class Answering(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                proxy.answer(self, self.rfile.read(int(self.headers["Content-Length"])))

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, asked: BaseHTTPRequestHandler, body: bytes) -> None:
        self.requests += 1
        self.heard.set()
        self.hangs = self.hangs or (self.hangs_from is not None and self.hangs_from in body)
        if self.hangs:
            self.hung.set()
            self._closed.wait()
        if self.hangs or self.away:
            asked.close_connection = True
            return
        node = http.client.HTTPConnection(self._node)
        node.request("POST", "/", body, {"Content-Type": "application/json"})
        content = node.getresponse().read()
        node.close()
        asked.send_response(200)
        asked.send_header("Content-Length", str(len(content)))
        asked.end_headers()
        asked.wfile.write(content)

    def close(self) -> None:
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()
