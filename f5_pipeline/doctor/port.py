"""The port of Dagster's UI: free, in use by Dagster, or in use by another program."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass

import psutil
import requests

from f5_pipeline.doctor.finding import Finding, ok, warn

NAME = "port"
UI_PORT = 3000  # of "dagster dev" and "dagster-webserver"


@dataclass(frozen=True)
class PortUse:
    """What listens on a port of this machine."""

    port: int
    taken: bool
    dagster: str = ""  # version of the Dagster UI that answers there
    process: str = ""  # "python (pid 12)"; "" if this user may not see it


def probe_port(port: int = UI_PORT) -> PortUse:
    """Test the port by binding it, as the UI would."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return PortUse(port, True, _dagster_version(port), _listening_process(port))
    return PortUse(port, False)


def _dagster_version(port: int) -> str:
    with suppress(requests.RequestException, ValueError, AttributeError):
        answer = requests.get(f"http://127.0.0.1:{port}/server_info", timeout=3)
        return str(answer.json().get("dagster_webserver_version") or "")
    return ""


def _listening_process(port: int) -> str:
    with suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})" if connection.pid else ""
    return ""


def check_port(use: PortUse) -> Finding:
    """A port in use only keeps the UI from starting on that port."""
    if not use.taken:
        return ok(NAME, f"Port {use.port} is free for the UI.")
    if use.dagster:
        return ok(NAME, f"Dagster's UI {use.dagster} runs at http://127.0.0.1:{use.port}.")
    process = f" by {use.process}" if use.process else ""
    fix = f"Start the UI on another port: dagster dev -p {use.port + 1}"
    return warn(NAME, f"Port {use.port} is in use{process}.", fix)
