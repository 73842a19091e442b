"""A real ``dagster-daemon`` with its code server and runs: started, observed, killed as in a power cut."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import dagster as dg
import psutil
import yaml
from dagster._core.events import DagsterEventType

from tests.storage.servers import answers, free_port

PARTITION = "dagster/partition"
_WAIT_SECONDS = 600
UNFINISHED = ("QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING")
_PID = re.compile(r"\(pid: (\d+)\)")


class Daemon:
    """The daemon of a Dagster home with our configuration and shorter intervals. Leaving the context kills everything.

    Args:
        folder: for the home and the daemon's log.
        environment: added to this process's own variables.
        config: changes to ``dagster.yaml``, by section.
        separate_server: True: the code server is a separate process, as in deployments. Otherwise the daemon starts one
            and replaces it every minute.
    """

    def __init__(
        self,
        folder: Path,
        environment: dict[str, str],
        config: dict[str, dict[str, Any]],
        *,
        separate_server: bool = False,
    ) -> None:
        self.home, self.log = folder / "home", folder / "daemon.log"
        self.home.mkdir(parents=True)
        settings = yaml.safe_load(files("f5_pipeline.defs").joinpath("dagster.yaml").read_text())
        for section, values in config.items():
            settings[section] |= values
        (self.home / "dagster.yaml").write_text(yaml.safe_dump(settings))
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("F5_", "DAGSTER_", "AWS_"))
        }
        self._environment = {**inherited, "PYTHONWARNINGS": "ignore", "DAGSTER_HOME": str(self.home), **environment}
        self._folder = folder
        self.instance = dg.DagsterInstance.from_config(str(self.home))
        self.process: subprocess.Popen[bytes] | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._separate_server = separate_server

    def __enter__(self) -> Daemon:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill_all()
        self.instance.dispose()

    def start(self) -> None:
        code = ["-m", "f5_pipeline.definitions"]
        if self._separate_server:
            port = str(free_port())
            self._server = self._spawn("dagster", "api", "grpc", "--host", "127.0.0.1", "--port", port, *code)
            server = {"host": "127.0.0.1", "port": int(port), "location_name": "f5_pipeline.definitions"}
            (self._folder / "workspace.yaml").write_text(yaml.safe_dump({"load_from": [{"grpc_server": server}]}))
            self.wait_for(lambda: answers(int(port)), "the code server")
            code = ["-w", "workspace.yaml"]
        self.process = self._spawn("dagster-daemon", "run", *code)

    def _spawn(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [Path(sys.executable).with_name(program), *arguments],
                cwd=self._folder,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill_all(self) -> None:
        """Kill daemon, code server and runs at once, as a power cut does."""
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        for parent_process in (self.process, self._server):
            if parent_process is not None:
                parent_process.wait()
        self.process = self._server = None

    def processes(self) -> list[psutil.Process]:
        """The processes of the daemon, the code server and the runs."""
        found = []
        for parent_process in (self.process, self._server):
            with suppress(psutil.NoSuchProcess):
                if parent_process is not None:
                    parent = psutil.Process(parent_process.pid)
                    found += [parent, *parent.children(recursive=True)]
        return found

    # --- runs -----------------------------------------------------------------------------------------------------

    def runs(self, batch: str) -> list[dg.RunRecord]:
        """The runs of a batch, oldest first."""
        found = self.instance.get_run_records(dg.RunsFilter(tags={PARTITION: batch}), ascending=True)
        return list(found)

    def statuses(self, batch: str) -> list[str]:
        return [record.dagster_run.status.value for record in self.runs(batch)]

    def with_status(self, *statuses: str) -> list[dg.DagsterRun]:
        """The runs of all batches with one of these statuses."""
        wanted = [dg.DagsterRunStatus(status) for status in statuses]
        return list(self.instance.get_runs(dg.RunsFilter(statuses=wanted)))

    def worker(self, run_id: str) -> int | None:
        """The process id of a run, once it is in the run's log."""
        events = self.instance.all_logs(run_id, of_type={DagsterEventType.ENGINE_EVENT})
        found = [match for event in events if (match := _PID.search(event.user_message or event.message or ""))]
        return int(found[-1][1]) if found else None

    def signal_worker(self, run_id: str, number: signal.Signals) -> int:
        """Send a signal to the process of a run; returns the process id."""
        pid = self.wait_for(lambda: self.worker(run_id), f"the process of run {run_id}")
        os.kill(pid, number)
        return pid

    def wait_for_statuses(self, batch: str, *wanted: str) -> list[dg.RunRecord]:
        """Wait until the runs of a batch have these statuses."""
        self.wait_for(
            lambda: self.statuses(batch) == list(wanted), f"{batch} to be {wanted}", lambda: self.statuses(batch)
        )
        return self.runs(batch)

    def wait_for(
        self,
        condition: Callable[[], Any],
        description: str,
        state: Callable[[], Any] = lambda: "",
        seconds: float = _WAIT_SECONDS,
        every: float = 0.1,
    ) -> Any:
        """Wait until a condition is true; returns its value. Fails with the end of the log after ``seconds``."""
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            assert self.process is None or self.process.poll() is None, self._end_of_log()
            assert time.monotonic() < deadline, (
                f"timed out waiting for {description}, state: {state()}\n{self._end_of_log()}"
            )
            time.sleep(every)
        return value

    def _end_of_log(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]


def overlaps(records: Iterable[dg.RunRecord]) -> list[tuple[str, str]]:
    """Pairs of runs that overlap in time."""
    ordered = sorted((record for record in records if record.start_time), key=lambda record: record.start_time or 0.0)
    return [
        (first.dagster_run.run_id, second.dagster_run.run_id)
        for first, second in pairwise(ordered)
        if (first.end_time or float("inf")) > (second.start_time or 0.0)
    ]
