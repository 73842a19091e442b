"""The runs of batches as automation sees them: how one is requested, which batches have one, which have failed before.

Which batches need a run is decided in ``manifests.staleness``.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

import dagster as dg

from f5_pipeline.defs.dagster_internals import (
    AUTO_RETRY_RUN_ID_TAG,
    PARTITION_NAME_TAG,
    PRIORITY_TAG,
    WILL_RETRY_TAG,
)
from f5_pipeline.manifests.staleness import BatchState

REASON_TAG = "f5/reason"  # why automation started the run
INPUTS_TAG = "f5/inputs"  # a digest of everything the run may depend on: equal for repeated attempts at the same work

_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
_MAX_NAMED = 5  # batches in one message
_RETRY_STARTS_WITHIN = timedelta(minutes=10)  # the daemon starts a retry within seconds, or not at all


def request_run(state: BatchState, run_key: str, priority: int = 0) -> dg.RunRequest:
    """A request for a run of ``speech_batch``, tagged with its reason. Runs of higher priority leave the queue first.

    The partition is also set as a tag: without it Dagster requires the partition to be registered, even in a preview.
    """
    tags = {
        REASON_TAG: state.reason,
        INPUTS_TAG: state.inputs_digest,
        PRIORITY_TAG: str(priority),
        PARTITION_NAME_TAG: state.batch,
    }
    return dg.RunRequest(run_key, partition_key=state.batch, tags=tags)


def latest_run(instance: dg.DagsterInstance, batch: str) -> dg.DagsterRun | None:
    """The run of a batch that was created last, however it was started; None if it has had none."""
    return next(iter(instance.get_runs(dg.RunsFilter(tags={PARTITION_NAME_TAG: batch}), limit=1)), None)


def busy_batches(instance: dg.DagsterInstance, now: datetime) -> frozenset[str]:
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
    runs = (*unfinished, *to_be_retried)
    return frozenset(run.tags[PARTITION_NAME_TAG] for run in runs if PARTITION_NAME_TAG in run.tags)


def count_attempts(instance: dg.DagsterInstance, state: BatchState) -> int:
    """How many runs of this batch have ended since any of its inputs changed.

    Retries that the instance starts after a crash count as part of the first run. Canceled runs do not count.
    """
    ended = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
    tags = {PARTITION_NAME_TAG: state.batch, INPUTS_TAG: state.inputs_digest}
    return len({run.root_run_id or run.run_id for run in instance.get_runs(dg.RunsFilter(statuses=ended, tags=tags))})


def describe_submissions(batches: Collection[str]) -> str:
    """Names batches whose submission is not complete, with the fix; "" if there are none."""
    return f"submission not complete (if it was interrupted, submit again): {named(batches)}" if batches else ""


def named(batches: Iterable[str]) -> str:
    """The first few batches by name, for a message."""
    names = sorted(batches)
    return ", ".join([*names[:_MAX_NAMED], *(["…"] if len(names) > _MAX_NAMED else [])])


def counted(count: int, noun: str) -> str:
    """A number and a noun: "1 batch", "2 batches"."""
    plural = f"{noun}es" if noun.endswith("ch") else f"{noun}s"
    return f"{count} {noun if count == 1 else plural}"
