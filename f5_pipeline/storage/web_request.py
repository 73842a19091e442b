"""GET requests to web servers, each within the policy of ``web_route``. The only place that downloads with requests.

Redirects are followed here and not by requests, so that every address is checked before anything is sent to it, and
nothing that belongs to one address (a password in the URL, a token) is sent to the next.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies, select_proxy
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, ProtocolError, ReadTimeoutError

from f5_pipeline.display.secrets import public_address
from f5_pipeline.errors import AnswerRefused, DownloadFailed
from f5_pipeline.storage.answers import is_unknown_host, root_cause
from f5_pipeline.storage.retry import is_transient_status
from f5_pipeline.storage.web_route import Route

_TIMEOUT = (10, 60)  # seconds: to connect, between two blocks
#: How the server that a signed address leads to answers once the signature has expired.
_EXPIRED = {400, 401, 403, 410}
_BROKEN = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


@contextmanager
def request(
    url: str, headers: Mapping[str, str], pinned: bool, token: str | None = None
) -> Iterator[requests.Response]:
    """The response at the end of the redirects, with a good status; its content is not read yet.

    ``response.history`` has the redirects.

    Args:
        url: the first address.
        headers: sent to every address.
        pinned: the sha256 of the content is known.
        token: a bearer token for the first server. No other server receives it.

    Raises:
        DownloadRefused: an address is not allowed.
        DownloadFailed: no server answers, or with a bad status; transient or permanent.
    """
    headers = {"Accept-Encoding": "identity", **headers}
    chain = _Chain(url, pinned, token)
    try:
        with ExitStack() as stack:
            response = chain.follow(stack, headers)
            if chain.is_elsewhere and response.status_code in _EXPIRED:
                # A signed address expires, and a proxy may keep the redirect to it for longer: asked once more.
                chain = _Chain(url, pinned, token)
                response = chain.follow(stack, {**headers, "Cache-Control": "no-cache"})
            _check_status(url, response, chain.is_elsewhere)
            yield response
    except (*_BROKEN, ProtocolError, ReadTimeoutError) as error:
        cause = root_cause(error)
        if isinstance(cause, ssl.SSLCertVerificationError):
            address = public_address(chain.route.url)
            reason = f"the certificate of {address} is not trusted (REQUESTS_CA_BUNDLE names private ones)"
            raise DownloadFailed(public_address(url), reason) from None
        lasting = is_unknown_host(error)
        raise DownloadFailed(public_address(url), _short(error, cause), transient=True, lasting=lasting) from None
    except (requests.RequestException, HTTPError, UnicodeError) as error:  # requests does not wrap all of urllib3's
        raise DownloadFailed(public_address(url), _short(error, root_cause(error))) from None


class _Chain:
    """The requests of one download, from the first address to the end of its redirects."""

    def __init__(self, url: str, pinned: bool, token: str | None) -> None:
        self.route = Route(url, pinned)
        self._token, self._first = token, _origin(url)

    @property
    def is_elsewhere(self) -> bool:
        """True if the redirects have led to another server."""
        return _origin(self.route.url) != self._first

    def follow(self, stack: ExitStack, headers: Mapping[str, str]) -> requests.Response:
        """The response at the end of the redirects. ``stack`` closes it."""
        session = stack.enter_context(_Session(self.route))
        redirects = []
        while (response := self._get(session, headers)).is_redirect:
            response.close()  # unread: it may be endless
            redirects.append(response)
            self.route.follow(response.headers["Location"].encode("latin-1").decode("utf-8", "replace"))
        response.history = redirects
        return stack.enter_context(response)

    def _get(self, session: requests.Session, headers: Mapping[str, str]) -> requests.Response:
        url = self.route.url
        if select_proxy(url, get_environ_proxies(url)):
            self.route.reach(None)
        # As ``auth``, because requests prefers an entry of .netrc to a header.
        auth = _Bearer(self._token) if self._token and not self.is_elsewhere else None
        return session.get(url, headers=headers, auth=auth, stream=True, timeout=_TIMEOUT, allow_redirects=False)


class _Bearer(requests.auth.AuthBase):
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme)


class _Session(requests.Session):
    """A session whose direct connections are checked before a request is sent."""

    def __init__(self, route: Route) -> None:
        super().__init__()
        for scheme in ("http://", "https://"):
            self.mount(scheme, _CheckedAdapter(route))

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Redirects are followed by ``_Chain``."""


class _CheckedAdapter(HTTPAdapter):
    def __init__(self, route: Route) -> None:
        self._route = route
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        pools = {"http": HTTPConnectionPool, "https": HTTPSConnectionPool}
        self.poolmanager.pool_classes_by_scheme = {
            scheme: _checked_pool(pool, self._route) for scheme, pool in pools.items()
        }


def _checked_pool(pool: type[HTTPConnectionPool], route: Route) -> type[HTTPConnectionPool]:
    """A pool whose connections are checked by the address that they have really reached, not by a look-up before."""
    connection: Any = pool.ConnectionCls

    def connect(self: Any) -> None:
        connection.connect(self)
        route.reach(str(self.sock.getpeername()[0]))

    return type("CheckedPool", (pool,), {"ConnectionCls": type("Checked", (connection,), {"connect": connect})})


def _check_status(url: str, response: requests.Response, is_elsewhere: bool) -> None:
    status = response.status_code
    if status < 400 or status == requests.codes.requested_range_not_satisfiable:
        return
    host = public_address("/".join(response.url.split("/")[:3]))
    server = f"{host}, to which it redirects," if is_elsewhere else "the server"
    raise AnswerRefused(
        public_address(url),
        f"{server} answered {status} {response.reason or ''}",
        status=status,
        code=response.headers.get("X-Error-Code", ""),
        is_elsewhere=is_elsewhere,
        transient=is_transient_status(status),
    ) from requests.HTTPError(response=response)  # it may say when to try again


def _short(error: Exception, cause: BaseException) -> str:
    """The root cause of a requests error. The outer messages repeat the URL, which may contain a secret."""
    if not isinstance(cause, OSError):
        return type(error).__name__
    return (cause.strerror or f"{type(cause).__name__}: {cause}")[:200]
