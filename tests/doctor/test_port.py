"""The UI's port: free, used by another program, or used by Dagster's UI itself."""

from __future__ import annotations

import os
import socket
import threading

from f5_pipeline.doctor.port import PortUse, check_port, probe_port
from tests.doctor.webserver import VERSION, webserver
from tests.storage.servers import free_port


def test_a_free_port() -> None:
    port = free_port()
    assert probe_port(port) == PortUse(port, False)
    assert check_port(probe_port(port)).status == "ok"


def test_a_port_used_by_another_program_is_a_warning() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        port = server.getsockname()[1]
        threading.Thread(target=_hang_up, args=(server,), daemon=True).start()
        use = probe_port(port)
    assert use.taken
    assert f"(pid {os.getpid()})" in use.process
    finding = check_port(use)
    assert finding.status == "warn"
    assert f"dagster dev -p {port + 1}" in finding.fix


def _hang_up(server: socket.socket) -> None:
    server.accept()[0].close()


def test_a_port_used_by_dagsters_ui_is_ok() -> None:
    with webserver() as port:
        finding = check_port(probe_port(port))
    assert finding.status == "ok"
    assert VERSION in finding.found
