"""A run that is interrupted in a terminal ends in order, and is recorded as canceled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest

from f5_pipeline.demo.install import install
from f5_pipeline.storage.local import LocalStore

_LINES = b"text,voice\n" + b"".join(b"This is line %d of a long batch.,f2\n" % number for number in range(300))


@pytest.mark.slow
@pytest.mark.parametrize("signals", [[signal.SIGHUP], [signal.SIGINT, signal.SIGINT]])
def test_an_interrupted_run_is_recorded_as_canceled(tmp_path: Path, signals: list[signal.Signals]) -> None:
    """The real run: the demo's model, Dagster's records in a folder, a group of processes as in a terminal."""
    store, home = LocalStore(tmp_path / "store"), tmp_path / "home"
    install(store)
    store.write("manifests/long.csv", _LINES)
    home.mkdir()
    (home / "dagster.yaml").touch()
    environment = {**os.environ, "F5_STORE": store.url, "F5_CACHE": str(tmp_path / "cache"), "DAGSTER_HOME": str(home)}
    run = subprocess.Popen(
        [sys.executable, "-m", "f5_pipeline.cli", "run", "long"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 300
    while not list(store.list("clips/")) and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    for number in signals:
        os.killpg(run.pid, number)
        time.sleep(0.3)
    output = run.communicate(timeout=120)[0]
    assert run.returncode == 130, output
    assert "run the command again to continue." in output.splitlines()[-1]
    assert "Traceback" not in output
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert [each.status for each in instance.get_runs()] == [dg.DagsterRunStatus.CANCELED]
