"""The watchdog: a process that hangs in native code exits after its run has ended in the records, and not before."""

from __future__ import annotations

import os
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
from f5_pipeline.defs.instance.run_watchdog import exit_when_run_ends

_HANGS = """
import ctypes, signal, sys
import dagster as dg
from f5_pipeline.defs.instance.run_watchdog import exit_when_run_ends

signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # no interrupt arrives
with dg.DagsterInstance.from_config(sys.argv[1]) as instance:
    with exit_when_run_ends(instance, instance.get_run_by_id(sys.argv[2]), interval=0.05, grace=0.1):
        print("up", flush=True)
        ctypes.CDLL(None).sleep(600)
"""


class Process:
    """The process of a run, hanging in native code."""

    def __init__(self, home: str, run: dg.DagsterRun) -> None:
        command = [sys.executable, "-c", _HANGS, home, run.run_id]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "up\n"

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def exit_code(self) -> int:
        """Wait until it exits."""
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


def test_a_hanging_process_exits_after_its_run_has_ended(tmp_path: Path) -> None:
    with hanging(tmp_path) as (instance, run, process):
        assert process.is_alive
        instance.report_run_failed(run, "Exceeded maximum runtime of 86400 seconds.")
        assert process.exit_code() == 1
        messages = [entry.message for entry in instance.all_logs(run.run_id)]
        assert any("its process" in message for message in messages)


class CountingInstance:
    """An instance that counts how often it is asked for a run."""

    def __init__(self, answer: Callable[[], dg.DagsterRun | None]) -> None:
        self._answer, self.queries, self._changed = answer, 0, threading.Condition()

    def get_run_by_id(self, run_id: str) -> dg.DagsterRun | None:
        with self._changed:
            self.queries += 1
            self._changed.notify_all()
        return self._answer()

    def wait(self, queries: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.queries >= queries, 60)


def unreachable() -> dg.DagsterRun | None:
    raise OSError("the database does not answer")


@pytest.mark.parametrize(
    "answer",
    [lambda: dg.DagsterRun("job", "a-run", status=dg.DagsterRunStatus.STARTED), lambda: None, unreachable],
    ids=["in progress", "deleted", "unreachable"],
)
def test_a_process_goes_on_unless_its_run_is_known_to_have_ended(
    answer: Callable[[], dg.DagsterRun | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    exits: list[int] = []
    monkeypatch.setattr(os, "_exit", exits.append)
    instance = CountingInstance(answer)
    with exit_when_run_ends(instance, dg.DagsterRun("job", "a-run"), interval=0.01, grace=0.0):  # type: ignore[arg-type]
        instance.wait(3)
    assert exits == []


def test_every_run_is_watched(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    watched: list[str] = []

    @contextmanager
    def watch(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Iterator[None]:
        watched.append(run.run_id)
        yield

    monkeypatch.setattr("f5_pipeline.defs.resources.exit_when_run_ends", watch)
    monkeypatch.setenv("F5_CACHE", str(cache))
    monkeypatch.setenv("F5_STORE", str(cache / "store"))
    result = define().resolve_job_def("housekeeping").execute_in_process(instance=instance, raise_on_error=False)
    assert watched == [result.run_id]
