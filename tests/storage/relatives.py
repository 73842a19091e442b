"""Servers that differ from S3 as real ones do: a WSGI wrapper before moto, in this process, on a free port."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.storage.servers import environment

BUCKET = "bkt"
Environ = dict[str, Any]
Start = Callable[..., Any]
Wrapper = Callable[["Asked"], "Answer | None"]


@dataclass(frozen=True)
class Asked:
    """A request of a client. ``environ`` may be changed before it is passed on."""

    method: str
    host: str
    path: str
    query: str
    region: str  # of the signature; "" without one
    headers: dict[str, str]  # names in lower case
    environ: Environ

    def move(self, path: str) -> None:
        """Change the path that the server sees."""
        for name in ("PATH_INFO", "RAW_URI", "REQUEST_URI"):
            self.environ[name] = self.environ.get(name, "").replace(self.path, path, 1)


@dataclass(frozen=True)
class Answer:
    """An answer instead of moto's."""

    status: int
    code: str = ""
    message: str = ""
    more: str = ""  # further elements of the error document
    body: bytes | None = None  # instead of the document
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        text = f"<Error><Code>{self.code}</Code><Message>{self.message}</Message>{self.more}</Error>"
        return text.encode() if self.body is None else self.body


@dataclass
class Relative:
    """A running server."""

    port: int
    scheme: str = "http"
    asked: list[Asked] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def variables(self, endpoint: str = "") -> dict[str, str]:
        """The variables that point boto3 to it, without a region."""
        found = environment(endpoint or self.endpoint)
        del found["AWS_DEFAULT_REGION"]
        return found


@contextmanager
def relative(wrapper: Wrapper, certificate: tuple[Path, Path] | None = None) -> Iterator[Relative]:
    """A server with an empty bucket. ``wrapper`` answers a request, or returns None for moto's own answer."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    moto = DomainDispatcherApplication(create_backend_app)
    server_of: list[Relative] = []

    def serve(environ: Environ, start: Start) -> Iterable[bytes]:
        asked = _asked(environ)
        server_of[0].asked.append(asked)
        answer = wrapper(asked)
        if answer is None:
            return moto(environ, start)
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        headers = {"Content-Type": "application/xml", "Content-Length": str(len(answer.content)), **answer.headers}
        start(f"{answer.status} X", list(headers.items()))
        return [] if asked.method == "HEAD" else [answer.content]

    class Quiet(WSGIRequestHandler):
        def log(self, *_: object) -> None:
            """Silent."""

    tls = tuple(map(str, certificate)) if certificate else None
    server = make_server("127.0.0.1", 0, serve, threaded=True, request_handler=Quiet, ssl_context=tls)
    server_of.append(Relative(server.server_port, "https" if tls else "http"))
    _make_bucket(moto)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server_of[0]
    finally:
        server.shutdown()
        server.server_close()


def _make_bucket(moto: Any) -> None:
    from werkzeug.test import Client

    client = Client(moto)
    client.post("/moto-api/reset", base_url="http://127.0.0.1")
    client.put(f"/{BUCKET}", base_url="http://127.0.0.1", headers={"Authorization": _SIGNATURE})


_SIGNATURE = "AWS4-HMAC-SHA256 Credential=ACCESSKEY1234567/20260101/us-east-1/s3/aws4_request, SignedHeaders=host"


def _asked(environ: Environ) -> Asked:
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    scope = re.search(r"Credential=[^/]+/\d+/([^/]+)/", headers.get("authorization", ""))
    host = headers.get("host", "").partition(":")[0]
    path, query = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
    return Asked(environ["REQUEST_METHOD"], host, path, query, scope[1] if scope else "", headers, environ)
