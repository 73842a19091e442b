"""A model hub for tests, and mirrors of it as people have them: a WSGI application on a real server."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

COMMIT = "0123456789abcdef0123456789abcdef01234567"
Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Request:
    """One request that a server has received."""

    method: str
    path: str
    query: str
    start: int | None  # of its Range; None: it has none
    token: str  # its Authorization


@dataclass
class Hub:
    """``files``: path in the repository → content. The other fields say how it differs from a good hub."""

    files: dict[str, bytes] = field(default_factory=dict)
    #: nocommit, nolength (of HEAD), nohead, noranges, noetag, gzip, xet, wrongrange
    mode: set[str] = field(default_factory=set)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)  # status and headers of the next answers
    cuts: list[int] = field(default_factory=list)  # bytes after which the next answers are cut off
    etags: list[str] = field(default_factory=list)  # of the next answers
    cdn: Hub | None = None  # the server that it redirects to
    signature: str = ""  # of a CDN: a request without it is refused
    commit: str = COMMIT
    content_type: str = "application/octet-stream"
    requests: list[Request] = field(default_factory=list)
    url: str = ""

    @property
    def starts(self) -> list[int | None]:
        return [request.start for request in self.requests]

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        given = environ.get("HTTP_RANGE", "")
        first = int(given.removeprefix("bytes=").partition("-")[0]) if given else None
        path, query = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
        method, token = environ["REQUEST_METHOD"], environ.get("HTTP_AUTHORIZATION", "")
        self.requests.append(Request(method, path, query, first, token))
        if self.answers:
            status, headers = self.answers.pop(0)
            return _plain(start, status, list(headers.items()))
        if "/resolve/" not in path:  # such as xet-read-token
            return _plain(start, 404, [])
        if method == "HEAD" and "nohead" in self.mode:
            return _plain(start, 405, [])
        if self.signature and self.signature != query:
            return _plain(start, 403, [])
        content = self.files.get(path.partition("/resolve/")[2].partition("/")[2])
        if content is None:
            return _plain(start, 404, [("X-Error-Code", "EntryNotFound")])
        headers_ = self._headers(content)
        if self.cdn is not None:
            return _plain(start, 302, [*headers_, ("Location", f"{self.cdn.url}{path}?{self.cdn.signature}")])
        return self._send(start, content, headers_, given, method)

    def _headers(self, content: bytes) -> Headers:
        sha256 = hashlib.sha256(content).hexdigest()
        headers = [("Content-Type", self.content_type)]
        headers += [] if "noetag" in self.mode else [("ETag", f'"{self.etags.pop(0) if self.etags else sha256}"')]
        headers += [] if "nocommit" in self.mode else [("X-Repo-Commit", self.commit)]
        headers += [("X-Xet-Hash", sha256), ("X-Linked-Size", str(len(content)))] if "xet" in self.mode else []
        return headers

    def _send(self, start: Any, content: bytes, headers: Headers, given: str, method: str) -> Iterable[bytes]:
        status, total = "200 OK", len(content)
        if "gzip" in self.mode:
            content = gzip.compress(content)
            headers.append(("Content-Encoding", "gzip"))
        elif given and "noranges" not in self.mode:
            first, _, last = given.removeprefix("bytes=").partition("-")
            begin, stop = int(first), int(last) + 1 if last else total
            if begin >= total:
                return _plain(start, 416, [("Content-Range", f"bytes */{total}")])
            begin += "wrongrange" in self.mode
            content, status = content[begin:stop], "206 Partial Content"
            headers.append(("Content-Range", f"bytes {begin}-{begin + len(content) - 1}/{total}"))
        if not (method == "HEAD" and "nolength" in self.mode):
            headers.append(("Content-Length", str(len(content))))
        start(status, headers)
        cut = self.cuts.pop(0) if self.cuts else None
        return [content[:cut]] if method == "GET" else []


def _plain(start: Any, status: int, headers: Headers) -> list[bytes]:
    start(f"{status} Status", [*headers, ("Content-Length", "0")])
    return []


class _Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Logs nothing."""


@contextmanager
def hub(files: dict[str, bytes] | None = None, **fields: Any) -> Iterator[Hub]:
    """A hub on a free port."""
    app = Hub(files or {}, **fields)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    app.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield app
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
