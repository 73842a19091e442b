"""The run launcher of deployments where runs and daemon are on different machines: it asks the code server about a run.

``launcher`` is for a single machine and examines the run's process itself. This module imports nothing but Dagster: the
images of webserver and daemon contain nothing else.
"""

import dagster as dg

from f5_pipeline.defs.dagster_internals import (
    CheckRunHealthResult,
    DagsterUserCodeUnreachableError,
    GetCurrentRunsResult,
    WorkerStatus,
    deserialize_value,
)


class RemoteRunLauncher(dg.DefaultRunLauncher):
    """Starts runs in the code server, as Dagster's own launcher does, and reports lost runs to run monitoring.

    A run is a process of the code server. If both die together (out of memory, a killed container), Dagster's own
    launcher does not notice: the run stays in progress in the records and keeps its place in the queue.
    """

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """FAILED if the present code server does not have the run. If it does not answer, it may still have it."""
        client = self._get_grpc_client_for_termination(run.run_id)
        if client is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "the run was not started by the code server")
        try:
            current = deserialize_value(client.get_current_runs(), GetCurrentRunsResult)
        except DagsterUserCodeUnreachableError:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "the code server does not answer")
        if run.run_id in current.current_runs:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, "the code server was restarted and the run's process is gone")
