"""The health of a run's process, as the run launcher reports it to run monitoring: with real locks and sockets."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.launcher import WorkerStatus

from f5_pipeline.defs.instance.launcher import RUNS, WatchingRunLauncher
from f5_pipeline.storage.liveness import advertise

_RUN = "from pathlib import Path; import sys\nfrom f5_pipeline.storage.liveness import advertise\n"
_RUN += "with advertise(Path(sys.argv[1]), 'a-run'): print('up', flush=True); sys.stdin.read()"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("F5_CACHE", str(tmp_path))
    return tmp_path / RUNS


@pytest.fixture
def server(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "server.sock"))
        server.listen()
        yield server


def status(**address: object) -> WorkerStatus:
    tags = {".dagster/grpc_info": json.dumps({"host": "localhost", **address})} if address else {}
    return WatchingRunLauncher().check_run_worker_health(dg.DagsterRun("job", "a-run", tags=tags)).status


def test_a_live_run_is_running(folder: Path) -> None:
    with advertise(folder, "a-run"):
        assert status(socket="/gone") is WorkerStatus.RUNNING  # its server is gone


def test_a_run_whose_process_was_killed_has_failed(folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _RUN, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    process.kill()
    process.communicate()
    assert status() is WorkerStatus.FAILED
    assert list(folder.iterdir()) == []


def test_a_run_that_has_just_begun_fails_with_its_server(folder: Path, tmp_path: Path, server: socket.socket) -> None:
    path = str(tmp_path / "server.sock")
    assert status(socket=path) is WorkerStatus.RUNNING
    server.close()  # as if it was killed: its file stays
    assert Path(path).exists()
    assert status(socket=path) is WorkerStatus.FAILED
    assert status(socket=str(tmp_path / "no.sock")) is WorkerStatus.FAILED


def test_a_run_on_another_machine_is_running(folder: Path) -> None:
    assert status(port=4000) is WorkerStatus.RUNNING
    assert status() is WorkerStatus.RUNNING  # started in a terminal, on any machine
