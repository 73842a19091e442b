"""A port that is taken: by anything, or by Dagster's UI itself."""

from __future__ import annotations

import json
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from f5_pipeline.doctor.port import PortUse, judge_port, see_port
from tests.storage.servers import free_port


def test_a_free_port() -> None:
    port = free_port()
    assert see_port(port) == PortUse(port, False)
    assert judge_port(see_port(port)).status == "ok"


def test_a_port_that_another_program_has() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        port = server.getsockname()[1]
        threading.Thread(target=_hang_up, args=(server,), daemon=True).start()
        use = see_port(port)
    assert use.taken
    assert f"(pid {os.getpid()})" in use.process
    finding = judge_port(use)
    assert (finding.status, finding.fix) == ("warn", f"Start the UI at another: dagster dev -p {port + 1}")


def _hang_up(server: socket.socket) -> None:
    server.accept()[0].close()


class _Webserver(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"dagster_webserver_version": "1.13.27"} if self.path == "/server_info" else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_dagsters_own_ui_is_fine() -> None:
    server = HTTPServer(("127.0.0.1", 0), _Webserver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    finding = judge_port(see_port(server.server_port))
    server.shutdown()
    server.server_close()
    assert finding.status == "ok"
    assert finding.found.startswith("Dagster's UI 1.13.27 runs at")
