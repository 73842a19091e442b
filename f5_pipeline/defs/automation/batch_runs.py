"""The runs of batches, as the automation policies see them: which batches are being run, what was tried in vain.

What makes a batch worth a run is ``speech.upkeep``'s business.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

import dagster as dg
from dagster._core.storage.tags import AUTO_RETRY_RUN_ID_TAG, PARTITION_NAME_TAG, PRIORITY_TAG, WILL_RETRY_TAG

from f5_pipeline.manifests.staleness import BatchState

REASON = "f5/reason"  # the tag that says why a policy started a run
INPUTS = "f5/inputs"  # the tag that tells attempts at the same work from attempts at changed work

_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
_NAMED = 5  # batches, in a sentence
_RETRIED_WITHIN = timedelta(minutes=10)  # the daemon starts a retry within seconds, or never


def request_run(state: BatchState, run_key: str | None = None, priority: int = 0) -> dg.RunRequest:
    """A run of ``speech_batch`` that says why it is there. In the queue, what has a higher priority goes first.

    Its partition is in its tags already: else Dagster would demand that it be registered, for a preview in the UI too.
    """
    tags = {
        REASON: state.reason,
        INPUTS: state.inputs_digest,
        PRIORITY_TAG: str(priority),
        PARTITION_NAME_TAG: state.batch,
    }
    return dg.RunRequest(run_key, partition_key=state.batch, tags=tags)


def busy_batches(instance: dg.DagsterInstance, now: datetime) -> frozenset[str]:
    """The batches with a run that waits, goes on, or is about to be retried, whoever started it."""
    unfinished = instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED))
    crashed = instance.get_runs(
        dg.RunsFilter(
            statuses=[dg.DagsterRunStatus.FAILURE], tags={WILL_RETRY_TAG: "true"}, updated_after=now - _RETRIED_WITHIN
        )
    )
    waiting = [run for run in crashed if AUTO_RETRY_RUN_ID_TAG not in run.tags]
    return frozenset(run.tags[PARTITION_NAME_TAG] for run in (*unfinished, *waiting) if PARTITION_NAME_TAG in run.tags)


def attempts(instance: dg.DagsterInstance, state: BatchState) -> int:
    """How many runs of this batch have ended since anything that they might depend on changed.

    The instance's own retries of a run that crashed are part of that run; one that a person stopped does not count.
    """
    ended = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
    tags = {PARTITION_NAME_TAG: state.batch, INPUTS: state.inputs_digest}
    return len({run.root_run_id or run.run_id for run in instance.get_runs(dg.RunsFilter(statuses=ended, tags=tags))})


def being_submitted(batches: Collection[str]) -> str:
    """What a policy says of batches that are being submitted, and so not run; "" if there are none."""
    named = ", ".join(sorted(batches)[:_NAMED])
    return f"being submitted (if nobody is submitting it any more, submit it again): {named}" if batches else ""
