"""Runs the job ``speech_batch`` in this process for the command line: the same job as ``dagster job execute``.

Such a run does not enter the queue, so the limits of the instance do not apply to it. The user is warned of other runs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import dagster as dg

from f5_pipeline.defs.automation.batch_runs import busy_batches
from f5_pipeline.defs.code_location import define
from f5_pipeline.defs.instance.instance import open_instance
from f5_pipeline.defs.partitions import batches
from f5_pipeline.synthesis.executor import Progress

_NO_MAX_RUNTIME = {dg.MAX_RUNTIME_SECONDS_TAG: "0"}
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class RunOutcome:
    """The result of a run."""

    succeeded: bool
    error: str  # one paragraph; "" if the run succeeded
    metadata: Mapping[str, Any]  # of generated_audio, by name; empty if it was not materialized


def run_batch(batch: str, progress: Progress, warn: Callable[[str], None] = lambda message: None) -> RunOutcome:
    """Register the batch and run its job to the end.

    The run has no maximum runtime: the daemon cannot end a process that it did not start; it could only record a
    failure and start a second run beside the first.

    Args:
        warn: called before the run starts if other runs are in progress. The run starts nevertheless.

    Raises:
        UnsafeName: ``batch`` is not a slug.
        KeyboardInterrupt: the run was interrupted.
    """
    job = define(make_progress=lambda context: progress).resolve_job_def("speech_batch")
    with open_instance() as instance:
        if warning := _warning_of_other_runs(instance, batch):
            warn(warning)
        instance.add_dynamic_partitions(str(batches.name), [batch])
        result = job.execute_in_process(
            instance=instance, partition_key=batch, raise_on_error=False, run_config=_QUIET, tags=_NO_MAX_RUNTIME
        )
    if any(_is_interruption(event) for event in result.all_events):
        raise KeyboardInterrupt
    return RunOutcome(result.success, "" if result.success else _first_error(result), _metadata(result))


def _is_interruption(event: dg.DagsterEvent) -> bool:
    if not event.is_step_failure:
        return event.event_type == dg.DagsterEventType.RUN_CANCELED
    error = event.step_failure_data.error
    return error is not None and error.cls_name in ("Interrupted", "KeyboardInterrupt")


def _warning_of_other_runs(instance: dg.DagsterInstance, batch: str) -> str:
    """One line; "" if no other run is in progress."""
    if batch in busy_batches(instance, datetime.now(timezone.utc)):
        return (
            f"Batch {batch!r} already has a run that is queued or in progress, and this run does not wait for it. The "
            "results will be correct, but lines may be spoken twice."
        )
    if count := instance.get_runs_count(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
        return f"Other runs are in progress ({count}), and this run does not wait for them: they share the device."
    return ""


def _first_error(result: dg.ExecuteInProcessResult) -> str:
    """The description of the first failed step, or of the blocking check that failed it."""
    checks = [check for check in result.get_asset_check_evaluations() if not check.passed and check.blocking]
    for event in result.all_events:
        if event.is_step_failure:
            data = event.step_failure_data
            if data.user_failure_data is not None and data.user_failure_data.description:
                return data.user_failure_data.description
            if checks:
                return f"The check {checks[0].check_name!r} failed: {checks[0].description}"
            if data.error is not None:
                cause = data.error.cause or data.error
                return f"{event.step_key} failed: {cause.message.strip()}"
    return "The run failed. Its log in the Dagster UI has the details."


def _metadata(result: dg.ExecuteInProcessResult) -> Mapping[str, Any]:
    for event in result.get_asset_materialization_events():
        if event.asset_key == dg.AssetKey("generated_audio"):
            return {name: entry.value for name, entry in event.materialization.metadata.items()}
    return {}
