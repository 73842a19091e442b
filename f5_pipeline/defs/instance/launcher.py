"""The run launcher of instances on one machine: Dagster's own, which also detects runs whose process has died.

Dagster's code server detects a worker that dies. Nothing detects it if the code server dies too (a power cut), or if a
person started the run in a terminal: the run would stay in progress in the records and keep its place in the queue.
"""

import json
import socket

import dagster as dg

from f5_pipeline.defs.dagster_internals import GRPC_INFO_TAG, CheckRunHealthResult, WorkerStatus
from f5_pipeline.settings.environment import load_settings
from f5_pipeline.storage.liveness import is_alive, remove_stale

RUNS = "runs"  # the folder of the cache in which the processes of runs advertise that they are alive


class WatchingRunLauncher(dg.DefaultRunLauncher):
    """Starts runs as processes of the code server, and asks the operating system if they are alive."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """FAILED only if the process is proven dead. A process on another machine counts as running."""
        folder = load_settings().cache / RUNS
        alive = is_alive(folder, run.run_id)
        if alive or (alive is None and not _server_is_gone(run)):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        remove_stale(folder, run.run_id)
        return CheckRunHealthResult(WorkerStatus.FAILED, "the run's process is gone")


def _server_is_gone(run: dg.DagsterRun) -> bool:
    """True if the code server's socket refuses connections: a run that had just begun ended with its server."""
    path = json.loads(run.tags.get(GRPC_INFO_TAG, "{}")).get("socket")  # servers on other machines have a port instead
    if not path:
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except (ConnectionRefusedError, FileNotFoundError):
            return True
        except OSError:
            return False
    return False
