"""Runs on another machine: their health according to the code server; lost runs are detected and retried."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.launcher import WorkerStatus
from dagster._core.storage.dagster_run import DagsterRunStatus
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._core.test_utils import create_run_for_test, instance_for_test

from f5_pipeline.defs.instance.remote_launcher import RemoteRunLauncher
from f5_pipeline.demo.install import BATCH as DEMO
from tests.deployment.client import bucket_of, finished_run, listing, runs_of
from tests.deployment.dockerfile import ROOT
from tests.deployment.stack import Stack
from tests.storage.servers import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

LAUNCHER = {"module": "f5_pipeline.defs.instance.remote_launcher", "class": "RemoteRunLauncher"}
_CLIPS = "speech/clips/"


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with instance_for_test(overrides={"run_launcher": LAUNCHER}) as found:
        assert isinstance(found.run_launcher, RemoteRunLauncher)
        yield found


def health(instance: dg.DagsterInstance, port: int | None) -> WorkerStatus:
    """The health of a run that the code server of this port has started; None: of a run without a code server."""
    tags = {} if port is None else {GRPC_INFO_TAG: json.dumps({"host": "127.0.0.1", "port": port})}
    run = create_run_for_test(instance, status=DagsterRunStatus.STARTED, tags=tags)
    return instance.run_launcher.check_run_worker_health(run).status


def test_run_monitoring_uses_this_launcher(instance: dg.DagsterInstance) -> None:
    assert instance.run_launcher.supports_check_run_worker_health


def test_a_run_that_its_server_does_not_have_has_failed(instance: dg.DagsterInstance, stack: Stack) -> None:
    assert health(instance, int(stack.environment("code")["DAGSTER_GRPC_PORT"])) == WorkerStatus.FAILED


def test_a_run_of_a_server_that_does_not_answer_is_running(instance: dg.DagsterInstance) -> None:
    assert health(instance, free_port()) == WorkerStatus.RUNNING


def test_a_run_that_was_started_in_a_terminal_is_running(instance: dg.DagsterInstance) -> None:
    assert health(instance, None) == WorkerStatus.RUNNING


@pytest.mark.soak
def test_a_run_that_dies_with_its_server_is_retried_from_its_clips(stack: Stack) -> None:
    """The container of the code server is killed during a batch, and started again."""
    _submit(stack, DEMO, (ROOT / "f5_pipeline" / "demo" / "manifest.csv").read_text())
    while not (before := clips(stack)):
        time.sleep(0.5)
    stack.kill("code")
    before = clips(stack)
    stack.begin("code")
    lost, retry = finished_run(stack, DEMO), finished_run(stack, DEMO, after=1)
    assert (lost["status"], retry["status"]) == ("FAILURE", "SUCCESS")
    assert {"key": "dagster/parent_run_id", "value": lost["id"]} in retry["tags"]
    assert len(runs_of(stack, DEMO)) == 2
    after = clips(stack)
    assert after.items() > before.items()  # stored clips are not written again


@pytest.mark.soak
def test_a_server_finishes_its_runs_before_it_stops(stack: Stack) -> None:
    """As in an update."""
    _submit(stack, "three", "id,voice,text\n" + "".join(f"{n},m3,This is line number {n} of three.\n" for n in "123"))
    while not any(run["status"] == "STARTED" for run in runs_of(stack, "three")):
        time.sleep(0.5)
    assert stack.stop("code")
    assert [run["status"] for run in runs_of(stack, "three")] == ["SUCCESS"]


def _submit(stack: Stack, batch: str, manifest: str) -> None:
    path = Path(stack.environment("code")["TMPDIR"]) / f"{batch}.csv"
    path.write_text(manifest)
    done = stack.run("code", "f5-pipeline", "submit", str(path))
    assert done.returncode == 0, done.stderr
    if not stack.running("daemon"):
        stack.begin("daemon")


def clips(stack: Stack) -> dict[str, datetime]:
    """The clips by key, with the time of writing."""
    client, name = bucket_of(stack)
    return {each["Key"]: each["LastModified"] for each in listing(client, name) if each["Key"].startswith(_CLIPS)}
