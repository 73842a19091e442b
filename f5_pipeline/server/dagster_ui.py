"""Dagster's UI and daemon as a process, ``dagster dev``, that ends with all of its children."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from f5_pipeline.errors import UiFailed
from f5_pipeline.server.listen import browser_host

_MODULE = "f5_pipeline.definitions"
_START_SECONDS = 300.0
_END_SECONDS = 30.0  # Dagster ends its servers one after the other
_INTERVAL = 0.5


@dataclass(frozen=True)
class DagsterUi:
    """A running ``dagster dev``."""

    process: subprocess.Popen[bytes]
    address: str
    log: Path

    def wait_until_ready(self) -> None:
        """Wait until the UI answers.

        Raises:
            UiFailed: it ended, or does not answer for five minutes.
        """
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self.process.poll() is not None:
                raise UiFailed("did not start.", str(self.log))
            if time.monotonic() > deadline:
                raise UiFailed(f"does not answer at {self.address}.", str(self.log))
            time.sleep(_INTERVAL)

    def wait(self) -> None:
        """Wait until it ends by itself.

        Raises:
            UiFailed: always; a person ends it with a signal.
        """
        self.process.wait()
        raise UiFailed(f"ended by itself with exit code {self.process.returncode}.", str(self.log))

    def _answers(self) -> bool:
        with suppress(OSError), urllib.request.urlopen(f"{self.address}/server_info", timeout=5):
            return True
        return False


@contextmanager
def running_ui(host: str, port: int, log: Path, variables: Mapping[str, str]) -> Iterator[DagsterUi]:
    """Run Dagster's UI and daemon while the block runs.

    Args:
        log: the file for its messages.
        variables: environment variables for it and for the runs that it starts.
    """
    command = [sys.executable, "-m", "dagster", "dev", "--module-name", _MODULE, "--host", host, "--port", str(port)]
    with log.open("wb") as messages:
        process = subprocess.Popen(
            command,
            env={**os.environ, "PYTHONWARNINGS": "ignore", **variables},
            stdin=subprocess.DEVNULL,
            stdout=messages,
            stderr=messages,
            start_new_session=True,  # Ctrl-C reaches this process only, which ends that one in order
        )
    try:
        yield DagsterUi(process, f"http://{browser_host(host)}:{port}", log)
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and its children; kill those that do not end, at once if the person interrupts again."""
    children = _children(process.pid)
    with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
        process.send_signal(signal.SIGINT)
        process.wait(_END_SECONDS)
    _, alive = psutil.wait_procs(children, timeout=1)
    for each in alive:
        with suppress(psutil.Error):
            each.kill()
    process.kill()
    process.wait()


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
