"""Whether the UI's port is free, or Dagster's own already."""

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
    """Who listens at a port of this machine."""

    port: int
    taken: bool
    dagster: str = ""  # the version of the Dagster UI that answers there
    process: str = ""  # "python (pid 12)", as far as this user may know


def see_port(port: int = UI_PORT) -> PortUse:
    """Tried by binding it, as the UI would."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return PortUse(port, True, _dagster_at(port), _listener(port))
    return PortUse(port, False)


def _dagster_at(port: int) -> str:
    with suppress(requests.RequestException, ValueError, AttributeError):
        answer = requests.get(f"http://127.0.0.1:{port}/server_info", timeout=3)
        return str(answer.json().get("dagster_webserver_version") or "")
    return ""


def _listener(port: int) -> str:
    with suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})" if connection.pid else ""
    return ""


def judge_port(use: PortUse) -> Finding:
    """A taken port stops only the UI, and only on this port."""
    if not use.taken:
        return ok(NAME, f"Port {use.port} is free for the UI.")
    if use.dagster:
        return ok(NAME, f"Dagster's UI {use.dagster} runs at http://127.0.0.1:{use.port}.")
    by = f" by {use.process}" if use.process else ""
    return warn(NAME, f"Port {use.port} is in use{by}.", f"Start the UI at another: dagster dev -p {use.port + 1}")
