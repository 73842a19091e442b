"""Schedules: what is started at a time of day. What is started when something happens is in ``sensors``."""

import dagster as dg

from f5_pipeline.defs.batch_runs import attempts, busy_batches, request_run
from f5_pipeline.defs.jobs import speech_batch
from f5_pipeline.defs.partitions import batches
from f5_pipeline.defs.pools import prepare_pool
from f5_pipeline.defs.requested import claim
from f5_pipeline.defs.switch import automation_settings, schedules_at_start
from f5_pipeline.settings import Settings
from f5_pipeline.speech.upkeep import BatchState, batch_states
from f5_pipeline.storage.object_store import ObjectStore

ATTEMPTS = 3  # at the same work; then a batch waits until something changes, or until somebody runs it
_PRIORITY = -1  # in the queue, what somebody waits for goes first


@dg.schedule(
    job=speech_batch,
    cron_schedule=automation_settings().nightly_cron,
    execution_timezone="UTC",
    default_status=schedules_at_start(),
    description="Runs every batch that is incomplete, has failed lines, or is out of date; the longest waiting first.",
)
def nightly_batches(
    context: dg.ScheduleEvaluationContext, store: dg.ResourceParam[ObjectStore], settings: dg.ResourceParam[Settings]
) -> list[dg.RunRequest] | dg.SkipReason:
    """Every batch that is incomplete, has failed lines, or is out of date is run, the longest waiting first.

    Out of date: its manifest, its settings, one of its voices or models, or the engine changed since it was spoken.
    At most ``F5_NIGHTLY_BATCHES`` a night. A batch that has a run already gets no second one; one that three runs could
    not finish waits until something that it depends on changes.
    """
    now = context.scheduled_execution_time
    due = [state for state in batch_states(store, settings) if state.reason]
    busy = busy_batches(context.instance, now)
    prepare_pool(context.instance)
    chosen: list[BatchState] = []
    given_up: list[BatchState] = []
    for state in (state for state in due if state.batch not in busy):
        (chosen if attempts(context.instance, state) < ATTEMPTS else given_up).append(state)
        if len(chosen) == settings.nightly_batches:
            break
    if given_up:
        context.log.warning(f"Tried {ATTEMPTS} times, and left until something changes: {_named(given_up)}.")
    mine = claim(
        context.instance, "nightly_batches", (state.batch for state in chosen), context.scheduled_execution_time
    )
    chosen = [state for state in chosen if state.batch in mine]
    if not chosen:
        return dg.SkipReason(_said(len(due), len(busy & {state.batch for state in due}), given_up))
    context.instance.add_dynamic_partitions(str(batches.name), [state.batch for state in chosen])
    return [request_run(state, run_key=state.batch, priority=_PRIORITY) for state in chosen]


def _said(due: int, in_work: int, given_up: list[BatchState]) -> str:
    if not due:
        return "Every batch is finished and up to date."
    left = f" Left alone after {ATTEMPTS} runs: {_named(given_up)}." if given_up else ""
    return f"{due} batches need a run, {in_work} of them have one already.{left}"


def _named(states: list[BatchState]) -> str:
    return ", ".join(f"{state.batch} ({state.reason})" for state in states[:20])
