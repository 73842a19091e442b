"""Running the job ``speech_batch`` in this process, for the command line: the same job as ``dagster job execute``.

Such a run does not wait in the queue, so that limits of the instance do not hold for it; what it gets in the way of is
said.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import dagster as dg

from f5_pipeline.defs.automation.batch_runs import busy_batches
from f5_pipeline.defs.code_location import define
from f5_pipeline.defs.instance.instance import instance_place, open_instance
from f5_pipeline.defs.partitions import batches
from f5_pipeline.synthesis.executor import Progress

_UNTIMED = {dg.MAX_RUNTIME_SECONDS_TAG: "0"}
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended."""

    succeeded: bool
    error: str  # one paragraph; "" if it succeeded
    metadata: Mapping[str, Any]  # of generated_audio, by name; empty if it was not reached


def run_batch(batch: str, progress: Progress, warn: Callable[[str], None] = lambda said: None) -> RunOutcome:
    """Register the batch and run its job to the end; ``progress`` is told how the speaking gets on.

    ``warn`` is told before if other runs are in the way; all the same it begins at once. It may take as long as it
    likes: the daemon could not end it after a day, only call it failed, so that another one is begun beside it.

    Raises:
        UnsafeName: ``batch`` is not a slug.
        KeyboardInterrupt: the run was stopped by it.
    """
    job = define(make_progress=lambda context: progress).resolve_job_def("speech_batch")
    with open_instance() as instance:
        if said := _in_the_way(instance, batch):
            warn(said)
        instance.add_dynamic_partitions(str(batches.name), [batch])
        result = job.execute_in_process(
            instance=instance, partition_key=batch, raise_on_error=False, run_config=_QUIET, tags=_UNTIMED
        )
    if any(_was_interrupted(event) for event in result.all_events):
        raise KeyboardInterrupt
    return RunOutcome(result.success, "" if result.success else _first_error(result), _metadata(result))


def _was_interrupted(event: dg.DagsterEvent) -> bool:
    if not event.is_step_failure:
        return event.event_type == dg.DagsterEventType.RUN_CANCELED
    error = event.step_failure_data.error
    return error is not None and error.cls_name in ("Interrupted", "KeyboardInterrupt")


def _in_the_way(instance: dg.DagsterInstance, batch: str) -> str:
    """One line about other runs in the records; "" if there are none."""
    if batch in busy_batches(instance, datetime.now(timezone.utc)):
        return (
            f"Batch {batch!r} has a run already, waiting or going on, and this one does not wait for it. Nothing goes "
            "wrong, but lines may be spoken twice."
        )
    if going_on := instance.get_runs_count(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
        return f"Other runs are going on ({going_on}), and this one does not wait for them: they share the device."
    return ""


def where() -> str:
    """Where the instance is kept."""
    return instance_place()


def _first_error(result: dg.ExecuteInProcessResult) -> str:
    """What the first failed step said, or the blocking check that failed it."""
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
    return "The run did not succeed; the Dagster UI has its log."


def _metadata(result: dg.ExecuteInProcessResult) -> Mapping[str, Any]:
    for event in result.get_asset_materialization_events():
        if event.asset_key == dg.AssetKey("generated_audio"):
            return {name: entry.value for name, entry in event.materialization.metadata.items()}
    return {}
