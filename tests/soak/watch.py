"""Resources of a daemon and its code server: memory, threads, files, processes, and CPU time while idle."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.defs.daemon import Daemon
from tests.running import with_variable

_EVERY_SECONDS = 5.0


@dataclass(frozen=True)
class Sample:
    """The resources of the daemon and the code server at one time, without those of runs."""

    seconds: float  # since the start
    daemon_megabytes: float  # resident
    server_megabytes: float  # of the code server
    threads: int
    open_files: int
    processes: int  # all of them, including runs and their leftovers
    temporary_files: int


class Watch:
    """Takes a sample every few seconds, in a thread, while the block runs."""

    def __init__(self, daemon: Daemon, temporary: Path) -> None:
        self.samples: list[Sample] = []
        self._daemon, self._temporary = daemon, temporary
        self._started = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def sample(self) -> Sample:
        sizes = {"daemon": 0.0, "server": 0.0}
        threads, files = [], []
        for process in self.servers():
            with suppress(psutil.NoSuchProcess):
                sizes["server" if "grpc" in process.cmdline() else "daemon"] += process.memory_info().rss / 1e6
                threads.append(process.num_threads())
                files.append(process.num_fds())
        return Sample(
            round(time.monotonic() - self._started, 1),
            round(sizes["daemon"], 1),
            round(sizes["server"], 1),
            sum(threads),
            sum(files),
            len(with_variable("DAGSTER_HOME", self._daemon.home)),
            sum(path.is_file() for path in self._temporary.rglob("*")),
        )

    def servers(self) -> list[psutil.Process]:
        """The processes of the daemon and its code server."""
        found = []
        for process in self._daemon.processes():
            with suppress(psutil.NoSuchProcess):
                words = process.cmdline()
                if any(word.endswith("dagster-daemon") for word in words) or "grpc" in words:
                    found.append(process)
        return found

    def busy_share(self, seconds: float) -> float:
        """The share of a core that they use over some seconds."""
        before = self._cpu_seconds()
        time.sleep(seconds)
        return (self._cpu_seconds() - before) / seconds

    def _cpu_seconds(self) -> float:
        return sum(sum(process.cpu_times()[:2]) for process in self.servers())

    def _watch(self) -> None:
        while not self._ended.wait(_EVERY_SECONDS):
            self.samples.append(self.sample())


def median_of(samples: Sequence[Sample], name: str) -> float:
    """The median of one measure."""
    return statistics.median(getattr(sample, name) for sample in samples)
