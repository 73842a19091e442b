"""Every private name of Dagster that this package imports, why it is needed, and what public API would replace it.

Private names may change in any release, so an upgrade of Dagster has to check this module only. It imports nothing but
Dagster: the images of webserver and daemon load ``instance.remote_launcher`` and contain nothing else.
"""

# The target of a check's evaluation: the materialization that was checked. ``dagster.AssetCheckEvaluation`` is public,
# the type of this field is not.
# Replace with: a ``partition`` of ``dagster.AssetCheckResult``.
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationTargetMaterializationData

# A run of this process that belongs to the job of the code location: the job, how to execute the run, and the names by
# which the UI finds its job. The public ``execute_in_process`` creates a run of no job.
# Replace with: an argument of ``dagster.JobDefinition.execute_in_process`` for the origin of the run.
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME

# The metadata of an output that is no materialization: Dagster would materialize every partition of the run at the end
# of the step, also those that failed.
# Replace with: a ``partition`` of ``dagster.MaterializeResult``.
from dagster._core.definitions.source_asset import SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION as NOT_MATERIALIZED

# What ``dagster.define_asset_job`` returns, for annotations.
# Replace with: an export of this class from ``dagster``.
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

# The code server cannot be reached: its runs may still be alive. The public ``DagsterError`` is too wide to catch.
# Replace with: an export of this class from ``dagster``.
from dagster._core.errors import DagsterUserCodeUnreachableError

# See ``InMemoryJob``.
from dagster._core.execution.api import execute_run

# The tags of a materialization with its data version and those of its inputs: the UI derives from them if a partition
# is out of date.
# Replace with: a ``partition`` of ``dagster.MaterializeResult``.
from dagster._core.execution.plan.execute_step import (
    _build_data_version_tags as build_data_version_tags,
)
from dagster._core.execution.plan.execute_step import (
    _get_code_version as get_code_version,
)
from dagster._core.execution.plan.execute_step import (
    _get_input_provenance_data as get_input_provenance,
)

# Opens the instance of a folder's dagster.yaml without DAGSTER_HOME, as the ``dagster`` command does in that folder.
# Replace with: ``DagsterInstance.from_config``, once it does not require the folder to be DAGSTER_HOME.
from dagster._core.instance import InstanceRef

# The result of a run launcher's health check. ``dagster.DefaultRunLauncher`` is public, what its methods return is not.
# Replace with: exports of both classes from ``dagster``.
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus

# See ``InMemoryJob``.
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin

# Names of tags that Dagster sets on runs or reads from them: to find the runs of a batch or of a run key, to see that a
# failed run is about to be retried or must not be, to order the queue, and to find the code server of a run. Tags with
# the hidden prefix are not shown in the UI.
# Replace with: exports like that of ``dagster.MAX_RUNTIME_SECONDS_TAG``.
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    AUTO_RETRY_RUN_ID_TAG,
    GRPC_INFO_TAG,
    HIDDEN_TAG_PREFIX,
    MAX_RETRIES_TAG,
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

# The two generated classes that read an asset selection, as module and name: they are imported with the antlr4 runtime
# that ``selection_grammar`` prepares. Replace with: nothing, once f5-tts or Dagster does not require antlr4.
_GENERATED = "dagster._core.definitions.antlr_asset_selection.generated"
SELECTION_PARSERS = [
    (f"{_GENERATED}.AssetSelectionLexer", "AssetSelectionLexer"),
    (f"{_GENERATED}.AssetSelectionParser", "AssetSelectionParser"),
]

__all__ = [
    "ASSET_PARTITION_RANGE_END_TAG",
    "ASSET_PARTITION_RANGE_START_TAG",
    "AUTO_RETRY_RUN_ID_TAG",
    "GRPC_INFO_TAG",
    "HIDDEN_TAG_PREFIX",
    "MAX_RETRIES_TAG",
    "NOT_MATERIALIZED",
    "PARTITION_NAME_TAG",
    "PRIORITY_TAG",
    "RUN_KEY_TAG",
    "SELECTION_PARSERS",
    "SINGLETON_REPOSITORY_NAME",
    "WILL_RETRY_TAG",
    "AssetCheckEvaluationTargetMaterializationData",
    "CheckRunHealthResult",
    "DagsterUserCodeUnreachableError",
    "GetCurrentRunsResult",
    "InMemoryJob",
    "InstanceRef",
    "RegisteredCodeLocationOrigin",
    "RemoteJobOrigin",
    "RemoteRepositoryOrigin",
    "UnresolvedAssetJobDefinition",
    "WorkerStatus",
    "build_data_version_tags",
    "default_schedule_grpc_timeout",
    "deserialize_value",
    "execute_run",
    "get_code_version",
    "get_input_provenance",
]
