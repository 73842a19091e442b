"""A run that was started in a terminal, as a real web server of Dagster shows it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.cli.command_line import MANIFEST, CommandLine
from tests.paths import ROOT
from tests.synthesis.fake_engine import FakeEngine

pytestmark = pytest.mark.slow

_START_SECONDS = 120
# What the UI asks for the page of a job: its runs, by the label of their repository.
_RUNS = """query ($label: String!) {
  workspaceOrError { ... on Workspace { locationEntries { name } } }
  runsOrError(filter: {pipelineName: "speech_batch", tags: [{key: ".dagster/repository", value: $label}]}) {
    ... on Runs { results { status tags { key value } repositoryOrigin { repositoryLocationName } } } } }"""


@contextmanager
def _web_server(arguments: Sequence[str], folder: Path) -> Iterator[str]:
    """The address of Dagster's web server, with the instance of DAGSTER_HOME."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "dagster_webserver", *arguments, "-p", str(port)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (folder / "web.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            _wait_for(f"http://127.0.0.1:{port}", process, folder / "web.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            requests.get(f"{address}/server_info", timeout=5)
            return
        except requests.ConnectionError:
            time.sleep(0.5)
    pytest.fail(f"the web server does not answer:\n{log.read_text()}")


def _runs(address: str, location: str) -> dict[str, Any]:
    query = {"query": _RUNS, "variables": {"label": f"__repository__@{location}"}}
    answer = requests.post(f"{address}/graphql", json=query, timeout=120).json()
    assert "errors" not in answer, answer
    return answer["data"]


@pytest.mark.parametrize("workspace", [["-m", "f5_pipeline.definitions"], ["-w", str(ROOT / "workspace.yaml")]])
def test_a_run_of_the_terminal_is_on_its_job(cli: CommandLine, engine: FakeEngine, workspace: list[str]) -> None:
    cli("submit", cli.write("b.csv", MANIFEST))
    assert cli("run", "b")[0] == 0
    with _web_server(workspace, cli.folder) as address:
        data = _runs(address, "f5_pipeline.definitions")
    assert data["workspaceOrError"]["locationEntries"] == [{"name": "f5_pipeline.definitions"}]
    [run] = data["runsOrError"]["results"]
    assert run["status"] == "SUCCESS"
    assert run["repositoryOrigin"]["repositoryLocationName"] == "f5_pipeline.definitions"  # for the timeline
    assert {"key": "dagster/partition", "value": "b"} in run["tags"]
