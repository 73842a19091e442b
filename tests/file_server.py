"""A real HTTP or HTTPS server for tests: serves bytes and ranges, records requests, and fails on demand."""

from __future__ import annotations

import hashlib
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit


@dataclass
class FileServer:
    """``files``: path → content. The other fields define failures and record requests."""

    files: dict[str, bytes] = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)  # of the next responses, instead of the regular ones
    cut_after: list[int] = field(default_factory=list)  # bytes after which the next responses are cut off
    ranges: bool = True
    versions: bool = True  # True: it sends ETags
    lengths: bool = True  # False: a response ends when the connection is closed
    delay: float = 0.0  # seconds between blocks of 64 KiB
    headers: dict[str, str] = field(default_factory=dict)  # sent with every file and redirect
    missing_status: int = 404
    redirect: dict[str, str] = field(default_factory=dict)  # path → URL
    gets: list[tuple[str, str]] = field(default_factory=list)  # path and Range of every GET, in order
    credentials: list[str | None] = field(default_factory=list)  # the Authorization of every GET, in order
    sent: int = 0  # bytes of content
    url: str = ""

    def count(self, path: str) -> int:
        return sum(1 for each, _ in self.gets if each == path)


@contextmanager
def serving(
    files: dict[str, bytes] | None = None, host: str = "127.0.0.1", certificate: Path | None = None
) -> Iterator[FileServer]:
    """A server on a free port. ``certificate``: its certificate and key in one file; it then speaks HTTPS."""
    server = FileServer(files or {})
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            with lock:
                server.gets.append((self._path(), self.headers.get("Range", "")))
                server.credentials.append(self.headers.get("Authorization"))
                status = server.statuses.pop(0) if server.statuses else 0
                cut = server.cut_after.pop(0) if server.cut_after and not status else None
            if status:
                self._plain(status)
            else:
                self._answer(body=True, cut=cut)

        def _path(self) -> str:
            return unquote(urlsplit(self.path).path)

        def _plain(self, status: int, **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _answer(self, *, body: bool, cut: int | None = None) -> None:
            if (target := server.redirect.get(self._path())) is not None:
                return self._plain(302, Location=target, **server.headers)
            content = server.files.get(self._path())
            if content is None:
                return self._plain(server.missing_status)
            start, stop = self._span(len(content))
            if start >= len(content) > 0:
                return self._plain(416, Content_Range=f"bytes */{len(content)}")
            partial = (start, stop) != (0, len(content)) or (server.ranges and "Range" in self.headers)
            self.send_response(206 if partial else 200)
            if partial:
                self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(content)}")
            for name, value in server.headers.items():
                self.send_header(name, value)
            if server.versions:
                self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            if server.lengths:
                self.send_header("Content-Length", str(stop - start))
            else:
                self.close_connection = True
            self.end_headers()
            if body:
                self._send(content[start:stop], cut)
            return None

        def _span(self, size: int) -> tuple[int, int]:
            wanted = self.headers.get("Range", "").removeprefix("bytes=")
            if not wanted or not server.ranges:
                return 0, size
            first, _, last = wanted.partition("-")
            if not first:
                return max(0, size - int(last)), size
            return int(first), min(size, int(last) + 1) if last else size

        def _send(self, content: bytes, cut: int | None) -> None:
            for offset in range(0, len(content), 1 << 16):
                block = content[offset : offset + (1 << 16)]
                if cut is not None and offset + len(block) > cut:
                    self.wfile.write(block[: cut - offset])
                    self.wfile.flush()
                    self.close_connection = True
                    self.connection.close()
                    return
                try:
                    self.wfile.write(block)
                except OSError:  # the client was killed
                    self.close_connection = True
                    return
                with lock:
                    server.sent += len(block)
                if server.delay:
                    time.sleep(server.delay)

    httpd = ThreadingHTTPServer((host, 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        httpd.socket = context.wrap_socket(httpd.socket, server_side=True)
    httpd.daemon_threads = True
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    server.url = f"{'https' if certificate else 'http'}://{host}:{httpd.server_port}"
    try:
        yield server
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()
