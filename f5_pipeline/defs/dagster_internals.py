"""Every private name of Dagster that this package imports, why it is needed, and what public API would replace it.

Private names may change in any release, so an upgrade of Dagster has to check this module only. It imports nothing but
Dagster: the images of webserver and daemon load ``instance.remote_launcher`` and contain nothing else.
"""

# The code server cannot be reached: its runs may still be alive. The public ``DagsterError`` is too wide to catch.
# Replace with: an export of this class from ``dagster``.
from dagster._core.errors import DagsterUserCodeUnreachableError

# Opens the instance of a folder's dagster.yaml without DAGSTER_HOME, as the ``dagster`` command does in that folder.
# Replace with: ``DagsterInstance.from_config``, once it does not require the folder to be DAGSTER_HOME.
from dagster._core.instance import InstanceRef

# The result of a run launcher's health check. ``dagster.DefaultRunLauncher`` is public, what its methods return is not.
# Replace with: exports of both classes from ``dagster``.
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus

# Names of tags that Dagster sets on runs or reads from them: to find the runs of a batch or of a run key, to see that a
# failed run is about to be retried, to order the queue, and to find the code server of a run.
# Replace with: exports like that of ``dagster.MAX_RUNTIME_SECONDS_TAG``.
from dagster._core.storage.tags import (
    AUTO_RETRY_RUN_ID_TAG,
    GRPC_INFO_TAG,
    PARTITION_NAME_TAG,
    PRIORITY_TAG,
    RUN_KEY_TAG,
    WILL_RETRY_TAG,
)

# The answer of a code server that is asked which runs it has, and how to read it.
# Replace with: a public method of the run launcher or of the instance that asks the code server about a run.
from dagster._grpc.types import GetCurrentRunsResult

# How long the daemon waits for a schedule's evaluation: ``DAGSTER_SCHEDULE_GRPC_TIMEOUT_SECONDS`` or the default.
# Replace with: a deadline on ``ScheduleEvaluationContext``.
from dagster._grpc.utils import default_schedule_grpc_timeout
from dagster._serdes import deserialize_value

__all__ = [
    "AUTO_RETRY_RUN_ID_TAG",
    "GRPC_INFO_TAG",
    "PARTITION_NAME_TAG",
    "PRIORITY_TAG",
    "RUN_KEY_TAG",
    "WILL_RETRY_TAG",
    "CheckRunHealthResult",
    "DagsterUserCodeUnreachableError",
    "GetCurrentRunsResult",
    "InstanceRef",
    "WorkerStatus",
    "default_schedule_grpc_timeout",
    "deserialize_value",
]
