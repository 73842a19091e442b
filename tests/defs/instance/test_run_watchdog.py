"""A process that hangs in native code ends some time after its run has, and not while that goes on."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test, instance_for_test

from f5_pipeline.defs.code_location import define
from f5_pipeline.defs.instance import run_watchdog
from f5_pipeline.defs.instance.run_watchdog import end_with_run_record

_HANGS = """
import ctypes, signal, sys
import dagster as dg
from f5_pipeline.defs.instance.run_watchdog import end_with_run_record

signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # it comes to nobody
with dg.DagsterInstance.from_config(sys.argv[1]) as instance:
    with end_with_run_record(instance, instance.get_run_by_id(sys.argv[2]), every=0.05, grace=0.1):
        print("up", flush=True)
        ctypes.CDLL(None).sleep(600)
"""


class Process:
    """Of a run, and hanging."""

    def __init__(self, home: str, run: dg.DagsterRun) -> None:
        command = [sys.executable, "-c", _HANGS, home, run.run_id]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "up\n"

    @property
    def lives(self) -> bool:
        return self._process.poll() is None

    def end(self) -> int:
        """What it ends with by itself."""
        return self._process.wait(60)

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@contextmanager
def hanging(tmp_path: Path) -> Iterator[tuple[dg.DagsterInstance, dg.DagsterRun, Process]]:
    with instance_for_test(temp_dir=str(tmp_path)) as instance:
        run = create_run_for_test(instance, job_name="speech_batch", status=dg.DagsterRunStatus.STARTED)
        process = Process(str(tmp_path), run)
        try:
            yield instance, run, process
        finally:
            process.close()


def test_a_process_that_hangs_ends_after_its_run_and_says_so(tmp_path: Path) -> None:
    with hanging(tmp_path) as (instance, run, process):
        assert process.lives
        instance.report_run_failed(run, "Exceeded maximum runtime of 86400 seconds.")
        assert process.end() == 1
        said = [entry.message for entry in instance.all_logs(run.run_id)]
        assert any("its process had not: it ends now" in message for message in said)


class Looked:
    """An instance that counts how often it is asked for a run."""

    def __init__(self, answer: Callable[[], dg.DagsterRun | None]) -> None:
        self._answer, self.looks, self._seen = answer, 0, threading.Condition()

    def get_run_by_id(self, run_id: str) -> dg.DagsterRun | None:
        with self._seen:
            self.looks += 1
            self._seen.notify_all()
        return self._answer()

    def wait(self, looks: int) -> None:
        with self._seen:
            assert self._seen.wait_for(lambda: self.looks >= looks, 60)


def away() -> dg.DagsterRun | None:
    raise OSError("the database is away")


@pytest.mark.parametrize(
    "answer",
    [lambda: dg.DagsterRun("job", "a-run", status=dg.DagsterRunStatus.STARTED), lambda: None, away],
    ids=["goes on", "deleted", "away"],
)
def test_a_run_that_goes_on_or_of_which_nothing_is_known_is_left_alone(
    answer: Callable[[], dg.DagsterRun | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(run_watchdog.os, "_exit", ended.append)
    instance = Looked(answer)
    with end_with_run_record(instance, dg.DagsterRun("job", "a-run"), every=0.01, grace=0.0):  # type: ignore[arg-type]
        instance.wait(3)
    assert ended == []


def test_every_run_is_watched(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    watched: list[str] = []

    @contextmanager
    def watch(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Iterator[None]:
        watched.append(run.run_id)
        yield

    monkeypatch.setattr("f5_pipeline.defs.resources.ends_with_its_record", watch)
    monkeypatch.setenv("F5_CACHE", str(cache))
    monkeypatch.setenv("F5_STORE", str(cache / "store"))
    result = define().resolve_job_def("housekeeping").execute_in_process(instance=instance, raise_on_error=False)
    assert watched == [result.run_id]
