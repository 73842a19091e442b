"""Runs the job ``speech_batch`` in this process for the command line: the same job as ``dagster job execute``.

Such a run does not enter the queue, so the limits of the instance do not apply to it. The user is warned of other runs.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Protocol

import dagster as dg

from f5_pipeline.defs.automation.batch_runs import busy_batches
from f5_pipeline.defs.code_location import define
from f5_pipeline.defs.dagster_internals import (
    MAX_RETRIES_TAG,
    PARTITION_NAME_TAG,
    SINGLETON_REPOSITORY_NAME,
    InMemoryJob,
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
    execute_run,
)
from f5_pipeline.defs.instance.instance import using_instance
from f5_pipeline.defs.partitions import batches
from f5_pipeline.defs.resources import EngineResource, LoadEngine, RunProgress
from f5_pipeline.engine.protocol import SpeechEngine
from f5_pipeline.models.weights import ReadyModel
from f5_pipeline.storage.download_progress import DownloadProgress, observe_downloads
from f5_pipeline.synthesis.executor import LoadedEngine

_JOB = "speech_batch"
_LOCATION = "f5_pipeline.definitions"  # as Dagster names the location of a module, and as our workspaces do
# The daemon cannot end a process that it did not start. It could only record a failure and start a second run beside
# the first; and who started a run in a terminal starts it again there.
_LEFT_ALONE = {dg.MAX_RUNTIME_SECONDS_TAG: "0", MAX_RETRIES_TAG: "0"}
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class RunDisplay(RunProgress, Protocol):
    """Shows what a run does, from its first step to its last."""

    def begin_step(self, name: str) -> None:
        """The step of the asset ``name`` begins."""

    def begin_loading(self) -> None:
        """A model is being loaded, if it is not in memory yet."""

    def end_loading(self) -> None:
        """The model is in memory, or could not be loaded."""

    def download(self, state: DownloadProgress) -> None:
        """Another block of a download has arrived."""


@dataclass(frozen=True)
class _ShownLoader:
    """Shows that a model is being loaded. A copy for a worker of a cluster is the loader without the display."""

    load: LoadEngine
    display: RunDisplay

    def __call__(self, model: ReadyModel) -> SpeechEngine:
        self.display.begin_loading()
        try:
            return self.load(model)
        finally:
            self.display.end_loading()

    def __reduce__(self) -> tuple[Callable[[LoadEngine], LoadEngine], tuple[LoadEngine]]:
        return _itself, (self.load,)


def _itself(load: LoadEngine) -> LoadEngine:
    return load


@dataclass(frozen=True)
class RunOutcome:
    """The result of a run."""

    succeeded: bool
    error: str  # one paragraph; "" if the run succeeded
    metadata: Mapping[str, Any]  # of generated_audio, by name; empty if it was not materialized


def load_once() -> LoadEngine:
    """The function that loads the engine, for several runs of this process: the model stays in memory."""
    return LoadedEngine(EngineResource().create_resource(dg.build_init_resource_context()))


def run_batch(
    batch: str,
    display: RunDisplay,
    warn: Callable[[str], None] = lambda message: None,
    run_id: str | None = None,
    load_engine: LoadEngine | None = None,
) -> RunOutcome:
    """Register the batch and run its job to the end.

    The run belongs to the job of the code location, where the UI shows it. It has no maximum runtime and no retries.

    Args:
        warn: called before the run starts if other runs are in progress. The run starts nevertheless.
        run_id: the id of the run, for ``cancel_run``; default: a new one.
        load_engine: see ``load_once``; by default, the run loads the model itself.

    Raises:
        UnsafeName: ``batch`` is not a slug.
        FileUnusable, RecordsUnusable: Dagster's records cannot be used.
        KeyboardInterrupt: the run was interrupted.
    """
    load = _ShownLoader(load_engine or load_once(), display)
    job = define(make_progress=lambda context: display, load_engine=load).resolve_job_def(_JOB)
    with using_instance() as instance:
        if warning := _warning_of_other_runs(instance, batch):
            warn(warning)
        instance.add_dynamic_partitions(str(batches.name), [batch])
        run = instance.create_run_for_job(
            job,
            run_id=run_id,
            run_config=_QUIET,
            tags={**_LEFT_ALONE, PARTITION_NAME_TAG: batch},
            remote_job_origin=_origin(),
        )
        instance.add_event_listener(run.run_id, lambda entry: _show_step(entry, display))
        with observe_downloads(display.download):
            result = execute_run(InMemoryJob(job), run, instance)
    if any(_is_interruption(event) for event in result.all_events):
        raise KeyboardInterrupt
    return RunOutcome(result.success, "" if result.success else _first_error(result), _metadata(result))


def _show_step(entry: dg.EventLogEntry, display: RunDisplay) -> None:
    event = entry.dagster_event
    if event is not None and event.event_type == dg.DagsterEventType.STEP_START and event.step_key is not None:
        display.begin_step(event.step_key)


def _origin() -> RemoteJobOrigin:
    """The job as the UI knows it. ``DAGSTER_LOCATION_NAME`` is Dagster's own variable for code servers."""
    location = RegisteredCodeLocationOrigin(os.environ.get("DAGSTER_LOCATION_NAME") or _LOCATION)
    return RemoteRepositoryOrigin(location, SINGLETON_REPOSITORY_NAME).get_job_origin(_JOB)


def cancel_run(run_id: str) -> None:
    """Record that a run of this process is canceled, before the process ends."""
    with using_instance() as instance:
        if (run := instance.get_run_by_id(run_id)) is not None and not run.is_finished:
            instance.report_run_canceled(run, "Stopped in the terminal.")


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


def _first_error(result: dg.JobExecutionResult) -> str:
    """The description of the first failed step."""
    for event in result.all_events:
        if event.is_step_failure:
            data = event.step_failure_data
            if data.user_failure_data is not None and data.user_failure_data.description:
                return data.user_failure_data.description
            if data.error is not None:
                cause = data.error.cause or data.error
                return f"{event.step_key} failed: {cause.message.strip()}"
    return "The run failed. Its log in the Dagster UI has the details."


def _metadata(result: dg.JobExecutionResult) -> Mapping[str, Any]:
    for event in result.get_asset_materialization_events():
        if event.asset_key == dg.AssetKey("generated_audio"):
            return {name: entry.value for name, entry in event.materialization.metadata.items()}
    return {}
