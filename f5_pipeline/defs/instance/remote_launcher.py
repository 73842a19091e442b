"""The run launcher where runs are on another machine than the daemon: the code server is asked what became of them.

``launcher`` is for one machine, and looks for the process itself. Imports nothing but Dagster: the images of webserver
and daemon have nothing else.
"""

import dagster as dg
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
from dagster._grpc.types import GetCurrentRunsResult
from dagster._serdes import deserialize_value


class RemoteRunLauncher(dg.DefaultRunLauncher):
    """Starts a run in the code server, as Dagster's own launcher does, and can tell run monitoring that it was lost.

    A run is a process of the code server. If they die together (out of memory, a container killed), nobody is left
    to say so: with Dagster's own launcher such a run goes on for ever in the records and keeps its place in the queue.
    """

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """FAILED if the server that is there now does not have the run. One that does not answer may still have it."""
        client = self._get_grpc_client_for_termination(run.run_id)
        if client is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "it was started by hand, elsewhere")
        try:
            current = deserialize_value(client.get_current_runs(), GetCurrentRunsResult)
        except DagsterUserCodeUnreachableError:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "the code server does not answer")
        if run.run_id in current.current_runs:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, "the code server was restarted, and its process is gone")
