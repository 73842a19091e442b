"""The runs of batches as automation sees them: how one is requested, which batches have one, which have failed before.

Which batches need a run is decided in ``manifests.staleness``.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from textwrap import shorten

import dagster as dg

from f5_pipeline.defs.dagster_internals import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    AUTO_RETRY_RUN_ID_TAG,
    HIDDEN_TAG_PREFIX,
    PARTITION_NAME_TAG,
    PRIORITY_TAG,
    WILL_RETRY_TAG,
)
from f5_pipeline.defs.pipeline import DEFAULT, Pipeline
from f5_pipeline.manifests.staleness import BatchState

REASON_TAG = "f5/reason"  # why automation started the run
# A digest of everything the run may depend on, equal for repeated attempts at the same work. Not shown in the UI.
INPUTS_TAG = f"{HIDDEN_TAG_PREFIX}f5_inputs"
_DIGITS = 16  # of each digest in the tag of a run of several batches: PostgreSQL indexes at most 2,700 bytes of a tag

_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
_MAX_NAMED = 5  # batches in one message
_MAX_EXAMINED = 50  # earlier runs of a batch
_RETRY_STARTS_WITHIN = timedelta(minutes=10)  # the daemon starts a retry within seconds, or not at all


def request_run(states: Sequence[BatchState], run_key: str, priority: int = 0) -> dg.RunRequest:
    """A request for a run of ``speech_batch``, tagged with its reason. Runs of higher priority leave the queue first.

    Several batches are a range of partitions. The partition of a single one is also set as a tag: without it Dagster
    requires the partition to be registered, even in a preview.

    Args:
        states: batches that are registered one after the other, in this order: see ``batch_groups``.
    """
    tags = {PRIORITY_TAG: str(priority), REASON_TAG: _reason(states)}
    if len(states) == 1:
        (state,) = states
        tags |= {INPUTS_TAG: state.inputs_digest, PARTITION_NAME_TAG: state.batch}
        return dg.RunRequest(run_key, partition_key=state.batch, tags=tags)
    digests = " ".join(state.inputs_digest[:_DIGITS] for state in states)
    span = {ASSET_PARTITION_RANGE_START_TAG: states[0].batch, ASSET_PARTITION_RANGE_END_TAG: states[-1].batch}
    return dg.RunRequest(run_key, tags={**tags, INPUTS_TAG: digests, **span})


def _reason(states: Sequence[BatchState]) -> str:
    reasons = "; ".join(dict.fromkeys(state.reason for state in states))
    return reasons if len(states) == 1 else shorten(f"{len(states)} batches: {reasons}", 200, placeholder=" …")


def latest_run(instance: dg.DagsterInstance, batch: str, pipeline: Pipeline = DEFAULT) -> dg.DagsterRun | None:
    """The run of a batch that was created last, however it was started; None if it has had none."""
    record = latest_run_record(instance, batch, pipeline)
    return record.dagster_run if record else None


def latest_run_record(instance: dg.DagsterInstance, batch: str, pipeline: Pipeline = DEFAULT) -> dg.RunRecord | None:
    """The record of ``latest_run``, with its times."""
    of_job = dg.RunsFilter(job_name=pipeline.name("speech_batch"), tags={PARTITION_NAME_TAG: batch})
    run_ids = [run.run_id for run in instance.get_runs(of_job, limit=1)]
    run_ids += _runs_that_planned(instance, batch, pipeline, limit=1)
    found = instance.get_run_records(dg.RunsFilter(run_ids=run_ids), limit=1) if run_ids else ()
    return found[0] if found else None


def has_failed(instance: dg.DagsterInstance, run: dg.DagsterRun, batch: str, pipeline: Pipeline = DEFAULT) -> bool:
    """True if a run has failed for this batch. If it has failed for others, this one is delivered nevertheless."""
    if run.status is not dg.DagsterRunStatus.FAILURE:
        return False
    delivered = dg.AssetRecordsFilter(pipeline.key("delivered_audio"), asset_partitions=[batch])
    records = instance.fetch_materializations(delivered, limit=1).records
    return not records or records[0].run_id != run.run_id


def _runs_that_planned(instance: dg.DagsterInstance, batch: str, pipeline: Pipeline, limit: int) -> list[str]:
    """The runs that were to speak a batch, alone or among others, the latest first."""
    planned = dg.EventRecordsFilter(
        dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED, pipeline.key("generated_audio"), asset_partitions=[batch]
    )
    return [record.run_id for record in instance.event_log_storage.get_event_records(planned, limit=limit)]


def busy_batches(instance: dg.DagsterInstance, now: datetime, pipeline: Pipeline = DEFAULT) -> frozenset[str]:
    """The batches with a run that is queued, in progress or about to be retried, however it was started."""
    unfinished = instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED))
    crashed = instance.get_runs(
        dg.RunsFilter(
            statuses=[dg.DagsterRunStatus.FAILURE],
            tags={WILL_RETRY_TAG: "true"},
            updated_after=now - _RETRY_STARTS_WITHIN,
        )
    )
    to_be_retried = [run for run in crashed if AUTO_RETRY_RUN_ID_TAG not in run.tags]
    runs = [run for run in (*unfinished, *to_be_retried) if pipeline.owns(run)]
    several = any(ASSET_PARTITION_RANGE_START_TAG in run.tags for run in runs)
    partitions = instance.get_dynamic_partitions(str(pipeline.batches.name)) if several else ()
    return frozenset(batch for run in runs for batch in _covered(run.tags, partitions))


def _covered(tags: Mapping[str, str], partitions: Sequence[str]) -> list[str]:
    """The batches of a run with these tags."""
    if PARTITION_NAME_TAG in tags:
        return [tags[PARTITION_NAME_TAG]]
    if ASSET_PARTITION_RANGE_START_TAG not in tags:
        return []
    first, last = tags[ASSET_PARTITION_RANGE_START_TAG], tags[ASSET_PARTITION_RANGE_END_TAG]
    if first not in partitions or last not in partitions:  # removed by a person: the run will fail
        return [first, last]
    return list(partitions[partitions.index(first) : partitions.index(last) + 1])


def count_attempts(instance: dg.DagsterInstance, state: BatchState, pipeline: Pipeline = DEFAULT) -> int:
    """How many runs of this batch have ended since any of its inputs changed.

    Retries that the instance starts after a crash count as part of the first run. Canceled runs do not count.
    """
    ended = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
    tags = {PARTITION_NAME_TAG: state.batch, INPUTS_TAG: state.inputs_digest}
    runs = [run for run in instance.get_runs(dg.RunsFilter(statuses=ended, tags=tags)) if pipeline.owns(run)]
    if run_ids := _runs_that_planned(instance, state.batch, pipeline, limit=_MAX_EXAMINED):
        among_others = instance.get_runs(dg.RunsFilter(statuses=ended, run_ids=run_ids))
        digest = state.inputs_digest[:_DIGITS]
        runs += [run for run in among_others if digest in run.tags.get(INPUTS_TAG, "").split()]
    return len({run.root_run_id or run.run_id for run in runs})


def describe_submissions(batches: Collection[str]) -> str:
    """Names batches whose submission is not complete, with the fix; "" if there are none."""
    return f"submission not complete (if it was interrupted, submit again): {named(batches)}" if batches else ""


def named(batches: Iterable[str]) -> str:
    """The first few batches by name, for a message."""
    names = sorted(batches)
    return ", ".join([*names[:_MAX_NAMED], *(["…"] if len(names) > _MAX_NAMED else [])])
