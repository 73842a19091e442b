"""Schedules: what is started at a time of day. What is started when something happens is in ``sensors``."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone

import dagster as dg
from dagster._grpc.utils import default_schedule_grpc_timeout

from f5_pipeline.defs.automation.automation_status import automation_settings, schedules_at_start
from f5_pipeline.defs.automation.batch_runs import attempts, being_submitted, busy_batches, request_run
from f5_pipeline.defs.automation.requested import claim
from f5_pipeline.defs.instance.pools import prepare_pool
from f5_pipeline.defs.jobs import speech_batch
from f5_pipeline.defs.partitions import batches
from f5_pipeline.manifests.staleness import BatchState, iter_batch_states
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.object_store import ObjectStore

ATTEMPTS = 3  # at the same work; then a batch waits until something changes, or until somebody runs it
_PRIORITY = -1  # in the queue, what somebody waits for goes first
_STOPPED_AT = "f5_pipeline_nightly_stopped_at"  # among the instance's own values


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
    not finish waits until something that it depends on changes. When there are more batches than can be looked at
    before Dagster gives up on the look, the next night goes on where this one stopped.
    """
    night = _look(context.instance, store, settings, _enough_time())
    if night.given_up:
        context.log.warning(f"Tried {ATTEMPTS} times, and left until something changes: {_named(night.given_up)}.")
    if night.submitted:
        context.log.warning(night.said_of_submitted())
    if night.stopped_at:
        context.log.warning(f"Looked at {night.looked_at} batches, and out of time: the next night goes on from there.")
    if not _is_preview(context):
        _settle(context.instance, night)
    if not night.chosen:
        return dg.SkipReason(night.said())
    return [request_run(state, run_key=state.batch, priority=_PRIORITY) for state in night.chosen]


@dataclass
class _Night:
    """What a look at the batches has found."""

    chosen: list[BatchState] = field(default_factory=list)  # to be run
    given_up: list[BatchState] = field(default_factory=list)
    submitted: list[str] = field(default_factory=list)  # batches that are being submitted
    in_work: int = 0
    due: int = 0  # all that need a run: also those that have one, and those given up
    looked_at: int = 0
    stopped_at: str = ""  # the place of the last batch that was looked at, when time ran out

    def said(self) -> str:
        needed = f"{self.due} batches need a run, {self.in_work} of them have one already."
        left = f"Left alone after {ATTEMPTS} runs: {_named(self.given_up)}." if self.given_up else ""
        parts = [needed if self.due else "", left, self.said_of_submitted()]
        return " ".join(filter(None, parts)) or "Every batch is finished and up to date."

    def said_of_submitted(self) -> str:
        """A sentence for whoever interrupted a submission; "" if there is none."""
        said = being_submitted(self.submitted)
        return f"Not run: {said}." if said else ""


def _look(
    instance: dg.DagsterInstance, store: ObjectStore, settings: Settings, time_is_up: Callable[[], bool]
) -> _Night:
    busy, night = busy_batches(instance, _now()), _Night()
    last = instance.daemon_cursor_storage.get_cursor_values({_STOPPED_AT}).get(_STOPPED_AT, "")
    for state in iter_batch_states(store, settings, after=last):
        night.looked_at += 1
        night.submitted += [state.batch] if state.being_submitted else []
        night.due += bool(state.reason)
        if state.reason and state.batch in busy:
            night.in_work += 1
        elif state.reason:
            (night.chosen if attempts(instance, state) < ATTEMPTS else night.given_up).append(state)
        if len(night.chosen) == settings.nightly_batches:
            break
        if time_is_up():
            night.stopped_at = state.sort_key
            break
    return night


def _settle(instance: dg.DagsterInstance, night: _Night) -> None:
    """Make what was chosen ours and partitions, and remember where the look stopped."""
    mine = claim(instance, "nightly_batches", (state.batch for state in night.chosen), _now())
    night.chosen = [state for state in night.chosen if state.batch in mine]
    instance.daemon_cursor_storage.set_cursor_values({_STOPPED_AT: night.stopped_at})
    if night.chosen:
        prepare_pool(instance)
        instance.add_dynamic_partitions(str(batches.name), [state.batch for state in night.chosen])


def _is_preview(context: dg.ScheduleEvaluationContext) -> bool:
    """Whether somebody tests the schedule in the UI, which starts nothing: what it would do must not be done then.

    A look of the daemon has the number of its tick in the key of its log; the UI's has the time that was chosen there.
    """
    return context.log_key is None or not context.log_key[-1].isdecimal()


def _enough_time() -> Callable[[], bool]:
    """Says when half of the time is over that Dagster waits for a look: after all of it, nothing would be started."""
    end = _seconds() + default_schedule_grpc_timeout() / 2
    return lambda: _seconds() >= end


def _named(states: list[BatchState]) -> str:
    return ", ".join(f"{state.batch} ({state.reason})" for state in states[:20])


def _now() -> datetime:
    """The time it is; the one that a look is for may be past, or still to come when somebody tests it in the UI."""
    return datetime.now(timezone.utc)


def _seconds() -> float:
    return time.monotonic()
