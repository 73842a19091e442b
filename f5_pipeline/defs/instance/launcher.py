"""The run launcher of our instances: Dagster's own, which besides can tell run monitoring that a run's process is dead.

Dagster's own code server notices a worker that dies. Nobody notices when the code server dies with it (a power cut), or
a run that was started by hand: such a run would go on for ever in the records, and keep its place in the queue.
"""

import json
import socket

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG

from f5_pipeline.settings.environment import load_settings
from f5_pipeline.storage.liveness import is_alive, remove_stale

RUNS = "runs"  # the folder of this machine's cache where its runs show that they live


class WatchingRunLauncher(dg.DefaultRunLauncher):
    """Launches runs in processes of the code server, and asks the system whether they are still there."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """FAILED on proof of death only: of a process elsewhere nothing is known, and it is left alone."""
        folder = load_settings().cache / RUNS
        alive = is_alive(folder, run.run_id)
        if alive or (alive is None and not _server_is_gone(run)):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        remove_stale(folder, run.run_id)
        return CheckRunHealthResult(WorkerStatus.FAILED, "its process is gone")


def _server_is_gone(run: dg.DagsterRun) -> bool:
    """Whether nobody listens any more where the run was given to: one that had just begun ended with its server."""
    path = json.loads(run.tags.get(GRPC_INFO_TAG, "{}")).get("socket")  # on this machine; others have a port
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
