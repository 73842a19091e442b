"""Schedules: runs at a time of day. Runs that follow an event are in ``sensors``."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone

import dagster as dg

from f5_pipeline.defs.automation.batch_groups import group_batches, registration_order
from f5_pipeline.defs.automation.batch_runs import (
    busy_batches,
    count_attempts,
    describe_submissions,
    request_run,
)
from f5_pipeline.defs.dagster_internals import UnresolvedAssetJobDefinition, default_schedule_grpc_timeout
from f5_pipeline.defs.instance.pools import prepare_pool
from f5_pipeline.defs.pipeline import DEFAULT, Pipeline
from f5_pipeline.display.units import plural
from f5_pipeline.manifests.staleness import BatchState, iter_batch_states
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.retry import limited_retries

_PATIENCE = 10.0  # seconds with a store that does not answer; the tick is retried
MAX_ATTEMPTS = 3  # runs with the same inputs; after these a batch waits until an input changes or a person runs it
_PRIORITY = -1  # runs that a person or the sensor starts leave the queue first
_STOPPED_AT = "f5_pipeline_nightly_stopped_at"  # a key of the instance's daemon cursor storage
_MAX_NAMED = 20  # batches in one message


def nightly_batches(pipeline: Pipeline, job: UnresolvedAssetJobDefinition) -> dg.ScheduleDefinition:
    """The schedule ``nightly_batches``, which starts runs of ``job``."""

    def nightly_batches(
        context: dg.ScheduleEvaluationContext,
        store: dg.ResourceParam[ObjectStore],
        settings: dg.ResourceParam[Settings],
    ) -> list[dg.RunRequest] | dg.SkipReason:
        """Run every batch that is incomplete, has failed lines or is out of date, the oldest manifest first.

        A batch is out of date if its manifest, its settings, one of its voices or models, or the engine has changed
        since it was spoken. At most ``F5_NIGHTLY_BATCHES`` batches are requested each night; a run takes at most
        ``F5_BATCHES_PER_RUN`` of them, if they are small. A batch that already has a run gets no second one. After
        three runs with the same inputs a batch waits until one of them changes. If there are more batches than can be
        examined before Dagster's timeout, the next night continues where this one stopped.
        """
        return request_due_batches(
            context.instance,
            store,
            settings,
            now=datetime.now(timezone.utc),  # not the scheduled time: long ago or, in a preview, in the future
            out_of_time=half_of_timeout(),
            preview=is_preview(context),
            warn=context.log.warning,
            pipeline=pipeline,
        )

    return dg.schedule(
        name=pipeline.name("nightly_batches"),
        job=job,
        cron_schedule=pipeline.definition_settings.nightly_cron,
        execution_timezone="UTC",
        default_status=pipeline.schedule_status,
        description="Runs every batch that is incomplete, has failed lines or is out of date, oldest manifest first.",
    )(pipeline.with_resources(nightly_batches))


def request_due_batches(
    instance: dg.DagsterInstance,
    store: ObjectStore,
    settings: Settings,
    now: datetime,
    out_of_time: Callable[[], bool],
    preview: bool = False,
    warn: Callable[[str], object] = lambda message: None,
    pipeline: Pipeline = DEFAULT,
) -> list[dg.RunRequest] | dg.SkipReason:
    """The schedule's evaluation, with its clocks as parameters.

    Args:
        out_of_time: asked after each batch; once it returns True, no more batches are examined.
        preview: change nothing in the instance.
        warn: called with each message for the tick's log.

    Raises:
        StoreUnusable: the store cannot be listed or read.
    """
    with limited_retries(_PATIENCE):
        night = _examine_batches(instance, store, settings, now, out_of_time, pipeline)
    if night.exhausted:
        warn(f"Not run again until an input changes, after {MAX_ATTEMPTS} runs: {_with_reasons(night.exhausted)}.")
    if night.submissions:
        warn(night.describe_submissions())
    if night.stopped_at:
        warn(f"Out of time after {plural(night.examined, 'batch')}: the next night continues with the others.")
    registered = instance.get_dynamic_partitions(str(pipeline.batches.name))
    order = registration_order(registered, (state.batch for state in night.due))
    if not preview:
        _prepare_runs(instance, night, pipeline)
    if not night.due:
        return dg.SkipReason(night.skip_message())
    groups = group_batches(night.due, order, settings.batches_per_run, night.repeated)
    return [request_run(group, run_key=group[0].batch, priority=_PRIORITY) for group in groups]


@dataclass
class _Night:
    """The result of examining the batches."""

    due: list[BatchState] = field(default_factory=list)  # to run now
    repeated: set[str] = field(default_factory=set)  # of these: batches that have had a run with the same inputs
    exhausted: list[BatchState] = field(default_factory=list)  # need a run, but have no attempts left
    submissions: list[str] = field(default_factory=list)  # batches whose submission is not complete
    busy: int = 0  # need a run and have one already
    examined: int = 0
    stopped_at: str = ""  # the position of the last batch that was examined, if time ran out

    def skip_message(self) -> str:
        """Why no run is requested, for the tick."""
        parts = []
        if count := len(self.due) + len(self.exhausted) + self.busy:
            verb = "needs a run" if count == 1 else "need a run"
            parts.append(f"{plural(count, 'batch')} {verb}; {self.busy} of {count} already in progress or queued.")
        if self.exhausted:
            parts.append(f"Not run again after {MAX_ATTEMPTS} runs: {_with_reasons(self.exhausted)}.")
        if self.submissions:
            parts.append(self.describe_submissions())
        return " ".join(parts) or "Every batch is finished and up to date."

    def describe_submissions(self) -> str:
        return f"Not run: {describe_submissions(self.submissions)}."


def _examine_batches(
    instance: dg.DagsterInstance,
    store: ObjectStore,
    settings: Settings,
    now: datetime,
    out_of_time: Callable[[], bool],
    pipeline: Pipeline,
) -> _Night:
    busy, night = busy_batches(instance, now, pipeline), _Night()
    cursor = pipeline.name(_STOPPED_AT)
    position = instance.daemon_cursor_storage.get_cursor_values({cursor}).get(cursor, "")
    for state in iter_batch_states(store, settings, after=position):
        night.examined += 1
        night.submissions += [state.batch] if state.being_submitted else []
        if state.reason and state.batch in busy:
            night.busy += 1
        elif state.reason:
            attempts = count_attempts(instance, state, pipeline)
            (night.due if attempts < MAX_ATTEMPTS else night.exhausted).append(state)
            night.repeated |= {state.batch} if attempts else set()
        if len(night.due) == settings.nightly_batches:
            break
        if out_of_time():
            night.stopped_at = state.sort_key
            break
    return night


def _prepare_runs(instance: dg.DagsterInstance, night: _Night, pipeline: Pipeline) -> None:
    """Register the partitions of the runs, and store the position at which the next night continues."""
    instance.daemon_cursor_storage.set_cursor_values({pipeline.name(_STOPPED_AT): night.stopped_at})
    if night.due:
        prepare_pool(instance)
        instance.add_dynamic_partitions(str(pipeline.batches.name), [state.batch for state in night.due])


def is_preview(context: dg.ScheduleEvaluationContext) -> bool:
    """True for *Preview tick result* in the UI, which starts no runs and must change nothing.

    The daemon ends the key of a tick's log with the number of the tick, the UI with the time that was chosen there.
    """
    return context.log_key is None or not context.log_key[-1].isdecimal()


def half_of_timeout(clock: Callable[[], float] = time.monotonic) -> Callable[[], bool]:
    """A function that returns True once half of Dagster's timeout for a schedule's evaluation has passed.

    An evaluation that exceeds the timeout starts no runs at all.

    Args:
        clock: the time in seconds.
    """
    deadline = clock() + default_schedule_grpc_timeout() / 2
    return lambda: clock() >= deadline


def _with_reasons(states: list[BatchState]) -> str:
    return ", ".join(f"{state.batch} ({state.reason})" for state in states[:_MAX_NAMED])
