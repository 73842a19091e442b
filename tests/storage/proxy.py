"""An HTTP proxy between a store and its server that records requests and injects faults.

The Host header is forwarded unchanged, so that signatures stay valid.
"""

from __future__ import annotations

import http.client
import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Request:
    """A request of a client."""

    method: str
    path: str
    query: dict[str, list[str]]
    number: int  # counted from 1
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case

    @property
    def is_listing(self) -> bool:
        return "list-type" in self.query


@dataclass(frozen=True)
class Fault:
    """A fault: instead of forwarding the request (``answer``, ``reset``), or applied to its response (the others)."""

    kind: Literal["answer", "reset", "lose", "cut", "flip", "delay", "alter"]
    status: int = 0
    code: str = ""
    seconds: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)  # of the answer; altered: "" removes one
    body: bytes | None = None  # of the answer, instead of S3's document for ``code``; altered: the new body


RESET = Fault("reset")  # the connection breaks before the request reaches the server
LOSE = Fault("lose")  # the server executes the request, and the connection breaks before the response
CUT = Fault("cut")  # half of the response body arrives
FLIP = Fault("flip")  # a byte of the response body is changed
BUSY = [
    Fault("answer", 500, "InternalError"),
    Fault("answer", 503, "SlowDown"),
    Fault("answer", 429, "TooManyRequests"),
]
BUSY += [Fault("answer", 502, "BadGateway"), Fault("answer", 503, "ServiceUnavailable")]
#: Lengths that an altered response may have in spite of its content.
WRONG_LENGTHS = ("1", "99999", "many")
Decide = Callable[[Request], Fault | None]


@dataclass
class Proxy:
    """A running proxy."""

    endpoint: str
    decide: Decide = lambda request: None
    requests: list[Request] = field(default_factory=list)
    meanwhile: Callable[[Request], None] = lambda request: None  # runs before the client gets the response

    def of(self, method: str) -> list[Request]:
        return [request for request in self.requests if request.method == method]

    def forget(self) -> None:
        self.requests.clear()


def first(count: int, fault: Fault, matching: Callable[[Request], bool] = lambda request: True) -> Decide:
    """A fault for the first ``count`` matching requests."""
    remaining = iter(range(count))
    lock = threading.Lock()

    def decide(request: Request) -> Fault | None:
        with lock:
            return fault if matching(request) and next(remaining, None) is not None else None

    return decide


def sometimes(share: float, faults: list[Fault], seed: int) -> Decide:
    """A random fault for a share of the requests, reproducible by seed."""
    generator, lock = random.Random(seed), threading.Lock()

    def decide(request: Request) -> Fault | None:
        with lock:
            return generator.choice(faults) if generator.random() < share else None

    return decide


def without_conditional_writes(request: Request) -> Fault | None:
    """A server that rejects conditional writes, as Backblaze B2 does."""
    is_conditional = request.method == "PUT" and "if-none-match" in request.headers
    return Fault("answer", 501, "NotImplemented") if is_conditional else None


@contextmanager
def proxy_before(server_endpoint: str) -> Iterator[Proxy]:
    """A proxy on a free port, in a thread."""
    upstream = urlsplit(server_endpoint).netloc
    server = _Server(("127.0.0.1", 0), _Handler)
    proxy = Proxy(f"http://127.0.0.1:{server.server_port}")
    server.proxy, server.upstream, server.lock = proxy, upstream, threading.Lock()  # type: ignore[attr-defined]
    server.conditional = threading.Lock()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Silent: in many tests the client disconnects."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        proxy, request = self.server.proxy, self._request()  # type: ignore[attr-defined]
        fault = proxy.decide(request)
        if fault is None:
            self._send(*self._forward(request, body))
        elif fault.kind == "answer":
            text = f"<Error><Code>{fault.code}</Code><Message>injected by the test</Message></Error>".encode()
            data = text if fault.body is None else fault.body
            self._send(fault.status, {"Content-Type": "application/xml", **fault.headers}, data)
        elif fault.kind == "reset":
            self._reset()
        else:
            self._damage(fault, *self._forward(request, body))

    do_PUT = do_POST = do_DELETE = do_HEAD = do_GET

    def _request(self) -> Request:
        proxy, parts = self.server.proxy, urlsplit(self.path)  # type: ignore[attr-defined]
        with self.server.lock:  # type: ignore[attr-defined]
            query = parse_qs(parts.query, keep_blank_values=True)
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.command, parts.path, query, len(proxy.requests) + 1, headers)
            proxy.requests.append(request)
        return request

    def _forward(self, request: Request, body: bytes) -> tuple[int, dict[str, str], bytes]:
        # moto checks for an object and writes it in two steps. In S3 that is atomic.
        is_conditional = request.method == "PUT" and "if-none-match" in request.headers
        with self.server.conditional if is_conditional else nullcontext():  # type: ignore[attr-defined]
            answer = self._send_upstream(body)
        self.server.proxy.meanwhile(request)  # type: ignore[attr-defined]
        return answer

    def _send_upstream(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(self.server.upstream, timeout=60)  # type: ignore[attr-defined]
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in ("connection", "expect"):
                connection.putheader(name, value)
        connection.endheaders(body or None)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, dict(answer.getheaders()), data

    def _damage(self, fault: Fault, status: int, headers: dict[str, str], data: bytes) -> None:
        if fault.kind == "lose":
            self._reset()
        elif fault.kind == "cut":
            self._send(status, headers, data, sent=len(data) // 2)
            self._reset()
        elif fault.kind == "flip" and data:
            self._send(status, headers, bytes([data[0] ^ 1]) + data[1:])
        elif fault.kind == "alter":
            altered = {name: value for name, value in headers.items() if name.lower() not in fault.headers}
            altered |= {name: value for name, value in fault.headers.items() if value}
            self._send(status, altered, data if fault.body is None else fault.body)
        else:
            time.sleep(fault.seconds)
            self._send(status, headers, data)

    def _send(self, status: int, headers: dict[str, str], data: bytes, sent: int | None = None) -> None:
        skipped = ("transfer-encoding", "connection", "date", "server")
        headers = {name: value for name, value in headers.items() if name.lower() not in skipped} | {
            name: value for name, value in headers.items() if name == "Date"
        }
        headers.setdefault("Date", formatdate(usegmt=True))
        if "Content-Length" in headers and headers["Content-Length"] in WRONG_LENGTHS:
            self.close_connection = True
        elif not any(name.lower() == "content-length" for name in headers) or self.command != "HEAD":
            headers = {name: value for name, value in headers.items() if name.lower() != "content-length"}
            if status not in (204, 304):
                headers["Content-Length"] = str(len(data))
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data if sent is None else data[:sent])

    def _reset(self) -> None:
        """Break the connection with a TCP reset."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()
