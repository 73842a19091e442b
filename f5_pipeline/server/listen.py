"""Serving an application from this process, on a socket that is bound before."""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from f5_pipeline.errors import AddressUnusable

_END_SECONDS = 5  # for downloads in progress, when the server ends


def bind(host: str, port: int, option: str) -> socket.socket:
    """A socket that is bound to an address. Port 0: any free port.

    Args:
        option: the option that names the port, for the message.

    Raises:
        AddressUnusable: another program listens there, or the address is not one of this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
    except OSError as error:
        raise AddressUnusable(host, f"cannot be used: {error.strerror or error}.", "Use 127.0.0.1.") from None
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen()
    except OSError as error:
        bound.close()
        raise _unusable(host, port, option, error) from None
    return bound


def _unusable(host: str, port: int, option: str, error: OSError) -> AddressUnusable:
    if error.errno == errno.EADDRINUSE:
        fix = f"End that program, or choose another port: {option} {port + 10 if port < 65_500 else 3000}"
        return AddressUnusable(f"{host}:{port}", "is used by another program.", fix)
    fix = (
        "Choose a port above 1023." if error.errno == errno.EACCES else "Use 127.0.0.1, or an address of this machine."
    )
    return AddressUnusable(f"{host}:{port}", f"cannot be used: {error.strerror or error}.", fix)


def browser_host(host: str) -> str:
    """The host of URLs for an address that a server listens on."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # all interfaces: so the loopback interface too
    return f"[{host}]" if ":" in host else host


@contextmanager
def serving(app: ASGIApp, bound: socket.socket) -> Iterator[None]:
    """Serve the application while the block runs, in a thread."""
    server = _server(app)
    thread = threading.Thread(target=server.run, args=([bound],), name="web server", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


def _server(app: ASGIApp) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_END_SECONDS,
        )
    )
