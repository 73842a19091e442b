"""The web application: the delivered files of a store, a list of its listening pages, and a place for decisions.

It reads the store; the only thing it writes is a listener's decisions, which its own listening pages send. Other web
sites cannot use it through the browser of a person who has access to it: requests must name this server as their host,
and decisions need the origin of the page and a token that is only in the page.
"""

from __future__ import annotations

import html
import secrets
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.staticfiles import NotModifiedResponse, StaticFiles

from f5_pipeline.errors import F5PipelineError, LinkLeavesStore, ObjectMissing, StoreUnusable, UnsafeName
from f5_pipeline.manifests.decide import add_decisions
from f5_pipeline.manifests.decisions import MAX_BYTES
from f5_pipeline.results.batches import known_batches
from f5_pipeline.server.files import PublicFiles
from f5_pipeline.storage.layout import REPORT, decisions_object, report_object
from f5_pipeline.storage.media_types import media_type
from f5_pipeline.storage.object_store import ObjectStore

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_BINARY = "application/octet-stream"
_HEADERS = {
    "Cache-Control": "no-cache",  # ask each time: a delivery replaces files
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}
_NO_SCRIPTS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
_NOT_FOUND = (UnsafeName, ObjectMissing, LinkLeavesStore)
_conditional = StaticFiles(check_dir=False)  # for its comparison of dates and ETags


def files_app(store: ObjectStore, downloads: Path, hosts: Sequence[str] = LOOPBACK) -> Starlette:
    """The application for one store.

    Args:
        downloads: an empty folder for files of a bucket.
        hosts: the names of this server that browsers may use.
    """
    pages = _Pages(store, PublicFiles(store, downloads))
    return Starlette(
        routes=[
            Route("/", pages.list_pages, methods=["GET"]),
            Route("/batches/{batch}/decisions", pages.save_decisions, methods=["PUT"]),
            Route(f"/batches/{{batch}}/{REPORT}", pages.report, methods=["GET"]),
            Route("/{key:path}", pages.file, methods=["GET"]),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)],
        exception_handlers={F5PipelineError: _explain},
    )


class _Pages:
    def __init__(self, store: ObjectStore, files: PublicFiles) -> None:
        self._store = store
        self._files = files
        self._token = secrets.token_urlsafe(32)
        self._deciding = Lock()  # decisions are read, completed and written

    def list_pages(self, request: Request) -> Response:
        """All listening pages."""
        reports = {report_object(batch): batch for batch in known_batches(self._store)}
        found = self._store.stat_many(reports)
        links = "".join(
            f'<li><a href="/{html.escape(key)}">{html.escape(batch)}</a></li>'
            for key, batch in reports.items()
            if key in found
        )
        title = "Listening pages"
        body = f"<ul>{links}</ul>" if links else "<p>No batch was delivered yet.</p>"
        return HTMLResponse(
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
            '<meta name="viewport" content="width=device-width"><style>:root{color-scheme:light dark}'
            "body{font:1rem/1.6 system-ui;margin:2rem}</style>"
            f"<h1>{title}</h1>{body}",
            headers={**_HEADERS, **_NO_SCRIPTS},
        )

    def report(self, request: Request) -> Response:
        """A listening page that sends its decisions here."""
        key = report_object(request.path_params["batch"])
        page = self._files.path_of(key).read_text(encoding="utf-8")
        place = f'<meta name="f5-decisions" content="decisions?token={self._token}">'
        return HTMLResponse(page.replace("<title>", f"{place}<title>", 1), headers=_HEADERS)

    def file(self, request: Request) -> Response:
        """A public file, or a part of it."""
        key = request.path_params["key"]
        path = self._files.path_of(key)
        kind = media_type(key)
        headers = dict(_HEADERS)
        if kind.startswith("text/html") or kind == _BINARY:  # no page but the listening page may run here
            kind, headers = _BINARY, {**headers, "Content-Disposition": "attachment"}
        response = FileResponse(path, media_type=kind, headers=headers, stat_result=path.stat())
        if _conditional.is_not_modified(response.headers, request.headers):
            return NotModifiedResponse(response.headers)
        return response

    async def save_decisions(self, request: Request) -> Response:
        """Add decisions to those of a batch."""
        if not self._is_from_page(request):
            return _refusal(403, "Decisions are accepted from a listening page of this server only. Reload the page.")
        if request.headers.get("content-type", "").partition(";")[0].strip() != "text/csv":
            return _refusal(415, "Decisions are a table in CSV.")
        data = bytearray()
        async for part in request.stream():
            data += part
            if len(data) > MAX_BYTES:
                return _refusal(413, f"Decisions have at most {MAX_BYTES >> 20} MiB.")
        await run_in_threadpool(self._decide, request.path_params["batch"], bytes(data))
        return Response(status_code=204, headers=_HEADERS)

    def _decide(self, batch: str, data: bytes) -> None:
        with self._deciding:
            add_decisions(self._store, batch, data, self._store.location(decisions_object(batch)))

    def _is_from_page(self, request: Request) -> bool:
        """True if the page that sent the request is of this server, and has its token."""
        token = request.query_params.get("token", "")
        origin = urlsplit(request.headers.get("origin", "")).netloc
        return origin == request.headers.get("host") and secrets.compare_digest(token.encode(), self._token.encode())


def _explain(request: Request, error: Exception) -> Response:
    if isinstance(error, _NOT_FOUND):
        return _refusal(404, "There is no such file.")
    return _refusal(503 if isinstance(error, StoreUnusable) else 400, str(error))


def _refusal(status: int, sentence: str) -> Response:
    return PlainTextResponse(f"{sentence}\n", status, headers=_HEADERS)
