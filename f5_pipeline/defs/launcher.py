"""The run launcher of our instances: Dagster's own, which besides can tell run monitoring that a run's process is dead.

Dagster's own code server notices a worker that dies. Nobody notices when the code server dies with it (a power cut), or
a run that was started by hand: such a run would go on for ever in the records, and keep its place in the queue.
"""

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus

from f5_pipeline.settings import load_settings
from f5_pipeline.storage.alive import bury, is_dead

RUNS = "runs"  # the folder of this machine's cache where its runs show that they live


class WatchingRunLauncher(DefaultRunLauncher):
    """Launches runs in processes of the code server, and asks the system whether they are still there."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """FAILED on proof of death only: of a process elsewhere nothing is known, and it is left alone."""
        folder = load_settings().cache / RUNS
        if not is_dead(folder, run.run_id):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        bury(folder, run.run_id)
        return CheckRunHealthResult(WorkerStatus.FAILED, "its process is gone")
